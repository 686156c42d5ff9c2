//! `POST /crdt/{document}/withdraw` takes deltas out under whose dots other sites hold others, and brings them back under new
//! ones; `GET /crdt/{document}/withdrawn` lists them. What this is for: `docs/sync.md`, "A site that was restored".

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Digest, DocumentId, Dot, Problem, time};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_sync::pack::Blob;
use serde::{Deserialize, Serialize};

use crate::store::{Database, Withdrawn};

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// What is to be taken out. With nothing named, what was taken out before comes back, if it can.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawRequest {
    /// The first operations that others hold another content of; what was made after them goes with them.
    #[serde(default)]
    operations: Vec<Named>,
    /// Of each agent the number up to which it must be here again before clients may write.
    #[serde(default)]
    until: BTreeMap<AgentId, u64>,
    /// Whether what was taken out is to come back as soon as that is so; false leaves it out for now.
    #[serde(default = "yes")]
    bring_back: bool,
}

fn yes() -> bool {
    true
}

/// An operation by its content.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(rename = "OperationByContent")
)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Its dot.
    operation_id: Dot,
    /// Its digest; an operation that has another one stays.
    digest: Digest,
}

/// How it stands.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Withdrawal {
    document_id: DocumentId,
    /// What other sites hold is not all here yet: clients cannot write, and what was taken out is not back.
    open: bool,
    /// The operations that came back with this request, by their new dots.
    operation_ids: Vec<Dot>,
    /// Of what is to come back the newest number of each agent.
    again: BTreeMap<AgentId, u64>,
}

/// An operation that was taken out.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct WithdrawnOperation {
    operation_id: Dot,
    /// SHA-256 of its canonical bytes.
    digest: Digest,
    /// The dot under which it comes back.
    again: Dot,
    /// When it was taken out, RFC 3339.
    withdrawn_at: String,
    /// It is not back yet.
    open: bool,
    /// Why what was taken out with it did not all come back: the code of a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    /// Its canonical bytes in hexadecimal digits, if its digest was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<String>"))]
    canonical: Option<Blob>,
}

/// A page of them.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct WithdrawnPage {
    document_id: DocumentId,
    /// In the order in which they were stored once.
    items: Vec<WithdrawnOperation>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document_id: DocumentId = request.parse_param("document")?;
    let WithdrawRequest { operations, until, bring_back } = request.object()?;
    let database = Database::open()?;
    if !operations.is_empty() {
        let named: Vec<(Dot, Digest)> =
            operations.into_iter().map(|named| (named.operation_id, named.digest)).collect();
        database.withdraw(&document_id, &named, &until)?;
    }
    let operation_ids = if bring_back { database.bring_back(&document_id)? } else { Vec::new() };
    let coming = database.coming_back(&document_id)?;
    ok(&Withdrawal { open: coming.is_some(), operation_ids, again: coming.unwrap_or_default(), document_id })
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "digest"])?;
    let document_id: DocumentId = request.parse_param("document")?;
    let pager = query.pager(DEFAULT_LIMIT)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let digest: Option<Digest> = query.parse("digest")?;
    let database = Database::open()?;
    let page = database.withdrawn(&document_id, digest.as_ref(), after, pager.limit())?;
    let next_cursor = page.next(|last| last.place.to_string());
    let mut items = Vec::with_capacity(page.items.len());
    for Withdrawn { place, dot, digest: of, again, made, is_open, refused } in page.items {
        let canonical = match &digest {
            Some(_) => database.withdrawn_bytes(place)?.map(Blob),
            None => None,
        };
        items.push(WithdrawnOperation {
            operation_id: dot,
            digest: of,
            again,
            withdrawn_at: time::format_rfc3339(made),
            open: is_open,
            refused,
            canonical,
        });
    }
    ok(&WithdrawnPage { document_id, items, next_cursor })
}
