//! What `/sync/rollback` says of documents, wherever they were brought back to.

use ramanujan_core::{Digest, DocumentId, Dot, Problem};
use ramanujan_shell::{Response, ok};
use ramanujan_sync::SiteId;
use serde::Serialize;
use serde_json::{Value, json};

use super::asked::Doing;
use super::pages;
use crate::sites::ledger::Budget;
use crate::store::log::{self, Happened};

/// What became of a document.
#[derive(Serialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(rename = "RolledBackDocument")
)]
pub(crate) struct RolledBack {
    /// The document.
    pub(super) document_id: DocumentId,
    /// The operations that were appended; none if it showed that already.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<String>"))]
    pub(super) operation_ids: Vec<Dot>,
    /// SHA-256 of the value that it shows now; null where it was left as it is, and where the target is a peer.
    pub(super) value_digest: Option<Digest>,
    /// Where the target is a peer: operations that were taken out with this call, because the peer holds others under their
    /// dots or under those that they were made after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) withdrawn: Option<u64>,
    /// Where the target is a peer: what it holds is not all here yet; the next call goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open: Option<bool>,
    /// Why it was left as it is: the code of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

/// What a call brought back.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct RollbackReply {
    /// `rollback`.
    operation: Doing,
    /// Each document.
    documents: Vec<RolledBack>,
    /// Operations that were appended.
    appended: usize,
    /// Documents that were left as they are because of a problem.
    failed: usize,
    /// The time was up: the next call goes on at `next_cursor`; or, where the target is a peer, something is open.
    degraded: bool,
    /// Pass as `cursor` to go on; null at the end.
    next_cursor: Option<String>,
    /// What `/sync/object/{hash}` finds the entry of the log by.
    digest: Option<Digest>,
    /// How long the call took, in milliseconds.
    latency_ms: u64,
    /// How long it may take.
    budget_ms: u64,
}

/// Writes an entry of the log, and shapes the reply.
pub(super) fn reply(
    done: Vec<RolledBack>,
    next: Option<u64>,
    site: Option<&SiteId>,
    mut detail: Value,
    budget: &Budget,
) -> Result<Response, Problem> {
    let is_open = |one: &RolledBack| one.open == Some(true);
    let changed =
        |one: &RolledBack| !one.operation_ids.is_empty() || one.withdrawn.is_some_and(|count| count > 0);
    let named = done.iter().filter(|one| changed(one) || one.code.is_some() || is_open(one)).take(64);
    let named: Vec<Value> = named
        .map(|one| {
            let mut named =
                json!({"document_id": one.document_id, "operations": one.operation_ids.len(), "code": one.code});
            if let Some(withdrawn) = one.withdrawn {
                named["withdrawn"] = withdrawn.into();
            }
            named
        })
        .collect();
    let appended = done.iter().map(|one| one.operation_ids.len()).sum();
    detail["documents"] = done.len().into();
    detail["appended"] = Value::from(appended);
    detail["named"] = named.into();
    // With a peer the next call goes on by itself: what is done is not among the documents any more.
    let is_left = next.is_some() && (budget.is_over() || site.is_some());
    let site = site.map(ToString::to_string);
    let digest = log::append(&[Happened { kind: "rollback", site, document: None, detail }])?;
    ok(&RollbackReply {
        operation: Doing::Rollback,
        appended,
        failed: done.iter().filter(|one| one.code.is_some()).count(),
        degraded: is_left || done.iter().any(is_open),
        documents: done,
        next_cursor: next.map(pages::written),
        digest: digest.first().copied(),
        latency_ms: budget.spent_ms(),
        budget_ms: budget.most_ms(),
    })
}
