//! A list, whose elements are places again.

use std::collections::BTreeMap;

use ramanujan_core::Dot;

use super::place::{Place, join_places};
use super::sequence::Sequence;
use super::time::Sides;
use super::tree::Tree;
use crate::edit::ItemId;

/// The order of a list's items, and a place for each that holds something. Items outlive their content: others may have
/// been inserted next to them.
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
