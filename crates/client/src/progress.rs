//! Progress on standard error: a bar with rate and time left on a terminal, else a line every two seconds.

use std::fmt::{Display, Write};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::terminal;

const LINE_EVERY: Duration = Duration::from_secs(2);
/// Steps between two looks at the clock or the screen, when steps come one by one.
const LOOK_EVERY: u64 = 1000;

/// How far a piece of work has come.
///
/// ```
/// use ramanujan_client::Progress;
///
/// let mut progress = Progress::new("events", Some(2), 0, false);
/// for event in ["first", "second"] {
///     // …
///     progress.advance(1);
/// }
/// progress.finish();
/// ```
#[derive(Debug)]
pub struct Progress {
    form: Form,
    meter: Meter,
    /// How much was done at the last look.
    looked: u64,
}

#[derive(Debug)]
enum Form {
    Silent,
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// For `total` units, where that is known, of which `before` were done before the start and say nothing about the
    /// rate. `unit` is their plural. `quiet` shows nothing.
    pub fn new(unit: &'static str, total: Option<u64>, before: u64, quiet: bool) -> Self {
        let meter = Meter { unit, total, before, done: before, started: Instant::now() };
        let form = if quiet {
            Form::Silent
        } else if std::io::stderr().is_terminal() {
            Form::Bar(bar(&meter))
        } else {
            Form::Lines { last: meter.started }
        };
        Progress { form, meter, looked: before }
    }

    /// So many more are done. Cheap enough to be called for each one.
    pub fn advance(&mut self, units: u64) {
        self.meter.done += units;
        if units == 1 && self.meter.done - self.looked < LOOK_EVERY {
            return;
        }
        self.looked = self.meter.done;
        match &mut self.form {
            Form::Silent => {}
            Form::Bar(bar) => bar.set_position(self.meter.done),
            Form::Lines { last } => {
                let now = Instant::now();
                if now.duration_since(*last) >= LINE_EVERY {
                    *last = now;
                    terminal::notice(self.meter.line(now));
                }
            }
        }
    }

    /// Says something beside the bar.
    pub fn say(&self, line: impl Display) {
        match &self.form {
            Form::Silent => {}
            Form::Bar(bar) => bar.suspend(|| terminal::notice(line)),
            Form::Lines { .. } => terminal::notice(line),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}

fn bar(meter: &Meter) -> ProgressBar {
    let unit = meter.unit;
    let (bar, template) = match meter.total {
        Some(total) => (
            ProgressBar::new(total),
            format!("{{bar:32}} {{percent:>3}}%  {{human_pos}}/{{human_len}} {unit}  {{rate}}  {{eta}} left"),
        ),
        None => (ProgressBar::no_length(), format!("{{human_pos}} {unit}  {{rate}}")),
    };
    let style = ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            // A progress bar has nobody to report a failed write to.
            let _ = write!(out, "{:.0} {unit}/s", state.per_sec());
        });
    let bar = bar.with_style(style).with_position(meter.before);
    bar.reset_eta();
    bar
}

#[derive(Debug)]
struct Meter {
    unit: &'static str,
    total: Option<u64>,
    before: u64,
    done: u64,
    started: Instant,
}

impl Meter {
    fn line(&self, now: Instant) -> String {
        let Meter { unit, done, .. } = self;
        let seconds = now.duration_since(self.started).as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = (done - self.before) as f64 / seconds;
        match self.total {
            Some(total) => format!("{done} of {total} {unit}, {rate:.0} {unit}/s"),
            None => format!("{done} {unit}, {rate:.0} {unit}/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_work_since_the_start() {
        let started = Instant::now();
        let meter = Meter { unit: "operations", total: Some(90), before: 20, done: 60, started };
        let after = started + Duration::from_secs(4);
        assert_eq!(meter.line(after), "60 of 90 operations, 10 operations/s");
        assert_eq!(Meter { total: None, ..meter }.line(after), "60 operations, 10 operations/s");
    }

    #[test]
    fn single_steps_are_counted_and_seldom_looked_at() {
        let mut progress = Progress::new("events", None, 5, true);
        (0..LOOK_EVERY - 1).for_each(|_| progress.advance(1));
        assert_eq!((progress.meter.done, progress.looked), (5 + LOOK_EVERY - 1, 5));
        progress.advance(1);
        assert_eq!(progress.looked, 5 + LOOK_EVERY);
        progress.advance(7);
        assert_eq!(progress.looked, 12 + LOOK_EVERY);
    }

    #[test]
    fn templates_are_understood() {
        for total in [None, Some(10)] {
            let meter = Meter { unit: "events", total, before: 3, done: 3, started: Instant::now() };
            let bar = bar(&meter);
            assert_eq!((bar.position(), bar.length()), (3, total));
        }
    }
}
