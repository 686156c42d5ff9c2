//! The runs of a history in twelve bytes each, in chains.
//!
//! Most runs follow the one before them: the same agent goes on elsewhere, or turns from typing to deleting. A chain is
//! a stretch of such runs; agent and parents stand once for all of it. A history stays in memory as long as its
//! document, and most of it is runs.

use std::ops::{Deref, Range};

use super::run::{Kind, Lv, Run};

/// What a run has of its own; it ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    start: Lv,
    /// Position, whether it goes backward, whether it deletes: 30 bits, one, one.
    place: u32,
    chain: u32,
}

/// Runs of one agent, each of which has the end of the one before it as only parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chain {
    agent: u32,
    /// Index of the first run.
    first: u32,
    /// Where the parents of the first run begin in `Runs::parents`; they end where the next chain's begin.
    parents: u32,
}

/// Runs in the order of their events, without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    entries: Vec<Entry>,
    chains: Vec<Chain>,
    parents: Vec<Lv>,
    end: Lv,
}

/// Parents of a run's first event, ascending: the last event of each parent delta. Empty: the empty document. Every
/// further event has its predecessor as only parent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parents<'a> {
    /// The end of the run before, whose chain this one belongs to.
    Before([Lv; 1]),
    Listed(&'a [Lv]),
}

impl Deref for Parents<'_> {
    type Target = [Lv];

    fn deref(&self) -> &[Lv] {
        match self {
            Parents::Before(one) => one,
            Parents::Listed(events) => events,
        }
    }
}

/// Makes room for one more by a sixteenth of what is there. A history stays as long as its document: doubling would
/// leave half of its memory empty.
pub(crate) fn grow<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len() / 16 + SPARE);
    }
}

/// Items that a copy, or a table that grows, has room for beyond what it holds.
const SPARE: usize = 32;

/// A copy to go on with: what comes next must not move all that is there.
pub(crate) fn roomy<T: Clone>(items: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(items.len() + SPARE);
    copy.extend_from_slice(items);
    copy
}

fn place(position: u32, backward: bool, kind: Kind) -> u32 {
    position << 2 | u32::from(backward) << 1 | u32::from(kind == Kind::Delete)
}

/// What [`Runs::rewind`] goes back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunsMark {
    entries: usize,
    pub(crate) chains: usize,
    parents: usize,
    end: Lv,
    last: Option<Entry>,
}

impl Runs {
    /// Number of runs.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The event after the last one.
    pub(crate) fn end(&self) -> Lv {
        self.end
    }

    /// The first event of a run, or of none the one after the last.
    pub(crate) fn start(&self, index: usize) -> Lv {
        self.entries.get(index).map_or(self.end, |entry| entry.start)
    }

    /// A run that is there.
    pub(crate) fn get(&self, index: usize) -> Run {
        let Entry { start, place, chain } = self.entries[index];
        Run {
            start,
            len: self.start(index + 1) - start,
            agent: self.chains[chain as usize].agent,
            kind: if place & 1 == 1 { Kind::Delete } else { Kind::Insert },
            position: place >> 2,
            backward: place & 2 == 2,
        }
    }

    pub(crate) fn last(&self) -> Option<Run> {
        Some(self.get(self.len().checked_sub(1)?))
    }

    /// Index of the run that holds an event, which is one of them.
    pub(crate) fn find(&self, event: Lv) -> usize {
        match self.entries.last() {
            Some(last) if last.start <= event => self.entries.len() - 1,
            _ => self.entries.partition_point(|entry| entry.start <= event).saturating_sub(1),
        }
    }

    /// Index of the first run that ends after an event.
    pub(crate) fn first_beyond(&self, event: Lv) -> usize {
        if event >= self.end { self.len() } else { self.find(event) }
    }

