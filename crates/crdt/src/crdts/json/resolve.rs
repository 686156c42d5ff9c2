//! From indexes and positions, as they are in one version, to identities that hold in all.

use super::document::JsonDocument;
use super::place::{Kind, Place};
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
                    place = list.elements.get(&item.dot).and_then(|places| places.get(&item.offset));
                    steps.push(Step::Item { item: item.clone() });
                }
                PathStep::Index(index) => {
                    let shown = place.filter(|place| shows(place, Kind::List));
                    let list = &shown.ok_or(EditError::NotAList { step })?.list;
                    let live = list.as_ref().map(|list| list.live()).unwrap_or_default();
                    let found = usize::try_from(*index).ok().and_then(|index| live.get(index));
                    let (dot, offset, element) = found.ok_or(EditError::NoElement {
                        step,
                        index: *index,
                        length: live.len() as u64,
                    })?;
                    let item = ItemId { dot: (*dot).clone(), offset: *offset };
                    steps.push(Step::Item { item });
                    place = Some(*element);
                }
            }
        }
        Ok((steps, place))
    }
}

fn shows(place: &Place, kind: Kind) -> bool {
    place.show().is_some_and(|shown| shown.kind == kind)
}

/// Whether nothing of another kind is seen at a place.
fn is_free_for(place: &Place, kind: Kind) -> bool {
    place.show().is_none_or(|shown| shown.kind == kind)
}

fn item_anchor(place: Option<&Place>, position: Option<u64>, step: usize) -> Result<Anchor, EditError> {
    if place.is_some_and(|place| !is_free_for(place, Kind::List)) {
        return Err(EditError::NotAList { step });
    }
    let Some(list) = place.and_then(|place| place.list.as_deref()) else {
        return at_root(position);
    };
    let live = list.live();
    let length = live.len() as u64;
    let position = position.unwrap_or(length);
    if position > length {
        return Err(out_of_range(position, length));
    }
    let before = usize::try_from(position).ok().and_then(|position| live.get(position.checked_sub(1)?));
    let before = before.map(|(dot, offset, _)| ItemId { dot: (*dot).clone(), offset: *offset });
    Ok(list.order.order().after(before.as_ref()))
}

/// Place of the first item of all.
fn at_root(position: Option<u64>) -> Result<Anchor, EditError> {
    match position {
        None | Some(0) => Ok(Anchor { parent: None, side: Side::Right }),
        Some(position) => Err(out_of_range(position, 0)),
    }
}

fn text_anchor(place: Option<&Place>, position: Option<u64>) -> Result<Anchor, EditError> {
    if place.is_some_and(|place| !is_free_for(place, Kind::Text)) {
        return Err(EditError::NotAText);
    }
    let Some(text) = place.and_then(|place| place.text.as_deref()) else {
        return at_root(position);
    };
    let mut before = None;
    let mut passed = 0;
    for (dot, piece) in text.pieces() {
        let wanted =
            position.map_or(piece.length, |position| position.saturating_sub(passed).min(piece.length));
        if wanted == 0 {
            break;
        }
        before = Some(ItemId { dot: dot.clone(), offset: piece.offset + wanted - 1 });
        passed += wanted;
    }
    match position {
        Some(position) if position > passed => Err(out_of_range(position, passed)),
        _ => Ok(text.order.order().after(before.as_ref())),
    }
}

fn ranges(place: Option<&Place>, position: u64, length: u64) -> Result<Vec<ItemRange>, EditError> {
    let text: &Text = match place {
        Some(place) if shows(place, Kind::Text) => place.text.as_deref().ok_or(EditError::NotAText)?,
        _ => return Err(EditError::NotAText),
    };
    let end = position.saturating_add(length);
    let mut ranges: Vec<ItemRange> = Vec::new();
    let mut passed = 0;
    for (dot, piece) in text.pieces() {
        let (from, to) =
            (position.max(passed) - passed, end.min(passed + piece.length).saturating_sub(passed));
        passed += piece.length;
        if from >= to {
            continue;
        }
        let first = piece.offset + from;
        match ranges.last_mut() {
            Some(last) if last.first.dot == *dot && last.first.offset + last.length == first => {
                last.length += to - from;
            }
            _ => ranges
                .push(ItemRange { first: ItemId { dot: dot.clone(), offset: first }, length: to - from }),
        }
    }
    if end > passed { Err(out_of_range(end, passed)) } else { Ok(ranges) }
}
