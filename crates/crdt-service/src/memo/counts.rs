//! What the memo has done: counted per instance. `store::counters` adds it up over all instances.

use serde::Serialize;

/// Consultations after which an instance writes its counts down: one statement for many requests.
const FLUSH_COUNT: u64 = 64;
/// Milliseconds after which it does so in any case, with the next consultation.
const FLUSH_MILLIS: u64 = 1000;

/// Numbers of events since an instance began, or since counting began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Counters {
    /// Look-ups above the break-even size: hits and misses.
    pub(crate) consultations: u64,
    /// Look-ups that found something.
    pub(crate) hits: u64,
    /// Hits on an earlier version of a document, to which the deltas since were added.
    pub(crate) extended: u64,
    /// Look-ups that found nothing.
    pub(crate) misses: u64,
    /// Hits that the second tier answered.
    pub(crate) tier2_hits: u64,
    /// Entries that gave way to others.
    pub(crate) evictions: u64,
    /// Entries found too old; each is a miss too.
    pub(crate) expired: u64,
    /// Heads and entries dropped by request or by a write.
    pub(crate) invalidations: u64,
}

impl Counters {
    /// Names of the counts, in the order of [`Counters::values`].
    pub(crate) const NAMES: [&str; 8] = [
        "consultations",
        "hits",
        "extended",
        "misses",
        "tier2_hits",
        "evictions",
        "expired",
        "invalidations",
    ];

    pub(crate) fn values(&self) -> [u64; 8] {
        let Counters { consultations, hits, extended, misses, tier2_hits, evictions, expired, invalidations } =
            *self;
        [consultations, hits, extended, misses, tier2_hits, evictions, expired, invalidations]
    }

    pub(crate) fn of(values: [u64; 8]) -> Self {
        let [consultations, hits, extended, misses, tier2_hits, evictions, expired, invalidations] = values;
        Counters { consultations, hits, extended, misses, tier2_hits, evictions, expired, invalidations }
    }

    fn add(&mut self, other: &Counters) {
        let (a, b) = (self.values(), other.values());
        *self = Counters::of(std::array::from_fn(|i| a[i].saturating_add(b[i])));
    }

    /// Hits per consultation, 0 before the first.
    pub(crate) fn hit_rate(&self) -> f64 {
        if self.consultations == 0 { 0.0 } else { self.hits as f64 / self.consultations as f64 }
    }
}

/// Counts that the store does not have yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    counts: Counters,
    /// Time of the oldest of them.
    since: Option<u64>,
}

impl Pending {
    /// Counts something; `now` in milliseconds.
    pub(crate) fn count(&mut self, now: u64, count: impl FnOnce(&mut Counters)) {
        count(&mut self.counts);
        self.since.get_or_insert(now);
    }

    pub(crate) fn due(&self, now: u64) -> bool {
        let old = self.since.is_some_and(|since| now.saturating_sub(since) >= FLUSH_MILLIS);
        old || self.counts.consultations >= FLUSH_COUNT
    }

    /// Hands the counts over: nobody else can then write them a second time.
    pub(crate) fn take(&mut self) -> Option<Unwritten> {
        let since = self.since.take()?;
        Some(Unwritten { counts: std::mem::take(&mut self.counts), since })
    }

    pub(crate) fn give_back(&mut self, unwritten: Unwritten) {
        self.counts.add(&unwritten.counts);
        self.since = Some(unwritten.since);
    }
}

/// Counts on their way to the store.
#[must_use = "write them down or give them back"]
#[derive(Debug)]
pub(crate) struct Unwritten {
    pub(crate) counts: Counters,
    since: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_due_when_it_is_large_or_old() {
        let mut pending = Pending::default();
        assert!(!pending.due(u64::MAX));
        pending.count(10, |counts| counts.consultations += 1);
        assert!(!pending.due(10 + FLUSH_MILLIS - 1) && pending.due(10 + FLUSH_MILLIS));
        pending.count(10, |counts| counts.consultations = FLUSH_COUNT);
        assert!(pending.due(10));
    }

    #[test]
    fn counts_that_are_given_back_are_as_old_as_they_were() {
        let mut pending = Pending::default();
        pending.count(7, |counts| counts.hits = 3);
        let unwritten = pending.take().unwrap();
        pending.give_back(unwritten);
        assert_eq!((pending.counts.hits, pending.since), (3, Some(7)));
    }
}
