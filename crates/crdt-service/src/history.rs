//! `GET /crdt/{document}/history`: the deltas in the order they arrived.

use ramanujan_core::{DocumentId, Problem};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Serialize;

use crate::deleted;
use crate::row::{COLUMNS, SCHEMA, Stored, select};
use crate::version::missing;

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;
/// Most deltas in a page where `PAGE_LIMIT_MAX` is not set.
pub(crate) const DEFAULT_MAX_LIMIT: u64 = 1000;

#[derive(Serialize)]
struct Page {
    document_id: DocumentId,
    items: Vec<DeltaRecord>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "until"])?;
    let document: DocumentId = request.parse_param("document")?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let until: u64 = query.parse("until")?.unwrap_or(i64::MAX as u64);
    let store = Store::open(SCHEMA)?;
    deleted::check(&store, &document)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM crdt_deltas d
         WHERE d.document_id = ?1 AND d.log > ?2 AND d.log <= ?3 ORDER BY d.log LIMIT ?4"
    );
    let params = [document.as_str().into(), after.into(), until.into(), (limit + 1).into()];
    let mut rows = select(&store, &sql, params)?;
    if rows.is_empty() && after == 0 {
        return Err(missing(&document));
    }
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.log.to_string());
    ok(&Page {
        document_id: document,
        items: rows.into_iter().map(Stored::into_record).collect(),
        next_cursor,
    })
}
