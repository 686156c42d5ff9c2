//! The replica that a program holds: text under edit and its whole history.
//!
//! Edits go to the [`Log`] and reach the text when somebody looks at it: typing costs the extension of a run, and a
//! word is applied at once. Operations of others are transformed by the walker, all that came since the last look in
//! one replay.

use std::borrow::Cow;

use ramanujan_core::{AgentId, Dot, VectorClock};

use super::error::{DocumentError, MAX_DOCUMENT_LENGTH, TextError};
use super::log::{Log, Piece, Version};
use super::past::Replay;
use super::pending::Pending;
use super::rope::{Rope, count_chars};
use super::run::{Kind, Lv};
use super::sealed::Sealed;
use super::stretch::Stretch;
use crate::codec::container::{self, Kind as Body};
use crate::codec::{DecodeError, Effort};
use crate::crdts::crdt_type::CrdtType;

/// An agent as one document knows it, so that a key does not look a name up. From [`TextDocument::agent`]; of no use
/// with another document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agent(pub(super) u32);

/// A text with its history: a state-based CRDT whose join is [`TextDocument::merge`], and whose deltas are the
/// operations.
///
/// Positions and lengths are Unicode code points. Equal sets of deltas give equal texts, digests and encodings,
/// whatever order they arrived in (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys 2025).
///
/// ```
/// use ramanujan_crdt::TextDocument;
/// let (ann, ben) = ("ann".parse()?, "ben".parse()?);
/// let mut left = TextDocument::new();
/// let author = left.agent(&ann);
/// left.insert(author, 0, "hello")?;
/// let mut right = TextDocument::load(&left.encode())?;
/// let author = right.agent(&ben);
/// right.insert(author, 5, " world")?;
/// left.merge(&right)?;
/// assert_eq!(left.text()?, "hello world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextDocument {
    pub(super) log: Log,
    pub(super) replay: Replay,
    pub(super) text: Rope,
    /// Events that are in the text: those below, which are the past of `applied_version`.
    pub(super) applied: Lv,
    pub(super) applied_version: Version,
    /// What is known of the changes beyond `applied`.
    pub(super) pending: Option<Pending>,
    /// Code points of the merged document, if known without a replay.
    pub(super) length: Option<u32>,
    /// The event that was pushed last, which stays, and the code points of the document after it.
    pub(super) pushed: Option<(Lv, u32)>,
    /// The history of a loaded snapshot, until somebody needs it; the log is then empty.
    pub(super) sealed: Option<Sealed>,
}

impl TextDocument {
    /// The empty document.
    pub fn new() -> Self {
        TextDocument { length: Some(0), ..Self::default() }
    }

    /// The handle under which this document knows an agent, for local edits.
    pub fn agent(&mut self, id: &AgentId) -> Agent {
        Agent(self.log.intern(id))
    }

    /// Inserts `text` before the code point at `position` of the merged document, as one operation of `agent`, and
    /// returns the operation's number.
    ///
    /// # Errors
    /// [`TextError::Empty`], [`TextError::OutOfRange`], [`TextError::TooLong`]; [`DocumentError::UnknownAgent`];
    /// those of [`Self::open`].
    pub fn insert(&mut self, agent: Agent, position: u64, text: &str) -> Result<u64, DocumentError> {
        let length = match self.length {
            Some(length) if self.sealed.is_none() => length,
            _ => self.settled_length()?,
        };
        let chars = count_chars(text) as u64;
        let (document, after) = (u64::from(length), u64::from(length) + chars);
        if chars == 0 {
            return Err(TextError::Empty.into());
        }
        if position > document {
            return Err(TextError::OutOfRange { position, length: 0, document }.into());
        }
        if after > MAX_DOCUMENT_LENGTH {
            return Err(TextError::TooLong(after).into());
        }
        // MAX_DOCUMENT_LENGTH keeps all three within 32 bits.
        let (position, chars) = (position as u32, chars as u32);
        if !self.log.go_on(agent.0, Kind::Insert, position, chars, text) {
            self.edit(agent, Stretch::one(Kind::Insert, position, chars), text, length)?;
        }
        self.length = Some(length + chars);
        Ok(u64::from(self.log.authors[agent.0 as usize].ops))
    }

