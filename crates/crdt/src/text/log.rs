//! The history of a text document: operations in the order they came, as runs.
//!
//! Events (code points inserted or deleted) are numbered through; a run covers a stretch of one agent's operations.
//! Beside each run stands what replay does not need: the number of its first operation, how long each operation is,
//! the length of the document before it, and where its text begins. So every delta can be given back exactly, the
//! length of any version with one head is one look-up, and memory grows with runs, not with operations.

use std::collections::HashMap;

use ramanujan_core::{AgentId, Dot, ascending};
use smallvec::{SmallVec, smallvec};

use super::error::DocumentError;
use super::rope::char_offset;
use super::run::{Kind, Lv, Run};
use super::stretch::Stretch;

/// A version: the last event of each of its maximal operations, ascending.
pub(crate) type Version = SmallVec<[Lv; 2]>;

/// An agent and its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) id: AgentId,
    /// Number of its operations.
    pub(crate) ops: u32,
    /// Indexes of its runs.
    pub(crate) runs: Vec<u32>,
}

/// What is kept of a run beside what replay needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Number of the first operation among its agent's.
    pub(crate) seq: u32,
    /// Code points of each operation.
    pub(crate) unit: u32,
    /// Code points of the document before the first operation, in the version of its parents.
    pub(crate) before: u32,
    /// Where the run's text begins in the log's content.
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
    pub(crate) runs: Vec<Run>,
    pub(crate) notes: Vec<Note>,
    /// All inserted text in order of the runs.
    pub(crate) content: String,
    pub(crate) heads: Version,
}

/// Runs, and bytes of text, that a log has room for beyond what it holds.
const SPARE_RUNS: usize = 64;
const SPARE_BYTES: usize = 4096;

impl Clone for Log {
    /// A copy is made to go on with: what comes next must not move all that is there.
    fn clone(&self) -> Self {
        let mut content = String::with_capacity(self.content.len() + SPARE_BYTES);
        content.push_str(&self.content);
        Log {
            authors: self.authors.clone(),
            index: self.index.clone(),
            runs: roomy(&self.runs),
            notes: roomy(&self.notes),
            content,
            heads: self.heads.clone(),
        }
    }
}

fn roomy<T: Clone>(items: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(items.len() + SPARE_RUNS);
    copy.extend_from_slice(items);
    copy
}

/// Makes room for one more by a fifth of what is there. A history stays as long as its document: doubling would leave
/// half of its memory empty.
fn grow<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len() / 5 + SPARE_RUNS);
    }
}

impl Log {
    /// Number of events, which is the number of the next one.
    pub(crate) fn end(&self) -> Lv {
        self.runs.last().map_or(0, Run::end)
    }

