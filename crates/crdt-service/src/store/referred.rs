//! Reading what the operations on one document refer to.

use ramanujan_core::Problem;
use ramanujan_crdt::counter::Totals;

use super::database::Database;
use super::rows::{COLUMNS, OUTLINE_COLUMNS, PARENT_COLUMNS, bad, dot_list};
use crate::apply::known::{Found, Last, Needed};

impl Database {
    pub(super) fn referred(&self, document: &str, needed: &Needed) -> Result<Found, Problem> {
        let mut found = Found::default();
        // Before the heads: what an agent writes meanwhile is among the heads then, and its number is taken.
        let sql = "SELECT d.crdt_type, a.agent_id, a.seq, a.plus, a.minus, a.log FROM crdt_documents d
             LEFT JOIN crdt_agents a ON a.document_id = ?1 AND a.agent_id IN (SELECT value FROM json_each(?2))
             WHERE d.document_id = ?1";
        let read = || self.0.execute(sql, [document.into(), serde_json::to_string(&needed.agents)?.into()]);
        let mut rows = read()?;
        if rows.is_empty() && self.upgrade(document)? {
            rows = read()?;
        }
        for row in rows {
            found.crdt_type = Some(row.text(0)?.parse().map_err(|_| bad("crdt_type"))?);
            if !row.is_null(1) {
                let totals = Totals { p: row.uint(3)?, n: row.uint(4)? };
                let last = Last { seq: row.uint(2)?, totals, log: row.uint(5)? };
                found.agents.insert(row.text(1)?.to_owned(), last);
            }
        }
        if !needed.dots.is_empty() {
            let sql = format!(
                "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
            );
            let dots = dot_list(needed.dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
            found.deltas = self.select(&sql, [document.into(), dots.into()])?;
        }
        if !needed.parents.is_empty() {
            let sql = format!(
                "SELECT {PARENT_COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
            );
            let dots = dot_list(needed.parents.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
            found.parents = self.select_parents(&sql, [document.into(), dots.into()])?;
        }
        if needed.heads {
            let sql = format!(
                "SELECT {PARENT_COLUMNS} FROM crdt_heads h CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = h.agent_id AND d.seq = h.seq WHERE h.document_id = ?1"
            );
            let heads = self.select_parents(&sql, [document.into()])?;
            found.heads = Some(heads.iter().map(|head| head.outline.dot.clone()).collect());
            found.parents.extend(heads);
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
            // What is asked for lies before the newest parent, wherever the document has got to since.
            let parents = found.parents.iter().map(|delta| delta.outline.log);
            let newest_parent = parents.chain(found.deltas.iter().map(|delta| delta.log)).max().unwrap_or(0);
            let sql = format!(
                "SELECT {OUTLINE_COLUMNS}, '' FROM crdt_deltas d
                 WHERE d.document_id = ?1 AND d.log <= ?2 ORDER BY d.log DESC LIMIT ?3"
            );
            let params = [document.into(), newest_parent.into(), needed.tail.into()];
            found.tail = self.select_outlines(&sql, params)?;
            found.is_all = (found.tail.len() as u64) < needed.tail;
            found.tail.reverse();
        }
        Ok(found)
    }
}
