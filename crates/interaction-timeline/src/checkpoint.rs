//! Checkpoints: the state of the log at some sizes, so that any earlier state is one of them and a short replay.
//!
//! A checkpoint holds what changed since the one before it: for each type and colour, origin, document and replica
//! that its range touched, the value at its end. The value at a size is that of the last version not beyond it. Beside
//! them stand the defects that the range shows: causes that are not in the log and clocks that ran backwards. One
//! INSERT makes a checkpoint, its trigger fills it, and making it twice comes to the same. All of it can be recomputed.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, Store};
use serde_json::{Value, json};

use crate::archive;
use crate::feed::gone;

/// Events from one checkpoint to the next: what a replay costs at most, some tens of milliseconds.
pub const CHECKPOINT_EVENTS: u64 = 16_384;

pub(crate) const CHECKPOINTS: &str = "CREATE TABLE IF NOT EXISTS timeline_checkpoints (
    size INTEGER PRIMARY KEY,
    previous INTEGER NOT NULL,
    received INTEGER NOT NULL,
    origins INTEGER NOT NULL,
    documents INTEGER NOT NULL)";
pub(crate) const AT_TYPES: &str = "CREATE TABLE IF NOT EXISTS timeline_at_types (
    type TEXT NOT NULL,
    color INTEGER NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (type, color, size)) WITHOUT ROWID";
/// The head of an origin is its event with the greatest number.
pub(crate) const AT_ORIGINS: &str = "CREATE TABLE IF NOT EXISTS timeline_at_origins (
    agent TEXT NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    last INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    head_id BLOB NOT NULL,
    head_time INTEGER NOT NULL,
    PRIMARY KEY (agent, size)) WITHOUT ROWID";
pub(crate) const AT_DOCUMENTS: &str = "CREATE TABLE IF NOT EXISTS timeline_at_documents (
    document TEXT NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (document, size)) WITHOUT ROWID";
/// The last fingerprint that an agent reported of a document.
pub(crate) const AT_REPLICAS: &str = "CREATE TABLE IF NOT EXISTS timeline_at_replicas (
    document TEXT NOT NULL,
    agent TEXT NOT NULL,
    size INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (document, agent, size)) WITHOUT ROWID";
/// Causes that were not there when a range ended; they may have come since.
pub(crate) const MISSING: &str = "CREATE TABLE IF NOT EXISTS timeline_missing (
    seq INTEGER NOT NULL,
    cause BLOB NOT NULL,
    event_id BLOB NOT NULL,
    PRIMARY KEY (seq, cause)) WITHOUT ROWID";
/// Pairs that were neighbours in one origin when a range ended: the event with the greater number has the earlier time.
pub(crate) const BACKWARDS: &str = "CREATE TABLE IF NOT EXISTS timeline_backwards (
    seq INTEGER NOT NULL,
    before_seq INTEGER NOT NULL,
    agent TEXT NOT NULL,
    before_number INTEGER NOT NULL,
    number INTEGER NOT NULL,
    before_time INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (seq, before_seq)) WITHOUT ROWID";
/// Which events the log has had, wherever their rows are.
pub(crate) const KNOWN: &str = "CREATE VIEW IF NOT EXISTS timeline_known (event_id, seq) AS
    SELECT event_id, seq FROM timeline_events UNION ALL SELECT event_id, seq FROM timeline_archived";
/// Named snapshots.
pub(crate) const FREEZES: &str = "CREATE TABLE IF NOT EXISTS timeline_freezes (
    name TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    created INTEGER NOT NULL,
    chain_head BLOB NOT NULL,
    root BLOB NOT NULL,
    missing INTEGER NOT NULL,
    backwards INTEGER NOT NULL,
    violations TEXT NOT NULL)";
pub(crate) const FREEZES_BY_SIZE: &str =
    "CREATE INDEX IF NOT EXISTS timeline_freezes_by_size ON timeline_freezes (size, name)";

