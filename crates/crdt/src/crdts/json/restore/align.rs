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

/// Places of one sequence and of another, rising in both.
pub(super) type Pairs = Vec<(usize, usize)>;

/// How many elements may differ between two that stay, for those that are the same among them to be found.
pub(super) const MAX_EDITS: usize = 256;

/// Places of items that stay: those with one identity, which stand in one order wherever
/// both are; and between these what `alike` finds, as after an earlier restore has written it anew.
pub(super) fn align<'a, T, L>(
    now: &[Item<'a, T>],
    wanted: &[Item<'a, T>],
    look: impl Fn(&T) -> L,
    alike: fn(&[L], &[L]) -> Pairs,
) -> Pairs {
    // As a rule little has changed: only what lies between the ends is looked up.
    let (first, last) = common_ends(now, wanted, Item::is);
    let (now_end, wanted_end) = (now.len() - last, wanted.len() - last);
    let middle = now[first..now_end].iter().enumerate();
    let places: HashMap<(&Dot, u64), usize> =
        middle.map(|(at, item)| ((item.dot, item.offset), first + at)).collect();
    let mut pairs: Pairs = (0..first).map(|at| (at, at)).collect();
    let mut next = (first, first);
    let between = |pairs: &mut Vec<_>, from: Range<usize>, to: Range<usize>| {
        if from.is_empty() || to.is_empty() {
            return;
        }
        let looks = |items: &[Item<'a, T>]| items.iter().map(|item| look(&item.what)).collect::<Vec<_>>();
        let found = alike(&looks(&now[from.clone()]), &looks(&wanted[to.clone()]));
        pairs.extend(found.into_iter().map(|(at, back)| (from.start + at, to.start + back)));
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

/// What is the same from either end: what lies between is one gap.
pub(super) fn from_the_ends<L: PartialEq>(now: &[L], wanted: &[L]) -> Pairs {
    let (first, last) = common_ends(now, wanted, L::eq);
    let ends = (0..last).rev().map(|at| (now.len() - 1 - at, wanted.len() - 1 - at));
    (0..first).map(|at| (at, at)).chain(ends).collect()
}

/// As much as stays if as little as possible goes and comes, at most [`MAX_EDITS`] between the ends (Myers, "An O(ND)
/// Difference Algorithm and Its Variations", 1986); else what is the same from either end.
pub(super) fn as_much_as_stays<L: PartialEq>(now: &[L], wanted: &[L]) -> Pairs {
    let (first, last) = common_ends(now, wanted, L::eq);
    let (now_end, wanted_end) = (now.len() - last, wanted.len() - last);
    let Some(middle) = shortest_edit(&now[first..now_end], &wanted[first..wanted_end]) else {
        return from_the_ends(now, wanted);
    };
    let middle = middle.into_iter().map(|(at, back)| (first + at, first + back));
    let ends = (0..last).map(|at| (now_end + at, wanted_end + at));
    (0..first).map(|at| (at, at)).chain(middle).chain(ends).collect()
}

/// Which of two sequences stays under the shortest edit, if [`MAX_EDITS`] suffice.
fn shortest_edit<L: PartialEq>(a: &[L], b: &[L]) -> Option<Pairs> {
    let most = (a.len() + b.len()).min(MAX_EDITS);
    // How far each diagonal reaches in `a`. Diagonal x - y stands at `most` more, so that none is negative.
    let mut reach = vec![0usize; 2 * most + 2];
    let mut steps = Vec::new();
    let inserts = |reach: &[usize], edits: usize, at: usize| {
        at == most - edits || (at != most + edits && reach[at - 1] < reach[at + 1])
    };
    for edits in 0..=most {
        steps.push(reach.clone());
        for at in (most - edits..=most + edits).step_by(2) {
            let mut x = if inserts(&reach, edits, at) { reach[at + 1] } else { reach[at - 1] + 1 };
            let mut y = x + most - at;
            while x < a.len() && y < b.len() && a[x] == b[y] {
                (x, y) = (x + 1, y + 1);
            }
            reach[at] = x;
            if (x, y) != (a.len(), b.len()) {
                continue;
            }
            // Back along the way that led here.
            let mut pairs = Vec::new();
            for (edits, reach) in steps.iter().enumerate().rev() {
                let at = most + x - y;
                let before = if inserts(reach, edits, at) { at + 1 } else { at - 1 };
                let (from_x, from_y) =
                    if edits == 0 { (0, 0) } else { (reach[before], reach[before] + most - before) };
                while x > from_x && y > from_y {
                    (x, y) = (x - 1, y - 1);
                    pairs.push((x, y));
                }
                (x, y) = (from_x, from_y);
            }
            pairs.reverse();
            return Some(pairs);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Length of the longest common subsequence, by its recurrence.
    fn longest(a: &[u8], b: &[u8]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut corner = 0;
            for (at, y) in b.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if x == y { corner + 1 } else { above.max(row[at]) };
                corner = above;
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn the_most_stays(a in prop::collection::vec(0u8..4, 0..30), b in prop::collection::vec(0u8..4, 0..30)) {
            let pairs = as_much_as_stays(&a, &b);
            prop_assert!(pairs.iter().all(|(x, y)| a[*x] == b[*y]));
            prop_assert!(pairs.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
            prop_assert_eq!(pairs.len(), longest(&a, &b));
        }
    }

    #[test]
    fn what_differs_too_much_stays_at_its_ends() {
        let a: Vec<usize> = (0..600).collect();
        let b: Vec<usize> = a.iter().map(|n| if n % 2 == 0 { *n } else { 1000 + n }).collect();
        assert_eq!(as_much_as_stays(&a, &b), [(0, 0)]);
    }
}
