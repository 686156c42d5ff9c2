//! PN-counter (Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011, §3.1.3).
//!
//! State: for each agent, the totals of its increments and of its decrements. Both only grow, so the pointwise
//! maximum is a join: commutative, associative, idempotent, monotone.

use std::collections::BTreeMap;

use ramanujan_core::MAX_SAFE_INTEGER;
use serde::{Deserialize, Serialize};

/// Totals of one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    #[serde(default)]
    pub p: u64,
    #[serde(default)]
    pub n: u64,
}

impl Totals {
    /// The totals after one more operation of the agent, `None` if one would exceed 2^53−1.
    pub fn add(self, plus: u64, minus: u64) -> Option<Totals> {
        let sum = |a: u64, b: u64| a.checked_add(b).filter(|total| *total <= MAX_SAFE_INTEGER);
        Some(Totals { p: sum(self.p, plus)?, n: sum(self.n, minus)? })
    }
}

/// A counter that goes up and down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PnCounter(BTreeMap<String, Totals>);

impl PnCounter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn totals(&self, agent: &str) -> Totals {
        self.0.get(agent).copied().unwrap_or_default()
    }

    /// Raises the totals of `agent` to at least `totals`.
    pub fn observe(&mut self, agent: &str, totals: Totals) {
        let entry = self.0.entry(agent.to_owned()).or_default();
        entry.p = entry.p.max(totals.p);
        entry.n = entry.n.max(totals.n);
    }

    /// Least upper bound, in place.
    pub fn join(&mut self, other: &PnCounter) {
        for (agent, totals) in &other.0 {
            self.observe(agent, *totals);
        }
    }

    /// The sum of all increments less the sum of all decrements.
    pub fn value(&self) -> i128 {
        self.0.values().map(|t| i128::from(t.p) - i128::from(t.n)).sum()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Totals)> {
        self.0.iter().map(|(agent, totals)| (agent.as_str(), *totals))
    }

    /// Whether an entry exceeds what JSON readers keep exact.
    pub fn is_oversized(&self) -> bool {
        self.0.values().any(|t| t.p.max(t.n) > MAX_SAFE_INTEGER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_counter() -> impl Strategy<Value = PnCounter> {
        prop::collection::btree_map("[abc]", (0u64..50, 0u64..50).prop_map(|(p, n)| Totals { p, n }), 0..4)
            .prop_map(PnCounter)
    }

    fn joined(a: &PnCounter, b: &PnCounter) -> PnCounter {
        let mut out = a.clone();
        out.join(b);
        out
    }

    proptest! {
        #[test]
        fn join_is_commutative_associative_idempotent(a in any_counter(), b in any_counter(), c in any_counter()) {
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
            prop_assert_eq!(joined(&a, &a), a);
        }

        #[test]
        fn operations_in_any_delivery_order_sum_up(amounts in prop::collection::vec((0usize..3, -20i64..20), 0..30)) {
            let mut replicas = vec![PnCounter::new(); 3];
            for (agent, amount) in &amounts {
                let name = format!("r{agent}");
                let totals = replicas[*agent].totals(&name);
                let plus = u64::try_from(*amount).unwrap_or(0);
                let minus = u64::try_from(-*amount).unwrap_or(0);
                replicas[*agent].observe(&name, totals.add(plus, minus).unwrap());
            }
            let all = joined(&joined(&replicas[2], &replicas[0]), &joined(&replicas[1], &replicas[2]));
            prop_assert_eq!(all.value(), amounts.iter().map(|(_, a)| i128::from(*a)).sum::<i128>());
        }
    }

    #[test]
    fn totals_stop_at_what_json_can_carry() {
        assert_eq!(Totals { p: MAX_SAFE_INTEGER, n: 0 }.add(1, 0), None);
        assert_eq!(Totals::default().add(u64::MAX, 0), None);
    }
}