/// `NOT INDEXED` keeps the planner on the range of rows; it would otherwise read a whole index for its order.
pub(crate) const FILL: &str = "CREATE TRIGGER IF NOT EXISTS timeline_checkpoint AFTER INSERT ON timeline_checkpoints BEGIN
    INSERT INTO timeline_at_types (type, color, size, events)
    SELECT c.type, c.color, new.size, c.events + COALESCE((
        SELECT p.events FROM timeline_at_types AS p
        WHERE p.type = c.type AND p.color = c.color AND p.size <= new.previous ORDER BY p.size DESC LIMIT 1), 0)
    FROM (SELECT type, COALESCE(color, 2) AS color, COUNT(*) AS events FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size GROUP BY 1, 2) AS c;

    INSERT INTO timeline_at_origins (agent, size, events, last, head_seq, head_id, head_time)
    SELECT c.agent, new.size, c.events + COALESCE(p.events, 0),
           iif(p.last > c.last, p.last, c.last), iif(p.last > c.last, p.head_seq, c.head_seq),
           iif(p.last > c.last, p.head_id, c.head_id), iif(p.last > c.last, p.head_time, c.head_time)
    FROM (SELECT agent, COUNT(*) AS events, MAX(origin_seq) AS last, seq AS head_seq, event_id AS head_id,
                 timestamp AS head_time
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size GROUP BY agent) AS c
    LEFT JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
        SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous);

    INSERT INTO timeline_at_documents (document, size, events)
    SELECT c.document, new.size, c.events + COALESCE((
        SELECT p.events FROM timeline_at_documents AS p
        WHERE p.document = c.document AND p.size <= new.previous ORDER BY p.size DESC LIMIT 1), 0)
    FROM (SELECT document, COUNT(*) AS events FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size AND document IS NOT NULL GROUP BY document) AS c;

    INSERT INTO timeline_at_replicas (document, agent, size, seq, fingerprint)
    SELECT document, agent, new.size, MAX(seq), fingerprint
    FROM (SELECT document, agent, seq, body ->> '$.fingerprint' AS fingerprint FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size AND document IS NOT NULL AND instr(body, '\"fingerprint\":'))
    WHERE fingerprint IS NOT NULL GROUP BY document, agent;

    INSERT OR IGNORE INTO timeline_missing (seq, cause, event_id)
    SELECT e.seq, unhex(d.value), e.event_id
    FROM timeline_events AS e NOT INDEXED CROSS JOIN json_each(e.body, '$.depends_on') AS d
    WHERE e.seq > new.previous AND e.seq <= new.size AND instr(e.body, '\"depends_on\":') AND NOT EXISTS (
        SELECT 1 FROM timeline_known AS k WHERE k.event_id = unhex(d.value) AND k.seq <= new.size);

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT seq, before_seq, agent, before_number, origin_seq, before_time, timestamp
    FROM (SELECT seq, agent, timestamp, origin_seq, lag(seq) OVER own AS before_seq,
                 lag(timestamp) OVER own AS before_time, lag(origin_seq) OVER own AS before_number
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
          WINDOW own AS (PARTITION BY agent ORDER BY origin_seq))
    WHERE before_time > timestamp;

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT c.seq, p.head_seq, c.agent, p.last, c.origin_seq, p.head_time, c.timestamp
    FROM (SELECT seq, agent, timestamp, origin_seq, lag(origin_seq) OVER own AS low
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
          WINDOW own AS (PARTITION BY agent ORDER BY origin_seq)) AS c
    CROSS JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
        SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous)
    WHERE p.last < c.origin_seq AND (c.low IS NULL OR c.low < p.last) AND p.head_time > c.timestamp;

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT iif(number < origin_seq, seq, near), iif(number < origin_seq, near, seq), agent,
           MIN(number, origin_seq), MAX(number, origin_seq),
           iif(number < origin_seq, time, timestamp), iif(number < origin_seq, timestamp, time)
    FROM (SELECT c.seq AS seq, c.agent AS agent, c.timestamp AS timestamp, c.origin_seq AS origin_seq,
                 near.value AS near, COALESCE(e.origin_seq, a.origin_seq) AS number,
                 COALESCE(e.timestamp, a.timestamp) AS time
          FROM (SELECT seq, agent, timestamp, origin_seq, lag(origin_seq) OVER own AS low,
                       lead(origin_seq) OVER own AS high
                FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
                WINDOW own AS (PARTITION BY agent ORDER BY origin_seq)) AS c
          CROSS JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
              SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous)
          CROSS JOIN json_each(json_array(
              (SELECT seq FROM (
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_events INDEXED BY timeline_by_origin
                      WHERE agent = c.agent AND origin_seq > COALESCE(c.low, 0) AND origin_seq < c.origin_seq
                        AND seq <= new.previous ORDER BY origin_seq DESC LIMIT 1)
                  UNION ALL
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_archived INDEXED BY timeline_archived_by_origin
                      WHERE agent = c.agent AND origin_seq > COALESCE(c.low, 0) AND origin_seq < c.origin_seq
                        AND seq <= new.previous ORDER BY origin_seq DESC LIMIT 1))
               ORDER BY origin_seq DESC LIMIT 1),
              (SELECT seq FROM (
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_events INDEXED BY timeline_by_origin
                      WHERE agent = c.agent AND origin_seq > c.origin_seq
                        AND origin_seq <= MIN(p.last, COALESCE(c.high - 1, p.last))
                        AND seq <= new.previous ORDER BY origin_seq LIMIT 1)
                  UNION ALL
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_archived INDEXED BY timeline_archived_by_origin
                      WHERE agent = c.agent AND origin_seq > c.origin_seq
                        AND origin_seq <= MIN(p.last, COALESCE(c.high - 1, p.last))
                        AND seq <= new.previous ORDER BY origin_seq LIMIT 1))
               ORDER BY origin_seq LIMIT 1))) AS near
          LEFT JOIN timeline_events AS e ON e.seq = near.value
          LEFT JOIN timeline_archived AS a ON a.seq = near.value
          WHERE c.origin_seq < p.last)
    WHERE (number < origin_seq AND time > timestamp) OR (number > origin_seq AND time < timestamp);
