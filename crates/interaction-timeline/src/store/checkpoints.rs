//! Checkpoints: the state of the log at some sizes, so that any earlier state is one of them and a short replay.
//!
//! A checkpoint holds what changed since the one before it: for each type and colour, origin, document and replica
//! that its range touched, the value at its end. The value at a size is that of the last version not beyond it. Beside
//! them stand the defects that the range shows: causes that are not in the log and clocks that ran backwards. One
//! INSERT makes a checkpoint, its trigger fills it, and making it twice comes to the same. All of it can be recomputed.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::Store;
use serde_json::{Value, json};

use crate::store::ids::has_id;
use crate::store::log::{self, archived, digest, time};

/// Events from one checkpoint to the next: what a replay costs at most, some tens of milliseconds.
pub const CHECKPOINT_EVENTS: u64 = 16_384;

/// Makes the checkpoint at ?2 from the one at ?1 if all events between are there.
const MAKE: &str = "
INSERT INTO timeline_checkpoints (size, previous, received, origins, documents)
SELECT ?2, ?1, (SELECT received FROM timeline_events WHERE seq = ?2),
    COALESCE((SELECT origins FROM timeline_checkpoints WHERE size = ?1), 0) + (
        SELECT COUNT(*) FROM (SELECT DISTINCT agent FROM timeline_events NOT INDEXED WHERE seq > ?1 AND seq <= ?2) AS c
        WHERE NOT EXISTS (SELECT 1 FROM timeline_at_origins AS p WHERE p.agent = c.agent AND p.size <= ?1)),
    COALESCE((SELECT documents FROM timeline_checkpoints WHERE size = ?1), 0) + (
        SELECT COUNT(*) FROM (SELECT DISTINCT document FROM timeline_events NOT INDEXED
                              WHERE seq > ?1 AND seq <= ?2 AND document IS NOT NULL) AS c
        WHERE NOT EXISTS (SELECT 1 FROM timeline_at_documents AS p WHERE p.document = c.document AND p.size <= ?1))
WHERE (SELECT COUNT(*) FROM timeline_events WHERE seq > ?1 AND seq <= ?2) = ?2 - ?1
ON CONFLICT DO NOTHING
RETURNING size";

/// The last checkpoint not beyond `size`; the empty log always is one.
///
/// # Errors
/// 503 if the store does not answer.
pub fn latest(store: &Store, size: u64) -> Result<u64, Problem> {
    let sql = "SELECT COALESCE(MAX(size), 0) FROM timeline_checkpoints WHERE size <= ?1";
    log::number(store, sql, [size.into()])
}

/// Makes checkpoints at the multiples of `step` up to `size`, and at `size`. Stops when more than `budget` events were
/// looked at, and says how far it came. Archiving does this first, because it needs the rows.
///
/// # Errors
/// 410 `archived` if the events are, 500 `log-damaged` if some are missing, 503 if the store does not answer.
pub fn up_to(store: &Store, size: u64, step: u64, budget: u64) -> Result<u64, Problem> {
    let start = latest(store, size)?;
    let mut reached = start;
    while reached < size && reached - start < budget {
        let next = ((reached / step + 1) * step).min(size);
        if store.execute(MAKE, [reached.into(), next.into()])?.is_empty() && latest(store, next)? != next {
            let until = log::archived_until(store)?;
            if reached < until {
                return Err(archived(until + 1));
            }
            let detail = format!(
                "events after {reached} up to {next} are not all there; GET /timeline/verify names them"
            );
            return Err(Problem::new(Code::LogDamaged, detail));
        }
        reached = next;
    }
    Ok(reached)
}

/// The defects of the log up to a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Violations {
    /// How many causes are named that are not in the log.
    pub missing: u64,
    /// How many neighbours of one origin have times in the wrong order.
    pub backwards: u64,
    /// The first of both kinds.
    pub list: Vec<Value>,
}

