//! Applying many operations to one state.

use ramanujan_core::VectorClock;

use super::any::State;
use super::crdt::ApplyError;
use super::event::Event;
use super::op::Op;
use super::or_set::touched::Touched;

/// A state to which operations are applied, in less time than one by one where the type allows it. The state shows them
/// when this is dropped.
///
/// ```
/// use ramanujan_core::Dot;
/// use ramanujan_crdt::types::{Event, Past};
/// use ramanujan_crdt::{CrdtType, Json, Op, State};
///
/// let mut set = State::new(CrdtType::OrSet).ok_or("sets have a state")?;
/// let mut applying = set.applying();
/// for seq in 1..=3 {
///     let dot = Dot::new("ann".parse()?, seq);
///     let event = Event { dot: &dot, past: Past::Whole { total: seq - 1 } };
///     applying.apply(&event, &Op::Add { element: Json::Int(seq as i64) })?;
/// }
/// drop(applying);
/// assert_eq!(set.value(), Json::List([1, 2, 3].map(Json::Int).to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Applying<'a>(Kind<'a>);

#[derive(Debug)]
enum Kind<'a> {
    OrSet(Touched<'a>),
    Other(&'a mut State),
}

impl State {
    /// Begins to apply operations.
    pub fn applying(&mut self) -> Applying<'_> {
        Applying(match self {
            State::OrSet(set) => Kind::OrSet(Touched::new(set)),
            other => Kind::Other(other),
        })
    }
}

impl Applying<'_> {
    /// Which operations the state holds, with those that were applied here.
    pub fn version(&self) -> &VectorClock {
        match &self.0 {
            Kind::OrSet(touched) => touched.version(),
            Kind::Other(state) => state.version(),
        }
    }

    /// As [`State::apply`].
    ///
    /// # Errors
    /// As [`State::apply`].
    pub fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        match &mut self.0 {
            Kind::OrSet(touched) => touched.apply(event, op),
            Kind::Other(state) => state.apply(event, op),
        }
    }
}
