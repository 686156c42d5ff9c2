//! Operations on JSON documents, in the form in which they are stored: places are named by dots, not by indexes, so
//! an edit means the same whatever arrived before it.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::{Color, Dot, MAX_SAFE_INTEGER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{Bytes, DecodeError, malformed, put_dot, put_text, put_uint};
use crate::value::{Json, MAX_VALUE_DEPTH};

/// Longest path. What is written at its end counts too: steps and levels together are at most [`MAX_VALUE_DEPTH`], so
/// that the whole document is a value that can be set. Operations stored before that was so are still read.
pub const MAX_PATH_LENGTH: usize = MAX_VALUE_DEPTH;

/// An element of a list or a code point of a text leaf: the `offset`-th that the delta `dot` inserted, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The delta that inserted it.
    pub dot: Dot,
    /// Its place among those that the delta inserted, from 0.
    pub offset: u64,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dot)?;
        if self.offset > 0 { write!(f, "+{}", self.offset) } else { Ok(()) }
    }
}

/// The text names no item; holds the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:.80?} is not an item (agent:seq or agent:seq+offset)")]
pub struct NotAnItem(pub String);

impl FromStr for ItemId {
    type Err = NotAnItem;

    /// `agent:seq` or `agent:seq+offset`.
    fn from_str(text: &str) -> Result<Self, NotAnItem> {
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
            _ => Err(NotAnItem(text.to_owned())),
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
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a step is a key, or an item as {\"item\": \"agent:seq\"}")]
pub enum Step {
    /// Member of a map.
    Key(String),
    /// Element of a list, in JSON `{"item": "agent:seq"}`.
    Item {
        /// Which element.
        item: ItemId,
    },
}

/// Where an insertion goes: a node of the Fugue tree (Weidner and Kleppmann, "The Art of the Fugue", 2023, §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The tree's root if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "ItemId"))]
    pub parent: Option<ItemId>,
    /// On which side of the parent.
    pub side: Side,
}

/// Side of the parent on which a node hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Before the parent.
    Left,
    /// After the parent.
    Right,
}

/// `length` code points that one delta inserted in a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ItemRange {
    /// The first of them.
    pub first: ItemId,
    /// How many.
    pub length: u64,
}

/// What happens at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Replaces what is there.
    Set {
        /// The new content.
        value: Json,
    },
    /// Removes what is there and below.
    Delete {},
    /// Adds to the number.
    Increment {
        /// How much.
        amount: u64,
    },
    /// Takes from the number.
    Decrement {
        /// How much.
        amount: u64,
    },
    /// Inserts an element into the list.
    InsertItem {
        /// Where.
        anchor: Anchor,
        /// The element.
        value: Json,
    },
    /// Inserts a run of code points into the text; the second hangs to the right of the first, and so on.
    InsertText {
        /// Where the first one goes.
        anchor: Anchor,
        /// The code points.
        text: String,
    },
    /// Removes code points.
    DeleteText {
        /// Which.
        ranges: Vec<ItemRange>,
    },
}

/// An operation on a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Edit {
    /// From the root to the place.
    pub path: Vec<Step>,
    /// What happens there.
    #[serde(flatten)]
    pub action: Action,
}

