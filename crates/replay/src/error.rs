//! Why a replay is not brought to its end.

use ramanujan_client::Error;

use crate::session::SessionError;

/// Why a replay could not be brought to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Client(#[from] Error),
    #[error("document {document:?} holds {reason}; choose another with --document")]
    Occupied { document: String, reason: String },
    #[error("operation {operation} was refused: {reason}")]
    Refused { operation: String, reason: String },
}
