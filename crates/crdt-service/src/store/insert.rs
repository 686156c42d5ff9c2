//! The one statement that stores a batch.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Dot, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::Columns;
use ramanujan_shell::now_millis;
use serde::Serialize;

use super::bounds::{Bounds, Growth, agents_exceeded, bytes_exceeded, documents_exceeded};
use super::database::Database;
use crate::apply::check::{Accepted, key_of};
use crate::apply::operation::Operation;

/// One row as a JSON array; the statement picks the columns by place. The last but one is what the delta has seen of the
/// heads, if it has seen all of its batch before it: it is whole if there is no other head by the time that it is stored.
/// The last is its weight.
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
    Option<&'a BTreeSet<Dot>>,
    u64,
);

/// Heads are counted, those that were seen and all: to look for one that was not seen would read what was seen through
/// once for each.
const INSERT: &str = concat!(
    "
    INSERT INTO crdt_deltas (document_id, agent_id, seq, crdt_type, operation, position, length, content, size, plus,
        minus, parents, clock, digest, hash, chain, idempotency_key, received, weight, whole)
    SELECT new.value->>0, new.value->>1, new.value->>2, new.value->>3, new.value->>4, new.value->>5, new.value->>6, new.value->>7, new.value->>8,
        new.value->>9, new.value->>10, new.value->>11, new.value->>12, unhex(new.value->>13), unhex(new.value->>14), x'', new.value->>15, ?3, new.value->>17,
        new.value->>16 IS NOT NULL
            AND (SELECT COUNT(*) FROM crdt_heads h WHERE h.document_id = new.value->>0)
            = (SELECT COUNT(*) FROM (
                    SELECT value FROM json_each(new.value->16) UNION SELECT value FROM json_each(new.value->>11)) seen
                CROSS JOIN crdt_heads h ON h.document_id = new.value->>0 AND h.dot = seen.value)
    FROM json_each(?1) new
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(?1) n CROSS JOIN crdt_deltas d
        ON d.document_id = n.value->>0 AND d.agent_id = n.value->>1 AND d.seq = n.value->>2)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?1) n CROSS JOIN crdt_deltas d
        ON d.document_id = n.value->>0 AND d.agent_id = n.value->>1 AND d.idempotency_key = n.value->>15
        WHERE n.value->>15 IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE t.value <>
            (SELECT d.crdt_type FROM crdt_documents d WHERE d.document_id = t.key))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE 1 =
            (SELECT m.deleted FROM crdt_deletions m WHERE m.document_id = t.key ORDER BY m.id DESC LIMIT 1))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?4) g LEFT JOIN crdt_documents d ON d.document_id = g.key
        WHERE ",
    agents_exceeded!("?5"),
    " OR ",
    bytes_exceeded!("?6"),
    ")
    AND NOT ",
    documents_exceeded!("?4", "?7"),
    "
    RETURNING seq"
);

impl Database {
    /// Stores what is not a duplicate. `false` if a document is deleted, another writer was quicker with a dot, a key
    /// or a document's type, or something grew beyond a bound; nothing was stored then.
    pub(super) fn insert_new(
        &self,
        operations: &[Operation],
        accepted: &[Accepted],
        key: Option<&str>,
    ) -> Result<bool, Problem> {
        let mut rows = Vec::with_capacity(accepted.len());
        let mut types = BTreeMap::new();
        let mut growth: BTreeMap<&str, Growth<'_>> = BTreeMap::new();
        let new =
            operations.iter().zip(accepted).enumerate().filter(|(_, (_, accepted))| !accepted.duplicate);
        for (index, (operation, Accepted { record, seen, .. })) in new {
            let Columns { position, length, value } = record.delta.op.columns()?;
            let document = operation.document.as_str();
            types.insert(document, record.crdt_type());
            let weight = growth.entry(document).or_default().add(record, seen.as_deref());
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
                record.clock.as_ref().map(serde_json::to_string).transpose()?.unwrap_or_default(),
                record.digest.to_string(),
                record.hash.to_string(),
                key.filter(|_| operation.seq.is_none()).map(|key| key_of(key, index)),
                seen.as_deref(),
                weight,
            ))?);
        }
        if rows.is_empty() {
            return Ok(true);
        }
        let rows = format!("[{}]", rows.join(","));
        let bounds = Bounds::read()?;
        let params = [
            rows.into(),
            serde_json::to_string(&types)?.into(),
            now_millis().into(),
            serde_json::to_string(&growth)?.into(),
            bounds.agents.into(),
            bounds.bytes.into(),
            bounds.documents.into(),
        ];
        Ok(!self.0.execute(INSERT, params)?.is_empty())
    }
}
