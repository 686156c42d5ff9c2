//! JSON documents: nested maps and lists with counters and texts as leaves (in the manner of Kleppmann and Beresford,
//! "A Conflict-Free Replicated JSON Datatype", 2017, with presence by dots instead of tombstones).
//!
//! [`JsonDocument`] is a tree of places (`place`). A place holds whatever was written there and not removed since, of
//! every kind at once; `show` decides what is seen. Lists (`list`) and texts (`text`) order their items by a Fugue
//! tree (`tree`), counters (`increments`) keep each increment that something may yet remove. `resolve` turns indexes
//! into identities, `encoding` has the canonical bytes. The rules are in `docs/types.md`.

mod encoding;
mod increments;
mod list;
mod place;
mod resolve;
mod show;
mod text;
mod tree;

pub use resolve::EditError;
pub use show::Conflict;

use ramanujan_core::VectorClock;

use self::place::{Place, Sides};
use super::{ApplyError, Crdt, Diff, Event, wrong_type};
use crate::codec::{DecodeError, Reader, Writer};
use crate::edit::{Action, Edit, MAX_PATH_LENGTH};
use crate::value::MAX_VALUE_DEPTH;
use crate::{CrdtType, Json, Op};

/// A JSON document that many write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonDocument {
    version: VectorClock,
    root: Place,
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

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let root = Place::take(reader, MAX_PATH_LENGTH + MAX_VALUE_DEPTH)?;
        Ok(JsonDocument { version, root })
    }
}
