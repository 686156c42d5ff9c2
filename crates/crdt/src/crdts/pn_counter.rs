//! PN-counter (Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011, §3.1.3).
//!
//! State: for each actor, the totals of its increments and of its decrements. Both only grow, so the pointwise
//! maximum is a join: commutative, associative, idempotent, monotone.

use ramanujan_core::{ActorMap, AgentId, MAX_SAFE_INTEGER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::crdt::CannotRestore;
use super::crdt_type::CrdtType;
use super::op::Op;
use super::tallied::{Tallied, Tally};
use crate::codec::{DecodeError, Reader, Writer};
use crate::counter::Totals;

/// A counter that goes up and down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PnCounter<A = AgentId>(ActorMap<A, Totals>);

impl<A> PnCounter<A> {
    /// The counter at 0.
    pub fn new() -> Self {
        PnCounter(ActorMap::new())
    }

    /// The sum of all increments less the sum of all decrements.
    pub fn value(&self) -> i128 {
        self.0.values().iter().map(|t| i128::from(t.p) - i128::from(t.n)).sum()
    }

    /// Totals by actor.
    pub fn entries(&self) -> &ActorMap<A, Totals> {
        &self.0
    }

    /// Whether an entry exceeds what JSON readers keep exact.
    pub fn is_oversized(&self) -> bool {
        self.0.values().iter().any(|t| t.p.max(t.n) > MAX_SAFE_INTEGER)
    }
}

impl<A: Ord + Clone> PnCounter<A> {
    /// Raises the totals of `actor` to at least `totals`.
    pub fn raise(&mut self, actor: &A, totals: Totals) {
        let entry = self.0.entry(actor);
        *entry = entry.max(totals);
    }

    /// Least upper bound, in place.
    pub fn join(&mut self, other: &Self) {
        self.0.join_with(&other.0, |mine, theirs| *mine = mine.max(*theirs));
    }
}

impl<A> Default for PnCounter<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl PnCounter {
    /// The totals of an agent, 0 if it has not counted.
    pub fn totals(&self, agent: &str) -> Totals {
        self.0.get(agent).copied().unwrap_or_default()
    }

    /// Raises the totals of `agent` to at least `totals`.
    pub fn observe(&mut self, agent: &str, totals: Totals) {
        let entry = self.0.of_agent(agent);
        *entry = entry.max(totals);
    }

    /// The agents in order, with their totals.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Totals)> {
        self.0.iter().map(|(agent, totals)| (agent.as_str(), *totals))
    }
}

impl Serialize for PnCounter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for PnCounter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = std::collections::BTreeMap::<AgentId, Totals>::deserialize(deserializer)?;
        Ok(PnCounter(entries.into_iter().collect()))
    }
}

/// The state of a document of this type.
pub(super) type State = Tallied<PnCounter>;

impl Tally for PnCounter {
    const TYPE: CrdtType = CrdtType::PnCounter;
    type Amount = Totals;

    fn amount(op: &Op) -> Option<Totals> {
        match op {
            Op::Increment { amount } => Some(Totals { p: *amount, n: 0 }),
            Op::Decrement { amount } => Some(Totals { p: 0, n: *amount }),
            _ => None,
        }
    }

    fn sum(total: Totals, amount: Totals) -> Option<Totals> {
        total.add(amount.p, amount.n)
    }

    fn larger(a: Totals, b: Totals) -> Totals {
        a.max(b)
    }

    fn totals(&self) -> &ActorMap<AgentId, Totals> {
        &self.0
    }

    fn totals_mut(&mut self) -> &mut ActorMap<AgentId, Totals> {
        &mut self.0
    }

    fn value(&self) -> i128 {
        PnCounter::value(self)
    }

    fn adding(number: i64) -> Result<Op, CannotRestore> {
        let amount = number.unsigned_abs();
        Ok(if number < 0 { Op::Decrement { amount } } else { Op::Increment { amount } })
    }

    fn put_amount(amount: Totals, writer: &mut Writer) {
        writer.uint(amount.p);
        writer.uint(amount.n);
    }

    fn take_amount(reader: &mut Reader<'_>) -> Result<Totals, DecodeError> {
        Ok(Totals { p: reader.safe_uint()?, n: reader.safe_uint()? })
    }
}
