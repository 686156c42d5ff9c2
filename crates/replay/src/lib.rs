//! `ramanujan replay`: sends a recorded editing session through the network over HTTP and checks that the text it
//! ends with is the recorded one.
//!
//! recording (file) → session (operations with dots and parents) → dispatch (which may be sent next) →
//! send (HTTP) → report. Only `client` does network I/O and only `recording` reads files; the rest is pure. `generate` makes
//! sessions where no recordings are at hand.

mod client;
mod difference;
pub mod dispatch;
pub mod generate;
mod measure;
mod names;
pub mod operation;
mod progress;
pub mod recording;
mod replay;
mod report;
mod send;
pub mod session;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ramanujan_core::DocumentId;
use serde_json::json;

use crate::client::Client;
use crate::generate::Options;
use crate::recording::Recording;
use crate::replay::{MAX_BATCH, Plan, replay};
use crate::report::Report;

/// Exit code if the network's document is not the recorded one.
const DIFFERENT: u8 = 1;
/// Exit code if the replay could not be done: bad arguments, bad recording, no network.
const FAILED: u8 = 2;

/// Transactions of a generated session: some seconds of work to watch on the dashboard.
const GENERATED_TRANSACTIONS: usize = 2000;

/// Replay a recorded editing session against the running network.
///
/// Sends every agent's operations through stream-red and stream-blue, lets stream-green verify the document, reads
/// the text back and compares it with the recorded one. Interrupted, run the same command again: it goes on where it
/// was. Exit code 0: as recorded; 1: different; 2: could not be done.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The recording: JSON of the collection josephg/editing-traces, gzipped or plain
    #[arg(required_unless_present = "generate")]
    pub file: Option<PathBuf>,
    /// Instead of a recording, a made-up session of two people typing at once; the same seed gives the same session
    #[arg(long, value_name = "SEED", conflicts_with = "file")]
    pub generate: Option<u64>,
    /// Where the network listens
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub url: String,
    /// Document to replay into [default: the file's name]
    #[arg(long)]
    pub document: Option<String>,
    /// Most operations in one request
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = batch_size)]
    pub batch: usize,
    /// Agents are named <PREFIX>-0, <PREFIX>-1, … [default: the file's name]
    #[arg(long, value_name = "PREFIX")]
    pub agents_prefix: Option<String>,
    /// How long to keep trying when the network fails, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub retry_seconds: u64,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

fn batch_size(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=MAX_BATCH).contains(number))
        .ok_or_else(|| format!("a number from 1 to {MAX_BATCH}"))
}

/// Runs the command: progress and errors to standard error, the report to standard output.
pub fn run(args: Args) -> ExitCode {
    match execute(&args) {
        Ok(report) => {
            if args.json {
                println!("{}", json!(report));
            } else {
                println!("{report}");
            }
            if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) }
        }
        Err(error) => {
            if args.json {
                println!("{}", json!({"status": "error", "detail": error.to_string()}));
            }
            eprintln!("error: {error}");
            ExitCode::from(FAILED)
        }
    }
}

fn execute(args: &Args) -> Result<Report, Box<dyn std::error::Error>> {
    let (path, recording) = match (&args.file, args.generate) {
        (Some(file), _) => (file.clone(), Recording::from_file(file)?),
        (None, seed) => {
            let seed = seed.unwrap_or(Options::default().seed);
            let options = Options {
                seed,
                transactions: GENERATED_TRANSACTIONS,
                agents: 2,
                non_ascii: true,
                self_concurrent: false,
            };
            (PathBuf::from(format!("generated-{seed}")), generate::session(&options))
        }
    };
    let document = args.document.clone().unwrap_or_else(|| names::document(&path));
    DocumentId::check(&document)?;
    let client = Client::new(&args.url, Duration::from_secs(args.retry_seconds))?;
    let plan = Plan {
        recording: &recording,
        source: path.display().to_string(),
        document,
        agents_prefix: args.agents_prefix.clone().unwrap_or_else(|| names::agents_prefix(&path)),
        batch: args.batch,
        quiet: args.quiet,
    };
    Ok(replay(&client, &plan)?)
}
