//! Checking operations against what is stored, and storing them, all or none.
//!
//! Everything that a check relies on is immutable, so the only races are two writers taking one dot or one key, giving
//! one document two types, or growing something beyond a bound. The INSERT stores nothing if any of these holds, and the
//! whole check is done again.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::service::max_body;

use super::database::Database;
use crate::apply::check::{self, Accepted, Refusal};
use crate::apply::known::Known;
use crate::apply::operation::Operation;
use crate::record::Recorded;
use crate::weight;

/// How often a check is done again after losing a race: every round at least one other writer has succeeded.
const MAX_ROUNDS: usize = 200;

/// Bytes that a parent takes in a record at most.
const PARENT_BYTES: u64 = 160;
/// Bytes that all else takes in a record at most: its clock, a path by the names of items.
const RECORD_BYTES: u64 = 32_768;
/// Bytes for the document's name, the place in a log and the time, which a record has later.
const PLACE_BYTES: usize = 256;

/// A problem, with the index of the operation that it is about.
pub(crate) type Indexed = (Option<usize>, Problem);

/// How operations are stored.
#[derive(Clone, Copy, Default)]
struct Means<'a> {
    /// The request's idempotency key.
    key: Option<&'a str>,
    /// Of how many parents is told what they are.
    causes: usize,
    /// Whether the operations lead back to what the document has shown before.
    back: bool,
    /// Whether they come from another site: then also into a deleted document, because that may be taken back, and into one
    /// that is being mended, because that is how it is.
    from_site: bool,
}

/// How checked operations are stored.
#[derive(Clone, Copy)]
pub(super) struct Storing<'a> {
    /// Whether they lead back to what a document has shown before.
    pub(super) back: bool,
    /// Whether they come from another site: then also into a document that is deleted or being mended.
    pub(super) from_site: bool,
    /// How often deltas had been taken out of each document when they were checked.
    pub(super) withdrawals: &'a BTreeMap<String, u64>,
}

/// Refuses what is so large that its record, with its parents and its clock, would fit into no request to another site. What
/// only takes away is taken all the same, and what another site hands out is there already.
fn can_be_handed_on(accepted: &[Accepted]) -> Result<(), Problem> {
    let most = max_body()?;
    for Accepted { record, .. } in accepted.iter().filter(|accepted| !accepted.duplicate) {
        let weight = weight::of_op(&record.delta.op);
        let parents = PARENT_BYTES * record.delta.parents.len() as u64;
        if weight == 0 || weight + parents + RECORD_BYTES <= most as u64 {
            continue;
        }
        let bytes = serde_json::to_vec(&Recorded::clone(record).into_wire())?.len() + PLACE_BYTES;
        if bytes > most {
            let detail = format!(
                "{} would take {bytes} bytes with its parents and its clock, and no site takes more than {most} in a request; \
                 write it in smaller parts",
                record.dot()
            );
            return Err(Problem::new(Code::BodyTooLarge, detail).with("limit", most));
        }
    }
    Ok(())
}

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
        self.apply_agreed(operations, Means { key, ..Means::default() }, |_| Ok(()))
    }

    /// As [`Database::apply`], with what the first `causes` parents of each operation are.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn apply_telling(
        &self,
        operations: &[Operation],
        key: Option<&str>,
        causes: usize,
    ) -> Result<Vec<Accepted>, Indexed> {
        self.apply_agreed(operations, Means { key, causes, ..Means::default() }, can_be_handed_on)
    }

    /// As [`Database::apply`], if `agree` does with what would be stored, or is already.
    ///
    /// # Errors
    /// As [`Database::apply`]; what `agree` says, of the whole.
    pub(crate) fn apply_if(
        &self,
        operations: &[Operation],
        key: Option<&str>,
        agree: impl Fn(&[Accepted]) -> Result<(), Problem>,
    ) -> Result<Vec<Accepted>, Indexed> {
        self.apply_agreed(operations, Means { key, ..Means::default() }, agree)
    }

    /// As [`Database::apply`], of operations that lead from the heads, which they were made on, back to what the document has
    /// shown before: they are stored whatever it holds, unless somebody wrote meanwhile, and as long as each of them fits
    /// into a request to another site.
    ///
    /// # Errors
    /// As there; then also 422 `document-too-large`.
    pub(crate) fn apply_back(&self, operations: &[Operation]) -> Result<Vec<Accepted>, Indexed> {
        self.apply_agreed(operations, Means { back: true, ..Means::default() }, can_be_handed_on)
    }

    /// As [`Database::apply_if`], of deltas that another site has stored.
    ///
    /// # Errors
    /// As there, but that a deleted document takes them.
    pub(super) fn apply_from_site(
        &self,
        operations: &[Operation],
        agree: impl Fn(&[Accepted]) -> Result<(), Problem>,
    ) -> Result<Vec<Accepted>, Indexed> {
        self.apply_agreed(operations, Means { from_site: true, ..Means::default() }, agree)
    }

    fn apply_agreed(
        &self,
        operations: &[Operation],
        Means { key, causes, back, from_site }: Means<'_>,
        agree: impl Fn(&[Accepted]) -> Result<(), Problem>,
    ) -> Result<Vec<Accepted>, Indexed> {
        for _ in 0..MAX_ROUNDS {
            let (accepted, withdrawals) = self.accept(operations, key, causes)?;
            agree(&accepted).map_err(of_the_whole)?;
            let storing = Storing { back, from_site, withdrawals: &withdrawals };
            if self.insert_new(operations, &accepted, key, storing).map_err(of_the_whole)? {
                self.queue_snapshots(operations, &accepted);
                return Ok(accepted);
            }
            for (index, operation) in operations.iter().enumerate().filter(|_| !from_site) {
                let refuse = self.refuse_deleted(&operation.document);
                let refuse = refuse.and_then(|()| self.refuse_unmended(&operation.document));
                refuse.map_err(|problem| (Some(index), problem))?;
            }
            self.refuse_beyond(operations, &accepted, back)?;
        }
        let detail = "other writers were quicker every time: try again";
        Err(of_the_whole(Problem::new(Code::TooMuchContention, detail)))
    }

    /// Reads what the operations refer to and checks them; says with them how often deltas had been taken out of each
    /// document.
    fn accept(
        &self,
        operations: &[Operation],
        key: Option<&str>,
        causes: usize,
    ) -> Result<(Vec<Accepted>, BTreeMap<String, u64>), Indexed> {
        let mut needed = check::needs(operations, key);
        let mut has_own = false;
        loop {
            let (mut documents, mut withdrawals) = (BTreeMap::new(), BTreeMap::new());
            for (document, needed) in &needed {
                let found = self.referred(document, needed).map_err(of_the_whole)?;
                withdrawals.insert((*document).to_owned(), found.withdrawals);
                documents.insert(*document, Known::of(found));
            }
            let content_at = |document: &_, heads: &_| self.content_at(document, heads);
            match check::batch(operations, key, &mut documents, &content_at) {
                Ok(mut accepted) => {
                    self.tell_causes(operations, &mut accepted, &documents, causes).map_err(of_the_whole)?;
                    return Ok((accepted, withdrawals));
                }
                Err(Refusal::NeedsHistory { document }) => needed.entry(document).or_default().widen(),
                Err(Refusal::NeedsOwn) if !has_own => {
                    for (document, dot) in check::own_dots(operations) {
                        needed.entry(document).or_default().dots.insert(dot);
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
