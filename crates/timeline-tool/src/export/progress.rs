//! Progress on standard error: a bar or a counter on a terminal, else a line every two seconds.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(2);
/// Events between two looks at the clock or the screen.
const STEP: u64 = 1000;

pub(super) struct Progress {
    form: Form,
    done: u64,
    started: Instant,
}

enum Form {
    Silent,
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// For `total` events, where that is known.
    pub(super) fn new(total: Option<u64>, quiet: bool) -> Self {
        let started = Instant::now();
        let form = if quiet {
            Form::Silent
        } else if std::io::stderr().is_terminal() {
            let (bar, style) = match total {
                Some(total) => (
                    ProgressBar::new(total),
                    "{bar:32} {percent:>3}%  {human_pos}/{human_len} events  {per_sec}  {eta} left",
                ),
                None => (ProgressBar::no_length(), "{human_pos} events  {per_sec}"),
            };
            let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
            Form::Bar(bar.with_style(style))
        } else {
            Form::Lines { last: started }
        };
        Progress { form, done: 0, started }
    }

    pub(super) fn advance(&mut self) {
        self.done += 1;
        if !self.done.is_multiple_of(STEP) {
            return;
        }
        match &mut self.form {
            Form::Silent => {}
            Form::Bar(bar) => bar.set_position(self.done),
            Form::Lines { last } => {
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let rate = self.done as f64 / self.started.elapsed().as_secs_f64();
                    eprintln!("{} events, {rate:.0} events/s", self.done);
                }
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}
