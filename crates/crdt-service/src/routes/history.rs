//! `GET /crdt/{document}/history`: the deltas in the order they arrived.

use ramanujan_core::{DocumentId, Problem};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use crate::record::Recorded;
use crate::store::{Database, missing};

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// A page of a document's deltas.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct History {
    document_id: DocumentId,
    /// In the order of their arrival.
    items: Vec<DeltaRecord>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "until"])?;
    let document: DocumentId = request.parse_param("document")?;
    let pager = query.pager(DEFAULT_LIMIT)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let until: u64 = query.parse("until")?.unwrap_or(i64::MAX as u64);
    let database = Database::open()?;
    database.refuse_deleted(&document)?;
    database.prepare(document.as_str())?;
    let page = database.deltas(document.as_str(), after, until, pager.limit())?;
    if page.items.is_empty() && after == 0 {
        return Err(missing(&document));
    }
    let next_cursor = page.next(|last| last.log.to_string());
    ok(&History { document_id: document, items: page.map(Recorded::into_wire).items, next_cursor })
}
