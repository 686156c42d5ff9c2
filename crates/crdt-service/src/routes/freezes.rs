//! `POST /crdt/{document}/freeze` names a version for good; `GET /crdt/{document}/snapshots` lists the chain of these
//! freezes.

use ramanujan_core::{AgentId, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};

use crate::freeze::Freeze;
use crate::store::{Database, missing};
use crate::version::At;

/// Freezes in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 20;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeRequest {
    agent_id: Option<AgentId>,
    /// An earlier version: log position, time or version vector, as `?at=` takes them.
    at: Option<String>,
}

#[derive(Serialize)]
struct Frozen {
    #[serde(flatten)]
    freeze: Freeze,
    /// The document has not changed since this freeze was made.
    duplicate: bool,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let document: DocumentId = request.parse_param("document")?;
    let wanted: FreezeRequest =
        if request.body.is_empty() { FreezeRequest::default() } else { request.json()? };
    let at = wanted.at.as_deref().map_or(Ok(At::Now), At::of_member)?;
    let database = Database::open()?;
    database.refuse_deleted(&document)?;
    let version = database.version(&document, &at)?;
    let (freeze, duplicate) = database.freeze(&document, &version, wanted.agent_id.as_ref())?;
    ok(&Frozen { freeze, duplicate })
}

#[derive(Serialize)]
struct Chain {
    document_id: DocumentId,
    items: Vec<Freeze>,
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
    let page = pager.cut(database.freezes(&document, after, pager.fetch())?);
    if page.items.is_empty() && after == 0 && database.current(document.as_str())?.is_none() {
        return Err(missing(&document));
    }
    let next_cursor = page.next(|last| last.place.to_string());
    ok(&Chain { document_id: document, items: page.items, next_cursor })
}
