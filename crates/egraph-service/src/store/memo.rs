//! Memoised replies by digest, the least recently used going first; and the bytes of long requests that they answer.
//!
//! The memo saves time and nothing depends on it: where the store does not answer, that is logged and the work is done.

use ramanujan_core::{Digest, Problem};
use ramanujan_shell::{Store, log};

const RECALL: &str = "UPDATE egraph_memo SET hits = hits + 1,
    used = (SELECT hits + stored FROM egraph_memo_tally)
    WHERE digest = (SELECT digest FROM egraph_memo_spelling WHERE request = ?1) RETURNING reply";
const LEARN: &str = "INSERT INTO egraph_memo_spelling (request, digest)
    SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM egraph_memo WHERE digest = ?2)
    AND (SELECT COUNT(*) FROM egraph_memo_spelling WHERE digest = ?2) < ?3 ON CONFLICT DO NOTHING";
const FIND: &str = "UPDATE egraph_memo SET hits = hits + 1,
    used = (SELECT hits + stored FROM egraph_memo_tally) WHERE digest = ?1 RETURNING reply";
const KEEP: &str = "INSERT INTO egraph_memo (digest, used, reply)
    VALUES (?1, (SELECT hits + stored FROM egraph_memo_tally), ?2) ON CONFLICT DO NOTHING RETURNING 1";
// The tallies know how many there are, so that nothing is counted.
const EVICT: &str = "DELETE FROM egraph_memo WHERE digest IN (SELECT digest FROM egraph_memo
    ORDER BY used, digest DESC LIMIT (SELECT MAX(stored - evicted - ?1, 0) FROM egraph_memo_tally))";
const TALLIES: &str = "SELECT hits, stored, evicted, (SELECT COUNT(*) FROM egraph_memo),
    (SELECT COALESCE(SUM(LENGTH(reply)), 0) FROM egraph_memo) FROM egraph_memo_tally";

/// Requests by whose bytes one reply is known.
const MAX_SPELLINGS: u64 = 8;

fn quietly<T>(work: impl FnOnce(Store) -> Result<T, Problem>) -> Option<T> {
    super::open().and_then(work).inspect_err(|problem| log::error("memo", &problem.to_string())).ok()
}

/// The reply that a digest finds by a statement.
fn reply(sql: &str, digest: &Digest) -> Option<String> {
    quietly(|store| {
        let mut rows = store.execute(sql, [digest.as_bytes().as_slice().into()])?;
        rows.first_mut().map(|row| row.take_text(0)).transpose()
    })?
}

/// The reply to a request with these bytes.
pub(crate) fn recall(request: &Digest) -> Option<String> {
    reply(RECALL, request)
}

/// The reply with this digest.
pub(crate) fn find(digest: &Digest) -> Option<String> {
    reply(FIND, digest)
}

/// Remembers that the reply with a digest answers a request with these bytes.
pub(crate) fn learn(request: &Digest, reply: &Digest) {
    let bytes = |digest: &Digest| digest.as_bytes().as_slice().into();
    quietly(|store| store.execute(LEARN, [bytes(request), bytes(reply), MAX_SPELLINGS.into()]));
}

/// Keeps a reply, of which there may be `most`.
pub(crate) fn keep(digest: &Digest, reply: String, most: u64) {
    quietly(|store| {
        let rows = store.execute(KEEP, [digest.as_bytes().as_slice().into(), reply.into()])?;
        if !rows.is_empty() {
            store.execute(EVICT, [most.into()])?;
        }
        Ok(())
    });
}

/// What the memo counted since it was made, and what it holds.
#[derive(Default)]
pub(crate) struct Tallies {
    pub(crate) hits: u64,
    pub(crate) stored: u64,
    pub(crate) evicted: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

/// The counters of the memo.
pub(crate) fn tallies() -> Result<Tallies, Problem> {
    let rows = super::open()?.execute(TALLIES, [])?;
    let Some(row) = rows.first() else { return Ok(Tallies::default()) };
    Ok(Tallies {
        hits: row.uint(0)?,
        stored: row.uint(1)?,
        evicted: row.uint(2)?,
        entries: row.uint(3)?,
        bytes: row.uint(4)?,
    })
}
