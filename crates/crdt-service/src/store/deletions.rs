//! Marks that a document is deleted, beside its deltas, which stay.
//!
//! The marks of a document are a log of their own; the newest one counts. While a document is deleted it takes no
//! deltas of clients: the INSERT that stores them checks that. Marks are numbered, odd ones delete; sites agree on the
//! greatest number (`docs/sync.md`).

use ramanujan_core::{Code, DocumentId, Problem, time};
use ramanujan_shell::now_millis;

use super::database::Database;
use crate::settings::MAX_DOCUMENTS;

/// Most marks that are taken from another site: more than a client sets in a lifetime, and room to go on counting.
const MAX_MARKS: u64 = 1 << 40;

/// By how many marks a number rises at a time, and one more where odd and even want it: a liar that names a great one
/// does not bring it near the end of numbers, and two sites that are far apart meet after some exchanges.
const MAX_RISE: u64 = 1024;

/// How many marks a document has. Rows from before they were numbered alternate.
macro_rules! marks {
    ($document:literal) => {
        concat!(
            "COALESCE((SELECT COALESCE(m.number, (SELECT COUNT(*) FROM crdt_deletions c WHERE c.document_id = ",
            $document,
            ")) FROM crdt_deletions m WHERE m.document_id = ",
            $document,
            " ORDER BY m.id DESC LIMIT 1), 0)"
        )
    };
}
pub(super) use marks;

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
        let sql = concat!(
            "INSERT INTO crdt_deletions (document_id, deleted, marked, number)
            SELECT ?1, ?2, ?3, ",
            marks!("?1"),
            " + 1 WHERE ?2 <> COALESCE(
                (SELECT deleted FROM crdt_deletions WHERE document_id = ?1 ORDER BY id DESC LIMIT 1), 0)
            RETURNING id"
        );
        let params = [document.as_str().into(), u64::from(deleted).into(), now_millis().into()];
        Ok(!self.0.execute(sql, params)?.is_empty())
    }

    /// Raises the number of a document's marks; a greater one stays. By [`MAX_RISE`] at a time. Passed over are numbers beyond [`MAX_MARKS`], which nobody
    /// counts to, and, where there are as many marks as documents may be, documents that are not there.
    pub(super) fn raise_marks(&self, document: &DocumentId, marks: u64) -> Result<(), Problem> {
        if marks > MAX_MARKS {
            return Ok(());
        }
        let sql = concat!(
            "INSERT INTO crdt_deletions (document_id, deleted, marked, number)
            SELECT ?1, ?2 % 2, ?3, MIN(?2, ",
            marks!("?1"),
            " + ?5 + (?2 - ",
            marks!("?1"),
            ") % 2) WHERE ((SELECT MAX(id) FROM crdt_deletions) IS NULL
                OR (SELECT MAX(id) FROM crdt_deletions) < ?4
                OR EXISTS (SELECT 1 FROM crdt_documents WHERE document_id = ?1))
            AND ?2 > ",
            marks!("?1")
        );
        let params = [
            document.as_str().into(),
            marks.into(),
            now_millis().into(),
            MAX_DOCUMENTS.read()?.into(),
            MAX_RISE.into(),
        ];
        self.0.execute(sql, params)?;
        Ok(())
    }
}
