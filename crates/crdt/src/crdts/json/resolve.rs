//! From indexes and positions, as they are in one version, to identities that hold in all.

use super::document::JsonDocument;
use super::leaf::Kind;
use super::order::Segment;
use super::place::{List, Place};
use super::sequence::Sequence;
use super::text::Text;
use crate::edit::{Action, Anchor, Edit, Excess, ItemId, ItemRange, Side, Step};
use crate::request::{Change, EditRequest, PathStep};

/// Why an edit cannot be made at this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A step names an index beyond the list's end.
    #[error("there is no element {index}: the list at step {step} of the path has {length}")]
    NoElement {
        /// Which step of the path, from 0.
        step: usize,
        /// The index.
        index: u64,
        /// Elements of the list.
        length: u64,
    },
    /// A step names an item that no list has there.
    #[error("there is no item {item} in a list at step {step} of the path")]
    NoItem {
        /// Which step of the path, from 0.
        step: usize,
        /// The item.
        item: ItemId,
    },
    /// A step names an index where there is no list.
    #[error("there is no list at step {step} of the path")]
    NotAList {
        /// Which step of the path, from 0.
        step: usize,
    },
    /// Code points are inserted or deleted where there is no text.
    #[error("there is no text at the end of the path; a string that was set is not one")]
    NotAText,
    /// A position beyond the end of a list or text.
    #[error("position {position} is beyond the {length} that are there")]
    OutOfRange {
        /// The position.
        position: u64,
        /// How many elements or code points there are.
        length: u64,
    },
    /// It could not be stored.
    #[error("the edit cannot be stored: {0}")]
    Excess(#[from] Excess),
}

fn out_of_range(position: u64, length: u64) -> EditError {
    EditError::OutOfRange { position, length }
}

impl JsonDocument {
    /// The edit that a request makes of this version of the document.
    ///
    /// # Errors
    /// If a place that it names by index, position or item is not there, or the edit could not be stored.
    pub fn resolve(&self, request: &EditRequest) -> Result<Edit, EditError> {
        let (path, place) = self.find(&request.path)?;
        let steps = path.len();
        let action = match &request.change {
            Change::Set(value) => Action::Set { value: value.clone() },
            Change::Delete => Action::Delete {},
            Change::Increment(amount) => Action::Increment { amount: *amount },
            Change::Decrement(amount) => Action::Decrement { amount: *amount },
            Change::InsertItem { position, value } => {
                let anchor = item_anchor(place, *position, steps)?;
                Action::InsertItem { anchor, value: value.clone() }
            }
            Change::InsertText { position, text } => {
                Action::InsertText { anchor: text_anchor(place, *position)?, text: text.clone() }
            }
            Change::DeleteText { position, length } => {
                Action::DeleteText { ranges: ranges(place, *position, *length)? }
            }
        };
        let edit = Edit { path, action };
        match edit.excess() {
            Some(excess) => Err(excess.into()),
            None => Ok(edit),
        }
    }

    /// The path with items for indexes, and the place at its end if something is there.
    fn find(&self, path: &[PathStep]) -> Result<(Vec<Step>, Option<&Place>), EditError> {
        let mut place = Some(&self.root);
        let mut steps = Vec::with_capacity(path.len());
        for (step, next) in path.iter().enumerate() {
            match next {
                PathStep::Key(key) => {
                    place = place.and_then(|place| place.members.get(key));
                    steps.push(Step::Key(key.clone()));
                }
                PathStep::Item { item } => {
                    let list = place.and_then(|place| place.list.as_deref());
                    let list = list.filter(|list| list.order.contains(item));
                    let list = list.ok_or_else(|| EditError::NoItem { step, item: item.clone() })?;
                    place = list.place(item);
                    steps.push(Step::Item { item: item.clone() });
                }
                PathStep::Index(index) => {
                    let shown = place.filter(|place| shows(place, Kind::List));
                    let list = shown.ok_or(EditError::NotAList { step })?.list.as_deref();
                    let row = list.map(|list| list.in_row());
                    let item = row.and_then(|row| row.nth(*index)).ok_or(EditError::NoElement {
                        step,
                        index: *index,
                        length: row.map_or(0, |row| row.len()),
                    })?;
                    place = list.and_then(|list| list.place(&item));
                    steps.push(Step::Item { item });
                }
            }
        }
        Ok((steps, place))
    }
}

fn shows(place: &Place, kind: Kind) -> bool {
    place.kind() == Some(kind)
}

/// Whether nothing of another kind is seen at a place.
fn is_free_for(place: &Place, kind: Kind) -> bool {
    place.kind().is_none_or(|seen| seen == kind)
}

fn item_anchor(place: Option<&Place>, position: Option<u64>, step: usize) -> Result<Anchor, EditError> {
    if place.is_some_and(|place| !is_free_for(place, Kind::List)) {
        return Err(EditError::NotAList { step });
    }
    anchor(place.and_then(|place| place.list.as_deref()).map(List::in_row), position)
}

fn text_anchor(place: Option<&Place>, position: Option<u64>) -> Result<Anchor, EditError> {
    if place.is_some_and(|place| !is_free_for(place, Kind::Text)) {
        return Err(EditError::NotAText);
    }
    anchor(place.and_then(|place| place.text.as_deref()).map(Text::in_row), position)
}

/// Where a new item goes; at the end without a position.
fn anchor(row: Option<&Sequence>, position: Option<u64>) -> Result<Anchor, EditError> {
    let length = row.map_or(0, Sequence::len);
    let position = position.unwrap_or(length);
    if position > length {
        return Err(out_of_range(position, length));
    }
    let first_of_all = Anchor { parent: None, side: Side::Right };
    Ok(row.map_or(first_of_all, |row| row.anchor(position)))
}

fn ranges(place: Option<&Place>, position: u64, length: u64) -> Result<Vec<ItemRange>, EditError> {
    let text: &Text = match place {
        Some(place) if shows(place, Kind::Text) => place.text.as_deref().ok_or(EditError::NotAText)?,
        _ => return Err(EditError::NotAText),
    };
    let row = text.in_row();
    let end = position.saturating_add(length);
    if end > row.len() {
        return Err(out_of_range(end, row.len()));
    }
    let mut ranges: Vec<ItemRange> = Vec::new();
    let mut rest = length;
    for Segment { dot, from, to, .. } in row.from(position) {
        let length = rest.min(to - from);
        if length == 0 {
            break;
        }
        rest -= length;
        match ranges.last_mut() {
            Some(last) if last.first.dot == *dot && last.first.offset + last.length == from => {
                last.length += length;
            }
            _ => ranges.push(ItemRange { first: ItemId { dot: dot.clone(), offset: from }, length }),
        }
    }
    Ok(ranges)
}
