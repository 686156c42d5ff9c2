//! Numbers, other scalars and texts.

use ramanujan_core::MAX_SAFE_INTEGER;

use super::align::{Item, align, from_the_ends};
use super::plan::Plan;
use crate::crdts::json::leaf::{Kind, Leaf};
use crate::crdts::json::place::Place;
use crate::crdts::json::text::Text;
use crate::crdts::text::MAX_PART;
use crate::edit::{Action, Anchor, ItemId, ItemRange, Side, Step};
use crate::value::Json;

/// A number as it stands at a place, seen or not: what was set, and what was added since. Without either it is 0.
pub(super) fn number_at(place: &Place) -> (Json, i128) {
    let set = match place.newest(|leaf| leaf.kind() == Kind::Number) {
        Some((_, Leaf::Scalar(number))) => number.clone(),
        _ => Json::Int(0),
    };
    (set, place.increments.sum())
}

/// Whether the same is seen at a place as at another one where a leaf is.
fn shows_the_same(now: &Place, wanted: &Place) -> bool {
    let value = |place: &Place| place.show().map(|shown| shown.value);
    now.kind() == wanted.kind() && value(now) == value(wanted)
}

fn characters(text: &Text) -> Vec<Item<'_, char>> {
    let mut all = Vec::new();
    for (dot, piece) in text.pieces() {
        let each = (piece.offset..).zip(piece.text.chars());
        all.extend(each.map(|(offset, what)| Item { dot, offset, what }));
    }
    all
}

/// Adds an item to those that are deleted.
fn delete(ranges: &mut Vec<ItemRange>, item: ItemId) {
    match ranges.last_mut() {
        Some(last) if last.first.dot == item.dot && last.first.offset + last.length == item.offset => {
            last.length += 1;
        }
        _ => ranges.push(ItemRange { first: item, length: 1 }),
    }
}

impl Plan<'_> {
    /// Counts on from the number that is there, where the same one was set; else sets it and counts anew.
    pub(super) fn number(&mut self, path: &[Step], wanted: &Place) {
        let now = self.at(path);
        if now.is_some_and(|now| shows_the_same(now, wanted)) {
            return;
        }
        let (set, added) = number_at(wanted);
        let (set_now, added_now) = now.map_or((Json::Int(0), 0), number_at);
        if set == set_now && added != added_now {
            return self.count(path, added.saturating_sub(added_now));
        }
        self.edit(path, Action::Set { value: set });
        self.count(path, added)
    }

    fn count(&mut self, path: &[Step], mut left: i128) {
        while left != 0 {
            let amount = u64::try_from(left.unsigned_abs()).unwrap_or(u64::MAX).min(MAX_SAFE_INTEGER);
            let (action, done) = if left > 0 {
                (Action::Increment { amount }, i128::from(amount))
            } else {
                (Action::Decrement { amount }, -i128::from(amount))
            };
            self.edit(path, action);
            left -= done;
        }
    }

    /// Sets a scalar that is no number, unless it is seen.
    pub(super) fn scalar(&mut self, path: &[Step], wanted: &Place) {
        if !self.at(path).is_some_and(|now| shows_the_same(now, wanted))
            && let Some(shown) = wanted.show()
        {
            self.edit(path, Action::Set { value: shown.value });
        }
    }

    /// Inserts each run of code points that is missing, and deletes at once all that are too many.
    pub(super) fn text(&mut self, path: &[Step], wanted: &Place) {
        let nothing = Text::default();
        let place = self.at(path);
        let is_seen = place.is_some_and(|place| place.kind() == Some(Kind::Text));
        let text = place.and_then(|place| place.text.as_deref()).unwrap_or(&nothing);
        let (now, wanted) = (characters(text), characters(wanted.text.as_deref().unwrap_or(&nothing)));
        let mut stays = align(&now, &wanted, |character| *character, from_the_ends);
        if !is_seen && stays.len() == wanted.len() {
            // Only an insertion makes a text seen: the last code point makes way for its like.
            stays.pop();
        }
        let row = text.in_row();
        let mut insertions = Vec::new();
        let mut gone = Vec::new();
        let mut next = (0usize, 0usize);
        for (at, back) in stays.iter().copied().chain([(now.len(), wanted.len())]) {
            if next.1 < back {
                let text: Vec<char> = wanted[next.1..back].iter().map(|item| item.what).collect();
                insertions.push((row.anchor(next.0 as u64), text));
            }
            now[next.0..at].iter().for_each(|item| delete(&mut gone, item.id()));
            next = (at + 1, back + 1);
        }
        let passing = (!is_seen && wanted.is_empty())
            .then(|| Action::InsertText { anchor: row.anchor(0), text: " ".to_owned() });
        for (mut anchor, text) in insertions {
            for part in text.chunks(MAX_PART) {
                let dot = self.edit(path, Action::InsertText { anchor, text: part.iter().collect() });
                let last = ItemId { dot, offset: part.len() as u64 - 1 };
                anchor = Anchor { parent: Some(last), side: Side::Right };
            }
        }
        if let Some(insertion) = passing {
            // An empty text is one that something was inserted into.
            let dot = self.edit(path, insertion);
            delete(&mut gone, ItemId { dot, offset: 0 });
        }
        if !gone.is_empty() {
            self.edit(path, Action::DeleteText { ranges: gone });
        }
    }
}
