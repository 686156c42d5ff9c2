//! Increments at a place. A write that replaces them removes those that it has seen and no others, so each is kept by
//! itself. Of one agent they are always its latest: whoever has seen one has seen the ones before.

use std::collections::BTreeMap;

use ramanujan_core::AgentId;

use super::time::{Sides, Time};
use crate::crdts::event::{Event, Past};

/// `count` increments in a row of one agent by one amount, with nothing in between at any replica that it knew of: their
/// seqs and Lamport times follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) seq: u64,
    pub(super) lamport: u64,
    /// Negative for decrements.
    pub(super) amount: i64,
    pub(super) count: u64,
}

impl Run {
    /// First seq after the run.
    pub(super) fn end(&self) -> u64 {
        self.seq + self.count
    }

    /// Whether another run only continues this one.
    pub(super) fn goes_on(&self, next: &Run) -> bool {
        self.end() == next.seq && self.lamport + self.count == next.lamport && self.amount == next.amount
    }

    fn from(mut self, seq: u64) -> Option<Run> {
        let skipped = seq.saturating_sub(self.seq);
        self.count = self.count.checked_sub(skipped).filter(|count| *count > 0)?;
        self.seq += skipped;
        self.lamport += skipped;
        Some(self)
    }
}

/// Increments by agent, as few runs as possible, none without.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Increments(pub(super) BTreeMap<AgentId, Vec<Run>>);

impl Increments {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, event: &Event<'_>, amount: i64) {
        let run = Run { seq: event.dot.seq, lamport: event.lamport(), amount, count: 1 };
        push(self.0.entry(event.dot.agent.clone()).or_default(), run);
    }

    pub(super) fn sum(&self) -> i128 {
        let amounts = self.0.values().flatten().map(|run| i128::from(run.amount) * i128::from(run.count));
        amounts.fold(0, i128::saturating_add)
    }

    pub(super) fn newest(&self) -> Option<Time<'_>> {
        let of_agents = self.0.iter().filter_map(|(agent, runs)| {
            let last = runs.last()?;
            Some(Time::new(last.lamport + last.count - 1, agent, last.end() - 1))
        });
        of_agents.max()
    }

    pub(super) fn remove_seen(&mut self, past: Past<'_>) {
        self.0.retain(|agent, runs| {
            *runs = from(runs, past.counter(agent, u64::MAX).saturating_add(1));
            !runs.is_empty()
        });
    }

    /// Of each agent, the later one of both beginnings counts: what lies before has been removed on one side.
    pub(super) fn join(&mut self, other: &Increments, sides: Sides<'_>) {
        self.0.retain(|agent, mine| {
            let first = other.0.get(agent).and_then(|theirs| theirs.first());
            *mine = from(mine, first.map_or_else(|| sides.theirs.counter(agent) + 1, |first| first.seq));
            !mine.is_empty()
        });
        for (agent, theirs) in &other.0 {
            let new = from(theirs, sides.mine.counter(agent) + 1);
            if !new.is_empty() {
                let mine = self.0.entry(agent.clone()).or_default();
                new.into_iter().for_each(|run| push(mine, run));
            }
        }
    }
}

fn push(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if last.goes_on(&run) => last.count += run.count,
        _ => runs.push(run),
    }
}

/// The increments from a seq on.
fn from(runs: &[Run], seq: u64) -> Vec<Run> {
    let first = runs.partition_point(|run| run.end() <= seq);
    runs[first..].iter().filter_map(|run| run.from(seq)).collect()
}
