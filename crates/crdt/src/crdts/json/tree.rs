//! The order of a list's or text's items: a Fugue tree (Weidner and Kleppmann, "The Art of the Fugue: Minimizing
//! Interleaving in Collaborative Text Editing", 2023, §3).
//!
//! An item hangs to the left or to the right of another; items on the same side of one are in the order of their
//! dots; the order of all is the tree's in-order traversal. Items are never taken out. Those that one delta inserts
//! in a row form a run, each hanging to the right of the one before, and are kept as one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ramanujan_core::{Dot, VectorClock};

use super::kept::Kept;
use super::sequence::Sequence;
use crate::crdts::event::{Event, covers};
use crate::edit::{Anchor, ItemId, Side};

/// Items that one delta inserted in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) anchor: Anchor,
    pub(super) length: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) runs: BTreeMap<Dot, Run>,
    sequence: Kept<Sequence>,
}

impl Tree {
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(super) fn contains(&self, item: &ItemId) -> bool {
        self.runs.get(&item.dot).is_some_and(|run| item.offset < run.length)
    }

    /// Hangs a run where the event's anchor says. Says whether there is such a place in the event's past.
    pub(super) fn insert(&mut self, event: &Event<'_>, anchor: &Anchor, length: u64) -> bool {
        let side = match &anchor.parent {
            Some(parent) if event.has_seen(&parent.dot) && self.contains(parent) => anchor.side,
            Some(_) => return false,
            // Nothing is left of the root.
            None => Side::Right,
        };
        let anchor = Anchor { parent: anchor.parent.clone(), side };
        length > 0 && self.hang(event.dot, Run { anchor, length })
    }

    /// Hangs a run at the root.
    pub(super) fn append(&mut self, dot: &Dot, length: u64) {
        let anchor = Anchor { parent: None, side: Side::Right };
        self.hang(dot, Run { anchor, length });
    }

    /// Says whether there was no run of this name.
    fn hang(&mut self, dot: &Dot, run: Run) -> bool {
        match self.runs.entry(dot.clone()) {
            Entry::Vacant(place) => {
                let run = place.insert(run);
                self.sequence.update(|sequence| sequence.insert(dot, run));
                true
            }
            Entry::Occupied(mut place) => {
                place.insert(run);
                self.sequence.clear();
                false
            }
        }
    }

    /// Whether what is left is kept up, see [`set_live`](Self::set_live).
    pub(super) fn is_laid_out(&self) -> bool {
        self.sequence.is_made()
    }

    /// Whoever changes what is left of a run tells it here.
    pub(super) fn set_live(&mut self, dot: &Dot, from: u64, to: u64, live: bool) {
        self.sequence.update(|sequence| sequence.set_live(dot, from, to, live));
    }

    /// The items in a row. `live` has those that are left of a segment, as ranges in order.
    pub(super) fn laid_out(&self, live: impl Fn(&Segment<'_>) -> Vec<(u64, u64)>) -> &Sequence {
        self.sequence.get_or_make(|| Sequence::of(&self.order(), live))
    }

    pub(super) fn join(&mut self, other: &Tree) {
        self.sequence.clear();
        for (dot, run) in &other.runs {
            if !self.runs.contains_key(dot) {
                self.runs.insert(dot.clone(), run.clone());
            }
        }
    }

    pub(super) fn leave_out(&mut self, since: &VectorClock) {
        self.sequence.clear();
        self.runs.retain(|dot, _| !covers(since, dot));
    }

    pub(super) fn order(&self) -> Order<'_> {
        Order::of(self)
    }
}

/// Items `from..to` of a run, which follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// Place of the run among those of its tree, in the order of their names.
    pub(super) run: usize,
    pub(super) dot: &'a Dot,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// A run that hangs on an item of another; sorted by what it hangs on, then by its own dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Child {
    /// Place of the other run, counted from 1; 0 is the root.
    pub(super) parent: usize,
    pub(super) offset: u64,
    pub(super) side: Side,
    /// Place of the run.
    pub(super) run: usize,
}

/// The tree laid out.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) runs: Vec<(&'a Dot, &'a Run)>,
    pub(super) children: Vec<Child>,
    pub(super) segments: Vec<Segment<'a>>,
}

impl<'a> Order<'a> {
    fn of(tree: &'a Tree) -> Self {
        let runs: Vec<(&Dot, &Run)> = tree.runs.iter().collect();
        let place = |dot: &Dot, near: usize| {
            // As a rule an agent goes on where it left off.
            let before = near.checked_sub(1).filter(|before| runs[*before].0 == dot);
            before.or_else(|| runs.binary_search_by(|(known, _)| (*known).cmp(dot)).ok())
        };
        let mut children = Vec::with_capacity(runs.len());
        for (at, (_, run)) in runs.iter().enumerate() {
            let (parent, offset) = match &run.anchor.parent {
                None => (0, 0),
                Some(item) => match place(&item.dot, at) {
                    Some(parent) => (parent + 1, item.offset),
                    None => continue,
                },
            };
            children.push(Child { parent, offset, side: run.anchor.side, run: at });
        }
        children.sort_unstable();
        let mut order = Order { runs, children, segments: Vec::new() };
        order.walk();
        order
    }

    /// Runs that hang on a run (or the root) at an offset or beyond.
    fn children_from(&self, parent: usize, offset: u64) -> &[Child] {
        let start = self.children.partition_point(|child| (child.parent, child.offset) < (parent, offset));
        let rest = &self.children[start..];
        &rest[..rest.partition_point(|child| child.parent == parent)]
    }

    fn walk(&mut self) {
        enum Task {
            From(usize, u64),
            One(usize, u64),
        }
        let mut tasks: Vec<Task> =
            self.children_from(0, 0).iter().rev().map(|c| Task::From(c.run, 0)).collect();
        while let Some(task) = tasks.pop() {
            let (run, from) = match task {
                Task::From(run, from) => (run, from),
                Task::One(run, at) => {
                    self.segments.push(Segment { run, dot: self.runs[run].0, from: at, to: at + 1 });
                    continue;
                }
            };
            let (dot, Run { length, .. }) = self.runs[run];
            let children = self.children_from(run + 1, from);
            let to = children.first().map_or(*length, |child| child.offset);
            let at_item = &children[..children.partition_point(|child| child.offset == to)];
            let (left, right) = at_item.split_at(at_item.partition_point(|child| child.side == Side::Left));
            if !children.is_empty() {
                // The rest of the run is a right child of the item like others; what is pushed last comes first.
                let (before, after) = right.split_at(right.partition_point(|child| child.run < run));
                tasks.extend(after.iter().rev().map(|child| Task::From(child.run, 0)));
                if to + 1 < *length {
                    tasks.push(Task::From(run, to + 1));
                }
                tasks.extend(before.iter().rev().map(|child| Task::From(child.run, 0)));
                tasks.push(Task::One(run, to));
                tasks.extend(left.iter().rev().map(|child| Task::From(child.run, 0)));
            }
            if from < to {
                self.segments.push(Segment { run, dot, from, to });
            }
        }
    }

    /// Number of items.
    pub(super) fn len(&self) -> u64 {
        self.segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.to - segment.from))
    }
}
