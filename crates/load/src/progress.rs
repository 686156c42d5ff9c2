//! A line on standard error every two seconds.

use std::time::{Duration, Instant};

use ramanujan_client::terminal;

use crate::agent::Shared;

const LINE_EVERY: Duration = Duration::from_secs(2);

/// Says how the load goes; call it often.
#[derive(Debug)]
pub(crate) struct Progress {
    quiet: bool,
    last: Instant,
    operations: u64,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Progress { quiet, last: Instant::now(), operations: 0 }
    }

    pub(crate) fn tick(&mut self, shared: &Shared) {
        let since = self.last.elapsed();
        if self.quiet || since < LINE_EVERY {
            return;
        }
        let (operations, errors, behind, p99) = {
            let record = shared.record();
            let all = record.latencies().into_iter().next();
            let p99 = all.map_or(0.0, |(_, times)| times.p99);
            (record.operations(), record.error_count(), record.behind, p99)
        };
        terminal::notice(format_args!(
            "{:>4.0} of {} s: {operations} operations, {:.0}/s, p99 {p99:.1} ms, {errors} errors, at most {:.1} s behind",
            shared.start.elapsed().as_secs_f64(),
            shared.duration.as_secs(),
            (operations - self.operations) as f64 / since.as_secs_f64(),
            behind.as_secs_f64(),
        ));
        self.last = Instant::now();
        self.operations = operations;
    }

    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            terminal::notice(line);
        }
    }
}
