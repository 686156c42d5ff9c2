//! Why a load has no report.

use std::io;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Client(#[from] ramanujan_client::Error),
    #[error(transparent)]
    Id(#[from] ramanujan_core::id::InvalidId),
    #[error("signals cannot be caught: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Fleet(io::Error),
    #[error("the record of acknowledged operations: {0}")]
    Record(io::Error),
    #[error("{one} and {other} do not agree on {document} before the load; see `ramanujan fleet check`")]
    Disagree { document: String, one: String, other: String },
}
