//! Which items of a list or a text stay when an earlier one is brought back.

use std::collections::HashMap;
use std::ops::Range;

use ramanujan_core::Dot;

use crate::crdts::ends::common_ends;
use crate::edit::ItemId;

/// An element or a code point with its identity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a, T> {
    pub(super) dot: &'a Dot,
    pub(super) offset: u64,
    pub(super) what: T,
}

impl<T> Item<'_, T> {
    pub(super) fn id(&self) -> ItemId {
        ItemId { dot: self.dot.clone(), offset: self.offset }
    }

    pub(super) fn is<U>(&self, other: &Item<'_, U>) -> bool {
        self.offset == other.offset && self.dot == other.dot
    }
}

/// Pairs of places, rising in both, of items that stay: those with one identity, which stand in one order wherever
/// both are; and between these what is the same from either end, as after an earlier restore has written it anew.
pub(super) fn align<'a, T>(
    now: &[Item<'a, T>],
    wanted: &[Item<'a, T>],
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(usize, usize)> {
    // As a rule little has changed: only what lies between the ends is looked up.
    let (first, last) = common_ends(now, wanted, Item::is);
    let (now_end, wanted_end) = (now.len() - last, wanted.len() - last);
    let middle = now[first..now_end].iter().enumerate();
    let places: HashMap<(&Dot, u64), usize> =
        middle.map(|(at, item)| ((item.dot, item.offset), first + at)).collect();
    let mut pairs: Vec<(usize, usize)> = (0..first).map(|at| (at, at)).collect();
    let mut next = (first, first);
    let between = |pairs: &mut Vec<_>, from: Range<usize>, to: Range<usize>| {
        let ends = common_ends(&now[from.clone()], &wanted[to.clone()], |a, b| same(&a.what, &b.what));
        pairs.extend((0..ends.0).map(|at| (from.start + at, to.start + at)));
        pairs.extend((0..ends.1).rev().map(|at| (from.end - 1 - at, to.end - 1 - at)));
    };
    for (at, item) in wanted.iter().enumerate().take(wanted_end).skip(first) {
        match places.get(&(item.dot, item.offset)) {
            Some(place) if *place >= next.0 => {
                between(&mut pairs, next.0..*place, next.1..at);
                pairs.push((*place, at));
                next = (place + 1, at + 1);
            }
            _ => {}
        }
    }
    between(&mut pairs, next.0..now_end, next.1..wanted_end);
    pairs.extend((0..last).map(|at| (now_end + at, wanted_end + at)));
    pairs
}
