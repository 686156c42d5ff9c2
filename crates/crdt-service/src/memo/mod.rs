//! The memo: answers of merges and reads by the digest of what they were computed from.
//!
//! Its first tier is this instance's memory (`tier1`), so it pays where instances serve many requests; the second is
//! the store, for merges large enough, and `store::tiers` asks both. What a key names never changes, so an entry is
//! never stale: only the pointer from a document to the key of its head can be, and it is a hint that readers check
//! against the store. Nothing here is needed for a right answer: a memo that loses everything only costs time.

pub(crate) mod counts;
pub(crate) mod key;
pub(crate) mod lru;
pub(crate) mod tier1;
