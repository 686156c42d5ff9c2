//! The one statement that stores a batch.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Code, Dot, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::Columns;
use ramanujan_shell::now_millis;
use serde::Serialize;

use super::apply::Storing;
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

/// The members of a row are taken out of it once: where they are asked for in a loop, its text, which may name thousands of
/// parents, is looked through each time. Heads are counted, those that were seen and all: to look for one that was not seen would read what was seen through
/// once for each.
const INSERT: &str = concat!(
    "
    WITH new AS MATERIALIZED (
        SELECT key AS place, value->>0 AS document_id, value->>1 AS agent_id, value->>2 AS seq, value->>3 AS crdt_type,
            value->>4 AS operation, value->>5 AS position, value->>6 AS length, value->>7 AS content, value->>8 AS size,
            value->>9 AS plus, value->>10 AS minus, value->>11 AS parents, value->>12 AS clock, value->>13 AS digest,
            value->>14 AS hash, value->>15 AS idempotency_key, value->16 AS seen, value->>17 AS weight
        FROM json_each(?1))
    INSERT INTO crdt_deltas (document_id, agent_id, seq, crdt_type, operation, position, length, content, size, plus,
        minus, parents, clock, digest, hash, chain, idempotency_key, received, weight, whole)
    SELECT new.document_id, new.agent_id, new.seq, new.crdt_type, new.operation, new.position, new.length, new.content,
        new.size, new.plus, new.minus, new.parents, new.clock, unhex(new.digest), unhex(new.hash), x'',
        new.idempotency_key, ?3, new.weight,
        json_type(new.seen) <> 'null'
            AND (SELECT COUNT(*) FROM crdt_heads h WHERE h.document_id = new.document_id)
            = (SELECT COUNT(*) FROM (
                    SELECT value FROM json_each(new.seen) UNION SELECT value FROM json_each(new.parents)) seen
                CROSS JOIN crdt_heads h ON h.document_id = new.document_id AND h.dot = seen.value)
    FROM new
    WHERE NOT EXISTS (
        SELECT 1 FROM new n CROSS JOIN crdt_deltas d
        ON d.document_id = n.document_id AND d.agent_id = n.agent_id AND d.seq = n.seq)
    AND NOT EXISTS (
        SELECT 1 FROM new n CROSS JOIN crdt_deltas d
        ON d.document_id = n.document_id AND d.agent_id = n.agent_id AND d.idempotency_key = n.idempotency_key
        WHERE n.idempotency_key IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE t.value <>
            (SELECT d.crdt_type FROM crdt_documents d WHERE d.document_id = t.key))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t WHERE ?8 = 0 AND 1 =
            (SELECT m.deleted FROM crdt_deletions m WHERE m.document_id = t.key ORDER BY m.id DESC LIMIT 1))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?9) e WHERE e.value <>
            (SELECT COUNT(*) FROM crdt_withdrawals w WHERE w.document_id = e.key))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) t CROSS JOIN crdt_withdrawals w
        ON w.document_id = t.key AND w.ended IS NULL WHERE ?8 = 0)
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
    ORDER BY new.place
    RETURNING seq"
);

impl Database {
    /// Stores what is not a duplicate. `false` if a document is deleted or being mended and may not be, deltas were taken out
    /// of one since it was read, another writer was quicker with a dot, a key or a document's type, or something grew beyond
    /// a bound; nothing was stored then.
    pub(super) fn insert_new(
        &self,
        operations: &[Operation],
        accepted: &[Accepted],
        key: Option<&str>,
        Storing { back, from_site, withdrawals }: Storing<'_>,
    ) -> Result<bool, Problem> {
        // One buffer: what a restore brings back may be as large as a document.
        let mut rows = Vec::new();
        let bounds = Bounds::read()?;
        let mut types = BTreeMap::new();
        let mut growth: BTreeMap<&str, Growth<'_>> = BTreeMap::new();
        let new =
            operations.iter().zip(accepted).enumerate().filter(|(_, (_, accepted))| !accepted.duplicate);
        for (index, (operation, Accepted { record, seen, .. })) in new {
            let Columns { position, length, value } = record.delta.op.columns()?;
            let document = operation.document.as_str();
            types.insert(document, record.crdt_type());
            let weight = growth.entry(document).or_insert_with(|| Growth::back(back)).add(
                record,
                seen.as_deref(),
                &bounds,
            );
            rows.push(if rows.is_empty() { b'[' } else { b',' });
            let row = NewRow(
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
            );
            serde_json::to_writer(&mut rows, &row)?;
        }
        if rows.is_empty() {
            return Ok(true);
        }
        rows.push(b']');
        let rows =
            String::from_utf8(rows).map_err(|error| Problem::new(Code::Encoding, error.to_string()))?;
        let params = [
            rows.into(),
            serde_json::to_string(&types)?.into(),
            now_millis().into(),
            serde_json::to_string(&growth)?.into(),
            bounds.agents.into(),
            bounds.bytes.into(),
            bounds.documents.into(),
            u64::from(from_site).into(),
            serde_json::to_string(withdrawals)?.into(),
        ];
        Ok(!self.0.execute(INSERT, params)?.is_empty())
    }
}
