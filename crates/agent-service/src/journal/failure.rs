//! Why a request to the server has no useful answer.

use std::fmt;

/// No answer, or one that says that the server cannot just now. Trying again may help.
#[derive(Debug)]
pub struct Failure {
    what: &'static str,
    why: String,
}

impl Failure {
    /// A failure of what was done, with the reason.
    pub fn new(what: &'static str, why: impl fmt::Display) -> Self {
        Self { what, why: why.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::error::Error for Failure {}
