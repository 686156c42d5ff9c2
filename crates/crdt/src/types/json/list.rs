//! A list: the order of its items, and a place for each that holds something.

use std::collections::BTreeMap;

use ramanujan_core::Dot;

use super::place::{Place, Sides, join_places};
use super::tree::Tree;
use crate::ItemId;

/// Items outlive their content: others may have been inserted next to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List {
    pub(super) order: Tree,
    /// By delta and offset; none is empty.
    pub(super) elements: BTreeMap<Dot, BTreeMap<u64, Place>>,
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

    /// Elements that there is something to see of, in order.
    pub(super) fn live(&self) -> Vec<(&Dot, u64, &Place)> {
        let mut places = self.in_order();
        places.retain(|(_, _, place)| place.is_live());
        places
    }

    /// Changes the place of an item.
    pub(super) fn with(&mut self, item: &ItemId, change: impl FnOnce(&mut Place)) {
        let of_delta = self.elements.entry(item.dot.clone()).or_default();
        let place = of_delta.entry(item.offset).or_default();
        change(place);
        if place.is_empty() {
            of_delta.remove(&item.offset);
        }
        if of_delta.is_empty() {
            self.elements.remove(&item.dot);
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Place) -> bool) {
        self.elements.retain(|_, of_delta| {
            of_delta.retain(|_, place| keep(place));
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
