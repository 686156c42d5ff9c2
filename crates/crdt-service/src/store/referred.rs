//! Reading what the operations on one document refer to.

use ramanujan_core::{Code, Problem};
use ramanujan_crdt::types::UnknownType;

use super::database::Database;
use super::rows::{COLUMNS, OUTLINE_COLUMNS, dot_list};
use crate::apply::known::{Found, Needed};

impl Database {
    pub(super) fn referred(&self, document: &str, needed: &Needed) -> Result<Found, Problem> {
        let mut found = Found::default();
        if !needed.dots.is_empty() {
            let sql = format!(
                "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
            );
            let dots = dot_list(needed.dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
            found.deltas = self.select(&sql, [document.into(), dots.into()])?;
        }
        if needed.newest {
            let newest = self.newest_until(document, u64::MAX)?;
            found.newest = newest.iter().map(|last| last.dot().clone()).collect();
            found.deltas.extend(newest);
        }
        for (agent, key) in &needed.keys {
            let sql = format!(
                "SELECT {COLUMNS} FROM crdt_deltas d
                 WHERE d.document_id = ?1 AND d.agent_id = ?2 AND d.idempotency_key = ?3"
            );
            for delta in self.select(&sql, [document.into(), agent.as_str().into(), key.as_str().into()])? {
                found.by_key.push((agent.clone(), key.clone(), delta.dot().clone()));
                found.deltas.push(delta);
            }
        }
        if needed.tail > 0 {
            // The fork lies before the newest parent, wherever the document has got to since.
            let newest_parent = found.deltas.iter().map(|delta| delta.log).max().unwrap_or(0);
            let sql = format!(
                "SELECT {OUTLINE_COLUMNS}, '' FROM crdt_deltas
                 WHERE document_id = ?1 AND log <= ?2 AND crdt_type = 'text' ORDER BY log DESC LIMIT ?3"
            );
            let params = [document.into(), newest_parent.into(), needed.tail.into()];
            found.tail = self.select_outlines(&sql, params)?;
            found.tail.reverse();
        }
        found.deltas.sort_unstable_by_key(|delta| delta.log);
        found.deltas.dedup_by_key(|delta| delta.log);
        if found.deltas.is_empty() {
            let sql = "SELECT crdt_type FROM crdt_deltas WHERE document_id = ?1 LIMIT 1";
            if let Some(row) = self.0.execute(sql, [document.into()])?.first() {
                let crdt_type = row
                    .text(0)?
                    .parse()
                    .map_err(|error: UnknownType| Problem::new(Code::StoreCorrupt, error.to_string()));
                found.crdt_type = Some(crdt_type?);
            }
        }
        Ok(found)
    }
}
