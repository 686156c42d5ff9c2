//! Checking operations against what is stored, and storing them, all or none.
//!
//! Everything that a check relies on is immutable, so the only races are two writers taking one dot or one key, or
//! giving one document two types. The INSERT stores nothing if any of these holds, and the whole check is done again.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Problem};

use super::database::Database;
use crate::apply::check::{self, Accepted, Refusal};
use crate::apply::known::Known;
use crate::apply::operation::Operation;

/// How often a check is done again after losing a race: every round at least one other writer has succeeded.
const MAX_ROUNDS: usize = 200;

/// A problem, with the index of the operation that it is about.
pub(crate) type Indexed = (Option<usize>, Problem);

fn of_the_whole(problem: Problem) -> Indexed {
    (None, problem)
}

impl Database {
    /// Checks and stores operations, all or none. `key` is the request's idempotency key.
    ///
    /// # Errors
    /// Whatever refuses an operation, with its index; 503 if the store does not answer, or if other writers were quicker
    /// every time.
    pub(crate) fn apply(
        &self,
        operations: &[Operation],
        key: Option<&str>,
    ) -> Result<Vec<Accepted>, Indexed> {
        for round in 0..MAX_ROUNDS {
            let accepted = self.accept(operations, key, round > 0)?;
            if self.insert_new(operations, &accepted, key).map_err(of_the_whole)? {
                self.queue_snapshots(operations, &accepted);
                return Ok(accepted);
            }
            for (index, operation) in operations.iter().enumerate() {
                self.refuse_deleted(&operation.document).map_err(|problem| (Some(index), problem))?;
            }
        }
        let detail = "other writers were quicker every time: try again";
        Err(of_the_whole(Problem::new(Code::TooMuchContention, detail)))
    }

    /// Reads what the operations refer to and checks them. `look_for_own`: their own dots may be stored already.
    fn accept(
        &self,
        operations: &[Operation],
        key: Option<&str>,
        look_for_own: bool,
    ) -> Result<Vec<Accepted>, Indexed> {
        let mut needed = check::needs(operations, key, look_for_own);
        let mut has_own = look_for_own;
        loop {
            let mut documents = BTreeMap::new();
            for (document, needed) in &needed {
                let found = self.referred(document, needed).map_err(of_the_whole)?;
                documents.insert(*document, Known::of(found));
            }
            let content_at = |document: &_, clock: &_| self.content_at(document, clock);
            match check::batch(operations, key, &mut documents, &content_at) {
                Ok(accepted) => return Ok(accepted),
                Err(Refusal::NeedsHistory { document }) => needed.entry(document).or_default().widen(),
                Err(Refusal::NeedsOwn) if !has_own => {
                    for (document, own) in check::needs(operations, key, true) {
                        needed.entry(document).or_default().dots.extend(own.dots);
                    }
                    has_own = true;
                }
                Err(Refusal::NeedsOwn) => {
                    let detail = "an operation is in the log, and its row is not";
                    return Err(of_the_whole(Problem::new(Code::StoreCorrupt, detail)));
                }
                Err(Refusal::Operation(index, problem)) => return Err((Some(index), problem)),
            }
        }
    }
}