/// That a cause `m` is not among the first ?1 events, wherever their rows are.
macro_rules! still_missing {
    () => {
        concat!(
            "m.seq <= ?1 AND NOT EXISTS (SELECT 1 FROM timeline_events AS k WHERE ",
            has_id!("k", "m.cause"),
            " AND k.seq <= ?1) AND NOT EXISTS (
    SELECT 1 FROM timeline_archived AS k WHERE k.event_id = m.cause AND k.seq <= ?1)"
        )
    };
}

const COUNT_DEFECTS: &str = concat!(
    "
SELECT (SELECT COUNT(*) FROM timeline_missing AS m WHERE ",
    still_missing!(),
    "),
       (SELECT COUNT(*) FROM timeline_backwards AS b WHERE MAX(seq, before_seq) <= ?1 AND NOT EXISTS (
            SELECT 1 FROM timeline_events AS e INDEXED BY timeline_by_origin
            WHERE e.agent = b.agent AND e.origin_seq > b.before_number AND e.origin_seq < b.number AND e.seq <= ?1)
        AND NOT EXISTS (
            SELECT 1 FROM timeline_archived AS a INDEXED BY timeline_archived_by_origin
            WHERE a.agent = b.agent AND a.origin_seq > b.before_number AND a.origin_seq < b.number AND a.seq <= ?1))"
);

const LIST_MISSING: &str = concat!(
    "SELECT m.seq, m.event_id, m.cause FROM timeline_missing AS m WHERE ",
    still_missing!(),
    " ORDER BY m.seq, m.cause LIMIT ?2"
);

const LIST_BACKWARDS: &str = "
SELECT seq, time, before_seq, before_time, agent FROM timeline_backwards AS b
WHERE MAX(seq, before_seq) <= ?1 AND NOT EXISTS (
    SELECT 1 FROM timeline_events AS e INDEXED BY timeline_by_origin
    WHERE e.agent = b.agent AND e.origin_seq > b.before_number AND e.origin_seq < b.number AND e.seq <= ?1)
  AND NOT EXISTS (
    SELECT 1 FROM timeline_archived AS a INDEXED BY timeline_archived_by_origin
    WHERE a.agent = b.agent AND a.origin_seq > b.before_number AND a.origin_seq < b.number AND a.seq <= ?1)
ORDER BY seq, before_seq LIMIT ?2";

/// The defects of the first `size` events, which must be a checkpoint; at most `limit` of each kind are listed.
///
/// # Errors
/// 503 if the store does not answer.
pub fn violations(store: &Store, size: u64, limit: u64) -> Result<Violations, Problem> {
    let counts = store.execute(COUNT_DEFECTS, [size.into()])?;
    let count = |column| counts.first().map_or(Ok(0), |row| row.uint(column));
    let (missing, backwards) = (count(0)?, count(1)?);
    let mut list = Vec::new();
    if missing > 0 {
        for row in store.execute(LIST_MISSING, [size.into(), limit.into()])? {
            list.push(
                json!({"kind": "missing_dependencies", "seq": row.uint(0)?, "event_id": digest(&row, 1)?,
                "depends_on": digest(&row, 2)?}),
            );
        }
    }
    if backwards > 0 {
        for row in store.execute(LIST_BACKWARDS, [size.into(), limit.into()])? {
            list.push(
                json!({"kind": "clock", "agent_id": row.text(4)?, "seq": row.uint(0)?, "timestamp": time(&row, 1)?,
                "before_seq": row.uint(2)?, "before_timestamp": time(&row, 3)?}),
            );
        }
    }
    Ok(Violations { missing, backwards, list })
}

/// Work that is too much for one request is done in several.
pub(crate) fn not_ready(reached: u64, size: u64) -> Problem {
    let detail = format!("{reached} of {size} events are ready; ask the same again and the work goes on");
    Problem::new(Code::NotReady, detail).with("reached", reached).with("size", size)
}
