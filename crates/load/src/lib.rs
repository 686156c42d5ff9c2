//! `ramanujan load`: an open-loop load generator for a running network, with a convergence check at the end.
//!
//! Arrivals are drawn beforehand, and latency counts from the time an operation was due, not from when it could be sent:
//! a stalled network cannot hide the requests that it kept from being made ("coordinated omission", Tene). mix and
//! schedule (what is due when) → replica (the next operation on a version the agent knows) → agent (sends, repeats) →
//! record (times, errors) → convergence (all read the same, and what was acknowledged) → report. Only `agent`, `cache`, `sites` and
//! `run` speak to the network, or to the sites of a fleet.

mod agent;
mod args;
mod cache;
mod convergence;
mod error;
mod history;
mod mix;
mod operation;
mod progress;
mod random;
mod record;
mod replica;
mod reply;
mod report;
mod run;
mod schedule;
mod sites;

use std::process::ExitCode;

pub use args::Args;
pub use mix::Mix;
use ramanujan_client::terminal;

use crate::report::Report;

/// Exit code if the documents do not converge, or operations were given up.
const FAULTY: u8 = 1;
/// Exit code if the load could not be done: bad arguments, no network.
const FAILED: u8 = 2;

/// Runs the command: progress and errors to standard error, the report to standard output.
pub fn run(args: &Args) -> ExitCode {
    let judge = |report: &Report| if report.is_ok() { 0 } else { FAULTY };
    terminal::conclude(run::run(args), args.json, judge, FAILED)
}
