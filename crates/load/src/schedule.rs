//! When an agent does what: drawn beforehand, so that a slow reply delays nothing but itself and what it holds up.

use std::time::Duration;

use crate::mix::Documents;
use crate::random::Random;

/// What an agent does with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Write,
    Read,
    /// A read that joins a state of the agent's own into the document's, without storing it.
    Merge,
}

/// Share of the reads that are merges, in percent.
const MERGES_OF_READS: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Since the start of the load.
    pub(crate) at: Duration,
    /// Index of the document.
    pub(crate) document: usize,
    pub(crate) action: Action,
}

/// The arrivals of one agent: a Poisson process, as many independent users make it.
#[derive(Clone, Debug)]
pub(crate) struct Schedule<'a> {
    documents: &'a Documents,
    random: Random,
    /// Arrivals per second.
    rate: f64,
    /// Percent of arrivals that read.
    reads: u32,
    end: Duration,
    seconds: f64,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(
        documents: &'a Documents,
        random: Random,
        rate: f64,
        reads: u32,
        duration: Duration,
    ) -> Self {
        Schedule { documents, random, rate, reads, end: duration, seconds: 0.0 }
    }
}

impl Iterator for Schedule<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.seconds += self.random.waiting_time(self.rate);
        let at = Duration::try_from_secs_f64(self.seconds).ok().filter(|at| *at < self.end)?;
        let action = match (self.random.chance(self.reads), self.random.chance(MERGES_OF_READS)) {
            (false, _) => Action::Write,
            (true, false) => Action::Read,
            (true, true) => Action::Merge,
        };
        Some(Arrival { at, document: self.documents.draw(&mut self.random), action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_shares_are_those_asked_for_and_a_seed_fixes_them() {
        let documents = Documents::new("load", 4, &"text:1".parse().unwrap(), 0.0);
        let schedule = || Schedule::new(&documents, Random::new(7, 1), 100.0, 70, Duration::from_secs(1000));
        let arrivals: Vec<Arrival> = schedule().collect();
        assert!(arrivals.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!((98_000..102_000).contains(&arrivals.len()), "{}", arrivals.len());
        let count = |action| arrivals.iter().filter(|arrival| arrival.action == action).count() as f64;
        let all = arrivals.len() as f64;
        assert!((count(Action::Write) / all - 0.30).abs() < 0.01);
        assert!((count(Action::Merge) / all - 0.07).abs() < 0.01);
        assert!(schedule().eq(arrivals));
        let other = Schedule::new(&documents, Random::new(7, 2), 100.0, 70, Duration::from_secs(1000));
        assert!(!other.take(10).eq(schedule().take(10)));
    }
}
