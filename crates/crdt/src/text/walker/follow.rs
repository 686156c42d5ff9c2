//! Replays of a replica that always merges all it has: the last window stays open, so that what comes next is replayed
//! alone, not again with everything that it is concurrent to.

use super::super::run::Lv;
use super::super::runs::Runs;
use super::change::Sink;
use super::history::{Difference, History, Span};
use super::kept::{KEPT_SPANS, Kept};
use super::tracker::Names;
use super::walk::{Outcome, Walker, apply_each_alone};
use super::window::{Order, Window};

impl Clone for Walker {
    /// Working space is not copied, only a window that is kept.
    fn clone(&self) -> Self {
        let window = if self.kept.is_some() { self.window.clone() } else { Window::default() };
        Walker { window, kept: self.kept.clone(), ..Walker::default() }
    }
}

impl Difference {
    /// Takes the events from `start` on, of which those below `applied` are known.
    fn since(&mut self, runs: &Runs, start: Lv, applied: Lv) {
        self.known.clear();
        self.new.clear();
        for index in runs.first_beyond(start)..runs.len() {
            let span =
                Span { run: index as u32, start: runs.start(index).max(start), end: runs.start(index + 1) };
            let known = Span { end: span.end.min(applied), ..span };
            let new = Span { start: span.start.max(applied), ..span };
            self.known.extend((known.start < known.end).then_some(known));
            self.new.extend((new.start < new.end).then_some(new));
        }
    }
}

impl Walker {
    /// As [`Self::transform`], from a version whose past is the events below `applied` to that of all `runs`, which are
    /// a whole history; what was followed before, and not refused, is part of it. False if the sink refused something.
    pub(crate) fn follow(
        &mut self,
        runs: &Runs,
        names: Names<'_>,
        from: &[Lv],
        applied: Lv,
        to: &[Lv],
        mut sink: impl Sink,
    ) -> bool {
        let history = History::new(runs);
        let order = Order { history, names };
        let mut growth = 0;
        if let Some(spans) = history.chain(from, to) {
            return apply_each_alone(runs, spans, &mut growth, &mut sink);
        }
        let outcome = match self.take_kept(runs) {
            Some(kept) => self.go_on(order, kept, applied, &mut growth, &mut sink),
            None => {
                let found = self.difference.find(history, from, to);
                assert!(found.is_ok(), "a whole history takes no operation before its parents");
                self.find_steps(history, from, 0);
                self.segments(order, 0, &mut growth, &mut sink)
            }
        };
        if self.steps.capacity() > 4 * KEPT_SPANS {
            (self.steps, self.difference) = Default::default();
        }
        match outcome {
            Outcome::Window => self.keep(history, to),
            Outcome::Alone | Outcome::Refused => self.forget(),
        }
        outcome != Outcome::Refused
    }

    /// How many code points more the document has at the merge of `events` than at that of all `runs`, all of which are
    /// applied; `None` if that takes a replay.
    pub(crate) fn excess(&mut self, runs: &Runs, names: Names<'_>, all: &[Lv], events: &[Lv]) -> Option<i64> {
        let kept = self.take_kept(runs)?;
        let history = History::new(runs);
        let end = runs.end();
        if kept.end < end {
            self.difference.since(runs, kept.end, end);
            self.window.replay(Order { history, names }, &self.difference.known, &[], &mut 0, &mut |_| ());
        }
        self.keep(history, all);
        if events.is_empty() { None } else { self.window.excess(events) }
    }

    fn forget(&mut self) {
        self.kept = None;
        if self.window.len() > KEPT_SPANS {
            *self = Walker::default();
        }
    }

    /// What is kept, if it is of use.
    fn take_kept(&mut self, runs: &Runs) -> Option<Kept> {
        let start = self.window.first()?.start;
        self.kept.take().filter(|kept| kept.holds(runs, start))
    }

    fn keep(&mut self, history: History<'_>, to: &[Lv]) {
        let mut inside = 0;
        self.kept = self.window.first().map(|first| Kept {
            end: history.runs.end(),
            heads: to.into(),
            base: history.parents(first, &mut inside).into(),
        });
    }

    /// Replays what came since on the window that is kept, up to a version that all later events build on, if the
    /// window is large.
    fn go_on(
        &mut self,
        order: Order<'_>,
        kept: Kept,
        applied: Lv,
        growth: &mut i64,
        sink: &mut impl Sink,
    ) -> Outcome {
        self.difference.since(order.history.runs, kept.end, applied);
        let (lag, new) = (self.difference.known.len(), self.difference.new.len());
        let mut end = new;
        if self.window.len() + lag + new > KEPT_SPANS {
            self.find_steps(order.history, &kept.heads, lag);
            if let Some(critical) = (0..=lag).rev().find(|index| self.is_critical(*index)) {
                self.difference.known.drain(..critical);
                self.steps.drain(..lag);
                return self.segments(order, 0, growth, sink);
            }
            self.steps.drain(..lag);
            end = (0..new).find(|index| self.is_critical(*index)).unwrap_or(new);
        }
        let Difference { known, new, .. } = &self.difference;
        if !self.window.replay(order, known, &new[..end], growth, sink) {
            return Outcome::Refused;
        }
        if end == new.len() {
            return Outcome::Window;
        }
        self.difference.known.clear();
        self.segments(order, end, growth, sink)
    }
}
