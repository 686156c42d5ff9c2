//! Least-recently-used entries within a budget of bytes and of entries, each for a limited time.
//!
//! The crate `lru` keeps the order; bytes, ages and the indexes by polarity are kept here. No clock: the caller says
//! what time it is.

use std::collections::HashSet;

use lru::LruCache;
use ramanujan_core::Polarity;

use super::key::Key;

/// What an entry costs beside its value: a node of the list, a slot of the map and one of an index, both tables half
/// empty, and the allocator's headers. So the budget bounds memory, not only values.
pub(crate) const ENTRY_OVERHEAD: usize = 256;

/// What a [`Lru`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of values and of [`ENTRY_OVERHEAD`] each.
    pub(crate) bytes: usize,
    pub(crate) entries: usize,
    /// Milliseconds after which an entry is no longer given out.
    pub(crate) ttl: u64,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    stored: u64,
    polarity: Polarity,
}

/// What a look-up found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<V> {
    Value(V),
    /// It was there and too old; now it is gone.
    Expired,
    Nothing,
}

/// Bounded map from keys to values.
pub(crate) struct Lru<V> {
    limits: Limits,
    entries: LruCache<Key, Entry<V>>,
    /// Sum over the entries, overhead included.
    bytes: usize,
    /// Keys by polarity: negative, neutral, positive.
    indexes: [HashSet<Key>; 3],
}

