//! What a call has done so far, and how much time it has left.

use std::time::{Duration, Instant};

use serde::Serialize;

/// How a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "RoundState"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is done: what could be exchanged is.
    Done,
    /// The time was up; the next call goes on.
    Partial,
    /// It failed.
    Failed,
    /// Another request makes one.
    Running,
    /// It is not due yet, or there was no time for it.
    Waiting,
}

/// What was exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Ledger {
    /// Documents of which deltas were taken in or given, each once an exchange.
    pub(crate) documents: u64,
    /// Deltas that were taken in.
    pub(crate) deltas_received: u64,
    /// Deltas that were given.
    pub(crate) deltas_sent: u64,
    /// Bytes of messages that came.
    pub(crate) bytes_received: u64,
    /// Bytes of messages that went.
    pub(crate) bytes_sent: u64,
    /// Messages that were answered.
    pub(crate) exchanges: u64,
}

impl Ledger {
    pub(crate) fn add(&mut self, other: &Ledger) {
        self.documents += other.documents;
        self.deltas_received += other.deltas_received;
        self.deltas_sent += other.deltas_sent;
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.exchanges += other.exchanges;
    }

    /// Whether anything was moved.
    pub(crate) fn moved(&self) -> bool {
        self.deltas_received + self.deltas_sent > 0
    }
}

/// The time of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    began: Instant,
    most: Duration,
}

impl Budget {
    /// Begins now.
    pub(crate) fn of(millis: u64) -> Self {
        Budget { began: Instant::now(), most: Duration::from_millis(millis) }
    }

    /// Whether it is used up.
    pub(crate) fn is_over(&self) -> bool {
        self.began.elapsed() >= self.most
    }

    /// Milliseconds since it began.
    pub(crate) fn spent_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }

    /// Milliseconds of it.
    pub(crate) fn most_ms(&self) -> u64 {
        millis(self.most)
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Measured times that are kept of a peer.
pub(crate) const SAMPLES: usize = 100;

/// Adds a time to those that are kept, in milliseconds, the oldest first.
pub(crate) fn sample(samples: &mut Vec<f64>, duration: Duration) {
    // To a hundredth of a millisecond: it is kept as text.
    samples.push((duration.as_secs_f64() * 100_000.0).round() / 100.0);
    if samples.len() > SAMPLES {
        samples.drain(..samples.len() - SAMPLES);
    }
}

/// Percentiles of times, nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "MeasuredTimes"))]
pub(crate) struct Percentiles {
    /// How many were measured.
    count: usize,
    /// Half of them took no longer, in milliseconds.
    p50: f64,
    /// 95 of a hundred.
    p95: f64,
    /// 99 of a hundred.
    p99: f64,
    /// The longest.
    max: f64,
}

impl Percentiles {
    /// None of no times.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let max = *sorted.last()?;
        let at = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1];
        Some(Percentiles { count: sorted.len(), p50: at(50), p95: at(95), p99: at(99), max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_times() {
        let mut samples = Vec::new();
        for hundredth in 0..150u64 {
            sample(&mut samples, Duration::from_millis(hundredth));
        }
        assert_eq!((samples.len(), samples[0]), (SAMPLES, 50.0), "the newest are kept");
        let found = Percentiles::of(&samples).unwrap();
        assert_eq!(
            (found.count, found.p50, found.p95, found.p99, found.max),
            (100, 99.0, 144.0, 148.0, 149.0)
        );
        let one = Percentiles::of(&[7.5]).unwrap();
        assert_eq!((one.p50, one.p99), (7.5, 7.5));
        assert_eq!(Percentiles::of(&[]), None);
    }
}
