//! `ramanujan fleet`: many sites on one machine, joined along a graph.
//!
//! `plan` says which sites there are and who begins exchanges with whom (pure); `site` is the process of one; `proxy` is
//! a way between two that can be cut; `fleet` has all of them and does what is asked; `look` is what a site says of
//! itself; `control` is how other invocations of the program ask; `up` starts all and stays; `check` compares what the
//! sites hold, and `findings` puts the differences into words. Sites are real hosts, and know nothing of the fleet.

mod args;
mod check;
mod control;
mod error;
mod findings;
mod fleet;
mod look;
mod plan;
mod proxy;
mod site;
mod up;

use std::path::Path;
use std::process::ExitCode;

pub use args::{Args, Check, Command, Up};
pub use error::FleetError;
pub use plan::Shape;
use ramanujan_client::terminal;

use crate::control::Request;

/// Exit code if `check` found a difference.
const FAULTY: u8 = 1;
/// Exit code if it could not be done: bad arguments, no fleet, a site that does not start.
const FAILED: u8 = 2;

/// Runs the command: progress and errors to standard error, results to standard output.
pub fn run(args: Args) -> ExitCode {
    let Args { state_dir, command } = args;
    let done = match command {
        Command::Up(args) => up::run(&args, &state_dir),
        Command::Check(args) => {
            let judge = |report: &check::Report| if report.is_ok() { 0 } else { FAULTY };
            return terminal::conclude(check::run(&args, &state_dir), args.json, judge, FAILED);
        }
        Command::Status { json } => status(&state_dir, json),
        Command::Cut { site, other } => ask(&state_dir, &Request::Cut { site, other }),
        Command::Heal { site, other } => ask(&state_dir, &Request::Heal { site, other }),
        Command::Kill { site } => ask(&state_dir, &Request::Kill { site }),
        Command::Start { site } => ask(&state_dir, &Request::Start { site }),
        Command::Down => ask(&state_dir, &Request::Down).and_then(|()| control::wait_for_end(&state_dir)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::notice(format_args!("error: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

fn say(line: impl std::fmt::Display) -> Result<(), FleetError> {
    terminal::print(line).map_err(FleetError::io("standard output"))
}

fn ask(folder: &Path, request: &Request) -> Result<(), FleetError> {
    say(control::ask(folder, request)?.detail)
}

fn status(folder: &Path, as_json: bool) -> Result<(), FleetError> {
    for line in control::ask(folder, &Request::Status)?.sites {
        if as_json { say(serde_json::json!(line)) } else { say(line) }?;
    }
    Ok(())
}
