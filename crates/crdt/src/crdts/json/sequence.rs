//! The items of a list or text in a row: which is the n-th that is left, what stands next to it, where a new one goes.
//!
//! Nothing here is part of a document: a [`Tree`](super::tree::Tree) lays itself out as a sequence when it is first asked
//! for a place, and keeps it up from then on. Each operation costs the logarithm of the number of operations before it,
//! and besides: a run that comes beside concurrent ones, as many steps as their chain is long.

use std::collections::BTreeMap;

use ramanujan_core::Dot;
use smallvec::SmallVec;

use super::order::{Child, Order, Run, Segment};
use super::row::{AFTER, BEFORE, Row, Stretch};
use crate::edit::{Anchor, ItemId, Side};

/// Where runs hang on an item: at its left, or at its right before or after the rest of the item's own run, which
/// hangs there like others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Left,
    BeforeRest,
    AfterRest,
}

/// A run by its number and an item of it.
type Item = (usize, u64);

/// What runs hang on: a run or the root, where, and at which item.
type Hook = (Option<usize>, Slot, u64);

fn hook(parent: Option<Item>, slot: Slot) -> Hook {
    let (run, offset) = parent.unzip();
    (run, slot, offset.unwrap_or(0))
}

#[derive(Clone, Debug)]
struct Known {
    dot: Dot,
    length: u64,
    /// The node in the row of its first stretch.
    node: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// The runs by their numbers.
    runs: Vec<Known>,
    numbers: BTreeMap<Dot, usize>,
    /// The runs that hang on an item, or on the root, in the order of their names.
    hanging: BTreeMap<Hook, SmallVec<[usize; 2]>>,
    row: Row,
    /// The nodes of what was cut off from runs, by the first item of each stretch.
    nodes: BTreeMap<Item, usize>,
}

impl Known {
    fn of(dot: &Dot, run: &Run, node: Option<usize>) -> Self {
        Known { dot: dot.clone(), length: run.length, node }
    }
}

impl Sequence {
    /// The items in the order of their tree. `live` has those of a segment that are left, as ranges in order.
    pub(super) fn of<'a>(order: &Order<'a>, live: impl Fn(&Segment<'a>) -> Vec<(u64, u64)>) -> Self {
        let mut all = Sequence {
            runs: order.runs.iter().map(|(dot, run)| Known::of(dot, run, None)).collect(),
            numbers: order.runs.iter().map(|(dot, _)| (*dot).clone()).zip(0..).collect(),
            hanging: BTreeMap::new(),
            row: Row::of(Vec::new()),
            nodes: BTreeMap::new(),
        };
        // Sorted, so that those that hang on one item in one slot follow each other.
        let mut hanging: Vec<(Hook, SmallVec<[usize; 2]>)> = Vec::new();
        for Child { parent, offset, side, run } in &order.children {
            let parent = parent.checked_sub(1).map(|parent| (parent, *offset));
            let hook = hook(parent, all.slot(parent, *side, &all.runs[*run].dot));
            match hanging.last_mut() {
                Some((last, runs)) if *last == hook => runs.push(*run),
                _ => hanging.push((hook, SmallVec::from_slice(&[*run]))),
            }
        }
        all.hanging = hanging.into_iter().collect();
        let mut stretches: Vec<Stretch> = Vec::new();
        for segment in &order.segments {
            let run = segment.run;
            let mut push = |from, to, live| match stretches.last_mut() {
                _ if from >= to => {}
                Some(last) if (last.run, last.to, last.live) == (run, from, live) => last.to = to,
                _ => stretches.push(Stretch { run, from, to, live }),
            };
            let mut at = segment.from;
            for (from, to) in live(segment) {
                push(at, from, false);
                push(from, to, true);
                at = to;
            }
            push(at, segment.to, false);
        }
        for (node, stretch) in stretches.iter().enumerate() {
            all.name(node, *stretch);
        }
        all.row = Row::of(stretches);
        all
    }

    /// What an anchor names: an item, or `Some(None)` for the root.
    fn parent(&self, anchor: &Anchor) -> Option<Option<Item>> {
        let Some(item) = &anchor.parent else { return Some(None) };
        Some(Some((*self.numbers.get(&item.dot)?, item.offset)))
    }

