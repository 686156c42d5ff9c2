//! Which subtrees of the Merkle tree a proof of RFC 9162 §2.1.3 and §2.1.4 consists of, and where they end.
//!
//! A proof is a list of subtree hashes, each over a range of leaves; a range is a row of perfect subtrees, and a perfect
//! subtree is the same in every tree that holds it, so that its hash can be kept once and used for ever.

use std::ops::Range;

use ramanujan_core::Digest;

use crate::hash::node_hash;

/// A perfect subtree: the leaves `index << level` to `(index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Height over the leaves: it holds 2^level of them.
    pub level: u32,
    /// Its place among the subtrees of its level, from 0.
    pub index: u64,
}

impl Node {
    /// How many leaves there are up to and with its last one.
    pub fn end(self) -> u64 {
        (self.index + 1) << self.level
    }

    /// Its two halves; `None` for a leaf.
    pub fn children(self) -> Option<[Node; 2]> {
        let level = self.level.checked_sub(1)?;
        Some([0, 1].map(|half| Node { level, index: 2 * self.index + half }))
    }
}

/// The perfect subtrees that make up `range`, left to right. Where the range is one of a proof, their hashes folded
/// from the right are its hash ([`fold`]).
pub fn perfect(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let largest = (range.end - start).ilog2();
        let level = if start == 0 { largest } else { start.trailing_zeros().min(largest) };
        nodes.push(Node { level, index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// MTH of a range from the hashes of its perfect subtrees, left to right; of nothing, SHA-256 of nothing.
pub fn fold(hashes: &[Digest]) -> Digest {
    let mut hashes = hashes.iter().rev();
    match hashes.next() {
        None => Digest::of(b""),
        Some(last) => hashes.fold(*last, |right, left| node_hash(left, &right)),
    }
}

/// MTH of a perfect subtree from the hashes of its leaves, of which there must be a power of two.
pub fn perfect_root(leaves: &[Digest]) -> Digest {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(fold).collect();
    }
    fold(&level)
}

/// MTH of a range of the leaves whose hashes are `leaves`; what of the range lies beyond them is left out.
pub fn hash_of(leaves: &[Digest], range: Range<u64>) -> Digest {
    let end = range.end.min(leaves.len() as u64);
    let root = |node: Node| {
        let places = usize::try_from(node.index << node.level).ok()..usize::try_from(node.end()).ok();
        let part = places.start.zip(places.end).and_then(|(start, end)| leaves.get(start..end));
        perfect_root(part.unwrap_or_default())
    };
    fold(&perfect(range.start..end).into_iter().map(root).collect::<Vec<_>>())
}

/// PATH(index, D\[0:size\]) of RFC 9162 §2.1.3.1: the ranges whose hashes prove that a leaf is in a tree, from the
/// leaf upwards. `index` must be less than `size`.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// PROOF(first, D\[0:second\]) of RFC 9162 §2.1.4.1: the ranges whose hashes prove that a tree continues another.
/// `first` must be 1 to `second`.
pub fn consistency(first: u64, second: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, second);
    while end != first {
        let middle = start + split(end - start);
        if first <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The verifier knows the root of the first tree; where the descent ended inside it, it needs that part too.
    if start > 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    ranges
}

/// The largest power of two less than `size`, which must be more than 1.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_made_of_perfect_subtrees() {
        let node = |level, index| Node { level, index };
        assert_eq!(perfect(0..7), [node(2, 0), node(1, 2), node(0, 6)]);
        assert_eq!(perfect(4..6), [node(1, 2)]);
        assert_eq!(perfect(3..3), []);
        assert_eq!(node(1, 2).children(), Some([node(0, 4), node(0, 5)]));
        assert_eq!((node(0, 4).children(), node(3, 1).end()), (None, 16));
    }

    proptest! {
        #[test]
        fn a_path_and_its_leaf_cover_the_tree_once(size in 1u64..1 << 40, index in 0u64..1 << 40) {
            let index = index % size;
            let mut ranges = inclusion(index, size);
            ranges.push(index..index + 1);
            ranges.sort_by_key(|range| range.start);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, size));
            prop_assert!(ranges.len() <= 41);
        }

        #[test]
        fn perfect_subtrees_cover_a_range_once(start in 0u64..1 << 40, length in 0u64..1 << 40) {
            let mut at = start;
            for node in perfect(start..start + length) {
                prop_assert_eq!(node.index << node.level, at);
                at = node.end();
            }
            prop_assert_eq!(at, start + length);
        }
    }
}
