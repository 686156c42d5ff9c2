//! The items of a Fugue tree in order: its in-order traversal, by looking at all of it.

use std::collections::BTreeMap;

use ramanujan_core::Dot;

use crate::edit::{Anchor, Side};

/// Items that one delta inserted in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) anchor: Anchor,
    pub(super) length: u64,
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
    pub(super) fn of(runs: &'a BTreeMap<Dot, Run>) -> Self {
        let runs: Vec<(&Dot, &Run)> = runs.iter().collect();
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
