//! Edits of JSON documents as clients ask for them: with indexes and positions of the version that they saw.

use serde::{Deserialize, Serialize};

use crate::edit::{Action, Edit, ItemId, Step};
use crate::value::Json;

/// One step of a path on the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum PathStep {
    /// Member of a map.
    Key(String),
    /// Element of a list, from 0.
    Index(u64),
    /// Element of a list by its identity, in JSON `{"item": "agent:seq"}`; holds in every version.
    Item {
        /// Which element.
        item: ItemId,
    },
}

/// What is to happen at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces what is there.
    Set(Json),
    /// Removes what is there and below.
    Delete,
    /// Adds to the number there.
    Increment(u64),
    /// Takes from the number there.
    Decrement(u64),
    /// The path names the list; left out, the position is its end.
    InsertItem {
        /// Index of the new element, from 0.
        position: Option<u64>,
        /// The element.
        value: Json,
    },
    /// The path names the text; left out, the position is its end. Code points.
    InsertText {
        /// Before which code point, from 0.
        position: Option<u64>,
        /// The code points.
        text: String,
    },
    /// The path names the text. Code points.
    DeleteText {
        /// The first to go, from 0.
        position: u64,
        /// How many.
        length: u64,
    },
}

/// An edit whose places may still be indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRequest {
    /// From the root to the place.
    pub path: Vec<PathStep>,
    /// What happens there.
    pub change: Change,
}

impl EditRequest {
    /// The edit, if it names every place by itself and can be stored; otherwise it takes the document to find the places
    /// or to say why not ([`JsonDocument::resolve`](crate::types::JsonDocument::resolve)).
    pub fn resolved(&self) -> Option<Edit> {
        let step = |step: &PathStep| match step {
            PathStep::Key(key) => Some(Step::Key(key.clone())),
            PathStep::Item { item } => Some(Step::Item { item: item.clone() }),
            PathStep::Index(_) => None,
        };
        let action = match &self.change {
            Change::Set(value) => Action::Set { value: value.clone() },
            Change::Delete => Action::Delete {},
            Change::Increment(amount) => Action::Increment { amount: *amount },
            Change::Decrement(amount) => Action::Decrement { amount: *amount },
            Change::InsertItem { .. } | Change::InsertText { .. } | Change::DeleteText { .. } => return None,
        };
        let edit = Edit { path: self.path.iter().map(step).collect::<Option<_>>()?, action };
        edit.excess().is_none().then_some(edit)
    }
}
