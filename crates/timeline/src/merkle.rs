//! The Merkle tree hash of RFC 9162 §2.1.1, computed leaf by leaf, and a hash chain beside it.
//!
//! A tree over n leaves is kept as the roots of its perfect subtrees, one for each 1 in the binary form of n,
//! so that adding a leaf costs O(1) amortised and continuing needs no earlier leaf.

use ramanujan_core::Digest;

use crate::hash::{link_hash, node_hash};
use crate::tree;

/// The state of both hashes after the first `size` leaves.
///
/// ```
/// use ramanujan_timeline::Accumulator;
/// use ramanujan_timeline::hash::leaf_hash;
///
/// let mut log = Accumulator::default();
/// log.push(leaf_hash(b"first"));
/// // What is stored of it is enough to go on.
/// let stored = (log.size(), log.peaks(), *log.chain_head().as_bytes());
/// let mut resumed = Accumulator::resume(stored.0, &stored.1, stored.2).unwrap();
/// resumed.push(leaf_hash(b"second"));
/// log.push(leaf_hash(b"second"));
/// assert_eq!(resumed.root(), log.root());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accumulator {
    size: u64,
    /// Roots of the perfect subtrees, largest (leftmost) first.
    peaks: Vec<Digest>,
    chain: Digest,
}

impl Default for Accumulator {
    /// Of the empty log: the chain begins with 32 zero bytes.
    fn default() -> Self {
        Accumulator { size: 0, peaks: Vec::new(), chain: Digest([0; 32]) }
    }
}

impl Accumulator {
    /// Continues from a stored state; `None` if `peaks` cannot be those of `size` leaves.
    pub fn resume(size: u64, peaks: &[u8], chain: [u8; 32]) -> Option<Self> {
        let (peaks, rest) = peaks.as_chunks::<32>();
        let fits = rest.is_empty() && peaks.len() == size.count_ones() as usize;
        fits.then(|| Accumulator {
            size,
            peaks: peaks.iter().map(|peak| Digest(*peak)).collect(),
            chain: Digest(chain),
        })
    }

    /// Adds the next leaf, by its hash.
    pub fn push(&mut self, leaf: Digest) {
        self.push_with(leaf, |_, _| {});
    }

    /// As [`push`](Self::push); `completed` is told each perfect subtree that ends with this leaf, with its level, the
    /// leaf itself first.
    pub fn push_with(&mut self, leaf: Digest, mut completed: impl FnMut(u32, &Digest)) {
        self.chain = link_hash(&self.chain, &leaf);
        let mut subtree = leaf;
        completed(0, &subtree);
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                subtree = node_hash(&left, &subtree);
                completed(level, &subtree);
            }
        }
        self.peaks.push(subtree);
        self.size += 1;
    }

    /// How many leaves are in.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The last link of the chain.
    pub fn chain_head(&self) -> Digest {
        self.chain
    }

    /// MTH of all leaves; of none, SHA-256 of nothing.
    pub fn root(&self) -> Digest {
        tree::fold(&self.peaks)
    }

    /// The stored form of the subtree roots.
    pub fn peaks(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|peak| *peak.as_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    /// The recursive definition, word for word.
    fn mth(leaves: &[Digest]) -> Digest {
        match leaves.len() {
            0 => Digest::of(b""),
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    fn leaves(n: usize) -> Vec<Digest> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn published_roots() {
        // The test vectors of RFC 6962's reference implementation, whose hashing RFC 9162 keeps.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut tree = Accumulator::default();
        assert_eq!(
            tree.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for input in inputs {
            tree.push(leaf_hash(input));
        }
        assert_eq!(
            tree.root().to_string(),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }

    proptest! {
        #[test]
        fn leaf_by_leaf_equals_the_recursive_definition(n in 0usize..200, split in 0usize..200) {
            let leaves = leaves(n);
            let split = split.min(n);
            let mut first = Accumulator::default();
            leaves[..split].iter().for_each(|leaf| first.push(*leaf));
            let mut resumed =
                Accumulator::resume(first.size(), &first.peaks(), *first.chain_head().as_bytes()).unwrap();
            prop_assert_eq!(&resumed, &first);
            leaves[split..].iter().for_each(|leaf| resumed.push(*leaf));
            prop_assert_eq!(resumed.root(), mth(&leaves));
            prop_assert_eq!(resumed.size(), n as u64);
        }

        #[test]
        fn any_change_of_order_or_content_changes_both_hashes(n in 2usize..60, i in 0usize..60, j in 0usize..60) {
            let (i, j) = (i % n, j % n);
            prop_assume!(i != j);
            let fold = |leaves: &[Digest]| {
                let mut tree = Accumulator::default();
                leaves.iter().for_each(|leaf| tree.push(*leaf));
                (tree.root(), tree.chain_head())
            };
            let original = leaves(n);
            let mut swapped = original.clone();
            swapped.swap(i, j);
            let (a, b) = (fold(&original), fold(&swapped));
            prop_assert!(a.0 != b.0 && a.1 != b.1);
        }
    }

    #[test]
    fn a_state_that_cannot_be_is_not_resumed() {
        assert!(Accumulator::resume(3, &[0; 32], [0; 32]).is_none());
        assert!(Accumulator::resume(1, &[0; 33], [0; 32]).is_none());
    }
}
