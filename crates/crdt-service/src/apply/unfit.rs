//! Why an operation cannot be accepted.

use ramanujan_core::{Code, Problem};
use ramanujan_crdt::TextError;
use ramanujan_crdt::ancestry::NeedsHistory;

/// Why one operation is not accepted as things are.
pub(super) enum Unfit {
    NeedsHistory,
    NeedsOwn,
    Problem(Problem),
}

impl From<Problem> for Unfit {
    fn from(problem: Problem) -> Self {
        Unfit::Problem(problem)
    }
}

impl From<NeedsHistory> for Unfit {
    fn from(_: NeedsHistory) -> Self {
        Unfit::NeedsHistory
    }
}

impl From<TextError> for Unfit {
    fn from(error: TextError) -> Self {
        let code = match &error {
            TextError::NeedsHistory => return Unfit::NeedsHistory,
            // It is in the tail that was read for the fork of another's parents.
            TextError::DuplicateDot(_) => return Unfit::NeedsOwn,
            TextError::OutOfRange { .. } => Code::PositionOutOfRange,
            TextError::TooLong(_) | TextError::TooManyEvents => Code::DocumentTooLong,
            TextError::UnknownParent(_) => Code::UnknownParent,
            TextError::Empty | TextError::NotText(_) => Code::InvalidOperation,
        };
        Problem::new(code, error.to_string()).into()
    }
}
