//! The totals that a counter keeps for each agent.

use ramanujan_core::MAX_SAFE_INTEGER;
use serde::{Deserialize, Serialize};

/// Totals of one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Sum of its increments.
    #[serde(default)]
    pub p: u64,
    /// Sum of its decrements.
    #[serde(default)]
    pub n: u64,
}

impl Totals {
    /// The totals after one more operation of the agent, `None` if one would exceed 2^53−1.
    pub fn add(self, plus: u64, minus: u64) -> Option<Totals> {
        let sum = |a: u64, b: u64| a.checked_add(b).filter(|total| *total <= MAX_SAFE_INTEGER);
        Some(Totals { p: sum(self.p, plus)?, n: sum(self.n, minus)? })
    }

    /// The larger of both, each by itself.
    #[must_use]
    pub fn max(self, other: Totals) -> Totals {
        Totals { p: self.p.max(other.p), n: self.n.max(other.n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_stop_at_what_json_can_carry() {
        assert_eq!(Totals { p: MAX_SAFE_INTEGER, n: 0 }.add(1, 0), None);
        assert_eq!(Totals::default().add(u64::MAX, 0), None);
    }
}
