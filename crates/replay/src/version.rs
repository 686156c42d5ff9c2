//! Versions of a document while a session is converted: the latest operations and everything before them.
//!
//! A version is a downward-closed set of operations (Kleppmann and Gentle, "Collaborative Text Editing with
//! Eg-walker", 2024). It is kept as a vector clock over replicas plus its maximal elements, and only as long as a later
//! transaction refers to it, so that memory follows the number of open branches and not the length of the session.

use crate::operation::Mark;

/// A set of operations closed under "is in the past of".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    /// Maximal elements, sorted.
    heads: Vec<Mark>,
    /// Number of operations per replica; replicas beyond the end have none.
    clock: Vec<u32>,
}

impl Version {
    pub(crate) fn heads(&self) -> &[Mark] {
        &self.heads
    }

    /// How many of the replica's operations the version holds.
    pub(crate) fn seen(&self, replica: u32) -> u32 {
        self.clock.get(replica as usize).copied().unwrap_or(0)
    }

    fn contains(&self, mark: Mark) -> bool {
        self.seen(mark.replica) >= mark.seq
    }

    /// Adds an operation whose parents are this version's heads.
    pub(crate) fn push(&mut self, mark: Mark) {
        let index = mark.replica as usize;
        if self.clock.len() <= index {
            self.clock.resize(index + 1, 0);
        }
        self.clock[index] = mark.seq;
        self.heads.clear();
        self.heads.push(mark);
    }

    /// Joins with `other`: the union, whose maximal elements are those heads of one side that the other side either
    /// does not hold or has as heads too.
    pub(crate) fn join(&mut self, other: &Version) {
        let mut heads: Vec<Mark> = self
            .heads
            .iter()
            .filter(|mark| !other.contains(**mark) || other.heads.contains(mark))
            .chain(other.heads.iter().filter(|mark| !self.contains(**mark)))
            .copied()
            .collect();
        heads.sort_unstable();
        self.heads = heads;
        if self.clock.len() < other.clock.len() {
            self.clock.resize(other.clock.len(), 0);
        }
        for (mine, theirs) in self.clock.iter_mut().zip(&other.clock) {
            *mine = (*mine).max(*theirs);
        }
    }
}

/// The versions that transactions left behind, each kept until its last child has taken it.
#[derive(Debug)]
pub(crate) struct Versions {
    kept: Vec<Option<Version>>,
    /// Children of each transaction that have not been converted yet.
    waiting: Vec<u32>,
}

impl Versions {
    /// For transactions with these parents, given in order.
    pub(crate) fn new<'a>(parents: impl ExactSizeIterator<Item = &'a [usize]>) -> Self {
        let mut waiting = vec![0; parents.len()];
        for parent in parents.flatten() {
            waiting[*parent] += 1;
        }
        Versions { kept: vec![None; waiting.len()], waiting }
    }

    /// The merge of the versions that the transactions `parents` left.
    pub(crate) fn take(&mut self, parents: &[usize]) -> Version {
        let mut merged: Option<Version> = None;
        for &parent in parents {
            self.waiting[parent] -= 1;
            let last = self.waiting[parent] == 0;
            match (&mut merged, last) {
                (None, true) => merged = self.kept[parent].take(),
                (None, false) => merged = self.kept[parent].clone(),
                (Some(version), _) => {
                    if let Some(other) = &self.kept[parent] {
                        version.join(other);
                    }
                    if last {
                        self.kept[parent] = None;
                    }
                }
            }
        }
        merged.unwrap_or_default()
    }

    /// Keeps what a transaction left, if another refers to it.
    pub(crate) fn leave(&mut self, transaction: usize, version: Version) {
        if self.waiting[transaction] > 0 {
            self.kept[transaction] = Some(version);
        }
    }
}
