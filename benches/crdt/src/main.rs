//! Measures ramanujan-crdt beside its peers: the same traces and types, one table.
//!
//! trace (what is played) → session (how) → contestants (by whom) → measure (in turns, medians) → text (what of each
//! trace) and small (clocks, counters, sets) → table. Natively and, compiled for wasm32-wasip2, inside Wasm: `run` measures and writes JSON, `table` puts
//! runs together. `scripts/bench.sh crdt` does all of that.

mod alloc;
mod contestants;
mod measure;
mod session;
mod small;
mod table;
mod text;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::measure::Limits;
use crate::table::{NATIVE, Results, figures, render};
use crate::text::Settings;
use crate::trace::{Trace, recordings};

/// Measures CRDTs beside each other.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure and print the table.
    Run(RunArgs),
    /// Put the results of several runs into one table.
    Table {
        /// What `run --json` wrote
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print figures as lines of JSON instead
        #[arg(long)]
        figures: bool,
    },
}

#[derive(Args)]
struct RunArgs {
    /// Recordings beside those of the data folder
    files: Vec<PathBuf>,
    /// Folder with recordings of the collection josephg/editing-traces
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Leave a contestant out; may be given several times
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// Only subjects with this in their name; may be given several times
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Fewer samples, and nothing that takes minutes
    #[arg(long)]
    quick: bool,
    /// Seed of the generated sessions
    #[arg(long, default_value_t = 1069)]
    seed: u64,
    /// Print JSON for `table` instead of the table
    #[arg(long)]
    json: bool,
}

/// Edits of the generated sessions: a long document, a session of two people, and two who are offline for long.
const SEQUENTIAL_EDITS: usize = 100_000;
const CONCURRENT_TRANSACTIONS: usize = 2_000;
const CONCURRENT_AGENTS: usize = 3;
const FORK_COMMON_EDITS: usize = 50_000;
const FORK_EDITS_APART: usize = 20_000;

/// What one has to know to read the table.
const NOTES: [&str; 6] = [
    "medians of samples taken in turn; in brackets ours ÷ theirs",
    "history: everything ever written, but yrs drops deleted text; load: of the snapshot where there is one",
    "merge: the missing operations are encoded, sent, decoded and merged; automerge's own merge within one process",
    "operations with known parents: agents and parents are handles and numbers on both sides, names are not looked up",
    "diamond-types' load replays into a branch, as its ListCRDT does; ours opens a snapshot's history when it is needed",
    "memory: bytes allocated on the heap; the text that was read is not counted",
];

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run(&args),
        Command::Table { files, figures } => table(&files, figures),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RunArgs) -> Result<(), String> {
    let limits = if args.quick {
        Limits { samples: 7, budget: Duration::from_millis(500) }
    } else {
        Limits { samples: 31, budget: Duration::from_secs(3) }
    };
    let settings = Settings { limits, skip: args.skip.clone(), quick: args.quick };
    let machine = if cfg!(target_family = "wasm") { "Wasm" } else { NATIVE };
    let mut results = Results { machine: machine.to_owned(), ..Results::default() };
    results.notes.extend(NOTES.map(str::to_owned));
    let is_wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|part| name.contains(part));
    let mut files = args.data.as_deref().map(recordings).unwrap_or_default();
    if files.is_empty() {
        results.notes.push("no recordings found: only generated sessions are played".to_owned());
    }
    files.extend(args.files.iter().cloned());
    let read =
        |path: &PathBuf| Trace::from_file(path).map_err(|error| format!("{}: {error}", path.display()));
    let named = |path: &Path| path.file_name().is_some_and(|name| is_wanted(&name.to_string_lossy()));
    let recorded = files.iter().filter(|path| named(path)).map(read);
    let generated = ["generated-sequential", "generated-concurrent", "generated-fork"];
    let generated = generated.into_iter().filter(|name| is_wanted(name)).map(|name| match name {
        "generated-sequential" => Ok(Trace::generated_sequential(args.seed, SEQUENTIAL_EDITS)),
        "generated-concurrent" => {
            Trace::generated_concurrent(args.seed, CONCURRENT_TRANSACTIONS, CONCURRENT_AGENTS)
        }
        _ => Ok(Trace::generated_fork(args.seed, FORK_COMMON_EDITS, FORK_EDITS_APART)),
    });
    for trace in recorded.chain(generated) {
        let trace = trace?;
        eprintln!("==> {} ({} operations, {} replicas)", trace.name, trace.operations.len(), trace.replicas);
        results.rows.extend(text::rows(&trace, &settings));
    }
    eprintln!("==> clocks, counters, sets");
    results.rows.extend(small::rows(limits, is_wanted).map_err(|error| error.to_string())?);
    if args.json {
        println!("{}", serde_json::to_string(&results).map_err(|error| error.to_string())?);
    } else {
        println!("{}", render(&[results]));
    }
    Ok(())
}

fn table(files: &[PathBuf], as_figures: bool) -> Result<(), String> {
    let read = |path: &PathBuf| -> Result<Results, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let runs: Vec<Results> = files.iter().map(read).collect::<Result<_, _>>()?;
    print!("{}", if as_figures { figures(&runs) } else { render(&runs) + "\n" });
    Ok(())
}
