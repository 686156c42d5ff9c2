//! `POST /crdt/{document}/freeze` names a version for good; `GET /crdt/{document}/snapshots` lists the chain of these
//! freezes.

use ramanujan_core::{AgentId, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};

use crate::freeze::Freeze;
use crate::store::{Database, missing};
use crate::version::{At, AtMember};

/// Freezes in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 20;

/// What is to be frozen, and by whom.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct FreezeRequest {
    /// Who freezes; noted with the freeze.
    agent_id: Option<AgentId>,
    /// An earlier version; left out, the current one.
    at: Option<AtMember>,
}

/// A freeze, new or as it was.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Frozen {
    #[serde(flatten)]
    freeze: Freeze,
    /// The document has not changed since this freeze was made.
    duplicate: bool,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document: DocumentId = request.parse_param("document")?;
    let wanted: FreezeRequest =
        if request.body.is_empty() { FreezeRequest::default() } else { request.json()? };
    let at = wanted.at.map_or(Ok(At::Now), At::of_member)?;
    let database = Database::open()?;
    database.refuse_deleted(&document)?;
    let version = database.version(&document, &at)?;
    let (freeze, duplicate) = database.freeze(&document, &version, wanted.agent_id.as_ref())?;
    ok(&Frozen { freeze, duplicate })
}

/// A page of a document's freezes.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Freezes"))]
pub(crate) struct Chain {
    document_id: DocumentId,
    /// Oldest first.
    items: Vec<Freeze>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// The chain, oldest first.
pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let document: DocumentId = request.parse_param("document")?;
    let pager = query.pager(DEFAULT_LIMIT)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let database = Database::open()?;
    database.prepare(document.as_str())?;
    let page = database.freezes(&document, after, pager.limit())?;
    if page.items.is_empty() && after == 0 && database.current(document.as_str())?.is_none() {
        return Err(missing(&document));
    }
    let next_cursor = page.next(|last| last.place.to_string());
    ok(&Chain { document_id: document, items: page.items, next_cursor })
}
