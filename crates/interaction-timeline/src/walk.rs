//! Walking the causal graph of an event breadth first, so that a distance is that of the shortest path.

use std::collections::{BTreeSet, HashSet};

/// Which way along the causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// To what an event came after: what it names, and its origin's previous event unless it says that it names all.
    Causes,
    /// To what came after it.
    Effects,
}

/// How far a walk may go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Steps from the first event.
    pub depth: u64,
    /// Events come to.
    pub events: u64,
}

/// The events come to from one, nearest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// (distance, seq), ascending, the event itself not among them.
    pub events: Vec<(u64, u64)>,
    /// Whether there is nothing beyond: neither the depth nor the number of events was the end.
    pub complete: bool,
}

/// Walks from `start`. `step` adds to a set what is directly beyond some events, and may stop once the set holds more
/// than the number that it is given.
///
/// # Errors
/// The first of `step`.
pub fn walk<E>(
    start: u64,
    bounds: Bounds,
    mut step: impl FnMut(&[u64], &mut BTreeSet<u64>, u64) -> Result<(), E>,
) -> Result<Walked, E> {
    let mut seen = HashSet::from([start]);
    let mut frontier = vec![start];
    let mut walked = Walked { events: Vec::new(), complete: true };
    let mut distance = 0;
    while !frontier.is_empty() {
        let mut next = BTreeSet::new();
        step(&frontier, &mut next, bounds.events)?;
        distance += 1;
        frontier = next.into_iter().filter(|seq| seen.insert(*seq)).collect();
        let room = bounds.events.saturating_sub(walked.events.len() as u64);
        let beyond = distance > bounds.depth;
        if !frontier.is_empty() && (beyond || frontier.len() as u64 > room) {
            walked.complete = false;
            frontier.truncate(if beyond { 0 } else { usize::try_from(room).unwrap_or(usize::MAX) });
        }
        walked.events.extend(frontier.iter().map(|seq| (distance, *seq)));
        if !walked.complete {
            break;
        }
    }
    Ok(walked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    proptest! {
        #[test]
        fn a_walk_finds_the_shortest_paths_within_its_bounds(
            edges in prop::collection::vec((0u64..12, 0u64..12), 0..40), depth in 1u64..6, most in 1u64..12
        ) {
            let beyond = |from: &[u64], next: &mut BTreeSet<u64>, _: u64| -> Result<(), Infallible> {
                next.extend(edges.iter().filter(|(a, _)| from.contains(a)).map(|(_, b)| *b));
                Ok(())
            };
            let Ok(all) = walk(0, Bounds { depth: 20, events: 100 }, beyond);
            prop_assert!(all.complete);
            // Bellman and Ford's way to the same distances.
            let mut distances = BTreeMap::from([(0u64, 0u64)]);
            for _ in 0..12 {
                for (a, b) in &edges {
                    if let Some(known) = distances.get(a).copied() {
                        let distance = distances.entry(*b).or_insert(known + 1);
                        *distance = (*distance).min(known + 1);
                    }
                }
            }
            distances.remove(&0);
            let mut expected: Vec<_> = distances.into_iter().map(|(seq, distance)| (distance, seq)).collect();
            expected.sort_unstable();
            prop_assert_eq!(&all.events, &expected);
            let Ok(bounded) = walk(0, Bounds { depth, events: most }, beyond);
            let within: Vec<_> =
                expected.iter().copied().filter(|(distance, _)| *distance <= depth).take(most as usize).collect();
            prop_assert_eq!(bounded.complete, within.len() == expected.len());
            prop_assert_eq!(bounded.events, within);
        }
    }
}