END";

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
    store.execute(sql, [size.into()])?.first().map_or(Ok(0), |row| row.uint(0))
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
            let archived = archive::until(store)?;
            if reached < archived {
                return Err(gone(archived + 1));
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

const COUNT_DEFECTS: &str = "
SELECT (SELECT COUNT(*) FROM timeline_missing AS m WHERE m.seq <= ?1 AND NOT EXISTS (
            SELECT 1 FROM timeline_known AS k WHERE k.event_id = m.cause AND k.seq <= ?1)),
       (SELECT COUNT(*) FROM timeline_backwards AS b WHERE MAX(seq, before_seq) <= ?1 AND NOT EXISTS (
            SELECT 1 FROM timeline_events AS e INDEXED BY timeline_by_origin
            WHERE e.agent = b.agent AND e.origin_seq > b.before_number AND e.origin_seq < b.number AND e.seq <= ?1)
        AND NOT EXISTS (
            SELECT 1 FROM timeline_archived AS a INDEXED BY timeline_archived_by_origin
            WHERE a.agent = b.agent AND a.origin_seq > b.before_number AND a.origin_seq < b.number AND a.seq <= ?1))";

const LIST_MISSING: &str = "
SELECT m.seq, m.event_id, m.cause FROM timeline_missing AS m WHERE m.seq <= ?1 AND NOT EXISTS (
    SELECT 1 FROM timeline_known AS k WHERE k.event_id = m.cause AND k.seq <= ?1)
ORDER BY m.seq, m.cause LIMIT ?2";

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
            let time = |column| row.uint(column).map(format_rfc3339);
            list.push(
                json!({"kind": "clock", "agent_id": row.text(4)?, "seq": row.uint(0)?, "timestamp": time(1)?,
                "before_seq": row.uint(2)?, "before_timestamp": time(3)?}),
            );
        }
    }
    Ok(Violations { missing, backwards, list })
}

/// A stored digest.
pub(crate) fn digest(row: &Row, column: usize) -> Result<Digest, Problem> {
    let bytes = row.blob(column)?.try_into();
    bytes.map(Digest).map_err(|_| Problem::new(Code::StoreShape, "a stored digest is not 32 bytes"))
}
