//! What a replay measures: how long each request took for how many operations.

use std::time::Duration;

use serde::Serialize;

/// Percentiles of request times in milliseconds, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// A tenth of the operations: how many, in how many requests, in what time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Tenth {
    pub(crate) operations: f64,
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    /// Microseconds per operation.
    pub(crate) us_per_operation: f64,
}

/// Times of requests, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Measurements {
    requests: Vec<(usize, Duration)>,
}

impl Measurements {
    pub(crate) fn add(&mut self, operations: usize, time: Duration) {
        self.requests.push((operations, time));
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.len()
    }

    /// `None` if nothing was measured.
    pub(crate) fn latency(&self) -> Option<Latency> {
        let mut times: Vec<f64> = self.requests.iter().map(|(_, time)| time.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        let rank =
            |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Latency { p50: rank(50)?, p95: rank(95)?, p99: rank(99)?, max: *times.last()? })
    }

    /// The first and the last tenth of the operations. A request that reaches over the boundary counts in proportion.
    /// `None` with fewer than ten operations, where a tenth says nothing.
    pub(crate) fn tenths(&self) -> Option<(Tenth, Tenth)> {
        let operations: usize = self.requests.iter().map(|(operations, _)| operations).sum();
        let share = operations as f64 / 10.0;
        (operations >= 10)
            .then(|| (tenth(self.requests.iter(), share), tenth(self.requests.iter().rev(), share)))
    }
}

fn tenth<'a>(requests: impl Iterator<Item = &'a (usize, Duration)>, share: f64) -> Tenth {
    let (mut operations, mut count, mut seconds) = (0.0, 0.0, 0.0);
    for (number, time) in requests {
        let part = ((share - operations) / *number as f64).min(1.0);
        if part <= 0.0 {
            break;
        }
        operations += *number as f64 * part;
        count += part;
        seconds += time.as_secs_f64() * part;
    }
    Tenth { operations, requests: count, seconds, us_per_operation: seconds * 1e6 / operations }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(requests: &[(usize, u64)]) -> Measurements {
        let mut measurements = Measurements::default();
        for (operations, millis) in requests {
            measurements.add(*operations, Duration::from_millis(*millis));
        }
        measurements
    }

    #[test]
    fn percentiles_are_times_that_occurred() {
        let all: Vec<(usize, u64)> = (1..=200).rev().map(|millis| (1, millis)).collect();
        let latency = measured(&all).latency().unwrap();
        assert_eq!(latency, Latency { p50: 100.0, p95: 190.0, p99: 198.0, max: 200.0 });
        let one = measured(&[(5, 7)]).latency().unwrap();
        assert_eq!(one, Latency { p50: 7.0, p95: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(measured(&[]).latency(), None);
    }

    #[test]
    fn tenths_cut_requests_in_proportion() {
        let (first, last) = measured(&[(15, 30), (75, 1), (5, 10), (5, 40)]).tenths().unwrap();
        assert!((first.operations - 10.0).abs() < 1e-9 && (first.us_per_operation - 2000.0).abs() < 1e-6);
        assert!((first.requests - 2.0 / 3.0).abs() < 1e-9);
        assert!((last.operations - 10.0).abs() < 1e-9 && (last.us_per_operation - 5000.0).abs() < 1e-6);
        assert_eq!(measured(&[(9, 1)]).tenths(), None);
    }
}
