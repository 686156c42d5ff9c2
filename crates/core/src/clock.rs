//! Vector clocks with four-valued comparison (Fidge 1988, Mattern 1989) and Lamport clocks.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::actor_map::ActorMap;
use crate::{AgentId, MAX_SAFE_INTEGER};

/// How two clocks stand to each other over the union of their keys, a missing key counting 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Causality {
    /// They are the same.
    Equal,
    /// The left happened before the right.
    Before,
    /// The left happened after the right.
    After,
    /// Neither happened before the other.
    Concurrent,
}

impl Causality {
    /// The same relation seen from the other side.
    #[must_use]
    pub fn reverse(self) -> Causality {
        match self {
            Causality::Before => Causality::After,
            Causality::After => Causality::Before,
            same => same,
        }
    }
}

/// Version vector: for each actor, how many of its operations are included.
///
/// Zero entries do not exist in it and actors are sorted, so equal vectors encode to equal JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionVector<A>(ActorMap<A, u64>);

/// Version vector of agents.
pub type VectorClock = VersionVector<AgentId>;

impl<A> VersionVector<A> {
    /// The vector that includes nothing.
    pub fn new() -> Self {
        VersionVector(ActorMap::new())
    }

    /// Number of actors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it includes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The vector of these counters; none may be 0.
    pub fn from_entries(entries: ActorMap<A, u64>) -> Self {
        debug_assert!(!entries.values().contains(&0), "zero entries do not exist");
        VersionVector(entries)
    }

    /// Actors and counters, side by side.
    pub fn entries(&self) -> &ActorMap<A, u64> {
        &self.0
    }

    /// Number of operations included, of all actors.
    pub fn total(&self) -> u64 {
        self.0.values().iter().fold(0, |sum, seq| sum.saturating_add(*seq))
    }
}

impl<A: Ord + Clone> VersionVector<A> {
    /// Operations of `actor` included, 0 if none.
    pub fn counter<Q: Ord + ?Sized>(&self, actor: &Q) -> u64
    where
        A: Borrow<Q>,
    {
        self.0.get(actor).copied().unwrap_or(0)
    }

    /// Raises the entry of `actor` to `seq`; never lowers it. Says where a new entry was inserted.
    pub fn raise(&mut self, actor: &A, seq: u64) -> Option<usize> {
        self.raise_with(actor, seq, || actor.clone())
    }

    fn raise_with<Q: Ord + ?Sized>(&mut self, actor: &Q, seq: u64, owned: impl FnOnce() -> A) -> Option<usize>
    where
        A: Borrow<Q>,
    {
        match self.0.position(actor) {
            Ok(at) => {
                let entry = &mut self.0.values_mut()[at];
                *entry = seq.max(*entry);
                None
            }
            Err(at) => (seq > 0).then(|| {
                self.0.insert_at(at, owned(), seq);
                at
            }),
        }
    }

    /// Least upper bound, in place.
    pub fn join(&mut self, other: &Self) {
        self.0.join_with(&other.0, |mine, theirs| *mine = (*mine).max(*theirs));
    }

    /// Whether everything in `other` is included here.
    pub fn includes(&self, other: &Self) -> bool {
        let mut included = true;
        self.0.pairwise(&other.0, |mine, theirs| included &= mine >= theirs);
        included
    }

    /// How this vector stands to `other` (Mattern 1989).
    pub fn compare(&self, other: &Self) -> Causality {
        let (mut includes, mut included) = (true, true);
        self.0.pairwise(&other.0, |mine, theirs| {
            let (mine, theirs) = (mine.copied().unwrap_or(0), theirs.copied().unwrap_or(0));
            includes &= mine >= theirs;
            included &= mine <= theirs;
        });
        match (includes, included) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::After,
            (false, true) => Causality::Before,
            (false, false) => Causality::Concurrent,
        }
    }
}

impl<A> Default for VersionVector<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl VectorClock {
    /// Operations of `agent` included, 0 if none.
    pub fn get(&self, agent: &str) -> u64 {
        self.counter(agent)
    }

    /// Raises the entry of `agent` to `seq`; never lowers it.
    pub fn observe(&mut self, agent: &str, seq: u64) {
        self.raise_with(agent, seq, || AgentId::of_key(agent));
    }

    /// Counts one more operation of `agent` and returns the new value.
    pub fn increment(&mut self, agent: &str) -> u64 {
        let next = self.get(agent).saturating_add(1);
        self.observe(agent, next);
        next
    }

