//! What a replay tells: how the document changes.

use std::ops::Range;

use super::super::run::{Kind, Lv};

/// What some events do to a document. Changes apply one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    /// Where it inserts, or the first code point that it deletes, in the document as changed so far.
    pub(crate) position: u32,
    /// The inserted events in the order of the text; of a deletion the number of them counts.
    pub(crate) events: Range<Lv>,
}

/// What takes the changes of a replay; a closure that takes a [`Change`] is one.
pub(crate) trait Sink {
    fn change(&mut self, change: Change);

    /// Whether `events` of a run fit where they are about to be applied: the document of the version before them has
    /// `growth` code points more than the one at `from`. A replay ends at the first that do not. Asked of all events
    /// that are not in `from`, each after its parents.
    fn admit(&mut self, run: usize, events: Range<Lv>, growth: i64) -> bool {
        let _ = (run, events, growth);
        true
    }
}

impl<F: FnMut(Change)> Sink for F {
    fn change(&mut self, change: Change) {
        self(change);
    }
}
