//! Which operations may be sent next.
//!
//! Each replica sends its own operations, in order, one request at a time; replicas send at once. A request carries
//! operations of one colour. An operation may go as soon as every operation of another replica that it refers to is
//! acknowledged. A replica always sends as many as may go, so that the number of requests that have to follow one
//! another is the least possible: [`depth`].
//!
//! A state machine without I/O: the caller sends, and says when a request was acknowledged.

use std::collections::HashMap;
use std::ops::Range;

use ramanujan_core::Color;

use crate::operation::{Mark, Operation};
use crate::session::Session;

/// Largest sum of [`Operation::size`] and identifiers in one request, in bytes: half of the shell's default body limit
/// of 1 MiB, because a stream passes operations on with members added.
pub const MAX_BATCH_BYTES: usize = 512 << 10;

/// One request: operations of one replica and of one colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub color: Color,
    pub replica: u32,
    /// Places in the replica's chain, i.e. seq − 1.
    range: Range<usize>,
}

impl Batch {
    /// Number of operations.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Never so: a batch has at least one operation.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

/// The state of sending a session.
#[derive(Debug)]
pub struct Dispatch<'a> {
    session: &'a Session,
    /// Per replica, its operations in order.
    chains: Vec<Vec<usize>>,
    /// Per replica, how many operations are sent or under way.
    next: Vec<usize>,
    /// Per replica, how many operations the network holds.
    acknowledged: Vec<usize>,
    under_way: Vec<bool>,
    limit: usize,
    name_bytes: usize,
}

impl<'a> Dispatch<'a> {
    /// To send `session` in requests of at most `limit` operations (0 counts as 1). The network holds the first
    /// `stored` operations of each replica; of these, the last `again` are sent once more. `name_bytes` is the length
    /// of the longest identifier, which a request repeats for every operation.
    pub fn new(session: &'a Session, stored: &[u32], again: usize, limit: usize, name_bytes: usize) -> Self {
        let mut chains = vec![Vec::new(); session.replicas.len()];
        for (index, operation) in session.operations.iter().enumerate() {
            chains[operation.mark.replica as usize].push(index);
        }
        let acknowledged: Vec<usize> = stored.iter().map(|length| *length as usize).collect();
        Dispatch {
            session,
            next: acknowledged.iter().map(|length| length.saturating_sub(again)).collect(),
            acknowledged,
            under_way: vec![false; chains.len()],
            chains,
            limit: limit.max(1),
            name_bytes,
        }
    }

    /// Number of operations still to be sent.
    pub fn remaining(&self) -> usize {
        self.chains.iter().zip(&self.next).map(|(chain, next)| chain.len() - next).sum()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        !self.under_way.contains(&true)
    }

    /// The next request, if some replica can send now; it counts as under way until it is acknowledged.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let batch =
            (0..self.chains.len()).filter(|replica| !self.under_way[*replica]).find_map(|r| self.ready(r))?;
        self.under_way[batch.replica as usize] = true;
        self.next[batch.replica as usize] = batch.range.end;
        Some(batch)
    }

    /// The network holds the operations of `batch`.
    pub fn acknowledge(&mut self, batch: &Batch) {
        let replica = batch.replica as usize;
        self.under_way[replica] = false;
        self.acknowledged[replica] = self.acknowledged[replica].max(batch.range.end);
    }

    /// The operations of a request, in order.
    pub fn operations(&self, batch: &Batch) -> impl Iterator<Item = &'a Operation> + use<'a, '_> {
        self.chains[batch.replica as usize][batch.range.clone()]
            .iter()
            .map(|index| &self.session.operations[*index])
    }

    fn ready(&self, replica: usize) -> Option<Batch> {
        let start = self.next[replica];
        let chain = self.chains[replica][start..].iter().map(|index| &self.session.operations[*index]);
        let color = chain.clone().next()?.color();
        let mut bytes = 0;
        let count = chain
            .take(self.limit)
            .enumerate()
            .take_while(|(number, operation)| {
                bytes += operation.size() + self.name_bytes * (2 + operation.parents.len());
                operation.color() == color
                    && (*number == 0 || bytes <= MAX_BATCH_BYTES)
                    && operation.parents.iter().all(|parent| self.is_there(replica, *parent))
            })
            .count();
        (count > 0).then(|| Batch { color, replica: replica as u32, range: start..start + count })
    }

    /// Whether `replica` may refer to `parent`: what it sent itself comes before, in this request or an earlier one.
    fn is_there(&self, replica: usize, parent: Mark) -> bool {
        parent.replica as usize == replica
            || self.acknowledged[parent.replica as usize] >= parent.seq as usize
    }
}

/// The least number of requests that have to follow one another, if requests were unlimited: the longest path through
/// the session, counted in changes of replica or colour.
pub fn depth(session: &Session) -> usize {
    let mut levels: HashMap<Mark, (usize, Color)> = HashMap::with_capacity(session.operations.len());
    let mut deepest = 0;
    for operation in &session.operations {
        let color = operation.color();
        let after = |parent: &Mark| {
            let (level, before) = levels[parent];
            level + usize::from(parent.replica != operation.mark.replica || before != color)
        };
        let level = operation.parents.iter().map(after).max().unwrap_or(1);
        deepest = deepest.max(level);
        levels.insert(operation.mark, (level, color));
    }
    deepest
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
