//! Snapshots: states kept so that a read need not begin at the first delta. A cache: deleting all of them changes no
//! answer.
//!
//! Some are kept for good, so far apart that all of them take a small part of what the deltas take: an earlier version is
//! never further from one than that. Others are thinned out as the document grows: newer versions are asked for more often.

use std::collections::BTreeSet;

use ramanujan_core::{Dot, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::State;

use super::database::Database;
use crate::content::{Content, Materialised, Written};
use crate::settings;
use crate::version::Version;

/// Version of the stored form and of what the type's operations mean; rows of another are passed over.
fn format(crdt_type: CrdtType) -> u64 {
    u64::from(crdt_type.meaning())
}

/// Fewest deltas between two snapshots that are kept for good: replaying so many takes some ten milliseconds.
pub(super) const NEAREST: u64 = 4096;
/// Bytes of those snapshots that there may be for each delta. A row of a delta takes some two hundred.
const BYTES_PER_DELTA: u64 = 32;

/// How many deltas lie at least between a snapshot of so many bytes that is kept for good and others like it.
fn distance(bytes: u64) -> u64 {
    (bytes / BYTES_PER_DELTA).max(NEAREST)
}

/// Whether a state that is on the way to a later one is as far from the one written before it as a snapshot that is kept
/// for good would be, reckoned by how long it was then.
pub(super) fn is_due(state: &Materialised) -> bool {
    let Written { bytes, deltas } = state.written;
    let grown = bytes.saturating_mul(state.deltas).checked_div(deltas).unwrap_or(0);
    state.deltas >= deltas + distance(grown)
}

/// Deltas since the last snapshot after which a new one is written.
///
/// # Errors
/// 500 `invalid-setting`.
pub(super) fn tail_bound() -> Result<u64, Problem> {
    Ok(settings::SNAPSHOT_TAIL.read()?.max(1))
}

impl Database {
    /// The newest snapshot of `document` within `version` and past log position `after`.
    pub(super) fn snapshot_below(
        &self,
        document: &str,
        version: &Version,
        after: u64,
    ) -> Result<Option<Materialised>, Problem> {
        // One at a time: as a rule the first one fits.
        let mut below = version.log;
        loop {
            let sql = "SELECT log, deltas, heads FROM crdt_snapshots
                 WHERE document_id = ?1 AND log <= ?2 AND log > ?3 AND format = ?4 AND deltas IS NOT NULL
                 ORDER BY log DESC LIMIT 1";
            let format = format(version.crdt_type);
            let rows = self.0.execute(sql, [document.into(), below.into(), after.into(), format.into()])?;
            let Some(row) = rows.first() else { return Ok(None) };
            let log = row.uint(0)?;
            below = log.saturating_sub(1);
            let deltas = row.uint(1)?;
            let Ok(heads) = serde_json::from_str::<BTreeSet<Dot>>(row.text(2)?) else { continue };
            if !heads.iter().all(|head| version.holds(head)) {
                continue;
            }
            let sql = "SELECT content FROM crdt_snapshots WHERE document_id = ?1 AND log = ?2";
            let mut rows = self.0.execute(sql, [document.into(), log.into()])?;
            // Thinned out meanwhile, or not readable: an older one will do.
            let Some(row) = rows.first_mut() else { continue };
            let bytes = row.take_blob(0)?;
            let written = Written { bytes: bytes.len() as u64, deltas };
            if let Some(content) = read(version.crdt_type, bytes) {
                return Ok(Some(Materialised {
                    log,
                    heads,
                    deltas,
                    content,
                    digest: None,
                    unsaved: 0,
                    written,
                }));
            }
        }
    }

    /// Stores a state that holds every delta up to its log position: if it is newer than every snapshot, or far enough from
    /// all that are kept for good to be one of them.
    pub(super) fn write_snapshot(&self, document: &str, state: &mut Materialised) -> Result<(), Problem> {
        state.unsaved = 0;
        let sql = "SELECT MAX(log) FROM crdt_snapshots WHERE document_id = ?1";
        let rows = self.0.execute(sql, [document.into()])?;
        let is_older = rows.first().is_some_and(|row| row.uint(0).is_ok_and(|newest| newest >= state.log));
        if is_older && !is_due(state) {
            return Ok(());
        }
        let (crdt_type, content) = match &state.content {
            Content::Text(text) => (CrdtType::Text, text.clone().into_bytes()),
            Content::State(state) => (state.crdt_type(), state.encode()),
        };
        state.written = Written { bytes: content.len() as u64, deltas: state.deltas };
        // What is kept for good has the ordinal 0, and no turn to be thinned out.
        let sql =
            "INSERT INTO crdt_snapshots (document_id, log, ordinal, format, heads, clock, deltas, content)
            SELECT ?1, ?2, CASE WHEN n.lasts THEN 0 ELSE n.ordinal + 1 END, ?3, ?4, '', ?5, ?6
            FROM (SELECT COALESCE(MAX(log), 0) AS log, COALESCE(MAX(ordinal), 0) AS ordinal, ?5 >= ?7 AND NOT EXISTS (
                    SELECT 1 FROM crdt_snapshots k WHERE k.ordinal = 0 AND k.document_id = ?1 AND k.format = ?3
                    AND k.deltas > ?5 - ?7 AND k.deltas < ?5 + ?7) AS lasts
                FROM crdt_snapshots WHERE document_id = ?1) n
            WHERE n.lasts OR n.log < ?2
            ON CONFLICT DO NOTHING RETURNING ordinal";
        let params = [
            document.into(),
            state.log.into(),
            format(crdt_type).into(),
            serde_json::to_string(&state.heads)?.into(),
            state.deltas.into(),
            content.into(),
            distance(state.written.bytes).into(),
        ];
        let rows = self.0.execute(sql, params)?;
        let Some(row) = rows.first() else { return Ok(()) };
        let newest = row.uint(0)?;
        if newest > 0 {
            let sql = "DELETE FROM crdt_snapshots WHERE document_id = ?1 AND ordinal BETWEEN 1 AND ?2
                AND ordinal NOT IN (SELECT value FROM json_each(?3))";
            let keep = serde_json::to_string(&kept(newest))?;
            self.0.execute(sql, [document.into(), newest.into(), keep.into()])?;
        }
        Ok(())
    }
}

/// What a snapshot's bytes hold; `None` if it is nothing of that type.
fn read(crdt_type: CrdtType, bytes: Vec<u8>) -> Option<Content> {
    if crdt_type == CrdtType::Text {
        return String::from_utf8(bytes).ok().map(Content::Text);
    }
    let state = State::decode(&bytes).ok().filter(|state| state.crdt_type() == crdt_type)?;
    Some(Content::State(state.into()))
}

/// Which of the snapshots 1 to `newest`, of those that are not kept for good, stay: the two newest multiples of every
/// power of two. That is O(log n) of them, and an older version at distance d is reached from a snapshot about d away
/// at most.
fn kept(newest: u64) -> Vec<u64> {
    let mut kept = Vec::new();
    let mut step = 1;
    while step <= newest {
        let last = newest / step * step;
        kept.push(last);
        kept.push(last.saturating_sub(step));
        step *= 2;
    }
    kept.sort_unstable();
    kept.dedup();
    kept.retain(|ordinal| *ordinal > 0);
    kept
}

#[cfg(test)]
mod tests {
    use super::kept;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_thinned_out_is_never_wanted_again() {
        let mut present = BTreeSet::new();
        for newest in 1..2000 {
            present.insert(newest);
            let kept: BTreeSet<u64> = kept(newest).into_iter().collect();
            assert!(kept.is_subset(&present), "{newest}");
            present = kept;
            assert!(present.len() <= 2 * (64 - newest.leading_zeros() as usize));
        }
    }

    #[test]
    fn a_snapshot_is_as_near_as_the_version_is_far() {
        let newest = 1777;
        let kept = kept(newest);
        for wanted in 1..=newest {
            let below = kept.iter().rev().find(|k| **k <= wanted).copied().unwrap_or(0);
            assert!(wanted - below <= 2 * (newest - wanted) + 1, "{wanted} from {below}");
        }
    }
}