    fn has_rest(&self, (run, offset): Item) -> bool {
        offset + 1 < self.runs[run].length
    }

    /// Where a run called `dot` hangs.
    fn slot(&self, parent: Option<Item>, side: Side, dot: &Dot) -> Slot {
        match (side, parent) {
            (Side::Left, _) => Slot::Left,
            (Side::Right, Some(item)) if self.has_rest(item) && *dot < self.runs[item.0].dot => {
                Slot::BeforeRest
            }
            (Side::Right, _) => Slot::AfterRest,
        }
    }

    fn hanging(&self, parent: Option<Item>, slot: Slot) -> &[usize] {
        self.hanging.get(&hook(parent, slot)).map_or(&[], SmallVec::as_slice)
    }

    /// How many of these runs have a smaller name.
    fn smaller(&self, runs: &[usize], dot: &Dot) -> usize {
        runs.partition_point(|run| self.runs[*run].dot < *dot)
    }

    fn hang(&mut self, parent: Option<Item>, slot: Slot, run: usize) {
        let at = self.smaller(self.hanging(parent, slot), &self.runs[run].dot);
        self.hanging.entry(hook(parent, slot)).or_default().insert(at, run);
    }

    /// Notes which node a stretch is.
    fn name(&mut self, node: usize, stretch: Stretch) {
        if stretch.from == 0 {
            self.runs[stretch.run].node = Some(node);
        } else {
            self.nodes.insert((stretch.run, stretch.from), node);
        }
    }

    /// The node that holds an item.
    fn find(&self, (run, offset): Item) -> Option<usize> {
        let first = self.runs[run].node?;
        if offset < self.row.get(first).to {
            return Some(first);
        }
        let (_, node) = self.nodes.range((run, 0)..=(run, offset)).next_back()?;
        (offset < self.row.get(*node).to).then_some(*node)
    }

    /// Makes an item the first of its stretch and says which node that is.
    fn cut(&mut self, (run, offset): Item) -> Option<usize> {
        let node = self.find((run, offset))?;
        let whole = self.row.get(node);
        if whole.from == offset {
            return Some(node);
        }
        self.row.change(node, |stretch| stretch.to = offset);
        let rest = self.row.put_beside(node, AFTER, Stretch { from: offset, ..whole });
        self.nodes.insert((run, offset), rest);
        Some(rest)
    }

    /// Takes in a run, none of whose items is left yet. `None` if there is no such place.
    pub(super) fn insert(&mut self, dot: &Dot, run: &Run) -> Option<()> {
        let parent = self.parent(&run.anchor)?;
        let slot = self.slot(parent, run.anchor.side, dot);
        let siblings = self.hanging(parent, slot);
        let at = self.smaller(siblings, dot);
        let number = self.runs.len();
        let new = Stretch { run: number, from: 0, to: run.length, live: false };
        let before = at.checked_sub(1).map(|before| siblings[before]);
        let node = if slot == Slot::Left {
            let next = siblings.get(at).map(|next| self.first(*next)).or(parent)?;
            let next = self.cut(next)?;
            self.row.put_beside(next, BEFORE, new)
        } else {
            let last = match (before, parent) {
                (Some(before), _) => Some(self.last((before, 0))),
                (None, Some((run, offset))) if slot == Slot::AfterRest && self.has_rest((run, offset)) => {
                    Some(self.last((run, offset + 1)))
                }
                (None, parent) => parent,
            };
            match last {
                None => self.row.put_first(new),
                Some(last) => {
                    let node = self.find(last)?;
                    if last.1 + 1 < self.row.get(node).to {
                        self.cut((last.0, last.1 + 1))?;
                    }
                    self.row.put_beside(node, AFTER, new)
                }
            }
        };
        self.runs.push(Known::of(dot, run, Some(node)));
        self.numbers.insert(dot.clone(), number);
        self.hang(parent, slot, number);
        Some(())
    }

