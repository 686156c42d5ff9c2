//! Two orders in which the deltas of one document may be joined, and where they differ.
//!
//! The first order is that of the log: deltas as they arrived. The second is as far from it as causality lets it be: of
//! the deltas that may come next it takes the one that arrived last. Both extend the causal order, so a replica may
//! have seen either.

use std::collections::{BinaryHeap, HashMap};

use ramanujan_core::Dot;
use ramanujan_crdt::wire::DeltaRecord;

/// Deltas that stand next to each other in both orders, in the same sequence: both join them as one delta-group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Place of the first delta in the log.
    pub(crate) first: usize,
    pub(crate) deltas: usize,
}

/// A part of the log that the second order permutes within itself: before and after it both have joined the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// In the order of the log.
    pub(crate) blocks: Vec<Block>,
    /// The places of the blocks in `blocks`, in the second order.
    pub(crate) second: Vec<usize>,
    /// Whether something was joined before.
    pub(crate) has_past: bool,
}

/// The second order, as places in the log; `None` if a delta follows one that is not there, or itself.
pub(crate) fn latest_first(records: &[DeltaRecord]) -> Option<Vec<usize>> {
    let dots = records.iter().map(|record| (record.agent_id.as_str(), record.seq));
    let places: HashMap<(&str, u64), usize> =
        dots.enumerate().map(|(place, (agent, seq))| ((agent, seq), place)).collect();
    let mut waits = vec![0usize; records.len()];
    let mut followers = vec![Vec::new(); records.len()];
    for (place, record) in records.iter().enumerate() {
        let own = (record.seq > 1).then(|| (record.agent_id.as_str(), record.seq - 1));
        let parents = record.parents.iter().map(|Dot { agent, seq }| (agent.as_str(), *seq));
        for cause in own.into_iter().chain(parents) {
            followers[*places.get(&cause)?].push(place);
            waits[place] += 1;
        }
    }
    let mut ready: BinaryHeap<usize> = (0..records.len()).filter(|place| waits[*place] == 0).collect();
    let mut order = Vec::with_capacity(records.len());
    while let Some(place) = ready.pop() {
        order.push(place);
        for follower in std::mem::take(&mut followers[place]) {
            waits[follower] -= 1;
            if waits[follower] == 0 {
                ready.push(follower);
            }
        }
    }
    (order.len() == records.len()).then_some(order)
}

/// Where `order`, a permutation of the log, differs from it.
pub(crate) fn segments(order: &[usize]) -> Vec<Segment> {
    let mut place_of = vec![0; order.len()];
    order.iter().enumerate().for_each(|(second, first)| place_of[*first] = second);
    let (mut segments, mut begin, mut furthest) = (Vec::new(), 0, 0);
    for at in 0..place_of.len() {
        furthest = furthest.max(place_of[at]);
        // Here both orders have joined the same deltas.
        if furthest == at {
            if at > begin {
                segments.push(segment(&place_of, begin, at + 1));
            }
            begin = at + 1;
        }
    }
    segments
}

fn segment(place_of: &[usize], begin: usize, end: usize) -> Segment {
    let mut blocks: Vec<Block> = Vec::new();
    for at in begin..end {
        match blocks.last_mut() {
            Some(block) if place_of[at] == place_of[at - 1] + 1 => block.deltas += 1,
            _ => blocks.push(Block { first: at, deltas: 1 }),
        }
    }
    let mut second: Vec<usize> = (0..blocks.len()).collect();
    second.sort_unstable_by_key(|block| place_of[blocks[*block].first]);
    Segment { blocks, second, has_past: begin > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(agent: &str, seq: u64, parents: &[&str]) -> DeltaRecord {
        let json = serde_json::json!({"agent_id": agent, "seq": seq, "operation": "increment", "value": 1, "parents": parents});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_concurrent_comes_the_other_way_round() {
        // a:1 and then, without knowing of each other, a:2 a:3 and b:1; c:1 knows all of them.
        let log = [
            record("a", 1, &[]),
            record("a", 2, &["a:1"]),
            record("a", 3, &["a:2"]),
            record("b", 1, &["a:1"]),
            record("c", 1, &["a:3", "b:1"]),
        ];
        let order = latest_first(&log).unwrap();
        assert_eq!(order, [0, 3, 1, 2, 4]);
        let blocks = vec![Block { first: 1, deltas: 2 }, Block { first: 3, deltas: 1 }];
        assert_eq!(segments(&order), [Segment { blocks, second: vec![1, 0], has_past: true }]);
    }

    #[test]
    fn one_after_the_other_has_one_order_only() {
        let log = [record("a", 1, &[]), record("b", 1, &["a:1"]), record("a", 2, &["b:1"])];
        let order = latest_first(&log).unwrap();
        assert_eq!(order, [0, 1, 2]);
        assert!(segments(&order).is_empty());
    }

    #[test]
    fn what_follows_something_unknown_or_itself_has_no_order() {
        assert_eq!(latest_first(&[record("a", 2, &[])]), None);
        assert_eq!(latest_first(&[record("a", 1, &["b:1"])]), None);
        assert_eq!(latest_first(&[record("a", 1, &["b:1"]), record("b", 1, &["a:1"])]), None);
    }
}
