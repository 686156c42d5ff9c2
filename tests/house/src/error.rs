//! Why a tree cannot be checked.

use std::fmt;

/// A file that is not what it should be.
#[derive(Debug)]
pub enum Error {
    Read { path: String, error: std::io::Error },
    Syntax { path: String, line: usize, error: String },
    Toml { path: String, error: String },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read { path, error } => write!(f, "{path} cannot be read: {error}"),
            Error::Syntax { path, line, error } => write!(f, "{path}:{line}: not Rust: {error}"),
            Error::Toml { path, error } => write!(f, "{path}: not TOML: {error}"),
        }
    }
}

impl std::error::Error for Error {}
