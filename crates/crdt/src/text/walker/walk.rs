//! A replay from one version to another, stretch by stretch.

use std::ops::Range;

use smallvec::SmallVec;

use super::super::heads::advance;
use super::super::run::{Kind, Lv, Run};
use super::super::runs::Runs;
use super::change::{Change, Sink};
#[cfg(doc)]
use super::history::UNLOADED;
use super::history::{Difference, History, NotLoaded, Span};
use super::kept::Kept;
use super::tracker::Names;
use super::window::{Order, Window};

/// Transforms the document at version `from` into that at the merge of `from` and `to`, emitting changes in the order
/// in which they apply.
///
/// `runs` are sorted and without gaps, from any event on: parents before the first run, or none, name the one version
/// that all runs build on. `from` and `to` ascend. `names` decide between insertions that nothing else orders.
///
/// # Errors
/// [`NotLoaded`] if that takes what lies behind a parent that is [`UNLOADED`]; nothing is emitted then.
pub(crate) fn transform(
    runs: &Runs,
    names: Names<'_>,
    from: &[Lv],
    to: &[Lv],
    sink: impl Sink,
) -> Result<(), NotLoaded> {
    Walker::default().transform(runs, names, from, to, sink)
}

/// The working space of replays; one that is kept saves its allocations, and, following a history, replays.
#[derive(Default)]
pub(crate) struct Walker {
    pub(super) difference: Difference,
    pub(super) steps: Vec<Step>,
    pub(super) heads: SmallVec<[Lv; 4]>,
    pub(super) window: Window,
    /// What the window has to do with the history that is followed.
    pub(super) kept: Option<Kept>,
}

/// What is known of a span's place in the order of all.
#[derive(Clone, Copy, Default)]
pub(super) struct Step {
    /// The span's parents are all that came before.
    joins_all: bool,
    /// The oldest of the span's parents, as a key.
    parent: u64,
    /// The oldest parent of this and all later spans.
    oldest: u64,
}

/// Orders events and merges: one that joins all before `event` comes just before it.
fn key(event: Lv) -> u64 {
    2 * u64::from(event) + 2
}

impl Walker {
    /// As [`transform`].
    pub(crate) fn transform(
        &mut self,
        runs: &Runs,
        names: Names<'_>,
        from: &[Lv],
        to: &[Lv],
        mut sink: impl Sink,
    ) -> Result<(), NotLoaded> {
        self.kept = None;
        let history = History::new(runs);
        let mut growth = 0;
        if let Some(spans) = history.chain(from, to) {
            apply_each_alone(runs, spans, &mut growth, &mut sink);
            return Ok(());
        }
        self.difference.find(history, from, to)?;
        self.find_steps(history, from, 0);
        self.segments(Order { history, names }, 0, &mut growth, &mut sink);
        Ok(())
    }

    /// Replays the new spans of the difference from `index` on, and before them, for their sake, its known ones. A
    /// window holds what follows at the end, or nothing.
    pub(super) fn segments(
        &mut self,
        order: Order<'_>,
        mut index: usize,
        growth: &mut i64,
        sink: &mut impl Sink,
    ) -> Outcome {
        let runs = order.history.runs;
        let mut difference = std::mem::take(&mut self.difference);
        let Difference { known, new, .. } = &mut difference;
        let mut known = known.as_slice();
        let mut outcome = Outcome::Alone;
        while let Some(span) = new.get(index).copied() {
            if known.is_empty() && self.is_critical(index) {
                // With nothing concurrent up to the oldest parent of what follows.
                let alone = span.end.min((self.oldest_after(index) / 2).min(u64::from(Lv::MAX)) as Lv);
                if alone > span.start {
                    outcome = Outcome::Alone;
                    if !apply_alone(runs, Span { end: alone, ..span }, growth, sink) {
                        outcome = Outcome::Refused;
                        break;
                    }
                }
                if alone >= span.end {
                    index += 1;
                    continue;
                }
                new[index].start = span.start.max(alone);
            }
            let mut end = index + 1;
            while end < new.len() && !self.is_critical(end) {
                end += 1;
            }
            self.window.clear();
            outcome = Outcome::Window;
            if !self.window.replay(order, known, &new[index..end], growth, sink) {
                outcome = Outcome::Refused;
                break;
            }
            known = &[];
            index = end;
        }
        self.difference = difference;
        outcome
    }

    /// Whether all spans before `index` are in the past of it and of all that follow (a *critical version*).
    pub(super) fn is_critical(&self, index: usize) -> bool {
        let step = &self.steps[index];
        step.joins_all && step.oldest == step.parent
    }

    fn oldest_after(&self, index: usize) -> u64 {
        self.steps.get(index + 1).map_or(u64::MAX, |step| step.oldest)
    }

    /// Finds the place of each new span that comes after version `from`, of which the first `lag` spans of the
    /// difference that are known count as new here.
    pub(super) fn find_steps(&mut self, history: History<'_>, from: &[Lv], lag: usize) {
        self.steps.clear();
        self.heads.clear();
        self.heads.extend_from_slice(history.loaded(from));
        // The last span that joined several heads: others with the same parents follow from the same version.
        let mut join: Option<Span> = None;
        for span in self.difference.known[..lag].iter().chain(&self.difference.new) {
            let (mut inside, mut joined_inside) = (0, 0);
            let parents = history.parents(*span, &mut inside);
            let joins_all = parents == self.heads.as_slice();
            if joins_all && parents.len() > 1 {
                join = Some(*span);
            }
            let parent = match parents {
                [] => 0,
                [one] => key(*one),
                [oldest, ..] => match join.filter(|j| history.parents(*j, &mut joined_inside) == parents) {
                    Some(join) => key(join.start) - 1,
                    None => key(*oldest),
                },
            };
            self.steps.push(Step { joins_all, parent, oldest: parent });
            // Heads of `from` may be newer.
            advance(&mut self.heads, parents, span.end - 1);
        }
        let mut oldest = u64::MAX;
        for step in self.steps.iter_mut().rev() {
            oldest = oldest.min(step.oldest);
            step.oldest = oldest;
        }
    }
}

/// How a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With events that nothing is concurrent to.
    Alone,
    /// With those that the window has.
    Window,
    /// The sink refused some.
    Refused,
}

/// As [`apply_alone`], one after the other.
pub(super) fn apply_each_alone(
    runs: &Runs,
    mut spans: impl Iterator<Item = Span>,
    growth: &mut i64,
    sink: &mut impl Sink,
) -> bool {
    spans.all(|span| apply_alone(runs, span, growth, sink))
}

/// Passes on events that nothing is concurrent to; false if `sink` refuses them.
fn apply_alone(runs: &Runs, span: Span, growth: &mut i64, sink: &mut impl Sink) -> bool {
    let Span { run: index, start, end } = span;
    if !sink.admit(index as usize, start..end, *growth) {
        return false;
    }
    let run = runs.get(index as usize);
    sink.change(unchanged(&run, start..end));
    let events = i64::from(end - start);
    *growth += if run.kind == Kind::Insert { events } else { -events };
    true
}

/// The change that events make to the document that their parents left.
fn unchanged(run: &Run, events: Range<Lv>) -> Change {
    let (skipped, len) = (events.start - run.start, events.end - events.start);
    let position = match (run.kind, run.backward) {
        (Kind::Insert, _) => run.position.saturating_add(skipped),
        (Kind::Delete, false) => run.position,
        (Kind::Delete, true) => run.position.saturating_sub(skipped + len - 1),
    };
    Change { kind: run.kind, position, events }
}
