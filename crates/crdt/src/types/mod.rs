//! The state-based view of every type but text: a state per type, what an operation does to it, and its join.
//!
//! [`Crdt`] is the trait that they share, [`State`] one state of whatever type; `docs/types.md` has the rules. No type
//! keeps tombstones: a state carries its version, and what the version covers but the state does not hold is gone.

mod any;
mod g_counter;
mod json;
mod lww_register;
mod mv_register;
mod or_set;
mod pn_counter;
mod tallied;
mod tap_state;

pub use any::{JoinDiffError, MAX_LISTED_TRANSITIONS, State, TypeMismatch};
pub use g_counter::GCounter;
pub use json::{Conflict, EditError, JsonDocument};
pub use lww_register::LwwRegister;
pub use mv_register::MvRegister;
pub use or_set::OrSet;
pub use pn_counter::PnCounter;
pub use tallied::{Tallied, Tally};
pub use tap_state::{TapState, Transition};

use std::cmp::Ordering;

use ramanujan_core::{Dot, VectorClock};

use crate::codec::{DecodeError, Reader, Writer};
use crate::{CrdtType, Op};

/// What names an operation and tells what it was made after.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub dot: &'a Dot,
    /// The version before the operation: the join of its parents' versions. Holds all earlier operations of the agent.
    pub past: &'a VectorClock,
}

impl Event<'_> {
    /// Lamport time: one more than the number of operations in the past. An operation after another one has it and
    /// all of its past in its own, so its time is larger; and every replica computes the same.
    pub fn lamport(&self) -> u64 {
        self.past.total().saturating_add(1)
    }

    /// Whether the operation was made after the one that `dot` names.
    pub(crate) fn has_seen(&self, dot: &Dot) -> bool {
        covers(self.past, dot)
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { lamport: self.lamport(), dot: self.dot.clone() }
    }
}

pub(crate) fn covers(version: &VectorClock, dot: &Dot) -> bool {
    version.counter(&dot.agent) >= dot.seq
}

/// A dot with its Lamport time. Ordered by time, then agent, then seq: total, and an extension of causality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub lamport: u64,
    pub dot: Dot,
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lamport.cmp(&other.lamport).then_with(|| self.dot.cmp(&other.dot))
    }
}

/// Why an operation was not applied. The state is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    #[error("{dot} came before {missing}, which it was made after")]
    Gap { dot: Dot, missing: Dot },
    #[error("the past of {0} does not hold exactly the earlier operations of its agent")]
    Past(Dot),
    #[error("an operation of {found} on a {expected}")]
    Type { expected: CrdtType, found: CrdtType },
    #[error("{0} counts beyond 2^53-1")]
    Overflow(Dot),
    #[error("{0} is nested too deeply")]
    TooDeep(Dot),
}

/// What a replica at version [`since`](Diff::since) or later lacks of a state.
///
/// Content that such a replica has had already is left out, so nobody else may join it.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff<T> {
    pub(crate) since: VectorClock,
    pub(crate) part: T,
}

impl<T> Diff<T> {
    /// The version that a replica needs at least.
    pub fn since(&self) -> &VectorClock {
        &self.since
    }
}

/// A replicated data type in its two forms (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
///
/// Operation-based: operations are applied in causal order. State-based: [`join`](Crdt::join) is the least upper bound
/// of the semilattice of states: commutative, associative, idempotent, and never below its arguments. Both lead to the
/// same state, which depends on the set of operations only: equal versions of one document have equal
/// [canonical bytes](Crdt::put).
pub trait Crdt: Clone + Default + PartialEq + std::fmt::Debug {
    const TYPE: CrdtType;

    /// Which operations the state holds: its causal context.
    fn version(&self) -> &VectorClock;

    /// Least upper bound, in place.
    fn join(&mut self, other: &Self);

    /// What a replica at `since` or later lacks.
    fn diff(&self, since: &VectorClock) -> Diff<Self>;

    /// Does what `op` says and counts it in; the checks of [`apply`](Crdt::apply) are done.
    ///
    /// # Errors
    /// If the operation is of another type or exceeds a limit; the state is as before.
    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError>;

    /// Appends the canonical bytes: equal exactly for equal states.
    fn put(&self, writer: &mut Writer);

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// If they are not what [`put`](Crdt::put) writes.
    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Applies an operation. One that the state holds already changes nothing.
    ///
    /// # Errors
    /// If it comes before one that it was made after, contradicts its past, is of another type, or exceeds a limit;
    /// the state is as before.
    fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let dot = event.dot;
        let held = self.version().counter(&dot.agent);
        if dot.seq <= held {
            return Ok(());
        }
        if dot.seq > held + 1 {
            let missing = Dot::new(dot.agent.clone(), held + 1);
            return Err(ApplyError::Gap { dot: dot.clone(), missing });
        }
        if event.past.counter(&dot.agent) != held {
            return Err(ApplyError::Past(dot.clone()));
        }
        if !self.version().includes(event.past) {
            let ahead =
                event.past.entries().iter().find(|(agent, seq)| self.version().counter(*agent) < **seq);
            let missing = ahead.map_or_else(|| dot.clone(), |(agent, seq)| Dot::new(agent.clone(), *seq));
            return Err(ApplyError::Gap { dot: dot.clone(), missing });
        }
        self.take_effect(event, op)
    }

    /// Joins a diff; the result is the same as with the whole state that it was taken from.
    ///
    /// # Errors
    /// If this replica has not got what the diff builds on.
    fn join_diff(&mut self, diff: &Diff<Self>) -> Result<(), TooEarly> {
        if !self.version().includes(&diff.since) {
            return Err(TooEarly { since: diff.since.clone() });
        }
        self.join(&diff.part);
        Ok(())
    }
}

/// A replica tried to join a diff since a version that it has not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the difference is since a version that this replica has not reached")]
pub struct TooEarly {
    pub since: VectorClock,
}

/// Error for an operation of another type.
pub(crate) fn wrong_type(expected: CrdtType, op: &Op) -> ApplyError {
    ApplyError::Type { expected, found: op.crdt_type() }
}
