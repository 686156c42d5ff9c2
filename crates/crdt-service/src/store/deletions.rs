//! Marks that a document is deleted, beside its deltas, which stay.
//!
//! The marks of a document are a log of their own; the newest one counts. While a document is deleted it takes no
//! deltas: the INSERT that stores them checks that.

use ramanujan_core::{Code, DocumentId, Problem, time};
use ramanujan_shell::now_millis;

use super::database::Database;

impl Database {
    /// When the document was deleted, in milliseconds since 1970; `None` if it is not.
    pub(crate) fn deleted_since(&self, document: &DocumentId) -> Result<Option<u64>, Problem> {
        let sql =
            "SELECT deleted, marked FROM crdt_deletions WHERE document_id = ?1 ORDER BY id DESC LIMIT 1";
        let rows = self.0.execute(sql, [document.as_str().into()])?;
        match rows.first() {
            Some(row) if row.uint(0)? == 1 => Ok(Some(row.uint(1)?)),
            _ => Ok(None),
        }
    }

    /// # Errors
    /// 410 `document-deleted`.
    pub(crate) fn refuse_deleted(&self, document: &DocumentId) -> Result<(), Problem> {
        let Some(marked) = self.deleted_since(document)? else { return Ok(()) };
        let detail = format!(
            "{document} was deleted at {}; POST /crdt/{document}/recover takes that back",
            time::format_rfc3339(marked)
        );
        Err(Problem::new(Code::DocumentDeleted, detail))
    }

    /// Adds a mark if it changes something; says whether it did.
    pub(crate) fn mark_deleted(&self, document: &DocumentId, deleted: bool) -> Result<bool, Problem> {
        let sql = "INSERT INTO crdt_deletions (document_id, deleted, marked)
            SELECT ?1, ?2, ?3 WHERE ?2 <> COALESCE(
                (SELECT deleted FROM crdt_deletions WHERE document_id = ?1 ORDER BY id DESC LIMIT 1), 0)
            RETURNING id";
        let params = [document.as_str().into(), u64::from(deleted).into(), now_millis().into()];
        Ok(!self.0.execute(sql, params)?.is_empty())
    }
}
