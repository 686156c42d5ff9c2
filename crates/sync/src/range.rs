//! Runs of an agent's deltas in a document, and what somebody lacks of them.

use ramanujan_core::{AgentId, Dot};
use serde::{Deserialize, Serialize};

/// The deltas `agent:from` to `agent:to`, both included; 1 ≤ from ≤ to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Whose deltas.
    pub agent: AgentId,
    /// Number of the first.
    pub from: u64,
    /// Number of the last.
    pub to: u64,
}

impl Range {
    /// The deltas `agent:from` to `agent:to`.
    pub fn new(agent: AgentId, from: u64, to: u64) -> Self {
        Range { agent, from, to }
    }

    /// How many they are.
    pub fn count(&self) -> u64 {
        (self.to + 1).saturating_sub(self.from)
    }

    /// The last of them.
    pub fn last(&self) -> Dot {
        Dot::new(self.agent.clone(), self.to)
    }
}

/// What is lacked of ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// The deltas that are lacked.
    pub ranges: Vec<Range>,
    /// A range begins after deltas that are lacked too.
    pub gap: bool,
}

/// What a site that holds `held(agent)` deltas of each agent lacks of `ranges`. Of an agent for which `barred` gives a
/// number, nothing from that number on is wanted.
pub fn lacking(
    ranges: &[Range],
    held: impl Fn(&AgentId) -> u64,
    barred: impl Fn(&AgentId) -> Option<u64>,
) -> Lack {
    let mut lack = Lack::default();
    for range in ranges {
        let first = held(&range.agent) + 1;
        let to = barred(&range.agent).map_or(range.to, |from| range.to.min(from - 1));
        if first > to {
            continue;
        }
        lack.gap |= range.from > first && range.from <= to;
        lack.ranges.push(Range::new(range.agent.clone(), first, to));
    }
    lack
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// By the definition: everything up to the end of the range that is neither held nor barred.
        #[test]
        fn what_is_lacked_is_neither_held_nor_barred(
            from in 1u64..8, length in 0u64..8, held in 0u64..10, barred in prop::option::of(1u64..12),
        ) {
            let agent: AgentId = "a".parse().unwrap();
            let range = Range::new(agent.clone(), from, from + length);
            let lack = lacking(std::slice::from_ref(&range), |_| held, |_| barred);
            let expected: Vec<u64> =
                (1..=range.to).filter(|seq| *seq > held && barred.is_none_or(|from| *seq < from)).collect();
            let found: Vec<u64> = lack.ranges.iter().flat_map(|range| range.from..=range.to).collect();
            prop_assert_eq!(&found, &expected);
            let reaches = expected.iter().any(|seq| *seq >= from);
            prop_assert_eq!(lack.gap, reaches && expected.iter().any(|seq| *seq < from));
        }
    }
}
