//! Documents from before deltas had hashes: these, and the tables that are kept by a trigger since, are made when such a
//! document is first touched.
//!
//! Every statement may be run again, by another instance at the same time too. The document's row is written last, and
//! nobody adds a delta before it is there, so what is derived from the old rows holds until then.

use std::collections::{BTreeMap, HashMap};

use ramanujan_core::{Digest, Dot, Problem};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::state::hash_of;
use ramanujan_shell::Row;
use serde_json::json;

use super::database::Database;
use super::rows::{bad, read_parents, split};
use crate::content::corrupt;

/// Rows read and written at a time: bounds the memory of one statement to some MiB.
const ROWS: u64 = 4096;

/// What the old rows of a document add up to.
#[derive(Default)]
struct Summary {
    hashes: HashMap<Dot, Digest>,
    heads: BTreeMap<Dot, Digest>,
    agents: BTreeMap<String, (u64, Totals, u64)>,
    operations: u64,
    /// Of the newest row.
    last: u64,
}

impl Database {
    /// Makes what a document lacks, if its rows are old ones; says whether they are.
    pub(super) fn upgrade(&self, document: &str) -> Result<bool, Problem> {
        let sql = "SELECT 1 FROM crdt_deltas WHERE document_id = ?1 LIMIT 1";
        if self.0.execute(sql, [document.into()])?.is_empty() {
            return Ok(false);
        }
        let mut summary = Summary::default();
        while self.upgrade_page(document, &mut summary)? {}
        self.upgrade_freezes(document, &summary.hashes)?;
        let heads: Vec<_> =
            summary.heads.iter().map(|(dot, hash)| json!([dot, dot.agent, dot.seq, hash])).collect();
        let sql = "INSERT INTO crdt_heads SELECT ?1, value->>0, value->>1, value->>2, unhex(value->>3)
            FROM json_each(?2)
            WHERE NOT EXISTS (SELECT 1 FROM crdt_documents WHERE document_id = ?1) ON CONFLICT DO NOTHING";
        self.0.execute(sql, [document.into(), serde_json::to_string(&heads)?.into()])?;
        let agents: Vec<_> = summary
            .agents
            .iter()
            .map(|(agent, (seq, totals, log))| json!([agent, seq, totals.p, totals.n, log]))
            .collect();
        let sql = "INSERT INTO crdt_agents SELECT ?1, value->>0, value->>1, value->>2, value->>3,
                value->>4
            FROM json_each(?2)
            WHERE NOT EXISTS (SELECT 1 FROM crdt_documents WHERE document_id = ?1) ON CONFLICT DO NOTHING";
        self.0.execute(sql, [document.into(), serde_json::to_string(&agents)?.into()])?;
        let value: i128 =
            summary.agents.values().map(|(_, totals, _)| i128::from(totals.p) - i128::from(totals.n)).sum();
        let (value, carry) = split(value);
        let sql = "INSERT INTO crdt_documents
            (document_id, crdt_type, operations, agents, value, size, log, received, carry)
            SELECT document_id, crdt_type, ?2, ?3, ?4, size, log, received, ?6 FROM crdt_deltas WHERE log = ?5
            ON CONFLICT DO NOTHING";
        let (operations, agents) = (summary.operations, summary.agents.len() as u64);
        let params = [
            document.into(),
            operations.into(),
            agents.into(),
            value.into(),
            summary.last.into(),
            carry.into(),
        ];
        self.0.execute(sql, params)?;
        Ok(true)
    }

    /// The hashes of the next rows; false if there are none.
    fn upgrade_page(&self, document: &str, summary: &mut Summary) -> Result<bool, Problem> {
        let sql = "SELECT log, agent_id, seq, parents, digest, hash, plus, minus FROM crdt_deltas
             WHERE document_id = ?1 AND log > ?2 ORDER BY log LIMIT ?3";
        let rows = self.0.execute(sql, [document.into(), summary.last.into(), ROWS.into()])?;
        let mut new = Vec::with_capacity(rows.len());
        for row in &rows {
            let (log, hash, whole) = summary.take(document, row)?;
            if row.is_null(5) {
                new.push(json!([log, hash, u8::from(whole)]));
            }
        }
        let sql = "UPDATE crdt_deltas SET hash = unhex(n.value->>1), whole = n.value->>2
            FROM (SELECT value FROM json_each(?1)) n WHERE log = n.value->>0";
        if !new.is_empty() {
            self.0.execute(sql, [serde_json::to_string(&new)?.into()])?;
        }
        Ok(!rows.is_empty())
    }
}

impl Summary {
    fn take(&mut self, document: &str, row: &Row) -> Result<(u64, Digest, bool), Problem> {
        let (log, agent, seq) = (row.uint(0)?, row.text(1)?, row.uint(2)?);
        let dot = Dot::new(agent.parse().map_err(|_| bad("agent_id"))?, seq);
        let parents = read_parents(&dot, row.text(3)?)?;
        let digest = Digest(row.blob(4)?.try_into().map_err(|_| bad("digest"))?);
        let find = |parent: &Dot| {
            self.hashes.get(parent).ok_or_else(|| corrupt(document, format!("{dot} comes before {parent}")))
        };
        let hash = hash_of(&digest, parents.iter().map(find).collect::<Result<Vec<_>, _>>()?);
        let whole = self.heads.keys().all(|head| parents.contains(head));
        for parent in &parents {
            self.heads.remove(parent);
        }
        self.heads.insert(dot.clone(), hash);
        self.hashes.insert(dot, hash);
        let totals = Totals { p: row.uint(6)?, n: row.uint(7)? };
        self.agents.insert(agent.to_owned(), (seq, totals, log));
        self.operations += 1;
        self.last = log;
        Ok((log, hash, whole))
    }
}
