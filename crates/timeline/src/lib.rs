//! The causal timeline without its store: events and their canonical form, the hashes over the log, proofs, and the
//! files of archived segments.
//!
//! The log is a list of events, numbered from 1 and never changed. Whoever keeps it could still be tempted to change it,
//! so every event is hashed into a Merkle tree, the one of Certificate Transparency (RFC 9162), and what matters can
//! then be proven to someone who has nothing but a root, 32 bytes that they wrote down:
//!
//! - **Appending** adds the hash of a stored event ([`row::Stored::leaf_hash`]) to an [`Accumulator`]. It keeps the roots
//!   of the perfect subtrees only, so that it can be stored, resumed and continued at any size of the log.
//! - An **inclusion proof** shows that an event is in the log: the hashes beside its way to the root.
//! - A **consistency proof** shows that a log only grew: what was in the smaller tree is, unchanged and in its place, in
//!   the greater one.
//!
//! [`tree`] says which ranges of the log a proof consists of; whoever has the leaves, or the roots of subtrees kept from
//! before, hashes them. [`proof`] verifies.
//!
//! ```
//! use ramanujan_core::Digest;
//! use ramanujan_timeline::{Accumulator, hash, proof, tree};
//!
//! // Append: seven events, and the root after each.
//! let leaves: Vec<Digest> = (1..=7u64).map(|seq| hash::leaf_hash(&seq.to_be_bytes())).collect();
//! let mut log = Accumulator::default();
//! let mut roots = vec![log.root()];
//! for leaf in &leaves {
//!     log.push(*leaf);
//!     roots.push(log.root());
//! }
//! assert_eq!((log.size(), log.root()), (7, roots[7]));
//!
//! // Prove to someone who knows the root of seven events that the third is among them.
//! let index = 2;
//! let path: Vec<Digest> =
//!     tree::inclusion(index, 7).into_iter().map(|range| tree::hash_of(&leaves, range)).collect();
//! assert_eq!(path.len(), 3);
//! proof::verify_inclusion(leaves[2], index, 7, &path, roots[7]).unwrap();
//! assert!(proof::verify_inclusion(leaves[3], index, 7, &path, roots[7]).is_err());
//!
//! // Prove to someone who wrote down the root of four events that the log of seven continues it.
//! let path: Vec<Digest> =
//!     tree::consistency(4, 7).into_iter().map(|range| tree::hash_of(&leaves, range)).collect();
//! proof::verify_consistency(4, roots[4], 7, roots[7], &path).unwrap();
//! assert!(proof::verify_consistency(4, roots[3], 7, roots[7], &path).is_err());
//! ```
//!
//! Pure: no store, no network, no clock, no randomness. Errors are typed; statuses are for who answers requests.

#![deny(missing_docs)]

pub mod canonical;
pub mod event;
pub mod hash;
pub mod measure;
pub mod merkle;
pub mod operation;
pub mod proof;
pub mod row;
#[cfg(not(target_family = "wasm"))]
pub mod schema;
pub mod segment;
pub mod tree;

pub use event::{Event, EventError, Posted};
pub use merkle::Accumulator;
pub use row::Stored;
pub use segment::{Segment, SegmentError};
