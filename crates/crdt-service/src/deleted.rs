//! `DELETE /crdt/{document}` and taking it back: a mark beside the deltas, which stay.
//!
//! The marks of a document are a log of their own; the newest one counts. While a document is deleted it takes no
//! deltas (the INSERT that stores them checks that) and answers 410.

use ramanujan_core::{Code, DocumentId, Problem, time};
use ramanujan_shell::{Request, Response, Store, now_millis, ok};
use serde_json::json;

use crate::row::SCHEMA;
use crate::version::{At, find};

pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS crdt_deletions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    marked INTEGER NOT NULL
)";

pub(crate) const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS crdt_deletions_by_document ON crdt_deletions (document_id, id)";

/// When the document was deleted, `None` if it is not.
pub(crate) fn since(store: &Store, document: &DocumentId) -> Result<Option<u64>, Problem> {
    let sql = "SELECT deleted, marked FROM crdt_deletions WHERE document_id = ?1 ORDER BY id DESC LIMIT 1";
    let rows = store.execute(sql, [document.as_str().into()])?;
    match rows.first() {
        Some(row) if row.uint(0)? == 1 => Ok(Some(row.uint(1)?)),
        _ => Ok(None),
    }
}

/// # Errors
/// 410 `document-deleted`.
pub(crate) fn check(store: &Store, document: &DocumentId) -> Result<(), Problem> {
    match since(store, document)? {
        Some(marked) => Err(gone(document, marked)),
        None => Ok(()),
    }
}

pub(crate) fn gone(document: &DocumentId, marked: u64) -> Problem {
    let detail = format!(
        "{document} was deleted at {}; POST /crdt/{document}/recover takes that back",
        time::format_rfc3339(marked)
    );
    Problem::new(Code::DocumentDeleted, detail)
}

/// Adds a mark if it changes something; says whether it did.
pub(crate) fn mark(store: &Store, document: &DocumentId, deleted: bool) -> Result<bool, Problem> {
    let sql = "INSERT INTO crdt_deletions (document_id, deleted, marked)
        SELECT ?1, ?2, ?3 WHERE ?2 <> COALESCE(
            (SELECT deleted FROM crdt_deletions WHERE document_id = ?1 ORDER BY id DESC LIMIT 1), 0)
        RETURNING id";
    let params = [document.as_str().into(), u64::from(deleted).into(), now_millis().into()];
    Ok(!store.execute(sql, params)?.is_empty())
}

pub(crate) async fn delete(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document: DocumentId = request.parse_param("document")?;
    let store = Store::open(SCHEMA)?;
    let operations = find(&store, &document, &At::Now)?.operations();
    let changed = mark(&store, &document, true)?;
    ok(&json!({
        "document_id": document,
        "deleted": true,
        "changed": changed,
        "operations_kept": operations,
    }))
}
