//! Operations on JSON documents, in the form in which they are stored: places are named by dots, not by indexes, so
//! an edit means the same whatever arrived before it.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::{Dot, MAX_SAFE_INTEGER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Json;
use crate::delta::{put_dot, put_text, put_uint};
use crate::value::MAX_VALUE_DEPTH;

/// Longest path: deeper places cannot be read back, because values end at [`crate::value::MAX_VALUE_DEPTH`].
pub const MAX_PATH_LENGTH: usize = crate::value::MAX_VALUE_DEPTH;

/// An element of a list or a code point of a text leaf: the `offset`-th that the delta `dot` inserted, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    pub dot: Dot,
    pub offset: u64,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dot)?;
        if self.offset > 0 { write!(f, "+{}", self.offset) } else { Ok(()) }
    }
}

impl FromStr for ItemId {
    type Err = String;

    /// `agent:seq` or `agent:seq+offset`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (dot, offset) = match text.split_once('+') {
            // Only the canonical spelling, as of dots: "+01" and "++1" would be second names of one item.
            Some((_, offset)) if !offset.starts_with(|first: char| matches!(first, '1'..='9')) => {
                (text, None)
            }
            Some((dot, offset)) => (dot, offset.parse().ok().filter(|n| *n <= MAX_SAFE_INTEGER)),
            None => (text, Some(0)),
        };
        match (dot.parse(), offset) {
            (Ok(dot), Some(offset)) => Ok(ItemId { dot, offset }),
            _ => Err(format!("{text:.80?} is not an item (agent:seq or agent:seq+offset)")),
        }
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Member of a map.
    Key(String),
    /// Element of a list, in JSON `{"item": "agent:seq"}`.
    Item { item: ItemId },
}

/// Where an insertion goes: a node of the Fugue tree (Weidner and Kleppmann, "The Art of the Fugue", 2023, §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The tree's root if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ItemId>,
    pub side: Side,
}

/// Side of the parent on which a node hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Left,
    Right,
}

/// `length` code points that one delta inserted in a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRange {
    pub first: ItemId,
    pub length: u64,
}

/// What happens at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Replaces what is there.
    Set {
        value: Json,
    },
    /// Removes what is there and below.
    Delete {},
    Increment {
        amount: u64,
    },
    Decrement {
        amount: u64,
    },
    /// Inserts an element into the list.
    InsertItem {
        anchor: Anchor,
        value: Json,
    },
    /// Inserts a run of code points into the text; the second hangs to the right of the first, and so on.
    InsertText {
        anchor: Anchor,
        text: String,
    },
    DeleteText {
        ranges: Vec<ItemRange>,
    },
}

/// An operation on a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub path: Vec<Step>,
    #[serde(flatten)]
    pub action: Action,
}

impl Edit {
    /// Name of the operation on the wire.
    pub fn name(&self) -> &'static str {
        match self.action {
            Action::Set { .. } => "set",
            Action::Delete {} => "delete",
            Action::Increment { .. } => "increment",
            Action::Decrement { .. } => "decrement",
            Action::InsertItem { .. } => "insert_item",
            Action::InsertText { .. } => "insert_text",
            Action::DeleteText { .. } => "delete_text",
        }
    }

    /// What keeps the edit from being read back or counted with, if anything.
    pub fn excess(&self) -> Option<&'static str> {
        let deep = match &self.action {
            Action::Set { value } | Action::InsertItem { value, .. } => value.depth() > MAX_VALUE_DEPTH,
            _ => false,
        };
        let large = match &self.action {
            Action::Increment { amount } | Action::Decrement { amount } => *amount > MAX_SAFE_INTEGER,
            Action::DeleteText { ranges } => ranges.iter().any(|range| range.length > MAX_SAFE_INTEGER),
            _ => false,
        };
        match (deep, self.path.len() > MAX_PATH_LENGTH, large) {
            (true, ..) => Some("its value is nested too deeply"),
            (_, true, _) => Some("its path is too long"),
            (.., true) => Some("a number exceeds 2^53-1"),
            _ => None,
        }
    }

    /// Appends the canonical bytes: count of steps, each `00` key or `01` item, then a tag and the operands.
    pub(crate) fn put_canonical(&self, out: &mut Vec<u8>) {
        put_uint(out, self.path.len() as u64);
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    out.push(0);
                    put_text(out, key);
                }
                Step::Item { item } => {
                    out.push(1);
                    put_item(out, item);
                }
            }
        }
        match &self.action {
            Action::Set { value } => {
                out.push(1);
                value.put_canonical(out);
            }
            Action::Delete {} => out.push(2),
            Action::Increment { amount } => {
                out.push(3);
                put_uint(out, *amount);
            }
            Action::Decrement { amount } => {
                out.push(4);
                put_uint(out, *amount);
            }
            Action::InsertItem { anchor, value } => {
                out.push(5);
                put_anchor(out, anchor);
                value.put_canonical(out);
            }
            Action::InsertText { anchor, text } => {
                out.push(6);
                put_anchor(out, anchor);
                put_text(out, text);
            }
            Action::DeleteText { ranges } => {
                out.push(7);
                put_uint(out, ranges.len() as u64);
                for range in ranges {
                    put_item(out, &range.first);
                    put_uint(out, range.length);
                }
            }
        }
    }
}

fn put_item(out: &mut Vec<u8>, item: &ItemId) {
    put_dot(out, &item.dot.agent, item.dot.seq);
    put_uint(out, item.offset);
}

/// `00` root, `01` with parent; then `00` left, `01` right.
fn put_anchor(out: &mut Vec<u8>, anchor: &Anchor) {
    match &anchor.parent {
        None => out.push(0),
        Some(parent) => {
            out.push(1);
            put_item(out, parent);
        }
    }
    out.push(u8::from(anchor.side == Side::Right));
}
