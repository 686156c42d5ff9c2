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
use super::order::{Order, Run, Segment};
use super::sequence::Sequence;
use crate::crdts::event::{Event, covers};
use crate::edit::{Anchor, ItemId, Side};

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
        Order::of(&self.runs)
    }
}
