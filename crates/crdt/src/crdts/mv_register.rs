//! MV-register (Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011,
//! §3.2.2): concurrent writes all stay, until one that has seen them.

use ramanujan_core::{Dot, VectorClock};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::{Event, covers};
use super::load::Load;
use super::op::Op;
use super::show::{dot_text, object};
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::Json;

/// A value that keeps what was written concurrently.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MvRegister {
    version: VectorClock,
    /// Sorted by dot.
    entries: Vec<(Dot, Json)>,
}

impl MvRegister {
    /// The values that no other has replaced, each with the dot of its writing.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Dot, &Json)> {
        self.entries.iter().map(|(dot, value)| (dot, value))
    }
}

/// The state of a document of this type.
pub(super) type State = MvRegister;

impl Crdt for MvRegister {
    const TYPE: CrdtType = CrdtType::MvRegister;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        let holds =
            |entries: &[(Dot, Json)], dot: &Dot| entries.binary_search_by(|(d, _)| d.cmp(dot)).is_ok();
        self.entries.retain(|(dot, _)| !covers(&other.version, dot) || holds(&other.entries, dot));
        for (dot, value) in &other.entries {
            if !covers(&self.version, dot) {
                self.entries.push((dot.clone(), value.clone()));
            }
        }
        self.entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.version.join(&other.version);
    }

    /// Dots of values known already stay, or they would count as replaced; the values need not.
    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        let mut part = self.clone();
        for (dot, value) in &mut part.entries {
            if covers(since, dot) {
                *value = Json::Null;
            }
        }
        Diff { since: since.clone(), part }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let Op::SetEach { value } = op else { return Err(wrong_type(Self::TYPE, op)) };
        self.version.raise(&event.dot.agent, event.dot.seq);
        event.remove_seen(&mut self.entries, |(dot, _)| dot, |_| true);
        let at = self.entries.partition_point(|(dot, _)| dot < event.dot);
        self.entries.insert(at, (event.dot.clone(), value.clone()));
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        writer.uint(self.entries.len() as u64);
        for (dot, value) in &self.entries {
            writer.dot(dot);
            value.put_canonical(writer.out());
        }
    }

    /// The values sorted and each once.
    fn value(&self) -> Json {
        let mut values: Vec<Json> = self.iter().map(|(_, value)| value.clone()).collect();
        values.sort_unstable();
        values.dedup();
        Json::List(values)
    }

    fn load(&self) -> Load {
        let mut load = Load { values: 1, ..Load::default() };
        self.iter().for_each(|(_, value)| load.add(Load::of(value)));
        load
    }

    /// Who wrote which value.
    fn details(&self) -> Option<Json> {
        let entry = |(dot, value): (&Dot, &Json)| object([("dot", dot_text(dot)), ("value", value.clone())]);
        Some(object([("values", Json::List(self.iter().map(entry).collect()))]))
    }

    fn difference(_: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        match to {
            Json::List(values) => match values.as_slice() {
                [one] => Ok(vec![Op::SetEach { value: one.clone() }]),
                _ => Err(CannotRestore("the register held several values, which no single agent can write")),
            },
            _ => Err(CannotRestore::OTHER_KIND),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let count = reader.count()?;
        let mut entries: Vec<(Dot, Json)> = Vec::new();
        for _ in 0..count {
            let dot = reader.dot()?;
            if entries.last().is_some_and(|(last, _)| *last >= dot) {
                return Err(DecodeError::Malformed("values are not sorted by dot"));
            }
            entries.push((dot, Json::take_canonical(reader.bytes())?));
        }
        Ok(MvRegister { version, entries })
    }
}
