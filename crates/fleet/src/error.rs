//! Why a command of the fleet cannot be done.

use std::io;

/// In a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// What the command line asks for cannot be had.
    #[error("{0}")]
    Asked(String),
    /// A file, a socket or a process of the fleet; the text says which.
    #[error("{what}: {error}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why it could not be.
        error: io::Error,
    },
    /// A site did not come up.
    #[error("{site} did not start: {reason}")]
    Start {
        /// Its name.
        site: String,
        /// What its host said last.
        reason: String,
    },
    /// A site's address cannot be used.
    #[error(transparent)]
    Client(#[from] ramanujan_client::Error),
}

impl FleetError {
    /// A failure while doing `what`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| FleetError::Io { what, error }
    }
}
