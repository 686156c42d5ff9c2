//! Taking in operations that others made: what is here already is compared, what is new is checked and added.
//!
//! All or nothing: [`Log::mark`] before, [`Log::rewind`] if anything in the batch is refused.

use ramanujan_core::Dot;
use smallvec::SmallVec;

use super::error::{DocumentError, TextError};
use super::inserted::chars;
use super::log::{Log, Piece, Version};
use super::run::{Kind, Lv};
use super::runs::RunsMark;
use super::stretch::Stretch;

/// An operation by the index of its author in the receiving log and its number.
pub(crate) type OpId = (u32, u32);

/// Operations of one agent from elsewhere. Positions and lengths are at most [`MAX_DOCUMENT_LENGTH`].
#[derive(Debug)]
pub(crate) struct Received<'a> {
    pub(crate) author: u32,
    /// Number of the first operation.
    pub(crate) seq: u32,
    pub(crate) stretch: Stretch,
    /// Parents of the first operation.
    pub(crate) parents: SmallVec<[OpId; 2]>,
    pub(crate) text: &'a str,
    /// Length of the document before the first operation, if it comes from a log that has checked it. If not, the
    /// parents are checked, and [`Log::admit`] must follow.
    pub(crate) before: Option<u32>,
}

/// A state of the log to go back to.
pub(crate) struct Mark {
    runs: RunsMark,
    content: usize,
    heads: Version,
}

impl Log {
    pub(crate) fn mark(&self) -> Mark {
        Mark { runs: self.runs.mark(), content: self.content.len(), heads: self.heads.clone() }
    }

    /// Takes back what was added since `mark`, but for authors without operations, which nobody sees.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        for chain in (mark.runs.chains..self.runs.chain_count()).rev() {
            let author = &mut self.authors[self.runs.chain_agent(chain) as usize];
            author.ops = self.notes[chain].seq - 1;
            author.chains.pop();
        }
        self.notes.truncate(mark.runs.chains);
        self.runs.rewind(mark.runs);
        // The last chain may have grown.
        if let Some(last) = self.notes.len().checked_sub(1) {
            self.authors[self.runs.chain_agent(last) as usize].ops = self.last_op(last);
        }
        self.content.truncate(mark.content);
        self.heads = mark.heads;
    }

    /// Adds those of the operations that are not here yet.
    ///
    /// # Errors
    /// [`DocumentError`]; the log may then hold some of the operations.
    pub(crate) fn receive(&mut self, mut piece: Received<'_>) -> Result<(), DocumentError> {
        let known = self.authors[piece.author as usize].ops;
        if piece.seq > known + 1 {
            return Err(DocumentError::Gap(self.dot(piece.author, known + 1)));
        }
        let overlap = (known + 1 - piece.seq).min(piece.stretch.ops);
        if overlap > 0 {
            self.compare(&piece, overlap)?;
            if overlap == piece.stretch.ops {
                return Ok(());
            }
            let done = overlap * piece.stretch.unit;
            if piece.stretch.kind == Kind::Insert {
                let len = piece.stretch.chars();
                piece.text = chars(piece.text, len, done as usize, len as usize);
                piece.before = piece.before.map(|before| before + done);
            } else {
                piece.before = piece.before.map(|before| before - done);
            }
            piece.stretch = piece.stretch.tail(overlap);
            piece.parents = SmallVec::from_slice(&[(piece.author, known)]);
        }
        let parents = self.resolve(&piece.parents)?;
        if piece.before.is_none() {
            self.check_parents(&piece, &parents)?;
        }
        self.check_room(piece.stretch.chars(), piece.text.len())?;
        let Received { author, stretch, text, before, .. } = piece;
        self.append(Piece { author, stretch, parents, before, text });
        Ok(())
    }

    /// Last events of operations, ascending.
    fn resolve(&self, ops: &[OpId]) -> Result<Version, DocumentError> {
        let mut version = Version::with_capacity(ops.len());
        for (author, seq) in ops {
            let missing = || TextError::UnknownParent(self.dot(*author, *seq));
            version.push(self.event(*author, *seq).ok_or_else(missing)?);
        }
        version.sort_unstable();
        Ok(version)
    }

    fn check_parents(&self, piece: &Received<'_>, parents: &[Lv]) -> Result<(), DocumentError> {
        let own = self.event(piece.author, piece.seq - 1);
        match self.is_version_after(parents, own) {
            true => Ok(()),
            false => Err(DocumentError::Parents(self.dot(piece.author, piece.seq))),
        }
    }

    /// Compares the first `overlap` operations, which are here, with ours; names the first that differs.
    fn compare(&self, piece: &Received<'_>, overlap: u32) -> Result<(), DocumentError> {
        let (mut done, mut at_most) = (0, overlap);
        while done < overlap {
            let seq = piece.seq + done;
            let conflict = || DocumentError::Conflict(self.dot(piece.author, seq));
            let event = self.event(piece.author, seq).ok_or_else(conflict)?;
            let index = self.runs.find(event);
            let skipped = seq - self.first_op(index);
            let count = (overlap - done).min(self.stretch(index).ops - skipped).min(at_most);
            if self.same(piece, done, index, skipped, count) {
                done += count;
            } else if count == 1 {
                return Err(conflict());
            } else {
                at_most = count / 2;
            }
        }
        Ok(())
    }

    /// Whether `count` operations of a piece, from `done` on, are those of a run from `skipped` on.
    fn same(&self, piece: &Received<'_>, done: u32, index: usize, skipped: u32, count: u32) -> bool {
        let (mine, theirs) = (self.stretch(index), &piece.stretch);
        let part = |stretch: &Stretch, from: u32| {
            if from == 0 { stretch.head(count) } else { stretch.tail(from).head(count) }
        };
        if part(&mine, skipped) != part(theirs, done) {
            return false;
        }
        let parents = match done {
            0 => self.resolve(&piece.parents),
            _ => self.resolve(&[(piece.author, piece.seq + done - 1)]),
        };
        if parents != Ok(self.parents(index, skipped)) {
            return false;
        }
        let of = |text, stretch: &Stretch, from: u32| {
            let (from, to) = (from * stretch.unit, (from + count) * stretch.unit);
            chars(text, stretch.chars(), from as usize, to as usize)
        };
        mine.kind == Kind::Delete
            || of(self.text_of_run(index), &mine, skipped) == of(piece.text, theirs, done)
    }

    /// Whether an operation is its agent's next.
    ///
    /// # Errors
    /// [`TextError::DuplicateDot`] or [`DocumentError::Gap`].
    pub(crate) fn check_next(&self, author: u32, dot: &Dot) -> Result<(), DocumentError> {
        let next = self.authors[author as usize].ops.checked_add(1).ok_or(DocumentError::Full)?;
        match dot.seq.cmp(&u64::from(next)) {
            std::cmp::Ordering::Less => Err(TextError::DuplicateDot(dot.clone()).into()),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(DocumentError::Gap(self.dot(author, next))),
        }
    }
}