    /// Deletes `length` code points of the merged document from `position` on, as one operation of `agent`, and
    /// returns the operation's number.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn delete(&mut self, agent: Agent, position: u64, length: u64) -> Result<u64, DocumentError> {
        let before = match self.length {
            Some(length) if self.sealed.is_none() => length,
            _ => self.settled_length()?,
        };
        let document = u64::from(before);
        if length == 0 {
            return Err(TextError::Empty.into());
        }
        if position.checked_add(length).is_none_or(|end| end > document) {
            return Err(TextError::OutOfRange { position, length, document }.into());
        }
        let (position, length) = (position as u32, length as u32);
        if !self.log.go_on(agent.0, Kind::Delete, position, length, "") {
            self.edit(agent, Stretch::one(Kind::Delete, position, length), "", before)?;
        }
        self.length = Some(before - length);
        Ok(u64::from(self.log.authors[agent.0 as usize].ops))
    }

    fn edit(&mut self, agent: Agent, stretch: Stretch, text: &str, before: u32) -> Result<(), DocumentError> {
        if agent.0 as usize >= self.log.authors.len() {
            return Err(DocumentError::UnknownAgent);
        }
        self.log.check_room(stretch.chars(), text.len())?;
        let parents = self.log.heads.clone();
        self.log.append(Piece { author: agent.0, stretch, parents, before: Some(before), text });
        Ok(())
    }

    /// Code points of the merged document.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn len_chars(&mut self) -> Result<u64, DocumentError> {
        match self.length {
            Some(length) => Ok(u64::from(length)),
            None => self.settled_length().map(u64::from),
        }
    }

    /// The merged text.
    ///
    /// # Errors
    /// Those of [`Self::open`]; none for a document whose history is read or that was just loaded.
    pub fn text(&mut self) -> Result<String, DocumentError> {
        if self.sealed.is_none() {
            self.settle();
        }
        Ok(self.text.text())
    }

    pub(super) fn settled_length(&mut self) -> Result<u32, DocumentError> {
        self.open()?;
        self.settle();
        let length = self.text.len_chars() as u32;
        self.length = Some(length);
        Ok(length)
    }

    /// Whether there is no operation.
    pub fn is_empty(&self) -> bool {
        self.sealed.as_ref().map_or(self.log.runs.is_empty(), Sealed::is_empty)
    }

    /// How many operations of each agent are here.
    pub fn version(&self) -> VectorClock {
        match &self.sealed {
            Some(sealed) => sealed.version(),
            None => {
                self.log.authors.iter().map(|author| (author.id.as_str(), u64::from(author.ops))).collect()
            }
        }
    }

    /// The maximal operations, sorted: the parents of the next one.
    pub fn heads(&self) -> Vec<Dot> {
        match &self.sealed {
            Some(sealed) => sealed.heads(),
            None => {
                let mut heads: Vec<Dot> = self.log.heads.iter().map(|head| self.log.dot_of(*head)).collect();
                heads.sort_unstable();
                heads
            }
        }
    }

    /// The history, read for this call if it is still sealed.
    pub(super) fn history(&self) -> Result<Cow<'_, Log>, DocumentError> {
        match &self.sealed {
            Some(sealed) => Ok(Cow::Owned(sealed.read(&Log::default(), &mut Replay::default())?.0)),
            None => Ok(Cow::Borrowed(&self.log)),
        }
    }

    /// Reads the history of a loaded snapshot, which happens by itself when it is needed.
    ///
    /// # Errors
    /// [`DocumentError`] if the history is not one or does not lead to the snapshot's version and length; every later
    /// call that needs it fails likewise.
    pub fn open(&mut self) -> Result<(), DocumentError> {
        let Some(sealed) = &self.sealed else { return Ok(()) };
        // Agents may have handles already.
        let mut replay = Replay::default();
        let (log, length) = sealed.read(&self.log, &mut replay)?;
        self.applied = log.end();
        self.applied_version = log.heads.clone();
        self.length = Some(length);
        (self.log, self.replay) = (log, replay);
        self.sealed = None;
        Ok(())
    }

    /// Checks that the text is what the history leads to. A snapshot's text is otherwise believed, as far as its
    /// length goes.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not; those of [`Self::open`].
    pub fn verify(&mut self) -> Result<(), DocumentError> {
        self.open()?;
        self.settle();
        let mut replayed = TextDocument { log: std::mem::take(&mut self.log), ..TextDocument::default() };
        replayed.settle();
        self.log = replayed.log;
        match replayed.text.text() == self.text.text() {
            true => Ok(()),
            false => Err(DecodeError::Malformed("the text is not what its history leads to").into()),
        }
    }

    /// The operations beyond `since`, encoded: what a replica at that version lacks. With [`Effort::Fast`]: the tables of
    /// a deflate compressor take longer to make than most diffs to write.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn diff(&self, since: &VectorClock) -> Result<Vec<u8>, DocumentError> {
        let log = self.history()?;
        let since: Vec<u32> = log
            .authors
            .iter()
            .map(|author| since.get(author.id.as_str()).min(u64::from(author.ops)) as u32)
            .collect();
        let mut out = container::begin(CrdtType::Text.envelope_number(), Body::Deltas);
        out.extend(super::encode::body(&log, &since, Effort::Fast));
        Ok(container::seal(out))
    }
}
