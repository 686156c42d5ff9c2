//! G-counter (Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011, §3.1.1).

use ramanujan_core::{ActorMap, AgentId, MAX_SAFE_INTEGER};

use super::crdt::CannotRestore;
use super::crdt_type::CrdtType;
use super::op::Op;
use super::tallied::{Tallied, Tally};
use crate::codec::{DecodeError, Reader, Writer};

/// A counter that only goes up: for each actor, the total of its increments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GCounter<A = AgentId>(ActorMap<A, u64>);

impl<A> GCounter<A> {
    /// The counter at 0.
    pub fn new() -> Self {
        GCounter(ActorMap::new())
    }

    /// The sum of all increments.
    pub fn value(&self) -> i128 {
        self.0.values().iter().map(|total| i128::from(*total)).sum()
    }

    /// Totals by actor.
    pub fn entries(&self) -> &ActorMap<A, u64> {
        &self.0
    }
}

impl<A: Ord + Clone> GCounter<A> {
    /// Raises the total of `actor` to at least `total`.
    pub fn raise(&mut self, actor: &A, total: u64) {
        let entry = self.0.entry(actor);
        *entry = total.max(*entry);
    }

    /// Least upper bound, in place.
    pub fn join(&mut self, other: &Self) {
        self.0.join_with(&other.0, |mine, theirs| *mine = (*mine).max(*theirs));
    }
}

impl<A> Default for GCounter<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// The state of a document of this type.
pub(super) type State = Tallied<GCounter>;

impl Tally for GCounter {
    const TYPE: CrdtType = CrdtType::GCounter;
    type Amount = u64;

    fn amount(op: &Op) -> Option<u64> {
        match op {
            Op::Grow { amount } => Some(*amount),
            _ => None,
        }
    }

    fn sum(total: u64, amount: u64) -> Option<u64> {
        total.checked_add(amount).filter(|sum| *sum <= MAX_SAFE_INTEGER)
    }

    fn larger(a: u64, b: u64) -> u64 {
        a.max(b)
    }

    fn totals(&self) -> &ActorMap<AgentId, u64> {
        &self.0
    }

    fn totals_mut(&mut self) -> &mut ActorMap<AgentId, u64> {
        &mut self.0
    }

    fn value(&self) -> i128 {
        GCounter::value(self)
    }

    fn adding(number: i64) -> Result<Op, CannotRestore> {
        let amount = u64::try_from(number).map_err(|_| CannotRestore("a g-counter only grows"))?;
        Ok(Op::Grow { amount })
    }

    fn put_amount(amount: u64, writer: &mut Writer) {
        writer.uint(amount);
    }

    fn take_amount(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
        reader.safe_uint()
    }
}
