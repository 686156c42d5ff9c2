//! What lies between two versions of the event graph, found by walking back from both.

use std::collections::BinaryHeap;

use super::super::run::Lv;
use super::super::runs::Runs;

/// Consecutive events of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Index of the run.
    pub(super) run: u32,
    pub(super) start: Lv,
    pub(super) end: Lv,
}

/// The loaded runs; what they build on and is not among them is one version, the base.
#[derive(Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) runs: &'a Runs,
    base: Lv,
}

impl<'a> History<'a> {
    pub(super) fn new(runs: &'a Runs) -> Self {
        Self { runs, base: runs.start(0) }
    }

    /// Index of the run that holds `event`. `hint` is where to look first: walks go from neighbour to neighbour.
    pub(super) fn find(&self, event: Lv, hint: usize) -> usize {
        let holds = |index: usize| self.runs.start(index) <= event && event < self.runs.start(index + 1);
        if holds(hint) {
            return hint;
        }
        if hint > 0 && holds(hint - 1) {
            return hint - 1;
        }
        self.runs.find(event)
    }

    /// The events of `version` that are loaded; none means the base, which they all build on.
    pub(super) fn loaded<'v>(&self, version: &'v [Lv]) -> &'v [Lv] {
        let old = version.iter().take_while(|event| **event < self.base).count();
        &version[old..]
    }

    /// The loaded parents of a run that begins a chain.
    fn listed(&self, run: usize) -> &[Lv] {
        self.loaded(self.runs.chain_parents(self.runs.chain_of(run)))
    }

    /// The spans from `from` to `to` if those are single events, or `from` the base, and each event between was made
    /// directly after the one before it.
    pub(super) fn chain(self, from: &[Lv], to: &[Lv]) -> Option<impl Iterator<Item = Span>> {
        let &[newest] = self.loaded(to) else { return None };
        let (first, start) = match *self.loaded(from) {
            [] => (0, self.base),
            [known] if known < newest => (self.find(known, self.runs.len()), known + 1),
            _ => return None,
        };
        let last = self.find(newest, self.runs.len().checked_sub(1)?);
        let follows = |index: usize| *self.loaded(&self.runs.parents(index)) == [self.runs.start(index) - 1];
        let begins = start > self.base || self.loaded(&self.runs.parents(0)).is_empty();
        if newest >= self.runs.start(last + 1) || !begins || !(first + 1..=last).rev().all(follows) {
            return None;
        }
        Some((first..=last).filter_map(move |index| {
            let (begin, end) = (self.runs.start(index), self.runs.start(index + 1));
            let span = Span { run: index as u32, start: begin.max(start), end: end.min(newest + 1) };
            (span.start < span.end).then_some(span)
        }))
    }

    /// Parents of the first event of `span`; `inside` holds the answer if the span begins inside its run's chain.
    pub(super) fn parents<'v>(&'v self, span: Span, inside: &'v mut Lv) -> &'v [Lv] {
        let run = span.run as usize;
        if span.start > self.runs.start(run) || self.runs.is_inside(run) {
            *inside = span.start - 1;
            return std::slice::from_ref(inside);
        }
        self.listed(run)
    }
}

/// Reached from the version that the document is at.
const FROM: u8 = 1;
/// Reached from the version to merge.
const TO: u8 = 2;

/// A parent that is not loaded and not what all runs build on: only history loaded in part has it.
pub(crate) const UNLOADED: Lv = Lv::MAX;

/// A replay would reach back to an event that is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotLoaded;

/// Which list of events a point of several events stands for: a run's parents, or one of these two.
const LIST_FROM: u32 = u32::MAX;
const LIST_TO: u32 = u32::MAX - 1;

/// A version on the way back. Ordered by `key`: 0 for the base, `2·event + 2` for one event, one more for a version of
/// several events of which this is the newest, so that such a version comes up before its events do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    key: u64,
    list: u32,
    side: u8,
}

impl Point {
    fn of(events: &[Lv], list: u32, side: u8) -> Self {
        let key = match events {
            [] => 0,
            [event] => 2 * u64::from(*event) + 2,
            [.., newest] => 2 * u64::from(*newest) + 3,
        };
        Point { key, list, side }
    }
}

/// Result and working space of the walk back from two versions.
#[derive(Default)]
pub(super) struct Difference {
    /// Events that the document has, after the newest version that all below builds on; ascending.
    pub(super) known: Vec<Span>,
    /// Events that it lacks; ascending.
    pub(super) new: Vec<Span>,
    queue: BinaryHeap<Point>,
}

impl Difference {
    /// Walks back from `from` and `to` to the newest version through which all older history passes.
    pub(super) fn find(&mut self, history: History<'_>, from: &[Lv], to: &[Lv]) -> Result<(), NotLoaded> {
        self.known.clear();
        self.new.clear();
        self.queue.clear();
        let list = |list: u32| match list {
            LIST_FROM => history.loaded(from),
            LIST_TO => history.loaded(to),
            run => history.listed(run as usize),
        };
        self.queue.push(Point::of(list(LIST_FROM), LIST_FROM, FROM));
        self.queue.push(Point::of(list(LIST_TO), LIST_TO, TO));
        let mut run = history.runs.len();
        // The way back from one event mostly leads to one other, which is newer than the rest: it skips the queue.
        let mut ahead = None;
        loop {
            let next = match (ahead.take(), self.queue.peek()) {
                (Some(point), Some(queued)) if point <= *queued => {
                    self.queue.push(point);
                    self.queue.pop()
                }
                (Some(point), _) => Some(point),
                (None, _) => self.queue.pop(),
            };
            let Some(mut point) = next else { break };
            if point.key >= 2 * u64::from(UNLOADED) + 2 {
                return Err(NotLoaded);
            }
            let several = point.key % 2 == 1;
            let mut one_version = true;
            while let Some(same) = self.queue.peek().filter(|next| next.key == point.key).copied() {
                self.queue.pop();
                if several && list(same.list) != list(point.list) {
                    one_version = false;
                    self.push_each(list(same.list), same.side);
                } else {
                    point.side |= same.side;
                }
            }
            if point.key == 0 || (one_version && self.queue.is_empty()) {
                break;
            }
            if several {
                self.push_each(list(point.list), point.side);
                continue;
            }
            let event = (point.key / 2 - 1) as Lv;
            run = history.find(event, run);
            let start = history.runs.start(run);
            // Down to the next point of the same run, if there is one.
            let next = self.queue.peek().map_or(0, |next| next.key / 2) as Lv;
            self.emit(Span { run: run as u32, start: start.max(next), end: event + 1 }, point.side);
            if next > start {
                ahead = Some(Point { key: 2 * u64::from(next), list: 0, side: point.side });
            } else if history.runs.is_inside(run) {
                ahead = Some(Point { key: 2 * u64::from(start), list: 0, side: point.side });
            } else {
                ahead = Some(Point::of(list(run as u32), run as u32, point.side));
            }
        }
        self.known.reverse();
        self.new.reverse();
        Ok(())
    }

    fn push_each(&mut self, events: &[Lv], side: u8) {
        self.queue.extend(events.iter().map(|event| Point { key: 2 * u64::from(*event) + 2, list: 0, side }));
    }

    fn emit(&mut self, span: Span, side: u8) {
        let spans = if side & FROM == 0 { &mut self.new } else { &mut self.known };
        match spans.last_mut() {
            Some(later) if later.run == span.run && later.start == span.end => later.start = span.start,
            _ => spans.push(span),
        }
    }
}
