//! Levels of the causal order, where what many events name arrived in disorder.
//!
//! The level of an event is greater than that of what it names. An event that comes before what it names gets its level too
//! early, and so do all those after it. Where many events stand close together and out of order, as those of streams that
//! write at the same time do, raising each of them and then again those after it is quadratic; in the order of the names
//! each is raised once.

use std::collections::{BTreeMap, HashMap};

/// An event in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leveled {
    /// Its level.
    pub level: u64,
    /// Whether it was raised.
    pub raised: bool,
}

/// Raises the level of each event above those that it names: `edges` are (cause, effect), of events among `levels`.
/// Says which stand in a circle of names, or after one: what they name may have been raised since.
pub fn raise(levels: &mut BTreeMap<u64, Leveled>, edges: &[(u64, u64)]) -> Vec<u64> {
    let mut effects: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut causes_left: HashMap<u64, usize> = HashMap::new();
    for (cause, effect) in edges.iter().filter(|(cause, effect)| cause != effect) {
        effects.entry(*cause).or_default().push(*effect);
        *causes_left.entry(*effect).or_default() += 1;
    }
    let mut ready: Vec<u64> = levels.keys().copied().filter(|seq| !causes_left.contains_key(seq)).collect();
    while let Some(cause) = ready.pop() {
        let Some(level) = levels.get(&cause).map(|event| event.level) else { continue };
        for effect in effects.remove(&cause).unwrap_or_default() {
            if let Some(event) = levels.get_mut(&effect).filter(|event| event.level <= level) {
                *event = Leveled { level: level + 1, raised: true };
            }
            if let Some(left) = causes_left.get_mut(&effect) {
                *left -= 1;
                if *left == 0 {
                    ready.push(effect);
                }
            }
        }
    }
    causes_left.into_iter().filter(|(_, left)| *left > 0).map(|(seq, _)| seq).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_event_stands_above_what_it_names_and_no_higher_than_it_must(
            levels in prop::collection::vec(0u64..6, 1..20), pairs in prop::collection::vec((0usize..20, 0usize..20), 0..40),
            names in prop::collection::vec(any::<u64>(), 20),
        ) {
            // Without circles: an event names only those before it in some order, which is not that of the numbers.
            let mut order: Vec<u64> = (0..levels.len() as u64).collect();
            order.sort_by_key(|seq| names[*seq as usize]);
            let within = pairs.iter().filter(|(a, b)| a < b && *b < order.len());
            let edges: Vec<(u64, u64)> = within.map(|(a, b)| (order[*a], order[*b])).collect();
            let of = |level: &u64| Leveled { level: *level, raised: false };
            let mut got: BTreeMap<u64, Leveled> = (0..).zip(levels.iter().map(of)).collect();
            prop_assert_eq!(raise(&mut got, &edges), Vec::<u64>::new());
            for (seq, event) in &got {
                let own = levels[*seq as usize];
                let causes = edges.iter().filter(|(_, effect)| effect == seq).map(|(cause, _)| got[cause].level + 1);
                let least = causes.max().unwrap_or(0).max(own);
                prop_assert_eq!((event.level, event.raised), (least, least > own), "of {}", seq);
            }
        }
    }

    #[test]
    fn a_circle_ends_and_what_is_beside_it_is_raised() {
        let mut levels: BTreeMap<u64, Leveled> =
            (1..=5).map(|seq| (seq, Leveled { level: 1, raised: false })).collect();
        let mut stuck = raise(&mut levels, &[(1, 2), (2, 1), (2, 3), (4, 5), (4, 4)]);
        stuck.sort_unstable();
        assert_eq!(stuck, [1, 2, 3]);
        let all: Vec<u64> = levels.values().map(|event| event.level).collect();
        assert_eq!(all, [1, 1, 1, 1, 2]);
    }
}