    /// Index of the agent, which is added if it is new.
    pub(crate) fn intern(&mut self, id: &AgentId) -> u32 {
        if let Some(author) = self.author(id) {
            return author;
        }
        let author = self.authors.len() as u32;
        self.authors.push(Author { id: id.clone(), ops: 0, runs: Vec::new() });
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
            return author.runs.last().map(|run| self.runs[*run as usize].end() - 1);
        }
        let place = author.runs.partition_point(|run| self.notes[*run as usize].seq <= seq);
        let run = *author.runs.get(place.checked_sub(1)?)? as usize;
        let note = &self.notes[run];
        Some(self.runs[run].start + (seq - note.seq + 1) * note.unit - 1)
    }

    /// Place in an author's runs of the first that has operations beyond the first `done`. Looks from the end: what
    /// somebody lacks is mostly recent.
    pub(crate) fn runs_done(&self, author: &Author, done: u32) -> usize {
        let runs = &author.runs;
        if done >= author.ops {
            return runs.len();
        }
        // The last run that begins at or before the next operation holds it.
        let begins_late = |run: &u32| self.notes[*run as usize].seq > done + 1;
        let mut step = 1;
        while step < runs.len() && begins_late(&runs[runs.len() - step]) {
            step *= 2;
        }
        let low = runs.len().saturating_sub(step);
        low + runs[low..].partition_point(|run| !begins_late(run)) - 1
    }

    /// Last event of the operation that a dot names.
    pub(crate) fn event_of(&self, dot: &Dot) -> Option<Lv> {
        self.event(self.author(&dot.agent)?, u32::try_from(dot.seq).ok()?)
    }

    /// Index of the run that holds an event of the log.
    pub(crate) fn run_of(&self, event: Lv) -> usize {
        match self.runs.last() {
            Some(last) if last.start <= event => self.runs.len() - 1,
            _ => self.runs.partition_point(|run| run.start <= event) - 1,
        }
    }

    /// Author and number of the operation that an event belongs to.
    pub(crate) fn op_of(&self, event: Lv) -> (u32, u32) {
        self.op_in(self.run_of(event), event)
    }

    /// Author and number of the operation that a parent of a run's first event belongs to.
    pub(crate) fn parent_op(&self, index: usize, parent: Lv) -> (u32, u32) {
        // Mostly the parent is the end of the run before.
        match index.checked_sub(1) {
            Some(before) if self.runs[before].start <= parent => self.op_in(before, parent),
            _ => self.op_of(parent),
        }
    }

    fn op_in(&self, index: usize, event: Lv) -> (u32, u32) {
        let (run, note) = (&self.runs[index], &self.notes[index]);
        (run.agent, note.seq + (event - run.start) / note.unit)
    }

    pub(crate) fn dot_of(&self, event: Lv) -> Dot {
        let (author, seq) = self.op_of(event);
        self.dot(author, seq)
    }

    /// The operations of a run.
    pub(crate) fn stretch(&self, index: usize) -> Stretch {
        let (run, note) = (&self.runs[index], &self.notes[index]);
        let position = if run.backward { run.position + 1 - note.unit } else { run.position };
        let ops = run.len / note.unit;
        Stretch { kind: run.kind, backward: run.backward, position, unit: note.unit, ops }
    }

    /// The text that a run inserts.
    pub(crate) fn text_of_run(&self, index: usize) -> &str {
        let end = self.notes.get(index + 1).map_or(self.content.len(), |next| next.content as usize);
        &self.content[self.notes[index].content as usize..end]
    }

    /// Parents of the `op`-th operation of a run, from 0.
    pub(crate) fn parents(&self, index: usize, op: u32) -> Version {
        let run = &self.runs[index];
        if op == 0 { run.parents.clone() } else { smallvec![run.start + op * self.notes[index].unit - 1] }
    }

    /// Calls `take` with the text of consecutive insertions and the number of its code points.
    pub(crate) fn for_text(&self, events: std::ops::Range<Lv>, mut take: impl FnMut(&str, u32)) {
        let mut at = events.start;
        let mut index = self.run_of(at);
        while at < events.end {
            let run = &self.runs[index];
            let text = self.text_of_run(index);
            let until = events.end.min(run.end());
            let part = chars(text, run.len, (at - run.start) as usize, (until - run.start) as usize);
            take(part, until - at);
            at = until;
            index += 1;
        }
    }

    /// Length of the document after an event's operation, in that operation's version.
    pub(crate) fn length_after(&self, event: Lv) -> u32 {
        let index = self.run_of(event);
        let run = &self.runs[index];
        let done = event - run.start + 1;
        match run.kind {
            Kind::Insert => self.notes[index].before + done,
            Kind::Delete => self.notes[index].before - done,
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
        let (index, content) = (self.runs.len() as u32, self.content.len() as u32);
        let Author { ops, runs, .. } = &mut self.authors[author as usize];
        grow(&mut self.notes);
        grow(&mut self.runs);
        self.notes.push(Note { seq: *ops + 1, unit: stretch.unit, before: before.unwrap_or(0), content });
        *ops += stretch.ops;
        runs.push(index);
        self.content.push_str(text);
        self.heads.retain(|head| !parents.contains(head));
        self.heads.push(start + stretch.chars() - 1);
        self.runs.push(Run {
            start,
            len: stretch.chars(),
            agent: author,
            kind: stretch.kind,
            position: first_event(&stretch),
            backward: stretch.backward,
            parents,
        });
    }

    /// Lets the last run go on with as many operations as continue it, and says how many.
    fn extend(&mut self, author: u32, next: &Stretch, parents: &[Lv], text: &str) -> u32 {
        let Some(last) = self.runs.last() else { return 0 };
        if last.agent != author || parents != [last.end() - 1] {
            return 0;
        }
        let mut stretch = self.stretch(self.runs.len() - 1);
        let taken = stretch.absorb(next);
        if taken > 0
            && let (Some(run), Some(head)) = (self.runs.last_mut(), self.heads.last_mut())
        {
            run.len = stretch.chars();
            run.backward = stretch.backward;
            run.position = first_event(&stretch);
            // The newest event is a head, and the greatest.
            *head = run.end() - 1;
            self.authors[author as usize].ops += taken;
            self.content.push_str(text);
        }
        taken
    }

    /// One more operation made directly after the last run, if it goes on there: the path of almost every key.
    #[inline]
    pub(crate) fn go_on(&mut self, author: u32, kind: Kind, position: u32, unit: u32, text: &str) -> bool {
        let (Some(run), Some(note), [head]) =
            (self.runs.last_mut(), self.notes.last(), self.heads.as_mut_slice())
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
        if turns {
            run.backward = true;
            run.position += unit - 1;
        }
        run.len += unit;
        *head += unit;
        self.authors[author as usize].ops += 1;
        self.content.push_str(text);
        true
    }

    /// Makes room for so many more runs and bytes of text.
    pub(crate) fn reserve(&mut self, runs: usize, bytes: usize) {
        self.runs.reserve(runs);
        self.notes.reserve(runs);
        self.content.reserve(bytes);
    }
}

/// Where the first event of a stretch inserts or deletes.
fn first_event(stretch: &Stretch) -> u32 {
    if stretch.backward { stretch.position + stretch.unit - 1 } else { stretch.position }
}

/// The code points from `from` to `to` of a text that has `len` of them.
pub(crate) fn chars(text: &str, len: u32, from: usize, to: usize) -> &str {
    if text.len() == len as usize {
        return &text[from..to];
    }
    let rest = &text[char_offset(text, from)..];
    &rest[..char_offset(rest, to - from)]
}
