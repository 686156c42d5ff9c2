use super::Status;

/// Why a command was refused. [`Rejection::code`] is stable and is what a reply carries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A member is empty, too large or malformed.
    #[error("{field}: {why}")]
    Validation {
        /// Path of the member.
        field: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No such agent.
    #[error("there is no agent {0}")]
    NotFound(String),
    /// The life cycle does not allow it now.
    #[error("an agent that is {from:?} does not take {what}")]
    InvalidTransition {
        /// Status of the agent.
        from: Status,
        /// What was asked.
        what: &'static str,
    },
    /// Another writer was first.
    #[error("expected version {expected}, the agent is at {actual}")]
    Conflict {
        /// Version that the command was made for.
        expected: u64,
        /// Version of the agent.
        actual: u64,
    },
    /// The command is for another agent than the state.
    #[error("the command is for {command}, the agent is {agent}")]
    SubjectMismatch {
        /// Agent that the command names.
        command: String,
        /// Agent of the state.
        agent: String,
    },
}

impl Rejection {
    /// `VALIDATION`, `NOT_FOUND`, `INVALID_TRANSITION`, `CONFLICT` or `SUBJECT_MISMATCH`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Validation { .. } => "VALIDATION",
            Self::NotFound(_) => "NOT_FOUND",
            Self::InvalidTransition { .. } => "INVALID_TRANSITION",
            Self::Conflict { .. } => "CONFLICT",
            Self::SubjectMismatch { .. } => "SUBJECT_MISMATCH",
        }
    }
}