    /// Entries in agent order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(agent, seq)| (agent.as_str(), *seq))
    }
}

impl<A: Into<String>> FromIterator<(A, u64)> for VectorClock {
    /// Of several entries of one agent the largest counts.
    fn from_iter<I: IntoIterator<Item = (A, u64)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(agent, seq)| (AgentId::of_key(&agent.into()), seq));
        VersionVector(ActorMap::gather(entries.filter(|(_, seq)| *seq > 0), |kept, seq| {
            *kept = seq.max(*kept)
        }))
    }
}

impl Serialize for VectorClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Logical clock (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978): if one event
/// happened before another, its time is smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LamportClock(u64);

impl LamportClock {
    /// A clock that has seen no event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time of the newest event seen, 0 before the first.
    pub fn now(self) -> u64 {
        self.0
    }

    /// Counts an event of its own and returns the event's time.
    pub fn tick(&mut self) -> u64 {
        self.0 = self.0.saturating_add(1);
        self.0
    }

    /// Takes notice of an event of somebody else.
    pub fn observe(&mut self, time: u64) {
        self.0 = self.0.max(time);
    }
}

impl<'de> Deserialize<'de> for VectorClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, u64>::deserialize(deserializer)?;
        for (agent, seq) in &entries {
            crate::id::AgentId::check(agent).map_err(serde::de::Error::custom)?;
            if *seq > MAX_SAFE_INTEGER {
                return Err(serde::de::Error::custom(format_args!("clock entry {agent:?} exceeds 2^53-1")));
            }
        }
        Ok(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_clock() -> impl Strategy<Value = VectorClock> {
        prop::collection::btree_map("[abc]", 0u64..4, 0..4).prop_map(VectorClock::from_iter)
    }

    fn joined(a: &VectorClock, b: &VectorClock) -> VectorClock {
        let mut out = a.clone();
        out.join(b);
        out
    }

    proptest! {
        #[test]
        fn comparison_is_antisymmetric(a in any_clock(), b in any_clock()) {
            prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
            prop_assert_eq!(a.compare(&b) == Causality::Equal, a == b);
        }

        #[test]
        fn join_is_the_least_upper_bound(a in any_clock(), b in any_clock(), c in any_clock()) {
            let lub = joined(&a, &b);
            prop_assert!(lub.includes(&a) && lub.includes(&b));
            prop_assert_eq!(c.includes(&a) && c.includes(&b), c.includes(&lub));
        }

        #[test]
        fn increment_strictly_increases(a in any_clock()) {
            let mut next = a.clone();
            next.increment("b");
            prop_assert_eq!(next.compare(&a), Causality::After);
        }

        #[test]
        fn equal_clocks_encode_equally(a in any_clock()) {
            let mut padded = serde_json::to_value(&a).unwrap();
            padded["z"] = 0.into();
            let read: VectorClock = serde_json::from_value(padded).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&a).unwrap());
        }
    }

    proptest! {
        /// A random run of replicas that send each other their times: happened-before implies smaller.
        #[test]
        fn lamport_time_follows_causality(steps in prop::collection::vec((0usize..3, 0usize..4), 0..30)) {
            let mut replicas = vec![(LamportClock::new(), VectorClock::new()); 3];
            let mut events: Vec<(u64, VectorClock)> = Vec::new();
            for (replica, from) in steps {
                if let Some((lamport, clock)) = replicas.get(from).cloned() {
                    replicas[replica].0.observe(lamport.now());
                    replicas[replica].1.join(&clock);
                }
                let time = replicas[replica].0.tick();
                replicas[replica].1.increment(["a", "b", "c"][replica]);
                for (earlier, clock) in &events {
                    if replicas[replica].1.includes(clock) {
                        prop_assert!(*earlier < time);
                    }
                }
                events.push((time, replicas[replica].1.clone()));
            }
        }
    }

    #[test]
    fn a_key_present_only_on_the_right_counts() {
        let left: VectorClock = [("a", 2)].into_iter().collect();
        let right: VectorClock = [("a", 1), ("b", 1)].into_iter().collect();
        assert_eq!(left.compare(&right), Causality::Concurrent);
    }

    #[test]
    fn refuses_what_json_readers_would_round() {
        assert!(serde_json::from_str::<VectorClock>(r#"{"a":9007199254740992}"#).is_err());
        assert!(serde_json::from_str::<VectorClock>(r#"{"a b":1}"#).is_err());
    }
}
