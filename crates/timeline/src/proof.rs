//! Verifying proofs: that an event is in the log (RFC 9162 §2.1.3), and that the log only grew (§2.1.4).
//!
//! The crate's front page has an example of both.

use ramanujan_core::Digest;
use thiserror::Error;

use crate::hash::node_hash;
use crate::tree;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// No proof could be about these sizes: the leaf lies outside the tree, or the first tree is empty or the larger.
    #[error("the sizes do not fit each other")]
    Sizes,
    /// The proof has more or fewer hashes than one of these sizes.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The hashes lead to another root than the one that is known.
    #[error("the proof leads to another root")]
    Root,
}

/// Checks that the leaf with the hash `leaf` is the one at `index`, from 0, in the tree of `size` leaves with this
/// `root`.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify_inclusion(
    leaf: Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Sizes);
    }
    let led = root_of(leaf, index, size, path).ok_or(ProofError::Length)?;
    if led == root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `second` leaves with the root `second_root` begins with the tree of `first` leaves with the
/// root `first_root`.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify_consistency(
    first: u64,
    first_root: Digest,
    second: u64,
    second_root: Digest,
    path: &[Digest],
) -> Result<(), ProofError> {
    if first == 0 || first > second {
        return Err(ProofError::Sizes);
    }
    if tree::consistency(first, second).len() != path.len() {
        return Err(ProofError::Length);
    }
    let led = continued_root(first, first_root, second, path);
    if led == Some(second_root) { Ok(()) } else { Err(ProofError::Root) }
}

/// The root that an inclusion proof leads to (RFC 9162 §2.1.3.2); `None` if it has the wrong length. `index` must be
/// less than `size`.
pub fn root_of(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    let ranges = tree::inclusion(index, size);
    let steps = ranges.iter().zip(path);
    (ranges.len() == path.len()).then(|| {
        steps.fold(leaf, |hash, (range, sibling)| {
            if range.start > index { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) }
        })
    })
}

/// The root of the tree over `second` leaves that `path` shows to continue the one over `first` with `first_root`
/// (RFC 9162 §2.1.4.2); `None` if it shows no such thing.
pub fn continued_root(first: u64, first_root: Digest, second: u64, path: &[Digest]) -> Option<Digest> {
    if first == 0 || first > second {
        return None;
    }
    let ranges = tree::consistency(first, second);
    if ranges.len() != path.len() {
        return None;
    }
    if first == second {
        return Some(first_root);
    }
    // What lies within the first tree must be its own; the rest is taken as given, and so decides the root.
    let mut ranges = ranges.iter().zip(path).peekable();
    let inner = match ranges.peek() {
        Some((range, _)) if range.end == first => ranges.next(),
        _ => None,
    };
    let (mut old, mut start) = match inner {
        Some((range, hash)) => (*hash, range.start),
        None => (first_root, 0),
    };
    let mut new = old;
    for (range, hash) in ranges {
        if range.start >= first {
            new = node_hash(&new, hash);
        } else {
            (old, new, start) = (node_hash(hash, &old), node_hash(hash, &new), range.start);
        }
    }
    (start == 0 && old == first_root).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Accumulator;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    fn leaves(size: u64) -> Vec<Digest> {
        (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn root(leaves: &[Digest]) -> Digest {
        let mut tree = Accumulator::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    #[test]
    fn sizes_that_cannot_be_are_named() {
        let none = leaf_hash(b"");
        assert_eq!(verify_inclusion(none, 3, 3, &[], none), Err(ProofError::Sizes));
        assert_eq!(verify_inclusion(none, 0, 2, &[], none), Err(ProofError::Length));
        assert_eq!(verify_inclusion(none, 0, 1, &[], leaf_hash(b"x")), Err(ProofError::Root));
        assert_eq!(verify_consistency(0, none, 3, none, &[]), Err(ProofError::Sizes));
        assert_eq!(verify_consistency(4, none, 3, none, &[]), Err(ProofError::Sizes));
        assert_eq!(verify_consistency(2, none, 3, none, &[]), Err(ProofError::Length));
        assert_eq!(verify_consistency(2, none, 2, leaf_hash(b"x"), &[]), Err(ProofError::Root));
    }

    proptest! {
        #[test]
        fn every_proof_verifies_and_no_changed_one_does(
            size in 1u64..80, index in 0u64..80, first in 1u64..80, at in any::<prop::sample::Index>()
        ) {
            let (index, first) = (index % size, 1 + first % size);
            let leaves = leaves(size);
            let whole = root(&leaves);
            let part = |range| tree::hash_of(&leaves, range);
            let mut path: Vec<Digest> = tree::inclusion(index, size).into_iter().map(part).collect();
            let leaf = leaves[index as usize];
            prop_assert_eq!(verify_inclusion(leaf, index, size, &path, whole), Ok(()));
            if !path.is_empty() {
                let at = at.index(path.len());
                path[at].0[7] ^= 1;
                prop_assert_eq!(verify_inclusion(leaf, index, size, &path, whole), Err(ProofError::Root));
            }
            let before = root(&leaves[..first as usize]);
            let mut path: Vec<Digest> = tree::consistency(first, size).into_iter().map(part).collect();
            prop_assert_eq!(verify_consistency(first, before, size, whole, &path), Ok(()));
            if !path.is_empty() {
                let at = at.index(path.len());
                path[at].0[7] ^= 1;
                prop_assert_eq!(verify_consistency(first, before, size, whole, &path), Err(ProofError::Root));
            }
        }

        #[test]
        fn a_range_hashes_to_the_recursive_definition(size in 0usize..70, start in 0usize..70) {
            fn mth(leaves: &[Digest]) -> Digest {
                match leaves {
                    [] => Digest::of(b""),
                    [leaf] => *leaf,
                    _ => {
                        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                        node_hash(&mth(left), &mth(right))
                    }
                }
            }
            let leaves = leaves(size as u64);
            prop_assert_eq!(tree::hash_of(&leaves, 0..size as u64), mth(&leaves));
            // Ranges of proofs begin where a subtree of at least their size may.
            let start = start.min(size);
            let length = (size - start).min(if start == 0 { size } else { 1 << start.trailing_zeros() });
            let range = start as u64..(start + length) as u64;
            prop_assert_eq!(tree::hash_of(&leaves, range), mth(&leaves[start..start + length]));
        }
    }
}
