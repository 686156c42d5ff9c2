//! Votes of verifiers that run on different agents: records with stable bytes to sign, and the grow-only set of them
//! (Shapiro et al. 2011, G-Set) from which the verdict follows.
//!
//! The set is joined by union, so votes may arrive in any order, any number of times, over any path. The outcome is
//! a function of the set alone. Signatures are carried and not checked: who may vote is decided by whoever lets
//! records in.

mod outcome;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ramanujan_core::Digest;

pub use outcome::{Conflict, Dispute, Outcome};
pub use record::{InvalidVote, MAX_SIGNATURE, Subject, Unchecked, VoteRecord};

/// The grow-only set of votes, of any number of subjects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoteSet {
    records: BTreeMap<Digest, VoteRecord>,
}

impl VoteSet {
    /// Adds a record; `false` if it is there already.
    pub fn insert(&mut self, record: VoteRecord) -> bool {
        self.records.insert(record.key(), record).is_none()
    }

    /// The union of both.
    #[must_use]
    pub fn join(mut self, other: VoteSet) -> VoteSet {
        self.records.extend(other.records);
        self
    }

    /// All records, by content address.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &VoteRecord)> {
        self.records.iter()
    }

    /// How many records there are, of all subjects.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no record at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What the votes on `subject` come to.
    pub fn outcome(&self, subject: Subject) -> Outcome {
        Outcome::of(subject, self.records.values().filter(|record| record.subject() == subject))
    }
}

impl FromIterator<VoteRecord> for VoteSet {
    fn from_iter<I: IntoIterator<Item = VoteRecord>>(records: I) -> Self {
        let mut set = VoteSet::default();
        for record in records {
            set.insert(record);
        }
        set
    }
}
