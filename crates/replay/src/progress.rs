//! Progress on standard error: a bar on a terminal, else a line every two seconds.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(2);
const BAR: &str = "{bar:32} {percent:>3}%  {human_pos}/{human_len} operations  {rate}  {eta} left";

/// How far a replay has come.
#[derive(Debug)]
pub(crate) struct Progress {
    form: Form,
    total: u64,
    done: u64,
    /// Operations that were there before the start, which say nothing about the rate.
    skipped: u64,
    started: Instant,
}

#[derive(Debug)]
enum Form {
    Silent,
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// For `total` operations of which `skipped` are stored already.
    pub(crate) fn new(total: u64, skipped: u64, quiet: bool) -> Self {
        let started = Instant::now();
        let form = if quiet {
            Form::Silent
        } else if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(BAR)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                    // A progress bar has nobody to report a failed write to.
                    let _ = write!(out, "{:.0} operations/s", state.per_sec());
                });
            let bar = ProgressBar::new(total).with_style(style).with_position(skipped);
            bar.reset_eta();
            Form::Bar(bar)
        } else {
            Form::Lines { last: started }
        };
        Progress { form, total, done: skipped, skipped, started }
    }

    pub(crate) fn advance(&mut self, operations: u64) {
        self.done += operations;
        match &mut self.form {
            Form::Silent => {}
            Form::Bar(bar) => bar.inc(operations),
            Form::Lines { last } => {
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let rate = (self.done - self.skipped) as f64 / self.started.elapsed().as_secs_f64();
                    eprintln!("{} of {} operations, {rate:.0} operations/s", self.done, self.total);
                }
            }
        }
    }

    /// Says something beside the bar.
    pub(crate) fn say(&self, line: &str) {
        match &self.form {
            Form::Silent => {}
            Form::Bar(bar) => bar.suspend(|| eprintln!("{line}")),
            Form::Lines { .. } => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}
