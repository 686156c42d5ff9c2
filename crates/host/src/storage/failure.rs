//! Why a statement gave no rows.

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;
use thiserror::Error;

use super::durability::NotDurable;

/// Most bytes of one result, so that a careless query cannot fill the host's memory.
pub(super) const MAX_RESULT_BYTES: usize = 128 << 20;
/// Bytes of a result beyond which a read is not short any more.
pub(super) const MAX_BRIEF_BYTES: usize = 256 << 10;

/// Why a statement gave no rows. Its text is what the component is told.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// SQLite's own error, in its own words.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A value that is no text although SQLite calls it one.
    #[error(transparent)]
    Value(#[from] FromSqlError),
    /// The rows are too many for one answer.
    #[error("query result exceeds limit of {MAX_RESULT_BYTES} bytes")]
    ResultTooLarge,
    /// The database's writer has ended, as it does when the host ends.
    #[error("the database is closed")]
    Closed,
    /// A file of the database was deleted or replaced while it was open.
    #[error(
        "the database's file was deleted or replaced under the running host; the host's log says what to do"
    )]
    Lost,
    /// The disk has failed.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
    /// The thread that read has failed.
    #[error(transparent)]
    Reader(#[from] tokio::task::JoinError),
}

impl Failure {
    /// What the operator can do, where the disk and not the statement is to blame.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        let Failure::Sqlite(error) = self else { return None };
        match error.sqlite_error_code()? {
            ErrorCode::DiskFull => Some("make room"),
            ErrorCode::SystemIoFailure => Some("see whether its disk is full or broken"),
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => {
                Some("see whether the host may write it and its folder, and whether their disk is full")
            }
            _ => None,
        }
    }
}
