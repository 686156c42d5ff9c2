//! The list of documents. Nothing is read of what they hold, and of no document a row for each of its agents or heads,
//! where these are many.

use ramanujan_core::{Problem, VectorClock};
use ramanujan_shell::now_millis;
use ramanujan_shell::page::Page;

use super::database::Database;
use super::rows::bad;
use crate::settings::MAX_PAGE_BYTES;
use crate::version::{Listed, Outside, SMALL_CLOCK};

/// Milliseconds in which a list brings documents of older revisions up to date; the page ends before the next one.
const UPGRADE_MILLIS: u64 = 2000;

/// Skips from document to document through the index: some may have no row among the documents yet.
const NAMES: &str = "WITH RECURSIVE documents(name) AS (
        SELECT MIN(document_id) FROM crdt_deltas WHERE document_id > ?1
        UNION ALL
        SELECT (SELECT MIN(n.document_id) FROM crdt_deltas n WHERE n.document_id > documents.name)
        FROM documents WHERE documents.name IS NOT NULL
    )
    SELECT l.name, d.crdt_type, d.operations, d.log, d.received,
        (SELECT COUNT(*) FROM (SELECT 1 FROM crdt_heads h WHERE h.document_id = l.name LIMIT ?3 + 1)) > ?3
    FROM (SELECT name FROM documents WHERE name IS NOT NULL AND 0 = COALESCE(
        (SELECT deleted FROM crdt_deletions WHERE document_id = name ORDER BY id DESC LIMIT 1), 0) LIMIT ?2) l
    LEFT JOIN crdt_documents d ON d.document_id = l.name ORDER BY l.name";

impl Database {
    /// Documents that are not deleted, by name, past `after`.
    pub(crate) fn documents(&self, after: &str, limit: u64) -> Result<Page<Listed>, Problem> {
        let began = now_millis();
        let params = [after.into(), limit.saturating_add(1).into(), (SMALL_CLOCK as u64).into()];
        let (mut bytes, most) = (0, MAX_PAGE_BYTES.read()?);
        let mut page = Page { items: Vec::new(), more: false };
        for mut row in self.0.execute(NAMES, params)? {
            let is_old = row.is_null(1);
            let is_late = is_old && now_millis().saturating_sub(began) > UPGRADE_MILLIS;
            if page.items.len() as u64 == limit || is_late && !page.items.is_empty() {
                page.more = true;
                break;
            }
            let document_id = row.take_text(0)?;
            let outside = match row.uint(5)? {
                1 => Outside::Many {
                    crdt_type: row.text(1)?.parse().map_err(|_| bad("crdt_type"))?,
                    operations: row.uint(2)?,
                    log: row.uint(3)?,
                    received: row.uint(4)?,
                },
                _ => match self.current(&document_id)? {
                    Some(version) => Outside::Few(version.into()),
                    None => continue,
                },
            };
            bytes += bytes_of(&outside);
            if bytes > most && !page.items.is_empty() {
                page.more = true;
                break;
            }
            page.items.push(Listed { document_id, outside });
        }
        Ok(page)
    }
}

/// What a list has of a document, roughly.
fn bytes_of(outside: &Outside) -> u64 {
    let Outside::Few(version) = outside else { return 512 };
    let heads = version.state.heads().keys().map(|head| head.agent.as_str().len() + 32);
    let clock = version.clock().into_iter().flat_map(VectorClock::iter).map(|(agent, _)| agent.len() + 32);
    512 + heads.chain(clock).sum::<usize>() as u64
}
