//! `ramanujan replay`: sends a recorded editing session through the network over HTTP and checks that the text it
//! ends with is the recorded one.
//!
//! recording (file) → session (operations with dots and parents) → dispatch (which may be sent next) →
//! send (HTTP) → report. Only `replay` and `send` speak to the network and only `recording` reads files; the rest is pure.
//! `generate` makes sessions where no recordings are at hand.

mod difference;
pub mod dispatch;
mod error;
pub mod generate;
mod measure;
mod names;
pub mod operation;
pub mod recording;
mod replay;
mod report;
mod send;
pub mod session;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use ramanujan_client::{Client, Network, Patience, terminal};
use ramanujan_core::DocumentId;

use crate::generate::Options;
use crate::recording::Recording;
use crate::replay::{MAX_BATCH, Plan, replay};
use crate::report::Report;
use crate::send::MAX_CONNECTIONS;

/// Exit code if the network's document is not the recorded one.
const DIFFERENT: u8 = 1;
/// Exit code if the replay could not be done: bad arguments, bad recording, no network.
const FAILED: u8 = 2;

/// Largest reply, in bytes: a document's text with its clock.
const MAX_REPLY_BYTES: u64 = 1 << 30;

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
    #[command(flatten)]
    pub network: Network,
    /// Document to replay into [default: the file's name]
    #[arg(long)]
    pub document: Option<String>,
    /// Most operations in one request
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = batch_size)]
    pub batch: usize,
    /// Agents are named <PREFIX>-0, <PREFIX>-1, … [default: the file's name]
    #[arg(long, value_name = "PREFIX")]
    pub agents_prefix: Option<String>,
    #[command(flatten)]
    pub patience: Patience,
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
    let judge = |report: &Report| if report.is_ok() { 0 } else { DIFFERENT };
    terminal::conclude(execute(&args), args.json, judge, FAILED)
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
    let options = args.network.options().retry_for(args.patience.duration());
    let client = Client::new(options.connections(MAX_CONNECTIONS).max_reply_bytes(MAX_REPLY_BYTES))?;
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
