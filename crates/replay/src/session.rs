//! From a recording to the operations that the streams take.
//!
//! - A patch that deletes and inserts is a deletion followed by an insertion; the patches of a transaction form a chain.
//! - The parents of a transaction's first operation are the last operations of its parent transactions. A transaction
//!   without edits adds no operation; whoever refers to it refers to its parents.
//! - A replica is sequential: each of its operations has the one before in its past. Where a recording's agent is
//!   concurrent with itself (one person on two machines, one author on two branches), its transactions are shared out
//!   among several replicas of that agent.

use std::collections::HashMap;

use ramanujan_core::AgentId;

use crate::operation::{Edit, Mark, Operation};
use crate::recording::{Patch, Recording};
use crate::version::{Version, Versions};

/// Longest text of one insertion, in bytes: a longer one becomes several in a row, so that a request stays below the
/// components' default body limit of 1 MiB even if every character needs escaping.
pub const MAX_INSERT_BYTES: usize = 64 << 10;

/// Which agent of the recording a replica belongs to, and its number among that agent's replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replica {
    pub agent: usize,
    pub number: usize,
}

impl Replica {
    /// `<prefix>-<agent>`, for further replicas of an agent `<prefix>-<agent>.<number>`.
    pub fn name(&self, prefix: &str) -> String {
        match self.number {
            0 => format!("{prefix}-{}", self.agent),
            number => format!("{prefix}-{}.{number}", self.agent),
        }
    }
}

/// A session ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub replicas: Vec<Replica>,
    /// In an order in which parents come first.
    pub operations: Vec<Operation>,
}

/// Why a recording cannot be sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SessionError {
    #[error("the recording has more than 4294967295 operations of one replica")]
    TooLong,
    #[error("agent name {0:?} is not of the form [A-Za-z0-9._-]{{1,128}}; choose another --agents-prefix")]
    Name(String),
}

/// Shares the transactions of the agents out among replicas.
#[derive(Debug, Default)]
struct Roster {
    replicas: Vec<Replica>,
    /// Per replica, its number of operations so far.
    lengths: Vec<u32>,
    /// Per replica, the transaction it wrote last.
    last: Vec<usize>,
    /// Of each agent that has written, its replicas; the number of agents is only what the file claims.
    of_agent: HashMap<usize, Vec<u32>>,
}

impl Roster {
    /// The replica that writes `transaction` of `agent` at `version`: of those of the agent whose operations are all
    /// in the version, the one that wrote last; else a new one.
    fn assign(&mut self, agent: usize, transaction: usize, version: &Version) -> u32 {
        let of_agent = self.of_agent.entry(agent).or_default();
        let fit = of_agent
            .iter()
            .copied()
            .filter(|replica| version.seen(*replica) == self.lengths[*replica as usize])
            .max_by_key(|replica| self.last[*replica as usize]);
        let replica = fit.unwrap_or_else(|| {
            let number = of_agent.len();
            let replica = self.replicas.len() as u32;
            self.replicas.push(Replica { agent, number });
            self.lengths.push(0);
            self.last.push(transaction);
            of_agent.push(replica);
            replica
        });
        self.last[replica as usize] = transaction;
        replica
    }

    fn next(&mut self, replica: u32) -> Result<Mark, SessionError> {
        let length = &mut self.lengths[replica as usize];
        *length = length.checked_add(1).ok_or(SessionError::TooLong)?;
        Ok(Mark { replica, seq: *length })
    }
}

impl Session {
    /// Converts a recording.
    ///
    /// # Errors
    /// A replica would have more operations than the session's counters hold.
    pub fn from_recording(recording: &Recording) -> Result<Self, SessionError> {
        let transactions = &recording.transactions;
        let mut versions = Versions::new(transactions.iter().map(|t| t.parents.as_slice()));
        let mut roster = Roster::default();
        let mut operations = Vec::with_capacity(transactions.len());
        for (index, transaction) in transactions.iter().enumerate() {
            let mut version = versions.take(&transaction.parents);
            let edits: Vec<Edit> = transaction.patches.iter().flat_map(edits).collect();
            if !edits.is_empty() {
                let replica = roster.assign(transaction.agent, index, &version);
                for edit in edits {
                    let mark = roster.next(replica)?;
                    operations.push(Operation { mark, parents: version.heads().to_vec(), edit });
                    version.push(mark);
                }
            }
            versions.leave(index, version);
        }
        Ok(Session { replicas: roster.replicas, operations })
    }

    /// The replicas' agent ids.
    ///
    /// # Errors
    /// A name is not a legal agent id.
    pub fn names(&self, prefix: &str) -> Result<Vec<AgentId>, SessionError> {
        self.replicas
            .iter()
            .map(|replica| {
                let name = replica.name(prefix);
                name.parse().map_err(|_| SessionError::Name(name))
            })
            .collect()
    }

    /// Number of operations per replica.
    pub fn lengths(&self) -> Vec<u32> {
        let mut lengths = vec![0; self.replicas.len()];
        for operation in &self.operations {
            lengths[operation.mark.replica as usize] = operation.mark.seq;
        }
        lengths
    }
}

/// A patch as operations: first what it deletes, then what it inserts, in pieces of at most [`MAX_INSERT_BYTES`].
fn edits(patch: &Patch) -> impl Iterator<Item = Edit> + '_ {
    let deletion =
        (patch.deleted > 0).then_some(Edit::Delete { position: patch.position, length: patch.deleted });
    let mut rest = patch.inserted.as_str();
    let mut position = patch.position;
    let insertions = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_INSERT_BYTES));
        rest = after;
        let at = position;
        position += piece.chars().count() as u64;
        Some(Edit::Insert { position: at, text: piece.to_owned() })
    });
    deletion.into_iter().chain(insertions)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
