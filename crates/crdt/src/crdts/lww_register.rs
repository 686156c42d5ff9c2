//! LWW-register (Johnson and Thomas, RFC 677, 1975), its time being Lamport's: the last write is one that had seen the
//! others, or else the one whose agent had seen more, or else the one whose agent's name is later.

use ramanujan_core::VectorClock;

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::{Event, Stamp, covers};
use super::load::Load;
use super::op::Op;
use super::show::{described, object};
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::Json;

/// A value that the last writer decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LwwRegister {
    version: VectorClock,
    last: Option<(Stamp, Json)>,
}

impl LwwRegister {
    /// The value with the stamp of its writing; `None` before the first.
    pub fn get(&self) -> Option<(&Stamp, &Json)> {
        self.last.as_ref().map(|(stamp, value)| (stamp, value))
    }

    fn offer(&mut self, stamp: &Stamp, value: &Json) {
        if self.last.as_ref().is_none_or(|(last, _)| last < stamp) {
            self.last = Some((stamp.clone(), value.clone()));
        }
    }
}

/// The state of a document of this type.
pub(super) type State = LwwRegister;

impl Crdt for LwwRegister {
    const TYPE: CrdtType = CrdtType::LwwRegister;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        self.version.join(&other.version);
        if let Some((stamp, value)) = &other.last {
            self.offer(stamp, value);
        }
    }

    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        let last = self.last.clone().filter(|(stamp, _)| !covers(since, &stamp.dot));
        Diff { since: since.clone(), part: LwwRegister { version: self.version.clone(), last } }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let Op::SetLast { value } = op else { return Err(wrong_type(Self::TYPE, op)) };
        self.version.raise(&event.dot.agent, event.dot.seq);
        self.offer(&event.stamp(), value);
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        if let Some((stamp, value)) = &self.last {
            stamp.put(writer);
            value.put_canonical(writer.out());
        }
    }

    fn value(&self) -> Json {
        self.get().map_or(Json::Null, |(_, value)| value.clone())
    }

    fn load(&self) -> Load {
        self.get().map_or_else(Load::default, |(_, value)| Load::of(value))
    }

    /// Who wrote the value, and when.
    fn details(&self) -> Option<Json> {
        self.get().map(|(stamp, _)| object([("written", described(stamp))]))
    }

    fn difference(_: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        Ok(vec![Op::SetLast { value: to.clone() }])
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        // Every operation writes, so only the empty document has no value.
        let last = if version.is_empty() {
            None
        } else {
            Some((Stamp::take(reader)?, Json::take_canonical(reader.bytes())?))
        };
        Ok(LwwRegister { version, last })
    }
}
