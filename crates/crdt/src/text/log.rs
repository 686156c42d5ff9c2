//! The history of a text document: operations in the order they came, as runs.
//!
//! Events (code points inserted or deleted) are numbered through; a run covers a stretch of one agent's operations.
//! Beside each chain of runs stands what replay does not need: the number of its first operation, how long each
//! operation is, the length of the document before it, and where its text begins. What a run has of these follows from
//! the few runs before it in its chain. So every delta can be given back exactly, the length of any version with one
//! head is one look-up, and memory grows with runs, not with operations.

use std::collections::HashMap;

use ramanujan_core::{AgentId, Dot, ascending};
use smallvec::{SmallVec, smallvec};

use super::error::DocumentError;
use super::heads::advance;
use super::run::{Kind, Lv, Run};
use super::runs::{Runs, grow, roomy};
use super::stretch::Stretch;

/// A version: the last event of each of its maximal operations, ascending.
pub(crate) type Version = SmallVec<[Lv; 2]>;

/// An agent and its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) id: AgentId,
    /// Number of its operations.
    pub(crate) ops: u32,
    /// Indexes of its chains.
    pub(crate) chains: Vec<u32>,
}

/// What is kept of a chain beside what replay needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Number of the first operation among its agent's.
    pub(crate) seq: u32,
    /// Code points of each operation.
    pub(crate) unit: u32,
    /// Code points of the document before the first operation, in the version of its parents.
    pub(crate) before: u32,
    /// Where the chain's text begins in the log's content.
    pub(crate) content: u32,
}

/// Operations of one agent that go into the log together.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) author: u32,
    pub(crate) stretch: Stretch,
    /// Version that the first operation was made in.
    pub(crate) parents: Version,
    /// Code points of the document in that version, if they are known; if not, [`Log::admit`] must follow.
    pub(crate) before: Option<u32>,
    /// What is inserted.
    pub(crate) text: &'a str,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) authors: Vec<Author>,
    index: HashMap<AgentId, u32>,
    pub(crate) runs: Runs,
    /// Of each chain of `runs`.
    pub(crate) notes: Vec<Note>,
    /// All inserted text in order of the runs.
    pub(crate) content: String,
    pub(crate) heads: Version,
}

/// Longest chain, in runs and in bytes of their text but the last one's: what is not noted of a run is counted from
/// the beginning of its chain.
const CHAIN_RUNS: usize = 24;
const CHAIN_BYTES: usize = 512;

/// Chains among which a parent is looked for one by one.
const NEAR: usize = 8;

/// Bytes of text that a log has room for beyond what it holds.
const SPARE_BYTES: usize = 1024;

impl Clone for Log {
    /// A copy is made to go on with: what comes next must not move all that is there.
    fn clone(&self) -> Self {
        let mut content = String::with_capacity(self.content.len() + SPARE_BYTES);
        content.push_str(&self.content);
        Log {
            authors: self.authors.clone(),
            index: self.index.clone(),
            runs: self.runs.copy(),
            notes: roomy(&self.notes),
            content,
            heads: self.heads.clone(),
        }
    }
}

/// Appends to what stays as long as its document: doubling would leave half of the memory empty.
fn append_text(content: &mut String, text: &str) {
    if content.capacity() - content.len() < text.len() {
        content.reserve_exact(text.len() + content.len() / 16 + SPARE_BYTES);
    }
    content.push_str(text);
}

impl Log {
    /// Number of events, which is the number of the next one.
    pub(crate) fn end(&self) -> Lv {
        self.runs.end()
    }

    /// Index of the agent, which is added if it is new.
    pub(crate) fn intern(&mut self, id: &AgentId) -> u32 {
        if let Some(author) = self.author(id) {
            return author;
        }
        let author = self.authors.len() as u32;
        self.authors.push(Author { id: id.clone(), ops: 0, chains: Vec::new() });
        self.index.insert(id.clone(), author);
        author
    }

    pub(crate) fn author(&self, id: &AgentId) -> Option<u32> {
        // Mostly whoever made the last operation.
        match self.runs.last() {
            Some(last) if self.authors[last.agent as usize].id == *id => Some(last.agent),
            _ => self.index.get(id).copied(),
        }
    }

