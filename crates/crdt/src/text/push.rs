//! Operations whose parents are known, added one by one.

use ramanujan_core::Dot;

use super::document::{Agent, TextDocument};
use super::error::{DocumentError, MAX_DOCUMENT_LENGTH, TextError, out_of_range};
use super::log::{Piece, Version};
use super::rope::count_chars;
use super::run::{Kind, Lv};
use super::stretch::Stretch;
use crate::crdts::op::Op;

/// One operation on a text, as its agent saw it. Positions and lengths are code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEdit<'a> {
    /// Inserts `text` before the code point at `position`.
    Insert {
        /// Where, at most the length of the document.
        position: u64,
        /// What, at least one code point.
        text: &'a str,
    },
    /// Deletes `length` code points from `position` on.
    Delete {
        /// The first one.
        position: u64,
        /// How many, at least one.
        length: u64,
    },
}

impl TextEdit<'_> {
    fn check_not_empty(&self) -> Result<(), TextError> {
        match self {
            TextEdit::Insert { text: "", .. } | TextEdit::Delete { length: 0, .. } => Err(TextError::Empty),
            _ => Ok(()),
        }
    }
}

impl TextDocument {
    /// Adds one delta from elsewhere whose parents, given in any order, are here; returns the length of the document in
    /// its version, in code points.
    ///
    /// # Errors
    /// [`TextError`] if it does not fit; [`DocumentError::Gap`], [`DocumentError::Parents`]; those of [`Self::open`].
    pub fn push(&mut self, dot: &Dot, parents: &[Dot], op: &Op) -> Result<u64, DocumentError> {
        self.open()?;
        let edit = match op {
            Op::Insert { position, text } => TextEdit::Insert { position: *position, text },
            Op::Delete { position, length } => TextEdit::Delete { position: *position, length: *length },
            other => return Err(TextError::NotText(other.name()).into()),
        };
        let author = self.log.intern(&dot.agent);
        self.log.check_next(author, dot)?;
        edit.check_not_empty()?;
        let mut version = Version::with_capacity(parents.len());
        for parent in parents {
            let event = if parent.agent == dot.agent {
                u32::try_from(parent.seq).ok().and_then(|seq| self.log.event(author, seq))
            } else {
                self.log.event_of(parent)
            };
            version.push(event.ok_or_else(|| TextError::UnknownParent(parent.clone()))?);
        }
        self.push_edit(author, version, edit)
    }

    /// As [`Self::push`], with handles in place of names and without a copy of the text: for many operations of known
    /// agents. The operation is the agent's next one, whose number [`Self::version`] tells beforehand.
    ///
    /// ```
    /// use ramanujan_crdt::TextDocument;
    /// use ramanujan_crdt::text::TextEdit;
    /// let mut document = TextDocument::new();
    /// let (ann, ben) = (document.agent(&"ann".parse()?), document.agent(&"ben".parse()?));
    /// document.push_next(ann, &[], TextEdit::Insert { position: 0, text: "ac" })?;
    /// // Neither has seen the other.
    /// document.push_next(ann, &[(ann, 1)], TextEdit::Insert { position: 1, text: "b" })?;
    /// document.push_next(ben, &[(ann, 1)], TextEdit::Delete { position: 0, length: 1 })?;
    /// assert_eq!(document.text()?, "bc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::push`]; [`DocumentError::UnknownAgent`].
    pub fn push_next(
        &mut self,
        agent: Agent,
        parents: &[(Agent, u64)],
        edit: TextEdit<'_>,
    ) -> Result<u64, DocumentError> {
        self.open()?;
        let known = |agent: &Agent| self.log.authors.get(agent.0 as usize).ok_or(DocumentError::UnknownAgent);
        known(&agent)?;
        edit.check_not_empty()?;
        let mut version = Version::with_capacity(parents.len());
        for (parent, seq) in parents {
            let author = known(parent)?;
            let event = u32::try_from(*seq).ok().and_then(|seq| self.log.event(parent.0, seq));
            let unknown = || TextError::UnknownParent(Dot::new(author.id.clone(), *seq));
            version.push(event.ok_or_else(unknown)?);
        }
        self.push_edit(agent.0, version, edit)
    }

    /// Adds the next operation of an author, made in a version whose events come in any order.
    fn push_edit(
        &mut self,
        author: u32,
        mut version: Version,
        edit: TextEdit<'_>,
    ) -> Result<u64, DocumentError> {
        let (kind, position, length, text) = match edit {
            TextEdit::Insert { position, text } => (Kind::Insert, position, count_chars(text) as u64, text),
            TextEdit::Delete { position, length } => (Kind::Delete, position, length, ""),
        };
        version.sort_unstable();
        let last = self.log.authors[author as usize].ops;
        let next = last.checked_add(1).ok_or(DocumentError::Full)?;
        if !self.log.is_version_after(&version, self.log.event(author, last)) {
            return Err(DocumentError::Parents(self.log.dot(author, next)));
        }
        let on_heads = version == self.log.heads;
        let before = match (self.length.filter(|_| on_heads), self.pushed) {
            (Some(length), _) => length,
            // Mostly an agent's operations come one after the other.
            (None, Some((event, length))) if *version == [event] => length,
            _ => self.length_at(&version)?,
        };
        let document = u64::from(before);
        if position > document || (kind == Kind::Delete && length > document - position) {
            return Err(out_of_range(kind, position, length, document).into());
        }
        if kind == Kind::Insert && document + length > MAX_DOCUMENT_LENGTH {
            return Err(TextError::TooLong(document.saturating_add(length)).into());
        }
        let (position, length) = (position as u32, length as u32);
        // On the heads, the same agent mostly goes on where it was.
        if !(on_heads && self.log.go_on(author, kind, position, length, text)) {
            let stretch = Stretch::one(kind, position, length);
            self.log.check_room(stretch.chars(), text.len())?;
            self.log.append(Piece { author, stretch, parents: version, before: Some(before), text });
        }
        let after = if kind == Kind::Insert { before + length } else { before - length };
        self.pushed = Some((self.log.end() - 1, after));
        self.length = on_heads.then_some(after);
        Ok(u64::from(after))
    }

    /// Code points of the document in a version.
    fn length_at(&mut self, version: &[Lv]) -> Result<u32, DocumentError> {
        match version {
            [] | [_] => Ok(self.replay.length_at(&self.log, 0, version)),
            _ => {
                let length = self.settled_length()?;
                Ok(self.replay.length_at(&self.log, length, version))
            }
        }
    }
}
