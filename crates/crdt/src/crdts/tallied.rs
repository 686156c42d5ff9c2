//! Counters with their version: what makes a state of a document out of totals by agent.

use std::fmt::Debug;

use ramanujan_core::{ActorMap, AgentId, VectorClock};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::Event;
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::Json;

/// Totals by agent. An agent's operations are applied in order, so its total only grows, and of two totals of one agent
/// the larger includes the other.
pub trait Tally: Clone + Default + PartialEq + Debug {
    /// The type, as the table numbers it.
    const TYPE: CrdtType;
    /// What is kept of an agent.
    type Amount: Copy + Default + PartialEq + Debug;

    /// What an operation adds; `None` if it is of another type.
    fn amount(op: &Op) -> Option<Self::Amount>;

    /// `None` beyond 2^53−1.
    fn sum(total: Self::Amount, amount: Self::Amount) -> Option<Self::Amount>;

    /// The later one of two totals of one agent.
    fn larger(a: Self::Amount, b: Self::Amount) -> Self::Amount;

    /// Totals by agent.
    fn totals(&self) -> &ActorMap<AgentId, Self::Amount>;

    /// Totals by agent, to change.
    fn totals_mut(&mut self) -> &mut ActorMap<AgentId, Self::Amount>;

    /// What the totals add up to.
    fn value(&self) -> i128;

    /// The operation that adds a number, which is not 0.
    ///
    /// # Errors
    /// If the counter does not count in that direction.
    fn adding(number: i64) -> Result<Op, CannotRestore>;

    /// Appends the canonical bytes of a total.
    fn put_amount(amount: Self::Amount, writer: &mut Writer);

    /// Reads what [`put_amount`](Tally::put_amount) wrote.
    ///
    /// # Errors
    /// If the bytes are no amount.
    fn take_amount(reader: &mut Reader<'_>) -> Result<Self::Amount, DecodeError>;
}

/// A counter with its version. Every agent of the version has a total, were it 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tallied<T> {
    version: VectorClock,
    counter: T,
}

impl<T> Tallied<T> {
    /// The counter without the version.
    pub fn counter(&self) -> &T {
        &self.counter
    }
}

impl<T: Tally> Crdt for Tallied<T> {
    const TYPE: CrdtType = T::TYPE;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        self.version.join(&other.version);
        let larger = |mine: &mut T::Amount, theirs: &T::Amount| *mine = T::larger(*mine, *theirs);
        self.counter.totals_mut().join_with(other.counter.totals(), larger);
    }

    /// The totals of the agents that have counted since.
    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        let mut counter = T::default();
        *counter.totals_mut() =
            self.counter.totals().filtered(|agent, _| self.version.counter(agent) > since.counter(agent));
        Diff { since: since.clone(), part: Tallied { version: self.version.clone(), counter } }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let amount = T::amount(op).ok_or_else(|| wrong_type(T::TYPE, op))?;
        let agent = &event.dot.agent;
        let total = self.counter.totals().get(agent).copied().unwrap_or_default();
        let sum = T::sum(total, amount).ok_or_else(|| ApplyError::Overflow(event.dot.clone()))?;
        *self.counter.totals_mut().entry(agent) = sum;
        self.version.raise(agent, event.dot.seq);
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        for agent in self.version.entries().actors() {
            T::put_amount(self.counter.totals().get(agent).copied().unwrap_or_default(), writer);
        }
    }

    /// The number, its digits as a text beyond 2^53−1.
    fn value(&self) -> Json {
        let value = Tally::value(&self.counter);
        Json::int(value).unwrap_or_else(|| Json::Text(value.to_string()))
    }

    fn difference(from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        match (from, to) {
            (Json::Int(from), Json::Int(to)) => Ok(vec![T::adding(to - from)?]),
            _ => Err(CannotRestore::OTHER_KIND),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let mut totals = Vec::with_capacity(version.len());
        for agent in version.entries().actors() {
            totals.push((agent.clone(), T::take_amount(reader)?));
        }
        let mut counter = T::default();
        *counter.totals_mut() = totals.into_iter().collect();
        Ok(Tallied { version, counter })
    }
}
