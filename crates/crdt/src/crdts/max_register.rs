//! Max-register: the greatest number that anybody has raised it to.
//!
//! The maximum of numbers is a join by itself, so neither dots nor times are needed to merge: the version says only what
//! has been taken in. Every operation is RED. A raise that comes too late changes nothing, and none can be taken back:
//! an inverse would have to make the number smaller, which no join can.

use ramanujan_core::VectorClock;

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::Event;
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::{Json, Number};

/// A number that only grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaxRegister {
    version: VectorClock,
    /// `None` before the first raise.
    greatest: Option<Number>,
}

impl MaxRegister {
    /// The greatest number so far; `None` before the first.
    pub fn get(&self) -> Option<Number> {
        self.greatest
    }
}

/// The state of a document of this type.
pub(super) type State = MaxRegister;

impl Crdt for MaxRegister {
    const TYPE: CrdtType = CrdtType::MaxRegister;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        self.version.join(&other.version);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        Diff { since: since.clone(), part: self.clone() }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let Op::Raise { value } = op else { return Err(wrong_type(Self::TYPE, op)) };
        self.version.raise(&event.dot.agent, event.dot.seq);
        self.greatest = self.greatest.max(Some(*value));
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        if let Some(greatest) = self.greatest {
            greatest.to_json().put_canonical(writer.out());
        }
    }

    fn value(&self) -> Json {
        self.greatest.map_or(Json::Null, Number::to_json)
    }

    fn difference(from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        match (Number::of(from), Number::of(to)) {
            (Some(from), Some(to)) if to < from => Err(CannotRestore("a max-register only grows")),
            (_, Some(value)) => Ok(vec![Op::Raise { value }]),
            (Some(_), None) if *to == Json::Null => Err(CannotRestore("a max-register only grows")),
            (_, None) => Err(CannotRestore::OTHER_KIND),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        // Every operation raises, so only the empty document has no number.
        let greatest = if version.is_empty() { None } else { Some(Number::take_canonical(reader.bytes())?) };
        Ok(MaxRegister { version, greatest })
    }
}
