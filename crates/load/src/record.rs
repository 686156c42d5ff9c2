//! What is measured: latencies by kind of request, errors by status and code.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use ramanujan_client::Error;
use serde::Serialize;

/// Times in microseconds at three significant digits, whatever their range (Tene, HdrHistogram).
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

/// Significant decimal digits of a recorded time.
const DIGITS: u8 = 3;
/// Smallest and largest time told apart, in microseconds: 1 µs and one hour. Longer ones count as an hour.
const RANGE: (u64, u64) = (1, 3_600_000_000);

impl Default for Times {
    fn default() -> Self {
        // The bounds are constants that satisfy the constructor's conditions.
        let bounded = Histogram::new_with_bounds(RANGE.0, RANGE.1, DIGITS);
        Times(bounded.unwrap_or_else(|error| unreachable!("{error}")))
    }
}

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(RANGE.1));
    }

    fn join(&mut self, other: &Times) {
        // Bounds are equal, so nothing can be out of range.
        let _ = self.0.add(&other.0);
    }

    /// `None` if nothing was measured.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let milliseconds = |micros: u64| micros as f64 / 1000.0;
        let at = |quantile| milliseconds(self.0.value_at_quantile(quantile));
        (!self.0.is_empty()).then(|| Summary {
            count: self.0.len(),
            mean: self.0.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: milliseconds(self.0.max()),
        })
    }
}

/// Percentiles of times, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// Everything the agents measured so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// From the scheduled time to the acknowledgement, by kind of request (`write text`, `read set`, …).
    latency: BTreeMap<String, Times>,
    /// From sending to the reply: what is left when waiting for one's turn does not count.
    service: Times,
    /// Attempts without success, by status and code.
    pub(crate) errors: BTreeMap<(u16, String), u64>,
    /// An example of each.
    pub(crate) details: BTreeMap<(u16, String), String>,
    pub(crate) writes: u64,
    pub(crate) reads: u64,
    pub(crate) merges: u64,
    /// Attempts beyond an operation's first.
    pub(crate) retries: u64,
    /// Operations given up.
    pub(crate) failed: u64,
    /// Operations that were due but never sent, because the load was over before their agent got to them.
    pub(crate) unsent: u64,
    /// Largest delay between the time an operation was due and the time it was sent.
    pub(crate) behind: Duration,
}

impl Record {
    /// A request that succeeded.
    pub(crate) fn done(&mut self, kind: &str, latency: Duration) {
        match self.latency.get_mut(kind) {
            Some(times) => times.add(latency),
            None => self.latency.entry(kind.to_owned()).or_default().add(latency),
        }
    }

    pub(crate) fn attempt(&mut self, service: Duration, error: Option<&Error>) {
        self.service.add(service);
        if let Some(error) = error {
            let key = (error.status(), error.code().to_owned());
            self.details.entry(key.clone()).or_insert_with(|| error.detail().to_owned());
            *self.errors.entry(key).or_default() += 1;
        }
    }

    /// Operations that came to a good end.
    pub(crate) fn operations(&self) -> u64 {
        self.writes + self.reads + self.merges
    }

    pub(crate) fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Latency of all kinds together, then of each.
    pub(crate) fn latencies(&self) -> Vec<(String, Summary)> {
        let mut all = Times::default();
        self.latency.values().for_each(|times| all.join(times));
        let each = self.latency.iter().map(|(kind, times)| (kind.clone(), times));
        std::iter::once(("all".to_owned(), &all))
            .chain(each)
            .filter_map(|(kind, times)| Some((kind, times.summary()?)))
            .collect()
    }

    pub(crate) fn service(&self) -> Option<Summary> {
        self.service.summary()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let mut record = Record::default();
        assert!(record.latencies().is_empty());
        for millis in 1..=10_000 {
            record.done("read text", Duration::from_millis(millis));
        }
        record.done("write text", Duration::from_secs(100_000));
        let latencies = record.latencies();
        let (kind, summary) = &latencies[1];
        assert_eq!((kind.as_str(), summary.count), ("read text", 10_000));
        for (got, expected) in
            [(summary.p50, 5000.0), (summary.p90, 9000.0), (summary.p99, 9900.0), (summary.max, 10_000.0)]
        {
            assert!((got / expected - 1.0).abs() < 1e-3, "{got} for {expected}");
        }
        assert_eq!((latencies[0].1.count, latencies.len()), (10_001, 3));
        assert!((latencies[0].1.max / 3_600_000.0 - 1.0).abs() < 1e-3, "an hour at most");
    }

    #[test]
    fn errors_are_counted_by_status_and_code() {
        let mut record = Record::default();
        let busy = |detail: &str| {
            let problem = serde_json::json!({"code": "busy", "detail": detail}).to_string();
            Error::refused("/x", 503, problem.as_bytes())
        };
        for error in [busy("first"), Error::lost("/x", "reset"), busy("second")] {
            record.attempt(Duration::ZERO, Some(&error));
        }
        record.attempt(Duration::ZERO, None);
        assert_eq!(record.errors[&(503, "busy".to_owned())], 2);
        assert_eq!(record.details[&(503, "busy".to_owned())], "first");
        assert_eq!((record.error_count(), record.service().unwrap().count), (3, 4));
    }
}
