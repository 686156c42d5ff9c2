//! A place in a document and everything that was written there; lists, whose elements are places again.

use std::collections::BTreeMap;

use ramanujan_core::{Dot, VectorClock};

use super::increments::Increments;
use super::leaf::{Kind, Leaf};
use super::sequence::Sequence;
use super::text::Text;
use super::time::Sides;
use super::tree::Tree;
use crate::crdts::event::{Event, Stamp, covers};
use crate::edit::{Action, ItemId, Step};
use crate::value::Json;

/// All that was written at a place and that nothing has removed since, each kind by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Sorted by dot.
    pub(super) entries: Vec<(Stamp, Leaf)>,
    pub(super) increments: Increments,
    /// None of them is empty.
    pub(super) members: BTreeMap<String, Place>,
    pub(super) list: Option<Box<List>>,
    pub(super) text: Option<Box<Text>>,
}

/// The order of a list's items, and a place for each that holds something. Items outlive their content: others may have
/// been inserted next to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List {
    pub(super) order: Tree,
    /// By delta and offset; none is empty.
    pub(super) elements: BTreeMap<Dot, BTreeMap<u64, Place>>,
}

impl Place {
    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.increments.is_empty()
            && self.members.is_empty()
            && self.list.is_none()
            && self.text.is_none()
    }

    /// Whether there is something to see: the order of a list or a text may outlive its items.
    pub(super) fn is_live(&self) -> bool {
        !self.entries.is_empty()
            || !self.increments.is_empty()
            || self.members.values().any(Place::is_live)
            || self.list.as_ref().is_some_and(|list| list.places().any(Place::is_live))
    }

    /// Does `action` at the end of `path`, and says whether it wrote anything. A step to an item that the event's past
    /// does not hold leads nowhere, and the edit does nothing.
    pub(super) fn edit(&mut self, path: &[Step], event: &Event<'_>, action: &Action) -> bool {
        let Some((step, rest)) = path.split_first() else { return self.act(event, action) };
        let (wrote, becomes) = match step {
            Step::Key(key) => {
                let member = self.members.entry(key.clone()).or_default();
                let wrote = member.edit(rest, event, action);
                if member.is_empty() {
                    self.members.remove(key);
                }
                (wrote, Kind::Map)
            }
            Step::Item { item } => match &mut self.list {
                Some(list) if event.has_seen(&item.dot) && list.order.contains(item) => {
                    (list.with(item, |place| place.edit(rest, event, action)), Kind::List)
                }
                _ => return false,
            },
        };
        if wrote {
            self.overwrite(event, becomes);
        }
        wrote
    }

    fn act(&mut self, event: &Event<'_>, action: &Action) -> bool {
        let becomes = match action {
            Action::Set { value } => {
                self.remove_seen(event);
                self.write(&event.stamp(), value);
                self.drop_empty();
                return true;
            }
            Action::Delete {} => {
                self.remove_seen(event);
                None
            }
            Action::Increment { amount } => {
                self.increments.push(event, i64::try_from(*amount).unwrap_or(i64::MAX));
                Some(Kind::Number)
            }
            Action::Decrement { amount } => {
                self.increments.push(event, i64::try_from(*amount).map_or(i64::MIN, |amount| -amount));
                Some(Kind::Number)
            }
            Action::InsertItem { anchor, value } => {
                let list = self.list.get_or_insert_default();
                let inserted = list.order.insert(event, anchor, 1);
                if inserted {
                    let item = ItemId { dot: event.dot.clone(), offset: 0 };
                    list.with(&item, |place| place.write(&event.stamp(), value));
                    self.attest(event, Leaf::List);
                }
                inserted.then_some(Kind::List)
            }
            Action::InsertText { anchor, text } => {
                let inserted = self.text.get_or_insert_default().insert(event, anchor, text);
                if inserted {
                    self.attest(event, Leaf::Text);
                }
                inserted.then_some(Kind::Text)
            }
            Action::DeleteText { ranges } => {
                if let Some(text) = &mut self.text {
                    let seen = ranges.iter().filter(|range| event.has_seen(&range.first.dot));
                    seen.for_each(|range| text.delete(range));
                }
                None
            }
        };
        if let Some(kind) = becomes {
            self.overwrite(event, kind);
        }
        self.drop_empty();
        becomes.is_some()
    }

    fn drop_empty(&mut self) {
        self.list = self.list.take().filter(|list| !list.order.is_empty());
        self.text = self.text.take().filter(|text| !text.order.is_empty());
    }

    /// Writes a value and everything in it.
    fn write(&mut self, stamp: &Stamp, value: &Json) {
        let leaf = match value {
            Json::Map(members) => {
                for (key, member) in members {
                    self.members.entry(key.clone()).or_default().write(stamp, member);
                }
                Leaf::Map
            }
            Json::List(items) => {
                if !items.is_empty() {
                    let list = self.list.get_or_insert_default();
                    list.order.append(&stamp.dot, items.len() as u64);
                    let places = list.elements.entry(stamp.dot.clone()).or_default();
                    for (offset, item) in items.iter().enumerate() {
                        places.entry(offset as u64).or_default().write(stamp, item);
                    }
                    list.order.set_live(&stamp.dot, 0, items.len() as u64, true);
                }
                Leaf::List
            }
            scalar => Leaf::Scalar(scalar.clone()),
        };
        self.push(stamp.clone(), leaf);
    }

    fn push(&mut self, stamp: Stamp, leaf: Leaf) {
        let at = self.entries.partition_point(|(known, _)| known.dot < stamp.dot);
        if self.entries.is_empty() {
            // As a rule it stays the only one; room for four would be most of what a place takes.
            self.entries.reserve_exact(1);
        }
        self.entries.insert(at, (stamp, leaf));
    }

    /// Notes that a list or text is here, in place of the notes to that effect that the event has seen: whatever
    /// removes the newer one will have seen the older ones too.
    fn attest(&mut self, event: &Event<'_>, leaf: Leaf) {
        event.remove_seen(&mut self.entries, |(stamp, _)| &stamp.dot, |(_, known)| *known == leaf);
        self.push(event.stamp(), leaf);
    }

    /// Removes what the event has seen, here and below.
    fn remove_seen(&mut self, event: &Event<'_>) {
        event.remove_seen(&mut self.entries, |(stamp, _)| &stamp.dot, |_| true);
        self.increments.remove_seen(event.past);
        self.remove_members(event);
        self.remove_elements(event);
        self.remove_text(event);
    }

    /// The event wrote here or below, and what it has seen here of any other kind is overwritten: it does not come back
    /// when what was written goes.
    fn overwrite(&mut self, event: &Event<'_>, becomes: Kind) {
        event.remove_seen(&mut self.entries, |(stamp, _)| &stamp.dot, |(_, leaf)| leaf.kind() != becomes);
        if becomes != Kind::Number {
            self.increments.remove_seen(event.past);
        }
        if becomes != Kind::Map {
            self.remove_members(event);
        }
        if becomes != Kind::List {
            self.remove_elements(event);
        }
        if becomes != Kind::Text {
            self.remove_text(event);
        }
    }

    fn remove_members(&mut self, event: &Event<'_>) {
        self.members.retain(|_, member| {
            member.remove_seen(event);
            !member.is_empty()
        });
    }

    fn remove_elements(&mut self, event: &Event<'_>) {
        if let Some(list) = &mut self.list {
            list.retain(|place| {
                place.remove_seen(event);
                !place.is_empty()
            });
        }
    }

    fn remove_text(&mut self, event: &Event<'_>) {
        if let Some(text) = &mut self.text {
            text.retain(|dot| !event.has_seen(dot));
        }
    }

    /// An entry stays if both sides hold it, or if one does that the other has not seen.
    pub(super) fn join(&mut self, other: &Place, sides: Sides<'_>) {
        let theirs: &[(Stamp, Leaf)] = &other.entries;
        let holds = |dot: &Dot| theirs.binary_search_by(|(stamp, _)| stamp.dot.cmp(dot)).is_ok();
        self.entries.retain(|(stamp, _)| !covers(sides.theirs, &stamp.dot) || holds(&stamp.dot));
        let new = theirs.iter().filter(|(stamp, _)| !covers(sides.mine, &stamp.dot));
        self.entries.extend(new.cloned());
        self.entries.sort_by(|(a, _), (b, _)| a.dot.cmp(&b.dot));
        self.increments.join(&other.increments, sides);
        join_places(&mut self.members, &other.members, sides);
        let nothing = List::default();
        match (&mut self.list, &other.list) {
            (None, None) => {}
            (mine, theirs) => mine.get_or_insert_default().join(theirs.as_deref().unwrap_or(&nothing), sides),
        }
        let nothing = Text::default();
        match (&mut self.text, &other.text) {
            (None, None) => {}
            (mine, theirs) => mine.get_or_insert_default().join(theirs.as_deref().unwrap_or(&nothing), sides),
        }
        self.drop_empty();
    }

    /// Empties the entries that a replica at `since` has had; they stay as a sign that they have not been removed.
    pub(super) fn leave_out(&mut self, since: &VectorClock) {
        for (stamp, leaf) in &mut self.entries {
            if covers(since, &stamp.dot)
                && let Leaf::Scalar(value) = leaf
            {
                *value = Json::Null;
            }
        }
        self.members.values_mut().for_each(|member| member.leave_out(since));
        if let Some(list) = &mut self.list {
            list.order.leave_out(since);
            list.elements
                .values_mut()
                .flat_map(BTreeMap::values_mut)
                .for_each(|place| place.leave_out(since));
        }
        if let Some(text) = &mut self.text {
            text.leave_out(since);
        }
    }
}

