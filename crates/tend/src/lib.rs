//! `ramanujan tend`: the caretaker of a network.
//!
//! A component has no timer. What must happen now and then is a POST that does a bounded part of it and may be called
//! again at any time: a round of synchronisation, a part of the causal index, work that was put off. The caretaker
//! calls these, each on its own schedule. Nothing depends on it for correctness: without it replies are slower or less
//! recent, never wrong.
//!
//! `job` is the table of what is called and how its replies are read; `pace` says when the next call is due (pure);
//! `caretaker` has a thread for each job, so that no call of a kind runs beside another of it; `once` is one pass over
//! the jobs, for cron. `ramanujan up` runs a [`Caretaker`] in its own process; `ramanujan tend` is the same beside a
//! network that somebody else serves.

mod args;
mod caretaker;
mod event;
mod job;
mod once;
mod pace;
mod run;
#[cfg(test)]
mod test_server;

use std::process::ExitCode;

pub use args::Args;
pub use caretaker::{Caretaker, Options, loopback};
pub use event::{Event, State};
pub use job::Job;
use ramanujan_client::terminal;

/// Exit code of `--once` if a job failed.
const FAULTY: u8 = 1;
/// Exit code if the caretaker could not begin: bad arguments, no signals.
const FAILED: u8 = 2;

/// Runs the command: changes to standard error, with `--json` to standard output.
pub fn run(args: &Args) -> ExitCode {
    if args.once {
        let judge = |report: &once::Report| if report.is_ok() { 0 } else { FAULTY };
        return terminal::conclude(once::run(args), args.json, judge, FAILED);
    }
    match run::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::notice(format_args!("error: {error}"));
            ExitCode::from(FAILED)
        }
    }
}
