//! The arguments of the command, and what each may be.

use std::path::PathBuf;
use std::time::Duration;

use ramanujan_client::{Network, parse_time};

use crate::mix::{self, Mix};

/// Most agents: each is a thread with a connection.
const MAX_AGENTS: u64 = 1024;
/// Most documents: every agent keeps a view of each.
const MAX_DOCUMENTS: u64 = 10_000;

/// Put a load on the running network and check that it converges.
///
/// Agents write through stream-red and stream-blue and read from crdt-service, at times drawn beforehand (open loop,
/// Poisson arrivals). Latencies count from the scheduled time. At the end every agent reads every document: all must
/// see the same, with every acknowledged operation in it exactly once. Ctrl-C ends the load early, a second one skips
/// that check. Exit code 0: converged, nothing given up; 1: not so; 2: could not be done.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Agents; each does one thing at a time
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=MAX_AGENTS))]
    pub agents: u64,
    /// Documents, shared out among the types of the mix, at least one of each
    #[arg(long, value_name = "M", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=MAX_DOCUMENTS))]
    pub documents: u64,
    /// Document types and their shares of the operations
    #[arg(long, help = mix_help(), value_name = "TYPE:WEIGHT,…", default_value = "text:60,json:20,set:10,counter:10")]
    pub mix: Mix,
    /// Share of the operations that read, in percent; every tenth of them is a merge that stores nothing
    #[arg(long, value_name = "PERCENT", default_value_t = 70, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub reads: u32,
    /// Length of the load in seconds
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub duration: u64,
    /// Operations per second of all agents together [default: 10 per agent]
    #[arg(long, value_name = "OPS_PER_S", value_parser = rate)]
    pub rate: Option<f64>,
    /// Draw the documents of a type by Zipf's law instead of evenly
    #[arg(long, value_name = "EXPONENT", num_args = 0..=1, default_missing_value = "0.99", value_parser = exponent)]
    pub zipf: Option<f64>,
    #[command(flatten)]
    pub network: Network,
    /// Write at all sites of the fleet in this folder (`ramanujan fleet up`) instead of at --url; each agent keeps to one
    #[arg(long, value_name = "FOLDER", conflicts_with = "url")]
    pub fleet: Option<PathBuf>,
    /// With --fleet, file to which each acknowledged operation is added, for `ramanujan fleet check` [default: acknowledged.ndjson in the fleet's folder]
    #[arg(long, value_name = "FILE", requires = "fleet")]
    pub acknowledged: Option<PathBuf>,
    /// With --fleet, time from the end of the load in which all sites must hold the same
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_time)]
    pub within: Duration,
    /// The same seed draws the same arrivals
    #[arg(long, value_name = "N", default_value_t = 1069)]
    pub seed: u64,
    /// Documents are named <PREFIX>-text-0, <PREFIX>-set-3, …, agents <PREFIX>-0, <PREFIX>-1, …
    #[arg(long, default_value = "load", value_parser = prefix)]
    pub prefix: String,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

/// Highest rate: beyond it the generator, not the network, would be measured.
const MAX_RATE: f64 = 100_000.0;
/// Steepest Zipf exponent; beyond it only the first document is ever drawn.
const MAX_EXPONENT: f64 = 10.0;
/// Longest prefix: leaves room in an id for type and number.
const MAX_PREFIX: usize = 96;

fn mix_help() -> String {
    format!("Document types and their shares of the operations: {}", mix::names())
}

fn rate(text: &str) -> Result<f64, String> {
    let legal = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= MAX_RATE);
    legal.ok_or_else(|| format!("a number above 0, up to {MAX_RATE}"))
}

fn exponent(text: &str) -> Result<f64, String> {
    let legal = text.parse().ok().filter(|exponent| (0.0..=MAX_EXPONENT).contains(exponent));
    legal.ok_or_else(|| format!("a number from 0 to {MAX_EXPONENT}"))
}

fn prefix(text: &str) -> Result<String, String> {
    ramanujan_core::AgentId::check(text).map_err(|error| error.to_string())?;
    if text.len() > MAX_PREFIX { Err(format!("at most {MAX_PREFIX} bytes")) } else { Ok(text.to_owned()) }
}