    pub(crate) fn parents(&self, index: usize) -> Parents<'_> {
        let Entry { start, chain, .. } = self.entries[index];
        match self.chains[chain as usize].first == index as u32 {
            true => Parents::Listed(self.chain_parents(chain as usize)),
            false => Parents::Before([start - 1]),
        }
    }

    /// Whether a run belongs to the chain of the one before it.
    pub(crate) fn is_inside(&self, index: usize) -> bool {
        self.chains[self.entries[index].chain as usize].first != index as u32
    }

    /// Number of chains.
    pub(crate) fn chain_count(&self) -> usize {
        self.chains.len()
    }

    /// The chain that a run belongs to.
    pub(crate) fn chain_of(&self, index: usize) -> usize {
        self.entries[index].chain as usize
    }

    pub(crate) fn chain_agent(&self, chain: usize) -> u32 {
        self.chains[chain].agent
    }

    /// The runs of a chain.
    pub(crate) fn chain_runs(&self, chain: usize) -> Range<usize> {
        let end = self.chains.get(chain + 1).map_or(self.len(), |next| next.first as usize);
        self.chains[chain].first as usize..end
    }

    /// The first chain whose first event is not before `event`.
    pub(crate) fn chains_from(&self, event: Lv) -> usize {
        if event >= self.end {
            return self.chains.len();
        }
        let run = self.find(event);
        self.chain_of(run) + usize::from(self.start(run) < event || self.is_inside(run))
    }

    /// The first event of a chain.
    pub(crate) fn chain_start(&self, chain: usize) -> Lv {
        self.start(self.chains[chain].first as usize)
    }

    /// The events of a chain.
    pub(crate) fn chain_events(&self, chain: usize) -> Range<Lv> {
        let Range { start, end } = self.chain_runs(chain);
        self.start(start)..self.start(end)
    }

    /// Parents of a chain's first event.
    pub(crate) fn chain_parents(&self, chain: usize) -> &[Lv] {
        let end = self.chains.get(chain + 1).map_or(self.parents.len(), |next| next.parents as usize);
        &self.parents[self.chains[chain].parents as usize..end]
    }

    /// Adds a run, which begins where the last one ends unless it is the first; it begins a chain, or follows the last
    /// run in its own.
    pub(crate) fn push(&mut self, run: Run, parents: &[Lv], begins: bool) {
        if begins {
            grow(&mut self.chains);
            let (first, parents_start) = (self.entries.len() as u32, self.parents.len() as u32);
            self.chains.push(Chain { agent: run.agent, first, parents: parents_start });
            for parent in parents {
                grow(&mut self.parents);
                self.parents.push(*parent);
            }
        }
        grow(&mut self.entries);
        let chain = self.chains.len() as u32 - 1;
        self.entries.push(Entry {
            start: run.start,
            place: place(run.position, run.backward, run.kind),
            chain,
        });
        self.end = run.end();
    }

    /// Whether the last run is of `agent` and `parents` are its end.
    pub(crate) fn follows(&self, agent: u32, parents: &[Lv]) -> bool {
        self.chains.last().is_some_and(|chain| chain.agent == agent) && parents == [self.end - 1]
    }

    /// Lets the last run end elsewhere, from elsewhere.
    pub(crate) fn set_last(&mut self, position: u32, backward: bool, end: Lv) {
        if let Some(last) = self.entries.last_mut() {
            last.place =
                place(position, backward, if last.place & 1 == 1 { Kind::Delete } else { Kind::Insert });
            self.end = end;
        }
    }

    /// Takes `next`, which begins where the last run ends, into that if the same agent simply went on.
    pub(crate) fn try_extend(&mut self, next: &Run, parents: &[Lv]) -> bool {
        let Some(Run { len, kind, position, mut backward, .. }) = self.last() else { return false };
        let goes_on = self.follows(next.agent, parents)
            && kind == next.kind
            && match kind {
                Kind::Insert => next.position == position + len,
                Kind::Delete if len == 1 && next.len == 1 && next.position + 1 == position => {
                    backward = true;
                    true
                }
                Kind::Delete if backward && (next.backward || next.len == 1) => {
                    next.position + len == position
                }
                Kind::Delete => !backward && !next.backward && next.position == position,
            };
        if goes_on {
            self.set_last(position, backward, next.end());
        }
        goes_on
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, runs: usize) {
        self.entries.reserve_exact(runs);
    }

    /// A copy to go on with.
    pub(crate) fn copy(&self) -> Runs {
        let Runs { entries, chains, parents, end } = self;
        Runs { entries: roomy(entries), chains: roomy(chains), parents: roomy(parents), end: *end }
    }

    pub(crate) fn mark(&self) -> RunsMark {
        RunsMark {
            entries: self.entries.len(),
            chains: self.chains.len(),
            parents: self.parents.len(),
            end: self.end,
            last: self.entries.last().copied(),
        }
    }

    /// Takes back what was added since `mark`.
    pub(crate) fn rewind(&mut self, mark: RunsMark) {
        self.entries.truncate(mark.entries);
        self.chains.truncate(mark.chains);
        self.parents.truncate(mark.parents);
        self.end = mark.end;
        if let (Some(last), Some(old)) = (self.entries.last_mut(), mark.last) {
            *last = old;
        }
    }

    /// Number of leading runs that are the same in both: whole chains of them.
    pub(crate) fn common(&self, other: &Runs, chain_is_same: impl Fn(usize) -> bool) -> usize {
        let same = |chain: &usize| {
            let runs = self.chain_runs(*chain);
            runs == other.chain_runs(*chain)
                && self.chains[*chain].agent == other.chains[*chain].agent
                && self.chain_parents(*chain) == other.chain_parents(*chain)
                && self.start(runs.end) == other.start(runs.end)
                && self.entries[runs.clone()] == other.entries[runs]
                && chain_is_same(*chain)
        };
        let chains = (0..self.chains.len().min(other.chains.len())).take_while(same).count();
        self.chains.get(chains).map_or(self.len(), |next| next.first as usize)
    }
}