    /// For each author its place among the names in byte order.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let order = ascending(self.authors.len(), &|a, b| self.authors[a].id.cmp(&self.authors[b].id));
        let mut ranks = vec![0; order.len()];
        for (rank, author) in order.into_iter().enumerate() {
            ranks[author] = rank as u32;
        }
        ranks
    }

    pub(crate) fn dot(&self, author: u32, seq: u32) -> Dot {
        Dot::new(self.authors[author as usize].id.clone(), u64::from(seq))
    }

    /// Last event of an operation.
    pub(crate) fn event(&self, author: u32, seq: u32) -> Option<Lv> {
        let author = self.authors.get(author as usize)?;
        if seq == 0 || seq > author.ops {
            return None;
        }
        if seq == author.ops {
            return author.chains.last().map(|chain| self.runs.chain_events(*chain as usize).end - 1);
        }
        let place = author.chains.partition_point(|chain| self.notes[*chain as usize].seq <= seq);
        let chain = *author.chains.get(place.checked_sub(1)?)? as usize;
        let note = &self.notes[chain];
        Some(self.runs.chain_start(chain) + (seq - note.seq + 1) * note.unit - 1)
    }

    /// Number of a chain's last operation.
    pub(crate) fn last_op(&self, chain: usize) -> u32 {
        let (note, events) = (&self.notes[chain], self.runs.chain_events(chain));
        note.seq - 1 + (events.end - events.start) / note.unit
    }

    /// Place in an author's chains of the first that has operations beyond the first `done`. Looks from the end: what
    /// somebody lacks is mostly recent.
    pub(crate) fn chains_done(&self, author: &Author, done: u32) -> usize {
        let chains = &author.chains;
        if done >= author.ops {
            return chains.len();
        }
        // The last chain that begins at or before the next operation holds it.
        let begins_late = |chain: &u32| self.notes[*chain as usize].seq > done + 1;
        let mut step = 1;
        while step < chains.len() && begins_late(&chains[chains.len() - step]) {
            step *= 2;
        }
        let low = chains.len().saturating_sub(step);
        low + chains[low..].partition_point(|chain| !begins_late(chain)) - 1
    }

    /// Last event of the operation that a dot names.
    pub(crate) fn event_of(&self, dot: &Dot) -> Option<Lv> {
        self.event(self.author(&dot.agent)?, u32::try_from(dot.seq).ok()?)
    }

    /// Author and number of the operation that an event belongs to.
    pub(crate) fn op_of(&self, event: Lv) -> (u32, u32) {
        self.op_in(self.runs.chain_of(self.runs.find(event)), event)
    }

    /// Author and number of the operation that a parent of a chain's first event belongs to.
    pub(crate) fn parent_op(&self, chain: usize, parent: Lv) -> (u32, u32) {
        // Mostly the parent is the end of one of the chains before.
        let near = (chain.saturating_sub(NEAR)..chain).rev();
        match near.into_iter().find(|before| self.runs.chain_start(*before) <= parent) {
            Some(before) => self.op_in(before, parent),
            None => self.op_of(parent),
        }
    }

    fn op_in(&self, chain: usize, event: Lv) -> (u32, u32) {
        (self.runs.chain_agent(chain), self.op_number(chain, event))
    }

    /// Number of the operation that an event of a chain belongs to.
    fn op_number(&self, chain: usize, event: Lv) -> u32 {
        let note = &self.notes[chain];
        note.seq + (event - self.runs.chain_start(chain)) / note.unit
    }

    /// Number of the first operation of a run.
    pub(crate) fn first_op(&self, index: usize) -> u32 {
        self.op_number(self.runs.chain_of(index), self.runs.start(index))
    }

    pub(crate) fn dot_of(&self, event: Lv) -> Dot {
        let (author, seq) = self.op_of(event);
        self.dot(author, seq)
    }

    /// The operations of a run.
    pub(crate) fn stretch(&self, index: usize) -> Stretch {
        Stretch::of(&self.runs.get(index), self.notes[self.runs.chain_of(index)].unit)
    }

    /// Parents of the `op`-th operation of a run, from 0.
    pub(crate) fn parents(&self, index: usize, op: u32) -> Version {
        let unit = self.notes[self.runs.chain_of(index)].unit;
        match op {
            0 => Version::from_slice(&self.runs.parents(index)),
            _ => smallvec![self.runs.start(index) + op * unit - 1],
        }
    }

    /// Whether so many more events and bytes have numbers.
    ///
    /// # Errors
    /// [`DocumentError::Full`].
    pub(crate) fn check_room(&self, chars: u32, bytes: usize) -> Result<(), DocumentError> {
        let bytes = self.content.len().checked_add(bytes).and_then(|bytes| u32::try_from(bytes).ok());
        match (self.end().checked_add(chars), bytes) {
            (Some(_), Some(_)) => Ok(()),
            _ => Err(DocumentError::Full),
        }
    }

    /// Adds operations that were checked, room included.
    pub(crate) fn append(&mut self, piece: Piece<'_>) {
        let Piece { author, mut stretch, mut parents, mut before, text } = piece;
        loop {
            let start = self.end();
            let taken = self.extend(author, &stretch, &parents, text);
            if taken == 0 {
                break;
            }
            if taken == stretch.ops {
                return;
            }
            // Only deletions turn round.
            parents = smallvec![start + taken * stretch.unit - 1];
            before = before.map(|before| before - taken * stretch.unit);
            stretch = stretch.tail(taken);
        }
        let start = self.end();
        let content = self.content.len() as u32;
        let begins = self.begins_chain(author, &parents, stretch.unit);
        let author = author as usize;
        if begins {
            grow(&mut self.notes);
            let seq = self.authors[author].ops + 1;
            self.notes.push(Note { seq, unit: stretch.unit, before: before.unwrap_or(0), content });
            grow(&mut self.authors[author].chains);
            self.authors[author].chains.push(self.runs.chain_count() as u32);
        }
        self.authors[author].ops += stretch.ops;
        append_text(&mut self.content, text);
        advance(&mut self.heads, &parents, start + stretch.chars() - 1);
        let run = Run {
            start,
            len: stretch.chars(),
            agent: author as u32,
            kind: stretch.kind,
            position: first_event(&stretch),
            backward: stretch.backward,
        };
        self.runs.push(run, &parents, begins);
    }

    /// Whether a run that comes next begins a chain.
    fn begins_chain(&self, author: u32, parents: &[Lv], unit: u32) -> bool {
        let (Some(chain), true) =
            (self.runs.chain_count().checked_sub(1), self.runs.follows(author, parents))
        else {
            return true;
        };
        let Note { unit: last, content, .. } = self.notes[chain];
        unit != last
            || self.runs.chain_runs(chain).len() >= CHAIN_RUNS
            || self.content.len() - content as usize > CHAIN_BYTES
    }

    /// Lets the last run go on with as many operations as continue it, and says how many.
    fn extend(&mut self, author: u32, next: &Stretch, parents: &[Lv], text: &str) -> u32 {
        if !self.runs.follows(author, parents) {
            return 0;
        }
        let mut stretch = self.stretch(self.runs.len() - 1);
        let taken = stretch.absorb(next);
        if taken > 0
            && let Some(head) = self.heads.last_mut()
        {
            let end = self.runs.end() + taken * stretch.unit;
            self.runs.set_last(first_event(&stretch), stretch.backward, end);
            // The newest event is a head, and the greatest.
            *head = end - 1;
            self.authors[author as usize].ops += taken;
            append_text(&mut self.content, text);
        }
        taken
    }

    /// One more operation made directly after the last run, if it goes on there: the path of almost every key.
    #[inline]
    pub(crate) fn go_on(&mut self, author: u32, kind: Kind, position: u32, unit: u32, text: &str) -> bool {
        let (Some(run), Some(note), [head]) =
            (self.runs.last(), self.notes.last(), self.heads.as_mut_slice())
        else {
            return false;
        };
        if run.agent != author || run.kind != kind || note.unit != unit {
            return false;
        }
        if run.end() > Lv::MAX - unit || self.content.len() + text.len() > u32::MAX as usize {
            return false;
        }
        // As in `Stretch::absorb`.
        let turns = match kind {
            Kind::Insert if position == run.position + run.len => false,
            Kind::Delete if !run.backward && position == run.position => false,
            Kind::Delete if run.backward && position + unit + run.len == run.position + 1 => false,
            Kind::Delete if run.len == unit && position + unit == run.position => true,
            _ => return false,
        };
        let place = if turns { run.position + unit - 1 } else { run.position };
        self.runs.set_last(place, run.backward || turns, run.end() + unit);
        *head += unit;
        self.authors[author as usize].ops += 1;
        append_text(&mut self.content, text);
        true
    }

    /// Makes room for so many more runs and bytes of text.
    pub(crate) fn reserve(&mut self, runs: usize, bytes: usize) {
        self.runs.reserve(runs);
        self.content.reserve_exact(bytes);
    }
}

/// Where the first event of a stretch inserts or deletes.
fn first_event(stretch: &Stretch) -> u32 {
    if stretch.backward { stretch.position + stretch.unit - 1 } else { stretch.position }
}