impl<V: Clone> Lru<V> {
    pub(crate) fn new(limits: Limits) -> Self {
        Lru { limits, entries: LruCache::unbounded(), bytes: 0, indexes: Default::default() }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Looks `key` up and makes its entry the most recently used.
    pub(crate) fn get(&mut self, key: &Key, now: u64) -> Found<V> {
        match self.entries.get(key) {
            None => Found::Nothing,
            Some(entry) if now.saturating_sub(entry.stored) >= self.limits.ttl => {
                self.remove(key);
                Found::Expired
            }
            Some(entry) => Found::Value(entry.value.clone()),
        }
    }

    /// Stores a value of `bytes` bytes as the most recently used and returns how many entries were evicted for it. A
    /// value that exceeds the whole budget is not stored.
    pub(crate) fn put(&mut self, key: Key, value: V, bytes: usize, polarity: Polarity, now: u64) -> u64 {
        self.remove(&key);
        let bytes = bytes.saturating_add(ENTRY_OVERHEAD);
        if bytes > self.limits.bytes || self.limits.entries == 0 {
            return 0;
        }
        self.entries.put(key, Entry { value, bytes, stored: now, polarity });
        self.indexes[polarity as usize].insert(key);
        self.bytes += bytes;
        self.shrink()
    }

    /// Removes an entry; says whether it was there.
    pub(crate) fn remove(&mut self, key: &Key) -> bool {
        let entry = self.entries.pop(key);
        entry.inspect(|entry| self.forget(key, entry.bytes, entry.polarity)).is_some()
    }

    /// Removes all entries of a polarity and returns their number.
    pub(crate) fn remove_polarity(&mut self, polarity: Polarity) -> u64 {
        let keys = std::mem::take(&mut self.indexes[polarity as usize]);
        keys.iter().filter(|key| self.remove(key)).count() as u64
    }

    /// Removes everything and returns the number of entries.
    pub(crate) fn clear(&mut self) -> u64 {
        let count = self.entries.len() as u64;
        *self = Lru::new(self.limits);
        count
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries of a polarity; the three add up to [`Lru::len`].
    pub(crate) fn count(&self, polarity: Polarity) -> usize {
        self.indexes[polarity as usize].len()
    }

    fn forget(&mut self, key: &Key, bytes: usize, polarity: Polarity) {
        self.indexes[polarity as usize].remove(key);
        self.bytes -= bytes;
    }

    fn shrink(&mut self) -> u64 {
        self.shrink_to(self.limits.bytes)
    }

    /// Evicts the least recently used until no more than `bytes` bytes are left, and returns how many those were.
    pub(crate) fn shrink_to(&mut self, bytes: usize) -> u64 {
        let mut evicted = 0;
        while self.bytes > bytes || self.entries.len() > self.limits.entries {
            let Some((key, entry)) = self.entries.pop_lru() else { break };
            self.forget(&key, entry.bytes, entry.polarity);
            evicted += 1;
        }
        evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A vector in order of use, oldest first, with everything counted anew at each step.
    #[derive(Default)]
    struct Model {
        entries: Vec<(u64, u32, usize, u64, Polarity)>,
    }

    impl Model {
        fn bytes(&self) -> usize {
            self.entries.iter().map(|(_, _, bytes, ..)| bytes + ENTRY_OVERHEAD).sum()
        }

        fn get(&mut self, limits: Limits, key: u64, now: u64) -> Found<u32> {
            let Some(at) = self.entries.iter().position(|entry| entry.0 == key) else {
                return Found::Nothing;
            };
            let entry = self.entries.remove(at);
            if entry.3 + limits.ttl <= now {
                return Found::Expired;
            }
            self.entries.push(entry);
            Found::Value(entry.1)
        }

        fn put(&mut self, limits: Limits, entry: (u64, u32, usize, u64, Polarity)) -> u64 {
            self.entries.retain(|other| other.0 != entry.0);
            if entry.2 + ENTRY_OVERHEAD > limits.bytes {
                return 0;
            }
            self.entries.push(entry);
            self.shrink(limits)
        }

        fn shrink(&mut self, limits: Limits) -> u64 {
            let mut evicted = 0;
            while self.bytes() > limits.bytes || self.entries.len() > limits.entries {
                self.entries.remove(0);
                evicted += 1;
            }
            evicted
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Get(u64),
        Put(u64, usize, Polarity),
        ShrinkTo(usize),
        Remove(u64),
        RemovePolarity(Polarity),
        Wait(u64),
    }

    const POLARITIES: [Polarity; 3] = [Polarity::Negative, Polarity::Neutral, Polarity::Positive];

    fn any_step() -> impl Strategy<Value = Step> {
        let key = 0u64..8;
        let polarity = prop::sample::select(&POLARITIES);
        prop_oneof![
            6 => key.clone().prop_map(Step::Get),
            6 => (key.clone(), 0usize..900, polarity.clone()).prop_map(|(k, b, p)| Step::Put(k, b, p)),
            1 => key.prop_map(Step::Remove),
            1 => (0usize..2000).prop_map(Step::ShrinkTo),
            1 => polarity.prop_map(Step::RemovePolarity),
            2 => (0u64..40).prop_map(Step::Wait),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn does_what_a_plain_list_does(steps in prop::collection::vec(any_step(), 0..60)) {
            let limits = Limits { bytes: 2000, entries: 5, ttl: 50 };
            let (mut lru, mut model) = (Lru::new(limits), Model::default());
            let mut now = 1_000_000;
            for (value, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Get(key) => {
                        prop_assert_eq!(lru.get(&Key::numbered(key), now), model.get(limits, key, now));
                    }
                    Step::Put(key, bytes, polarity) => {
                        let evicted = lru.put(Key::numbered(key), value as u32, bytes, polarity, now);
                        prop_assert_eq!(evicted, model.put(limits, (key, value as u32, bytes, now, polarity)));
                    }
                    Step::ShrinkTo(bytes) => {
                        let evicted = lru.shrink_to(bytes);
                        prop_assert_eq!(evicted, model.shrink(Limits { bytes, ..limits }));
                    }
                    Step::Remove(key) => {
                        let before = model.entries.len();
                        model.entries.retain(|entry| entry.0 != key);
                        prop_assert_eq!(lru.remove(&Key::numbered(key)), model.entries.len() < before);
                    }
                    Step::RemovePolarity(polarity) => {
                        let before = model.entries.len();
                        model.entries.retain(|entry| entry.4 != polarity);
                        let removed = (before - model.entries.len()) as u64;
                        prop_assert_eq!(lru.remove_polarity(polarity), removed);
                    }
                    Step::Wait(millis) => now += millis,
                }
                prop_assert_eq!((lru.len(), lru.bytes()), (model.entries.len(), model.bytes()));
                prop_assert!(lru.bytes() <= limits.bytes && lru.len() <= limits.entries);
                for polarity in POLARITIES {
                    let expected = model.entries.iter().filter(|entry| entry.4 == polarity).count();
                    prop_assert_eq!(lru.count(polarity), expected);
                }
            }
        }
    }

    #[test]
    fn a_clock_that_steps_back_expires_nothing() {
        let mut lru = Lru::new(Limits { bytes: 1000, entries: 5, ttl: 50 });
        lru.put(Key::numbered(1), 1, 0, Polarity::Neutral, 100);
        assert_eq!(lru.get(&Key::numbered(1), 10), Found::Value(1));
    }

    #[test]
    fn clearing_leaves_nothing() {
        let mut lru = Lru::new(Limits { bytes: 1000, entries: 5, ttl: 50 });
        lru.put(Key::numbered(1), 1, 0, Polarity::Neutral, 100);
        assert_eq!((lru.clear(), lru.len(), lru.bytes(), lru.count(Polarity::Neutral)), (1, 0, 0, 0));
    }
}
