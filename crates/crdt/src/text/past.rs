//! Causal checks on the log: is a set of parents a version, and how long is the document there?

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::log::{Author, Log};
use super::run::{Kind, Lv};
use super::runs::Runs;
use super::walker::{Change, Sink, Walker};

/// The walker of a log.
#[derive(Clone, Default)]
pub(crate) struct Replay {
    walker: Walker,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").finish_non_exhaustive()
    }
}

impl Replay {
    /// Turns the document at version `from`, whose past is the events below `applied`, into that at the version of all
    /// `runs`, `to`, unless the sink ends the replay.
    pub(crate) fn follow(
        &mut self,
        runs: &Runs,
        authors: &[Author],
        from: &[Lv],
        applied: Lv,
        to: &[Lv],
        sink: impl Sink,
    ) {
        self.walker.follow(runs, &by_name(authors), from, applied, to, sink);
    }

    /// Code points of the document in a version; `length` is that at the version of all, where every event is applied.
    pub(crate) fn length_at(&mut self, log: &Log, length: u32, version: &[Lv]) -> u32 {
        let (newest, rest) = match version {
            [] => return 0,
            [one] => return log.length_after(*one),
            [rest @ .., newest] => (*newest, rest),
        };
        let names = by_name(&log.authors);
        if let Some(excess) = self.walker.excess(&log.runs, &names, &log.heads, version) {
            return u32::try_from(i64::from(length) + excess).unwrap_or(0);
        }
        let mut length = log.length_after(newest);
        let count = |change: Change| {
            let count = change.events.end - change.events.start;
            match change.kind {
                Kind::Insert => length += count,
                Kind::Delete => length -= count,
            }
        };
        let replayed = self.walker.transform(&log.runs, &names, &[newest], rest, count);
        assert!(replayed.is_ok(), "a document's log is whole: it takes no operation before its parents");
        length
    }
}

fn by_name(authors: &[Author]) -> impl Fn(u32, u32) -> Ordering + '_ {
    |a, b| authors[a as usize].id.cmp(&authors[b as usize].id)
}

impl Log {
    /// Whether `parents` (ascending) are maximal, none in the past of another, and their past holds `own`.
    ///
    /// Walks back no further than to the oldest event asked for, so for agents that take turns the cost is that of
    /// what happened since the agent's last operation.
    pub(crate) fn is_version_after(&self, parents: &[Lv], own: Option<Lv>) -> bool {
        match (parents, own) {
            ([], own) => return own.is_none(),
            ([_], None) => return true,
            ([parent], Some(own)) if *parent == own => return true,
            _ => {}
        }
        let floor = own.into_iter().chain(parents.iter().copied()).min().unwrap_or(0);
        let mut found = own.is_none();
        // Among entries of one event, the parents themselves come first.
        let mut ahead: BinaryHeap<(Lv, bool)> = parents.iter().map(|parent| (*parent, true)).collect();
        while let Some((event, asked)) = ahead.pop() {
            let chain = self.runs.chain_of(self.runs.find(event));
            let start = self.runs.chain_start(chain);
            while let Some((earlier, parent)) = ahead.peek().copied()
                && earlier >= start
            {
                // In the past of `event`, or named twice, or reached from another parent.
                if parent || (asked && earlier == event) {
                    return false;
                }
                ahead.pop();
            }
            found |= own.is_some_and(|own| (start..=event).contains(&own));
            let parents = self.runs.chain_parents(chain).iter();
            ahead.extend(parents.filter(|parent| **parent >= floor).map(|parent| (*parent, false)));
        }
        found
    }
}
