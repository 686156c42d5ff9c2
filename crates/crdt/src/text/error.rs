//! Why a text document refuses an operation, a merge or bytes.

use ramanujan_core::Dot;
use thiserror::Error;

use super::TextError;
use super::container::DecodeError;

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
    #[error(transparent)]
    Decode(#[from] DecodeError),
}
