//! Measures ramanujan-sync beside its peers: what sites say to each other until they hold the same. `scripts/bench.sh sync`
//! runs it.
//!
//! documents (many that are equal), copies (of recordings), diverged (two replicas), spread (many sites) → table. Ours are
//! engines ([`pair`]) over stores in memory ([`shelf`]); what is counted are their encoded frames. Recordings and the peers
//! that play them are those of `benches/crdt`, the simulator is that of ramanujan-sync's tests.

mod automerging;
mod copies;
mod diverged;
mod documents;
mod pair;
mod shelf;
mod spread;
mod table;

/// What is taken from elsewhere is used in part.
macro_rules! borrowed {
    ($($path:literal $name:ident)*) => {
        $(#[allow(dead_code, reason = "each has more than is measured here")]
        #[path = $path]
        mod $name;)*
    };
}
borrowed! {
    "../../crdt/src/alloc.rs" alloc
    "../../crdt/src/contestants/mod.rs" contestants
    "../../crdt/src/measure.rs" measure
    "../../crdt/src/session.rs" session
    "../../crdt/src/trace.rs" trace
    "../../../crates/sync/tests/sim/check.rs" check
    "../../../crates/sync/tests/sim/clients.rs" clients
    "../../../crates/sync/tests/sim/document.rs" document
    "../../../crates/sync/tests/sim/faults.rs" faults
    "../../../crates/sync/tests/sim/lies.rs" lies
    "../../../crates/sync/tests/sim/plan.rs" plan
    "../../../crates/sync/tests/sim/store.rs" store
    "../../../crates/sync/tests/sim/world.rs" world
}

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::contestants::Failure;
use crate::measure::Limits;
use crate::trace::{Trace, recordings};

/// Measures exchanges between sites beside those of others.
#[derive(Parser)]
struct Args {
    /// Recordings beside those of the data folder
    files: Vec<PathBuf>,
    /// Folder with recordings of the collection josephg/editing-traces
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Only these parts: documents, copies, diverged, spread; may be given several times
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Fewer samples, and nothing that takes minutes
    #[arg(long)]
    quick: bool,
    /// Write the figures as lines of JSON to a file too
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

const PARTS: [&str; 4] = ["documents", "copies", "diverged", "spread"];

/// Operations beyond which a contestant with linear position look-up needs minutes.
const LONG: usize = 60_000;

/// What one has to know to read the table.
const NOTES: [&str; 6] = [
    "bytes: all encoded frames, both ways, with names of sites and documents; a round trip is a question with its answer",
    "negentropy tells which ids differ and moves nothing; its ids are our leaves, with a timestamp each",
    "first copy, ours: hello, comparison, pull; the source packs its deltas, the receiver computes every hash twice (engine and store), stores, builds the text from the packs and reads it",
    "first copy, others: automerge's sync messages (it hashes each change; a commit for each stretch of editing, or each operation), loro's version and updates (it checks a checksum); the text is read",
    "diverged: ours with cursors, all frames of the round; automerge knows the shared heads; yrs and loro with their versions; diamond-types patches alone, it has no encoding of versions",
    "peak memory: bytes allocated at most during the copy, the source not counted",
];

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    if let Some(unknown) = args.only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        return Err(format!("there is no part {unknown}; there are {}", PARTS.join(", ")).into());
    }
    let limits = if args.quick {
        Limits { samples: 5, budget: Duration::from_millis(1500) }
    } else {
        Limits { samples: 15, budget: Duration::from_secs(10) }
    };
    let wants = |part: &str| args.only.is_empty() || args.only.iter().any(|wanted| wanted == part);
    let mut rows = Vec::new();
    if wants("documents") {
        eprintln!("==> documents");
        rows.extend(documents::measure()?);
    }
    let mut files = args.data.as_deref().map(recordings).unwrap_or_default();
    files.extend(args.files.iter().cloned());
    let (mut copied, mut met) = (Vec::new(), Vec::new());
    if !wants("copies") && !wants("diverged") {
        files.clear();
    }
    for path in &files {
        let trace = Trace::from_file(path).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("==> {} ({} operations, {} replicas)", trace.name, trace.operations.len(), trace.replicas);
        if wants("copies") {
            copied.extend(copies::measure(&trace, limits)?);
        }
        if wants("diverged") {
            met.extend(diverged::measure(&trace, args.quick)?);
        }
    }
    rows.extend(copied);
    rows.extend(met);
    if wants("spread") {
        eprintln!("==> 48 sites");
        rows.extend(spread::measure(if args.quick { 1 } else { 3 })?);
    }
    let mut notes = NOTES.to_vec();
    if files.is_empty() && (wants("copies") || wants("diverged")) {
        notes.push("no recordings found: nothing was copied");
    }
    print!("{}", table::render(&rows, &notes));
    if let Some(path) = &args.figures {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(table::figures(&rows).as_bytes())?;
    }
    Ok(())
}
