//! What the parents of accepted operations are. Those of a new one were read to check it; of a repetition, which may
//! name none, they are read here.

use std::collections::{BTreeMap, HashMap};

use ramanujan_core::{Dot, Problem};

use super::database::Database;
use super::rows::{PARENT_COLUMNS, bad, dot_list};
use crate::apply::cause::Cause;
use crate::apply::check::Accepted;
use crate::apply::known::Known;
use crate::apply::operation::Operation;

impl Database {
    /// Adds to each operation what the first `most` of its parents are.
    ///
    /// # Errors
    /// 503 if the store does not answer, 500 if it lacks a parent.
    pub(super) fn tell_causes(
        &self,
        operations: &[Operation],
        accepted: &mut [Accepted],
        documents: &BTreeMap<&str, Known>,
        most: usize,
    ) -> Result<(), Problem> {
        for (operation, accepted) in operations.iter().zip(accepted) {
            let document = operation.document.as_str();
            let parents = &accepted.record.delta.parents;
            let parents = &parents[..parents.len().min(most)];
            let known = documents.get(document);
            let of = |parent: &Dot| Some(Cause::of(known?.get(parent)?));
            accepted.causes = match parents.iter().map(of).collect() {
                Some(causes) => causes,
                None => self.causes(document, parents)?,
            };
        }
        Ok(())
    }

    fn causes(&self, document: &str, parents: &[Dot]) -> Result<Vec<Cause>, Problem> {
        let sql = format!(
            "SELECT {PARENT_COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
        );
        let dots = dot_list(parents.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        let rows = self.select_parents(&sql, [document.into(), dots.into()])?;
        let mut found: HashMap<&Dot, Cause> =
            rows.iter().map(|row| (&row.outline.dot, Cause::of(row))).collect();
        parents.iter().map(|parent| found.remove(parent).ok_or_else(|| bad("parent"))).collect()
    }
}