    /// The first of all items that hang on a run, or its own.
    fn first(&self, mut run: usize) -> Item {
        while let Some(left) = self.hanging(Some((run, 0)), Slot::Left).first() {
            run = *left;
        }
        (run, 0)
    }

    /// The last of all items that hang on a run from an item on, or its own.
    fn last(&self, mut item: Item) -> Item {
        loop {
            let (run, from) = item;
            let end = self.runs[run].length.saturating_sub(1).max(from);
            let key = |offset| (Some(run), Slot::AfterRest, offset);
            let after = self.hanging.range(key(from)..=key(end)).next().and_then(|(_, runs)| runs.last());
            match after {
                Some(after) => item = (*after, 0),
                None => return (run, end),
            }
        }
    }

    /// Notes that items of a run are left, or are not. `None` if they are not here.
    pub(super) fn set_live(&mut self, dot: &Dot, from: u64, to: u64, live: bool) -> Option<()> {
        let run = *self.numbers.get(dot)?;
        let to = to.min(self.runs[run].length);
        let mut at = from;
        while at < to {
            let node = self.find((run, at))?;
            let stretch = self.row.get(node);
            let end = stretch.to.min(to);
            if stretch.live != live {
                let node = self.cut((run, at))?;
                if end < stretch.to {
                    self.cut((run, end))?;
                }
                self.row.change(node, |stretch| stretch.live = live);
            }
            at = end;
        }
        Some(())
    }

    /// How many items are left.
    pub(super) fn len(&self) -> u64 {
        self.row.len()
    }

    fn item(&self, (run, offset): Item) -> ItemId {
        ItemId { dot: self.runs[run].dot.clone(), offset }
    }

    /// The `position`-th item that is left, from 0.
    pub(super) fn nth(&self, position: u64) -> Option<ItemId> {
        let (node, before) = self.row.nth(position)?;
        let stretch = self.row.get(node);
        Some(self.item((stretch.run, stretch.from + before)))
    }

    /// What is left from the `position`-th item on.
    pub(super) fn from(&self, position: u64) -> impl Iterator<Item = Segment<'_>> {
        let (first, skipped) = self.row.nth(position).unzip();
        let nodes = std::iter::successors(first, |node| self.row.next(*node));
        let mut skipped = skipped.unwrap_or(0);
        nodes.map(|node| self.row.get(node)).filter(|stretch| stretch.live).map(move |stretch| Segment {
            run: stretch.run,
            dot: &self.runs[stretch.run].dot,
            from: stretch.from + std::mem::take(&mut skipped),
            to: stretch.to,
        })
    }

    /// Where to hang an item that is to be the `position`-th of those that are left.
    pub(super) fn anchor(&self, position: u64) -> Anchor {
        let before = position.checked_sub(1).and_then(|before| self.row.nth(before));
        self.beside(before.map(|(node, skipped)| (node, self.row.get(node).from + skipped)))
    }

    /// Where to hang an item that is to follow another one directly. `None` if that is not here.
    pub(super) fn anchor_after(&self, item: &ItemId) -> Option<Anchor> {
        let run = *self.numbers.get(&item.dot)?;
        let node = self.find((run, item.offset))?;
        Some(self.beside(Some((node, item.offset))))
    }

    /// Where to hang an item after one of a node, or first (Fugue's rule for insertions): at the right of the one
    /// before, or if something hangs there already, at the left of the next.
    fn beside(&self, before: Option<(usize, u64)>) -> Anchor {
        let (parent, next) = match before {
            None => (None, self.row.first().map(|node| self.row.get(node))),
            Some((node, offset)) => {
                let stretch = self.row.get(node);
                let item = (stretch.run, offset);
                let next = if item.1 + 1 < stretch.to {
                    Some(Stretch { from: item.1 + 1, ..stretch })
                } else {
                    self.row.next(node).map(|node| self.row.get(node))
                };
                let taken = self.has_rest(item) || !self.hanging(Some(item), Slot::AfterRest).is_empty();
                (Some(self.item(item)), next.filter(|_| taken))
            }
        };
        match next {
            Some(next) => Anchor { parent: Some(self.item((next.run, next.from))), side: Side::Left },
            None => Anchor { parent, side: Side::Right },
        }
    }
}
