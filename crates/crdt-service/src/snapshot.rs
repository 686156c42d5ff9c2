//! Snapshots: states kept so that a read need not begin at the first delta. A cache: deleting all of them changes no
//! answer.
//!
//! A state that holds every delta up to a log position never changes, so document and position name it.

use ramanujan_core::{Code, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::State;
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::{Store, log, now_millis, setting};

use crate::apply::Checked;
use crate::materialise::{Content, Materialised, materialise};
use crate::memo;
use crate::memo::queue::{Kind, enqueue};
use crate::version::Version;

/// [`tail_bound`] where `SNAPSHOT_TAIL` is not set: some milliseconds of merging.
const DEFAULT_TAIL: u64 = 256;

/// Version of the stored form; rows of another are passed over.
const FORMAT: u64 = 1;

pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS crdt_snapshots (
    id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL,
    log INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    format INTEGER NOT NULL,
    heads TEXT NOT NULL,
    clock TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (document_id, log)
)";

/// The newest snapshot of `document` within `version` and past log position `after`.
pub(crate) fn newest_below(
    store: &Store,
    document: &str,
    crdt_type: CrdtType,
    version: &Version,
    after: u64,
) -> Result<Option<Materialised>, Problem> {
    // One clock at a time: as a rule the first one fits.
    let mut below = version.log;
    loop {
        let sql = "SELECT log, clock, heads FROM crdt_snapshots
             WHERE document_id = ?1 AND log <= ?2 AND log > ?3 AND format = ?4 ORDER BY log DESC LIMIT 1";
        let rows = store.execute(sql, [document.into(), below.into(), after.into(), FORMAT.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let log = row.uint(0)?;
        below = log.saturating_sub(1);
        let (Ok(clock), Ok(heads)) = (serde_json::from_str(row.text(1)?), serde_json::from_str(row.text(2)?))
        else {
            continue;
        };
        if !version.clock.includes(&clock) {
            continue;
        }
        let sql = "SELECT content FROM crdt_snapshots WHERE document_id = ?1 AND log = ?2";
        let mut rows = store.execute(sql, [document.into(), log.into()])?;
        // Thinned out meanwhile, or not readable: an older one will do.
        let Some(row) = rows.first_mut() else { continue };
        let bytes = row.take_blob(0)?;
        let content = if crdt_type == CrdtType::Text {
            String::from_utf8(bytes).ok().map(Content::Text)
        } else {
            State::decode(&bytes)
                .ok()
                .filter(|s| s.crdt_type() == crdt_type)
                .map(|s| Content::State(s.into()))
        };
        if let Some(content) = content {
            return Ok(Some(Materialised { log, heads, clock, content, digest: None, unsaved: 0 }));
        }
    }
}

/// Stores a state that holds every delta up to its log position, unless a newer snapshot is there already.
pub(crate) fn write(store: &Store, document: &str, state: &Materialised) -> Result<(), Problem> {
    let json =
        |json: serde_json::Result<String>| json.map_err(|e| Problem::new(Code::Encoding, e.to_string()));
    let content = match &state.content {
        Content::Text(text) => text.clone().into_bytes(),
        Content::State(state) => state.encode(),
    };
    let sql = "INSERT INTO crdt_snapshots (document_id, log, ordinal, format, heads, clock, content)
        SELECT ?1, ?2, 1 + COALESCE(MAX(ordinal), 0), ?3, ?4, ?5, ?6 FROM crdt_snapshots WHERE document_id = ?1
        HAVING COALESCE(MAX(log), 0) < ?2
        ON CONFLICT DO NOTHING RETURNING ordinal";
    let params = [
        document.into(),
        state.log.into(),
        FORMAT.into(),
        json(serde_json::to_string(&state.heads))?.into(),
        json(serde_json::to_string(&state.clock))?.into(),
        content.into(),
    ];
    let rows = store.execute(sql, params)?;
    let Some(row) = rows.first() else { return Ok(()) };
    let newest = row.uint(0)?;
    let keep = json(serde_json::to_string(&kept(newest)))?;
    let sql = "DELETE FROM crdt_snapshots
        WHERE document_id = ?1 AND ordinal <= ?2 AND ordinal NOT IN (SELECT value FROM json_each(?3))";
    store.execute(sql, [document.into(), newest.into(), keep.into()])?;
    Ok(())
}

/// Writes the current state of a document down, whatever the tail; `None` without deltas, else its log position.
pub(crate) fn refresh(store: &Store, document: &str) -> Result<Option<u64>, Problem> {
    let Some(version) = Version::now(store, document)? else { return Ok(None) };
    let state = materialise(store, document, &version, memo::base(document))?;
    write(store, document, &state)?;
    Ok(Some(state.log))
}

/// Queues a snapshot of each document whose new deltas make it likely that the tail is long: a reader would write one
/// too, but only when it has waited for the merge. Trouble with the queue only costs that time.
pub(crate) fn ask_for(store: &Store, requests: &[OperationRequest], checked: &[Checked]) {
    let Ok(bound) = tail_bound() else { return };
    let mut documents: Vec<&str> = requests
        .iter()
        .zip(checked)
        .filter(|(_, new)| !new.duplicate && new.delta.dot.seq.is_multiple_of(bound))
        .filter(|(_, new)| !matches!(new.delta.op.crdt_type(), CrdtType::PnCounter | CrdtType::GCounter))
        .map(|(request, _)| request.document_id.as_str())
        .collect();
    documents.dedup();
    for document in documents {
        let priority = Kind::Snapshot.priority();
        if let Err(problem) = enqueue(store, Kind::Snapshot, priority, document, "", now_millis()) {
            log::info("crdt-service", &format!("no snapshot of {document} queued: {problem}"));
        }
    }
}

/// Deltas since the last snapshot after which a new one is written.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn tail_bound() -> Result<u64, Problem> {
    Ok(setting::number("SNAPSHOT_TAIL", DEFAULT_TAIL)?.max(1))
}

/// Which of the snapshots 1 to `newest` stay: the two newest multiples of every power of two. That is O(log n) of
/// them, and an older version at distance d is reached from a snapshot about d away at most.
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
