//! Numbers and texts.

use ramanujan_core::MAX_SAFE_INTEGER;

use super::align::{Item, align, from_the_ends};
use super::plan::{Plan, kind_of};
use crate::crdts::json::place::{Kind, Leaf, Place};
use crate::crdts::json::text::Text;
use crate::edit::{Action, ItemId, ItemRange, Step};
use crate::value::Json;

/// A number as it stands at a place, seen or not: what was set, and what was added since. Without either it is 0.
pub(super) fn number_at(place: &Place) -> (Json, i128) {
    let set = match place.newest(|leaf| leaf.kind() == Kind::Number) {
        Some((_, Leaf::Scalar(number))) => number.clone(),
        _ => Json::Int(0),
    };
    (set, place.increments.sum())
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
        let shown = now.and_then(Place::show).filter(|shown| shown.kind == Kind::Number);
        if shown.is_some_and(|now| wanted.show().is_some_and(|wanted| now.value == wanted.value)) {
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

    /// Inserts each run of code points that is missing, and deletes at once all that are too many.
    pub(super) fn text(&mut self, path: &[Step], wanted: &Place) {
        let nothing = Text::default();
        let place = self.at(path);
        let is_seen = place.is_some_and(|place| kind_of(place) == Some(Kind::Text));
        let text = place.and_then(|place| place.text.as_deref()).unwrap_or(&nothing);
        let (now, wanted) = (characters(text), characters(wanted.text.as_deref().unwrap_or(&nothing)));
        let mut stays = align(&now, &wanted, |character| *character, from_the_ends);
        if !is_seen && stays.len() == wanted.len() {
            // Only an insertion makes a text seen: the last code point makes way for its like.
            stays.pop();
        }
        let order = text.order.order();
        let mut insertions = Vec::new();
        let mut gone = Vec::new();
        let mut next = (0usize, 0usize);
        for (at, back) in stays.iter().copied().chain([(now.len(), wanted.len())]) {
            if next.1 < back {
                let before = next.0.checked_sub(1).map(|before| now[before].id());
                let text = wanted[next.1..back].iter().map(|item| item.what).collect();
                insertions.push(Action::InsertText { anchor: order.after(before.as_ref()), text });
            }
            now[next.0..at].iter().for_each(|item| delete(&mut gone, item.id()));
            next = (at + 1, back + 1);
        }
        let passing = (!is_seen && wanted.is_empty())
            .then(|| Action::InsertText { anchor: order.after(None), text: " ".to_owned() });
        for insertion in insertions {
            self.edit(path, insertion);
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
