//! The three hashes of the log: SHA-256 over a byte that tells them apart and what is hashed (RFC 9162 §2.1.1).

use ramanujan_core::Digest;

/// Of a leaf: SHA-256(0x00 ‖ leaf).
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of_parts([[0].as_slice(), leaf])
}

/// Of two subtrees beside each other: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts([[1].as_slice(), left.as_bytes(), right.as_bytes()])
}

/// Of a link of the chain, which stands beside the tree and tells the order at a glance:
/// SHA-256(0x02 ‖ previous link ‖ leaf hash).
pub fn link_hash(previous: &Digest, leaf: &Digest) -> Digest {
    Digest::of_parts([[2].as_slice(), previous.as_bytes(), leaf.as_bytes()])
}
