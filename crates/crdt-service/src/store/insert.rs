//! The one statement that stores a batch.

use std::collections::BTreeMap;

use ramanujan_core::Problem;
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::Columns;
use ramanujan_shell::now_millis;
use serde::Serialize;

use super::database::Database;
use crate::apply::check::{Accepted, key_of};
use crate::apply::operation::Operation;

/// One row as a JSON array; the statement picks the columns by place.
#[derive(Serialize)]
struct NewRow<'a>(
    &'a str,
    &'a str,
    u64,
    CrdtType,
    &'static str,
    Option<u64>,
    u64,
    Option<String>,
    u64,
    u64,
    u64,
    String,
    String,
    String,
    String,
    Option<String>,
);

const INSERT: &str = "
    INSERT INTO crdt_deltas (document_id, agent_id, seq, crdt_type, operation, position, length, value, size, plus,
        minus, parents, clock, digest, chain, idempotency_key, received)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
        value->>9, value->>10, value->>11, value->>12, unhex(value->>13), unhex(value->>14), value->>15, ?3
    FROM json_each(?1)
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(?1) n CROSS JOIN crdt_deltas d
        ON d.document_id = n.value->>0 AND d.agent_id = n.value->>1 AND d.seq = n.value->>2)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?1) n CROSS JOIN crdt_deltas d
        ON d.document_id = n.value->>0 AND d.agent_id = n.value->>1 AND d.idempotency_key = n.value->>15
        WHERE n.value->>15 IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE t.value <>
            (SELECT d.crdt_type FROM crdt_deltas d WHERE d.document_id = t.key LIMIT 1))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE 1 =
            (SELECT m.deleted FROM crdt_deletions m WHERE m.document_id = t.key ORDER BY m.id DESC LIMIT 1))
    RETURNING seq";

impl Database {
    /// Stores what is not a duplicate. `false` if a document is deleted, or another writer was quicker with a dot, a key
    /// or a document's type; nothing was stored then.
    pub(super) fn insert_new(
        &self,
        operations: &[Operation],
        accepted: &[Accepted],
        key: Option<&str>,
    ) -> Result<bool, Problem> {
        let mut rows = Vec::with_capacity(accepted.len());
        let mut types = BTreeMap::new();
        let new =
            operations.iter().zip(accepted).enumerate().filter(|(_, (_, accepted))| !accepted.duplicate);
        for (index, (operation, Accepted { record, .. })) in new {
            let Columns { position, length, value } = record.delta.op.columns()?;
            let document = operation.document.as_str();
            types.insert(document, record.crdt_type());
            rows.push(serde_json::to_string(&NewRow(
                document,
                record.dot().agent.as_str(),
                record.dot().seq,
                record.crdt_type(),
                record.delta.op.name(),
                position,
                length,
                value,
                record.size,
                record.totals.p,
                record.totals.n,
                serde_json::to_string(&record.delta.parents)?,
                serde_json::to_string(&record.clock)?,
                record.digest.to_string(),
                record.chain.to_string(),
                key.filter(|_| operation.seq.is_none()).map(|key| key_of(key, index)),
            ))?);
        }
        if rows.is_empty() {
            return Ok(true);
        }
        let rows = format!("[{}]", rows.join(","));
        let params = [rows.into(), serde_json::to_string(&types)?.into(), now_millis().into()];
        Ok(!self.0.execute(INSERT, params)?.is_empty())
    }
}
