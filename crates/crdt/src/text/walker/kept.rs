//! The last window of a history that is followed, kept open for what comes next.

use smallvec::SmallVec;

use super::super::run::Lv;
use super::super::runs::Runs;

/// A window with more spans is given up as soon as a version comes up that all later events build on: what is older
/// than that rarely comes back, and then costs one replay. Few in tests, so that small histories come to that.
pub(super) const KEPT_SPANS: usize = if cfg!(test) { 4 } else { 1024 };

/// Makes room for so many more, and for an eighth of what is there: a window may stay as long as its document.
pub(super) fn make_room<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more + items.len() / 8);
    }
}

/// The window holds all events from its first to `end`.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) end: Lv,
    /// The version of these events, ascending.
    pub(super) heads: SmallVec<[Lv; 2]>,
    /// The version before the window.
    pub(super) base: SmallVec<[Lv; 2]>,
}

impl Kept {
    /// Whether all runs that came since build on nothing older than the window.
    pub(super) fn holds(&self, runs: &Runs, start: Lv) -> bool {
        // Inside a chain they build on the run before.
        let first = runs.chains_from(self.end);
        (first..runs.chain_count()).all(|chain| {
            let parents = runs.chain_parents(chain);
            *parents == *self.base || (!parents.is_empty() && parents.iter().all(|parent| *parent >= start))
        })
    }
}
