//! Vector clocks with four-valued comparison (network.md §2.3; Fidge 1988, Mattern 1989).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::MAX_SAFE_INTEGER;

/// How two clocks stand to each other over the union of their keys, a missing key counting 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Causality {
    Equal,
    /// The left happened before the right.
    Before,
    /// The left happened after the right.
    After,
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

/// Version vector: for each agent, how many of its operations are included.
///
/// Zero entries do not exist in it and keys are sorted, so equal clocks encode to equal JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct VectorClock(BTreeMap<String, u64>);

impl VectorClock {
    pub fn new() -> Self {
        Self::default()
    }

    /// Operations of `agent` included, 0 if none.
    pub fn get(&self, agent: &str) -> u64 {
        self.0.get(agent).copied().unwrap_or(0)
    }

    /// Raises the entry of `agent` to `seq`; never lowers it.
    pub fn observe(&mut self, agent: &str, seq: u64) {
        if seq == 0 {
            return;
        }
        match self.0.get_mut(agent) {
            Some(entry) => *entry = seq.max(*entry),
            None => {
                self.0.insert(agent.to_owned(), seq);
            }
        }
    }

    /// Counts one more operation of `agent` and returns the new value.
    pub fn increment(&mut self, agent: &str) -> u64 {
        let next = self.get(agent).saturating_add(1);
        self.observe(agent, next);
        next
    }

    /// Least upper bound, in place.
    pub fn join(&mut self, other: &VectorClock) {
        for (agent, seq) in &other.0 {
            self.observe(agent, *seq);
        }
    }

    /// Whether everything in `other` is included here.
    pub fn includes(&self, other: &VectorClock) -> bool {
        other.0.iter().all(|(agent, seq)| self.get(agent) >= *seq)
    }

    pub fn compare(&self, other: &VectorClock) -> Causality {
        match (self.includes(other), other.includes(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::After,
            (false, true) => Causality::Before,
            (false, false) => Causality::Concurrent,
        }
    }

    /// Entries in agent order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(agent, seq)| (agent.as_str(), *seq))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<A: Into<String>> FromIterator<(A, u64)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (A, u64)>>(entries: I) -> Self {
        let mut clock = VectorClock::new();
        for (agent, seq) in entries {
            clock.observe(&agent.into(), seq);
        }
        clock
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