/// Why an edit is not stored: it could not be read back, restored or counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// The value has more than [`MAX_VALUE_DEPTH`] levels.
    #[error("its value is nested too deeply")]
    Value,
    /// The path has more than [`MAX_PATH_LENGTH`] steps.
    #[error("its path is too long")]
    Path,
    /// Path and value together lead deeper than [`MAX_VALUE_DEPTH`] levels, so that the document could not be set again.
    #[error("{steps} steps to the place and {levels} levels there are more than {MAX_VALUE_DEPTH} together")]
    Depth {
        /// Steps of the path, with the one to an inserted element.
        steps: usize,
        /// Levels of what is written there; 1 for a number or a text.
        levels: usize,
    },
    /// JSON does not carry the number exactly.
    #[error("a number exceeds 2^53-1")]
    Number,
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

    /// What keeps the edit from being read back, restored or counted with, if anything.
    pub fn excess(&self) -> Option<Excess> {
        let path = self.path.len();
        let (steps, levels) = match &self.action {
            Action::Set { value } => (path, value.depth()),
            Action::InsertItem { value, .. } => (path + 1, value.depth()),
            Action::Increment { .. } | Action::Decrement { .. } | Action::InsertText { .. } => (path, 1),
            Action::Delete {} | Action::DeleteText { .. } => (path, 0),
        };
        let large = match &self.action {
            Action::Increment { amount } | Action::Decrement { amount } => *amount > MAX_SAFE_INTEGER,
            Action::DeleteText { ranges } => ranges.iter().any(|range| range.length > MAX_SAFE_INTEGER),
            _ => false,
        };
        if levels > MAX_VALUE_DEPTH {
            Some(Excess::Value)
        } else if path > MAX_PATH_LENGTH {
            Some(Excess::Path)
        } else if steps + levels > MAX_VALUE_DEPTH {
            Some(Excess::Depth { steps, levels })
        } else {
            large.then_some(Excess::Number)
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

    /// Whether the canonical bytes are read back: every number within 2^53−1, no value or path too deep by itself.
    pub(crate) fn is_within_limits(&self) -> bool {
        let safe = |number: &u64| *number <= MAX_SAFE_INTEGER;
        let shallow = |value: &Json| value.depth() <= MAX_VALUE_DEPTH;
        let near = |anchor: &Anchor| anchor.parent.as_ref().is_none_or(|parent| safe(&parent.offset));
        self.path.len() <= MAX_PATH_LENGTH
            && match &self.action {
                Action::Set { value } => shallow(value),
                Action::Delete {} => true,
                Action::Increment { amount } | Action::Decrement { amount } => safe(amount),
                Action::InsertItem { anchor, value } => near(anchor) && shallow(value),
                Action::InsertText { anchor, .. } => near(anchor),
                Action::DeleteText { ranges } => {
                    ranges.iter().all(|range| safe(&range.first.offset) && safe(&range.length))
                }
            }
    }

    /// An edit with each action, at a place within a list.
    pub(crate) fn examples() -> Vec<Edit> {
        let Ok(item) = "ben:3+2".parse::<ItemId>() else { return Vec::new() };
        let anchor = Anchor { parent: Some(item.clone()), side: Side::Right };
        let list = Json::List(vec![Json::Null, Json::Bool(true), Json::Int(-7)]);
        let value = Json::Map([("k".to_owned(), list)].into());
        let actions = [
            Action::Set { value: value.clone() },
            Action::Delete {},
            Action::Increment { amount: 3 },
            Action::Decrement { amount: 4 },
            Action::InsertItem { anchor: anchor.clone(), value },
            Action::InsertText { anchor, text: "né".into() },
            Action::DeleteText { ranges: vec![ItemRange { first: item.clone(), length: 2 }] },
        ];
        let path = vec![Step::Key("a".into()), Step::Item { item }];
        actions.into_iter().map(|action| Edit { path: path.clone(), action }).collect()
    }

    /// The names of all edits with their colours: RED builds up, BLUE takes back.
    pub(crate) const NAMES: [(&'static str, Color); 7] = [
        ("set", Color::Red),
        ("delete", Color::Blue),
        ("increment", Color::Red),
        ("decrement", Color::Blue),
        ("insert_item", Color::Red),
        ("insert_text", Color::Red),
        ("delete_text", Color::Blue),
    ];

    /// RED where it builds up, BLUE where it takes back.
    pub fn color(&self) -> Color {
        match self.action {
            Action::Delete {} | Action::Decrement { .. } | Action::DeleteText { .. } => Color::Blue,
            Action::Set { .. }
            | Action::Increment { .. }
            | Action::InsertItem { .. }
            | Action::InsertText { .. } => Color::Red,
        }
    }

    /// Reads what [`put_canonical`](Edit::put_canonical) wrote.
    pub(crate) fn take_canonical(reader: &mut Bytes<'_>) -> Result<Edit, DecodeError> {
        let steps = reader.count()?;
        if steps > MAX_PATH_LENGTH {
            return malformed("a path is too long");
        }
        let mut path = Vec::with_capacity(steps);
        for _ in 0..steps {
            path.push(match reader.byte()? {
                0 => Step::Key(reader.text()?.to_owned()),
                1 => Step::Item { item: item(reader)? },
                _ => return malformed("a step is of an unknown kind"),
            });
        }
        let action = match reader.byte()? {
            1 => Action::Set { value: Json::take_canonical(reader)? },
            2 => Action::Delete {},
            3 => Action::Increment { amount: reader.safe()? },
            4 => Action::Decrement { amount: reader.safe()? },
            5 => Action::InsertItem { anchor: anchor(reader)?, value: Json::take_canonical(reader)? },
            6 => Action::InsertText { anchor: anchor(reader)?, text: reader.text()?.to_owned() },
            7 => {
                let mut ranges = Vec::new();
                for _ in 0..reader.count()? {
                    ranges.push(ItemRange { first: item(reader)?, length: reader.safe()? });
                }
                Action::DeleteText { ranges }
            }
            _ => return malformed("an edit is of an unknown kind"),
        };
        Ok(Edit { path, action })
    }
}

fn put_item(out: &mut Vec<u8>, item: &ItemId) {
    put_dot(out, &item.dot);
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

fn item(reader: &mut Bytes<'_>) -> Result<ItemId, DecodeError> {
    Ok(ItemId { dot: reader.dot()?, offset: reader.safe()? })
}

fn anchor(reader: &mut Bytes<'_>) -> Result<Anchor, DecodeError> {
    let parent = match reader.byte()? {
        0 => None,
        1 => Some(item(reader)?),
        _ => return malformed("an anchor is of an unknown kind"),
    };
    let side = match reader.byte()? {
        0 => Side::Left,
        1 => Side::Right,
        _ => return malformed("an anchor has an unknown side"),
    };
    Ok(Anchor { parent, side })
}
