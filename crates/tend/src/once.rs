//! One pass over the jobs, for cron: each until nothing is left, it fails, or it has had its share.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::{Client, Error, Retry};
use serde::Serialize;

use crate::args::Args;
use crate::caretaker::{call, standing};
use crate::event::{Event, State};
use crate::job::{Job, Wish};
use crate::pace::Pace;

/// Calls of one job, so that a pass ends: each of them is bounded.
const MOST_CALLS: u32 = 60;
/// First pause before a repetition.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How each job stands after the pass.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    status: &'static str,
    jobs: Vec<Event>,
}

impl Report {
    fn new(jobs: Vec<Event>) -> Self {
        let failed = jobs.iter().any(|event| matches!(event.state, State::Failing | State::Refused));
        Report { status: if failed { "failures" } else { "ok" }, jobs }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, event) in self.jobs.iter().enumerate() {
            write!(f, "{}{}", if at > 0 { "\n" } else { "" }, event.with_counts())?;
        }
        Ok(())
    }
}

/// Does each job once.
///
/// # Errors
/// The address or the token cannot be used. What the network refuses is in the report.
pub(crate) fn run(args: &Args) -> Result<Report, Error> {
    let options = args.options();
    let client = options.client()?;
    Ok(Report::new(options.jobs().map(|job| pass(&client, job, args.patience.duration())).collect()))
}

/// Calls a job until nothing is left or it fails for longer than `patience`.
fn pass(client: &Client, job: Job, patience: Duration) -> Event {
    let mut event = standing(job);
    let mut pace = Pace::new(Retry::default().first.max(FIRST_PAUSE), 1);
    let mut reached = None;
    let mut failing_since = None;
    for _ in 0..MOST_CALLS {
        let began = Instant::now();
        let outcome = call(client, job, &mut reached);
        outcome.note(&mut event, began.elapsed());
        let called = outcome.called;
        if called.state == State::Failing {
            let since = *failing_since.get_or_insert(began);
            let pause = pace.after(called);
            if since.elapsed() + pause > patience {
                break;
            }
            thread::sleep(pause);
        } else if called.wish == Wish::AtOnce {
            failing_since = None;
        } else {
            break;
        }
    }
    event
}

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
