//! The one statement that stores a batch.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::{Store, now_millis};
use serde::Serialize;

use super::check::{Checked, key_of};
use crate::row::columns;

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

/// Stores what is not a duplicate. `false` if a document is deleted, or another writer was quicker with a dot, a key or
/// a document's type; nothing was stored then.
pub(super) fn all_new(
    store: &Store,
    requests: &[OperationRequest],
    checked: &[Checked],
    key: Option<&str>,
) -> Result<bool, Problem> {
    let mut rows = Vec::with_capacity(checked.len());
    let mut types = BTreeMap::new();
    for (index, (request, new)) in requests.iter().zip(checked).enumerate().filter(|(_, (_, c))| !c.duplicate)
    {
        let (position, length, value) = columns(&new.delta.op)?;
        let crdt_type = new.delta.op.crdt_type();
        types.insert(request.document_id.as_str(), crdt_type);
        rows.push(to_json(&NewRow(
            request.document_id.as_str(),
            new.delta.dot.agent.as_str(),
            new.delta.dot.seq,
            crdt_type,
            new.delta.op.name(),
            position,
            length,
            value,
            new.size,
            new.totals.p,
            new.totals.n,
            to_json(&new.delta.parents)?,
            to_json(&new.clock)?,
            new.digest.to_string(),
            new.chain.to_string(),
            if request.seq.is_none() { key.map(|key| key_of(key, index)) } else { None },
        ))?);
    }
    if rows.is_empty() {
        return Ok(true);
    }
    let params = [format!("[{}]", rows.join(",")).into(), to_json(&types)?.into(), now_millis().into()];
    Ok(!store.execute(INSERT, params)?.is_empty())
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
}
