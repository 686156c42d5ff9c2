//! The document: its root and its version.

use ramanujan_core::{AgentId, VectorClock};

use super::place::Place;
use super::restore;
use super::show::Conflict;
use super::time::Sides;
use crate::codec::{DecodeError, Reader, Writer};
use crate::crdts::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use crate::crdts::crdt_type::CrdtType;
use crate::crdts::event::Event;
use crate::crdts::load::Load;
use crate::crdts::op::Op;
use crate::edit::{Action, Edit, MAX_PATH_LENGTH};
use crate::value::{Json, MAX_VALUE_DEPTH};

/// A JSON document that many write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonDocument {
    version: VectorClock,
    pub(super) root: Place,
}

impl JsonDocument {
    /// The document as it is seen; an empty map if there is nothing.
    pub fn value(&self) -> Json {
        self.root.show().map_or_else(|| Json::Map(Default::default()), |shown| shown.value)
    }

    /// What was written concurrently and is not seen.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.root
            .show()
            .map_or_else(Vec::new, |shown| shown.conflicts.into_iter().map(Conflict::turned).collect())
    }
}

/// Refuses what could not be read back.
fn check(event: &Event<'_>, edit: &Edit) -> Result<(), ApplyError> {
    let too_deep = match &edit.action {
        Action::Set { value } | Action::InsertItem { value, .. } => value.depth() > MAX_VALUE_DEPTH,
        Action::Increment { amount } | Action::Decrement { amount } => {
            if *amount > ramanujan_core::MAX_SAFE_INTEGER {
                return Err(ApplyError::Overflow(event.dot.clone()));
            }
            false
        }
        _ => false,
    };
    if too_deep || edit.path.len() > MAX_PATH_LENGTH {
        return Err(ApplyError::TooDeep(event.dot.clone()));
    }
    Ok(())
}

/// The state of a document of this type.
pub(in crate::crdts) type State = JsonDocument;

impl Crdt for JsonDocument {
    const TYPE: CrdtType = CrdtType::Json;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        self.root.join(&other.root, Sides { mine: &self.version, theirs: &other.version });
        self.version.join(&other.version);
    }

    /// Every entry stays, or it would count as removed; the content of those known already does not.
    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        let mut part = self.clone();
        part.root.leave_out(since);
        Diff { since: since.clone(), part }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let Op::Edit(edit) = op else { return Err(wrong_type(Self::TYPE, op)) };
        check(event, edit)?;
        self.version.raise(&event.dot.agent, event.dot.seq);
        self.root.edit(&edit.path, event, &edit.action);
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        self.root.put(writer);
    }

    fn value(&self) -> Json {
        JsonDocument::value(self)
    }

    /// What was written concurrently and is not seen.
    fn details(&self) -> Option<Json> {
        self.shown().1
    }

    /// Everything below the root is looked at once for both.
    fn shown(&self) -> (Json, Option<Json>) {
        let Some(shown) = self.root.show() else { return (Json::Map(Default::default()), None) };
        let list: Vec<Json> =
            shown.conflicts.into_iter().map(|conflict| conflict.turned().into_json()).collect();
        let details =
            (!list.is_empty()).then(|| Json::Map([("conflicts".to_owned(), Json::List(list))].into()));
        (shown.value, details)
    }

    fn load(&self) -> Load {
        self.root.load()
    }

    /// Sets the whole document: a value alone does not say what in it is a text, a counter or an element that is there.
    fn difference(_: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        let action = Action::Set { value: to.clone() };
        Ok(vec![Op::Edit(Edit { path: Vec::new(), action })])
    }

    /// Place by place, by identity (`restore`).
    fn lead_to(&self, wanted: &Self, agent: &AgentId) -> Result<Vec<Op>, CannotRestore> {
        Ok(restore::edits(&self.root, &self.version, &wanted.root, agent))
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let root = Place::take(reader, MAX_PATH_LENGTH + MAX_VALUE_DEPTH)?;
        Ok(JsonDocument { version, root })
    }
}
