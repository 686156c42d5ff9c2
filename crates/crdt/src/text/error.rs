//! Why a text refuses an operation, a merge or bytes, and how long it gets.

use ramanujan_core::Dot;
use thiserror::Error;

use super::run::{Kind, Lv};
use crate::codec::DecodeError;

/// Longest document, in code points: keeps every position in 32 bits and a checkout within an instance's memory.
pub const MAX_DOCUMENT_LENGTH: u64 = 16 << 20;

/// Most events of one graph, each a code point inserted or deleted: numbers them in 32 bits, with one to spare.
pub(super) const MAX_EVENTS: Lv = Lv::MAX - 1;

/// Why an operation cannot be added, or a version not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// A parent is missing: it has to come first.
    #[error("parent {0} is unknown")]
    UnknownParent(Dot),
    /// A dot names one operation.
    #[error("{0} exists already")]
    DuplicateDot(Dot),
    /// Beyond the end of the version that the operation was made at.
    #[error("{} is past the end: the document has {document} code points there", place(*position, *length))]
    OutOfRange {
        /// Where code points are inserted, or the first one deleted.
        position: u64,
        /// How many are deleted; 0 for an insertion, which needs only its position.
        length: u64,
        /// How many there are.
        document: u64,
    },
    /// No code point is inserted or deleted.
    #[error("an insertion or deletion of nothing is not an operation")]
    Empty,
    /// Beyond [`MAX_DOCUMENT_LENGTH`].
    #[error("the document would have {0} code points; the limit is {MAX_DOCUMENT_LENGTH}")]
    TooLong(u64),
    /// Events are numbered in 32 bits.
    #[error("the history would have more than {MAX_EVENTS} insertions and deletions of a code point")]
    TooManyEvents,
    /// An operation of another type.
    #[error("{0} is not a text operation")]
    NotText(&'static str),
    /// Only a graph loaded in part says this.
    #[error("the fork of the versions, or a text inserted since, is not loaded")]
    NeedsHistory,
}

/// That an insertion or deletion of `length` code points at `position` does not fit a document of `document`.
pub(super) fn out_of_range(kind: Kind, position: u64, length: u64, document: u64) -> TextError {
    let length = if kind == Kind::Insert { 0 } else { length };
    TextError::OutOfRange { position, length, document }
}

/// What lies beyond the end, in words.
fn place(position: u64, length: u64) -> String {
    if length == 0 {
        format!("position {position}")
    } else {
        format!("position {position} + length {length}")
    }
}

/// What a [`super::TextDocument`] refuses; it is then unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// The operation does not fit the version that its parents name.
    #[error(transparent)]
    Text(#[from] TextError),
    /// One dot names two operations: somebody used an agent's name twice, or forged.
    #[error("{0} is here with other content")]
    Conflict(Dot),
    /// An agent's operations come in order.
    #[error("{0} comes first")]
    Gap(Dot),
    /// The parents must be the maximal operations of a past that includes the agent's previous operation.
    #[error("the parents of {0} cover each other, or do not cover its predecessor")]
    Parents(Dot),
    /// The handle is from another document.
    #[error("the agent is unknown to this document")]
    UnknownAgent,
    /// The history has 2^32 code points or bytes.
    #[error("the history is full")]
    Full,
    /// The bytes are no encoding.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}
