//! What the parents of accepted operations are. Those of a new one were read to check it; of a repetition, which may
//! name none, they are read here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ramanujan_core::{Dot, Problem};

use super::database::Database;
use super::rows::{PARENT_COLUMNS, bad, dot_list};
use crate::apply::cause::Cause;
use crate::apply::check::Accepted;
use crate::apply::known::Known;
use crate::apply::operation::Operation;
use crate::record::Recorded;

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

    /// What the first `most` parents of each of these deltas are. Those among the deltas are not read.
    ///
    /// # Errors
    /// As [`Database::tell_causes`].
    pub(crate) fn causes_of(
        &self,
        document: &str,
        deltas: &[Recorded],
        most: usize,
    ) -> Result<Vec<Vec<Cause>>, Problem> {
        let own: HashMap<&Dot, &Recorded> = deltas.iter().map(|delta| (delta.dot(), delta)).collect();
        let named = |delta: &'_ Recorded| delta.delta.parents.len().min(most);
        let others: BTreeSet<&Dot> = deltas
            .iter()
            .flat_map(|delta| &delta.delta.parents[..named(delta)])
            .filter(|parent| !own.contains_key(parent))
            .collect();
        let others: Vec<Dot> = others.into_iter().cloned().collect();
        let read = self.causes(document, &others)?;
        let read: HashMap<&Dot, &Cause> = others.iter().zip(&read).collect();
        let of = |parent: &Dot| match own.get(parent) {
            Some(delta) => Some(Cause::of_record(delta)),
            None => read.get(parent).map(|cause| Cause::clone(cause)),
        };
        let all = |delta: &Recorded| -> Option<Vec<Cause>> {
            delta.delta.parents[..named(delta)].iter().map(of).collect()
        };
        deltas.iter().map(|delta| all(delta).ok_or_else(|| bad("parent"))).collect()
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