/// Joins places under their keys; those that turn out empty go.
fn join_places<K: Ord + Clone>(mine: &mut BTreeMap<K, Place>, theirs: &BTreeMap<K, Place>, sides: Sides<'_>) {
    let nothing = Place::default();
    mine.retain(|key, place| {
        place.join(theirs.get(key).unwrap_or(&nothing), sides);
        !place.is_empty()
    });
    for (key, theirs) in theirs {
        if !mine.contains_key(key) {
            let mut place = Place::default();
            place.join(theirs, sides);
            if !place.is_empty() {
                mine.insert(key.clone(), place);
            }
        }
    }
}

impl List {
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.elements.values().flat_map(BTreeMap::values)
    }

    /// Places in the order of their items.
    pub(super) fn in_order(&self) -> Vec<(&Dot, u64, &Place)> {
        let order = self.order.order();
        let within = order.segments.iter().filter_map(|segment| {
            let places = self.elements.get(segment.dot)?.range(segment.from..segment.to);
            Some(places.map(|(offset, place)| (segment.dot, *offset, place)))
        });
        within.flatten().collect()
    }

    /// The elements that there is something to see of, in a row.
    pub(super) fn in_row(&self) -> &Sequence {
        self.order.laid_out(|segment| {
            let Some(places) = self.elements.get(segment.dot) else { return Vec::new() };
            let within = places.range(segment.from..segment.to);
            let mut ranges: Vec<(u64, u64)> = Vec::new();
            for (offset, _) in within.filter(|(_, place)| place.is_live()) {
                match ranges.last_mut() {
                    Some((_, to)) if *to == *offset => *to += 1,
                    _ => ranges.push((*offset, offset + 1)),
                }
            }
            ranges
        })
    }

    /// The place of an item, if something was written there.
    pub(super) fn place(&self, item: &ItemId) -> Option<&Place> {
        self.elements.get(&item.dot)?.get(&item.offset)
    }

    /// Changes the place of an item.
    pub(super) fn with<T>(&mut self, item: &ItemId, change: impl FnOnce(&mut Place) -> T) -> T {
        let of_delta = self.elements.entry(item.dot.clone()).or_default();
        let place = of_delta.entry(item.offset).or_default();
        let changed = change(place);
        if self.order.is_laid_out() {
            self.order.set_live(&item.dot, item.offset, item.offset + 1, place.is_live());
        }
        if place.is_empty() {
            of_delta.remove(&item.offset);
        }
        if of_delta.is_empty() {
            self.elements.remove(&item.dot);
        }
        changed
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Place) -> bool) {
        let told = self.order.is_laid_out();
        let order = &mut self.order;
        self.elements.retain(|dot, of_delta| {
            // Items in a row are told at once; those between them that have no place were gone before.
            let mut gone: Option<(u64, u64)> = None;
            of_delta.retain(|offset, place| {
                let kept = keep(place);
                if told && kept && place.is_live() {
                    gone.take().into_iter().for_each(|(from, to)| order.set_live(dot, from, to, false));
                } else if told {
                    gone = Some((gone.map_or(*offset, |(from, _)| from), offset + 1));
                }
                kept
            });
            gone.into_iter().for_each(|(from, to)| order.set_live(dot, from, to, false));
            !of_delta.is_empty()
        });
    }

    pub(super) fn join(&mut self, other: &List, sides: Sides<'_>) {
        self.order.join(&other.order);
        let nothing = BTreeMap::new();
        self.elements.retain(|dot, mine| {
            join_places(mine, other.elements.get(dot).unwrap_or(&nothing), sides);
            !mine.is_empty()
        });
        for (dot, theirs) in &other.elements {
            if !self.elements.contains_key(dot) {
                let mut mine = BTreeMap::new();
                join_places(&mut mine, theirs, sides);
                if !mine.is_empty() {
                    self.elements.insert(dot.clone(), mine);
                }
            }
        }
    }
}
