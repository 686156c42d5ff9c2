//! Why a command is not done.

use std::io;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(transparent)]
    Client(#[from] ramanujan_client::Error),
    #[error("{what}: {error}")]
    File { what: String, error: io::Error },
    #[error("standard output cannot be written: {0}")]
    Output(#[from] io::Error),
    #[error("{path} {reason}")]
    Destination { path: String, reason: &'static str },
    #[error("{file}: {reason}")]
    Segment { file: String, reason: String },
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

impl ToolError {
    /// Whether whoever reads the output went away.
    pub(crate) fn is_unread(&self) -> bool {
        use parquet::errors::ParquetError;
        let error = match self {
            ToolError::File { error, .. } | ToolError::Output(error) => Some(error),
            ToolError::Parquet(ParquetError::External(error)) => error.downcast_ref::<io::Error>(),
            _ => None,
        };
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}
