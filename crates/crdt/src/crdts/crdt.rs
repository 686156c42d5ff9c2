//! The trait that the types share: one state, two ways to change it.

use ramanujan_core::{AgentId, Dot, VectorClock};

use super::crdt_type::CrdtType;
use super::event::Event;
use super::load::Load;
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::Json;

/// Why an operation was not applied. The state is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Operations arrive after those that they were made after.
    #[error("{dot} came before {missing}, which it was made after")]
    Gap {
        /// The operation.
        dot: Dot,
        /// What is not here yet.
        missing: Dot,
    },
    /// An agent is sequential: each of its operations is made after all earlier ones and none later.
    #[error("the past of {0} does not hold exactly the earlier operations of its agent")]
    Past(Dot),
    /// A state takes operations of its own type.
    #[error("an operation of {found} on a {expected}")]
    Type {
        /// Of the state.
        expected: CrdtType,
        /// Of the operation.
        found: CrdtType,
    },
    /// A total ends where JSON stops counting exactly.
    #[error("{0} counts beyond 2^53-1")]
    Overflow(Dot),
    /// A value or a path that could not be read back.
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
///
/// ```
/// use ramanujan_core::Dot;
/// use ramanujan_crdt::Op;
/// use ramanujan_crdt::types::{Crdt, Event, MaxRegister, Past};
/// use ramanujan_crdt::value::{Json, Number};
///
/// /// The state after `agent` has raised it, as its next operation.
/// fn raised(mut state: MaxRegister, agent: &str, to: i64) -> Result<MaxRegister, Box<dyn std::error::Error>> {
///     let past = state.version().clone();
///     let dot = Dot::new(agent.parse()?, past.get(agent) + 1);
///     let value = Number::of(&Json::Int(to)).ok_or("a number")?;
///     state.apply(&Event { dot: &dot, past: Past::Version(&past) }, &Op::Raise { value })?;
///     Ok(state)
/// }
///
/// let ann = raised(MaxRegister::default(), "ann", 3)?;
/// let ben = raised(MaxRegister::default(), "ben", 5)?;
/// let (mut left, mut right) = (ann.clone(), ben.clone());
/// left.join(&ben);
/// right.join(&ann);
/// assert_eq!(left, right);
/// assert_eq!(left.value(), Json::Int(5));
/// // What a replica lacks that has ann's operation only.
/// let mut third = ann.clone();
/// third.join_diff(&left.diff(ann.version()))?;
/// assert_eq!(third, left);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Crdt: Clone + Default + PartialEq + std::fmt::Debug {
    /// The type, as the table numbers it.
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

    /// The value on the API.
    fn value(&self) -> Json;

    /// What there is to say beside the value; as a rule nothing.
    fn details(&self) -> Option<Json> {
        None
    }

    /// The value with what there is to say beside it: where they are made together, in one go.
    fn shown(&self) -> (Json, Option<Json>) {
        (self.value(), self.details())
    }

    /// How much it holds, what is hidden too. Nothing is copied where the value has its own size.
    fn load(&self) -> Load {
        Load::of(&self.value())
    }

    /// The operations of one agent that lead from one value to another, as a restore makes them.
    ///
    /// # Errors
    /// Why there are none, in words that end a sentence.
    fn difference(from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore>;

    /// The operations of `agent` that lead from what this state shows to what `wanted` shows, each made on the one
    /// before and the first on this state. As a rule the values say all that there is to know.
    ///
    /// # Errors
    /// Why there are none, in words that end a sentence.
    fn lead_to(&self, wanted: &Self, _agent: &AgentId) -> Result<Vec<Op>, CannotRestore> {
        let (from, to) = (self.value(), wanted.value());
        if from == to { Ok(Vec::new()) } else { Self::difference(&from, &to) }
    }

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
        if check(self.version(), event)? { self.take_effect(event, op) } else { Ok(()) }
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

/// No operations of one agent lead from the one value to the other. Says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotRestore(pub &'static str);

impl CannotRestore {
    /// What values of another type are answered.
    pub(crate) const OTHER_KIND: CannotRestore =
        CannotRestore("the two versions have values of different kinds");
}

/// A replica tried to join a diff since a version that it has not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the difference is since a version that this replica has not reached")]
pub struct TooEarly {
    /// The version that this replica must reach first.
    pub since: VectorClock,
}

/// Whether an operation comes next to a state of this version, rather than being in it.
///
/// # Errors
/// If it comes before one that it was made after, or contradicts its past.
pub(crate) fn check(version: &VectorClock, event: &Event<'_>) -> Result<bool, ApplyError> {
    let dot = event.dot;
    let held = version.counter(&dot.agent);
    if dot.seq <= held {
        return Ok(false);
    }
    if dot.seq > held + 1 {
        let missing = Dot::new(dot.agent.clone(), held + 1);
        return Err(ApplyError::Gap { dot: dot.clone(), missing });
    }
    if event.past.counter(&dot.agent, held) != held {
        return Err(ApplyError::Past(dot.clone()));
    }
    match event.past.beyond(version) {
        Some(missing) => Err(ApplyError::Gap { dot: dot.clone(), missing }),
        None => Ok(true),
    }
}

/// Error for an operation of another type.
pub(crate) fn wrong_type(expected: CrdtType, op: &Op) -> ApplyError {
    ApplyError::Type { expected, found: op.crdt_type() }
}
