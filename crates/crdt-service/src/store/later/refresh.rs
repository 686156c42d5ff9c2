//! Snapshots written ahead of the readers who would want them.

use std::rc::Rc;

use ramanujan_core::Problem;
use ramanujan_shell::log;

use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::later::Kind;
use crate::memo::tier1;
use crate::store::database::Database;
use crate::store::snapshots::tail_bound;

impl Database {
    /// Queues a snapshot of each document whose new deltas make it likely that the tail is long: a reader would write
    /// one too, but only when it has waited for the merge. Trouble with the queue only costs that time.
    pub(in crate::store) fn queue_snapshots(&self, operations: &[Operation], accepted: &[Accepted]) {
        let Ok(bound) = tail_bound() else { return };
        let mut documents: Vec<&str> = operations
            .iter()
            .zip(accepted)
            .filter(|(_, new)| !new.duplicate && new.record.dot().seq.is_multiple_of(bound))
            .filter(|(_, new)| !new.record.crdt_type().is_counter())
            .map(|(operation, _)| operation.document.as_str())
            .collect();
        documents.dedup();
        for document in documents {
            if let Err(problem) = self.enqueue(Kind::Snapshot, document, "") {
                log::info("crdt-service", &format!("no snapshot of {document} queued: {problem}"));
            }
        }
    }

    /// Writes the current state of a document down, whatever the tail; `None` without deltas, else its log position.
    pub(crate) fn refresh_snapshot(&self, document: &str) -> Result<Option<u64>, Problem> {
        let Some(version) = self.current(document)? else { return Ok(None) };
        let mut state = Rc::unwrap_or_clone(self.materialise(document, &version, tier1::base(document))?);
        self.write_snapshot(document, &mut state)?;
        Ok(Some(state.log))
    }
}
