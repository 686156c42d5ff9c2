//! The log: stored events by their numbers, and where the log begins and ends.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, Store, Value as Sql, now_millis};
use ramanujan_timeline::Stored;

use crate::store::ids::has_id;

/// The columns that [`read`] expects, in its order.
pub(super) const COLUMNS: &str =
    "seq, COALESCE(id, event_id), timestamp, received, origin_seq, agent, type, document, color, body";

/// [`COLUMNS`] of a table called `e`, where another has columns of the same names.
pub(super) const E_COLUMNS: &str = "e.seq, COALESCE(e.id, e.event_id), e.timestamp, e.received, e.origin_seq, e.agent, e.type, e.document, e.color, e.body";

/// The greatest seq received before ?1, 0 if there is none; no row if the log has a hole where it looks.
pub(super) const BISECT: &str = "
WITH RECURSIVE bisect(low, high) AS (
    SELECT COALESCE((SELECT MAX(last) FROM timeline_segments), 0), COALESCE((SELECT MAX(seq) FROM timeline_events), 0)
    UNION ALL
    SELECT iif(e.received < ?1, e.seq, low), iif(e.received < ?1, high, e.seq - 1)
    FROM bisect JOIN timeline_events AS e ON e.seq = (low + high + 1) / 2
    WHERE low < high)
SELECT low FROM bisect WHERE low = high";

/// Now, within the range that the API can print.
pub(crate) fn now() -> u64 {
    now_millis().min(ramanujan_core::time::MAX_UNIX_MILLIS)
}

/// Reads a row of [`COLUMNS`].
///
/// # Errors
/// 500 `store-shape`.
pub(super) fn read(mut row: Row) -> Result<Stored, Problem> {
    let optional =
        |row: &mut Row, column| if row.is_null(column) { Ok(None) } else { row.take_text(column).map(Some) };
    Ok(Stored {
        seq: row.uint(0)?,
        event_id: digest(&row, 1)?.0,
        timestamp: row.uint(2)?,
        received: row.uint(3)?,
        origin_seq: row.uint(4)?,
        agent: row.take_text(5)?,
        kind: row.take_text(6)?,
        document: optional(&mut row, 7)?,
        color: if row.is_null(8) { None } else { Some(row.int(8)?) },
        body: row.take_text(9)?,
    })
}

/// Runs a statement whose rows are events.
pub(super) fn read_all(store: &Store, sql: &str, params: Vec<Sql>) -> Result<Vec<Stored>, Problem> {
    store.execute(sql, params)?.into_iter().map(read).collect()
}

/// The number in a statement's only row and column, 0 if there is none.
pub(super) fn number(store: &Store, sql: &str, params: impl Into<Vec<Sql>>) -> Result<u64, Problem> {
    store.execute(sql, params)?.first().map_or(Ok(0), |row| row.uint(0))
}

/// A stored digest.
pub(super) fn digest(row: &Row, column: usize) -> Result<Digest, Problem> {
    let bytes = row.blob(column)?.try_into();
    bytes.map(Digest).map_err(|_| Problem::new(Code::StoreShape, "a stored digest is not 32 bytes"))
}

/// A stored time as replies show it.
pub(super) fn time(row: &Row, column: usize) -> Result<String, Problem> {
    row.uint(column).map(format_rfc3339)
}

/// The events after `seq`, oldest first.
///
/// # Errors
/// 503 if the store does not answer.
pub fn after(store: &Store, seq: u64, limit: u64) -> Result<Vec<Stored>, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM timeline_events WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    read_all(store, &sql, vec![seq.into(), limit.into()])
}

/// The last events, newest last.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn newest(store: &Store, limit: u64) -> Result<Vec<Stored>, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM timeline_events ORDER BY seq DESC LIMIT ?1");
    let mut events = read_all(store, &sql, vec![limit.into()])?;
    events.reverse();
    Ok(events)
}

/// The event with this id, `None` if it has no row.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn find(store: &Store, id: &Digest) -> Result<Option<Stored>, Problem> {
    let sql = format!("SELECT {E_COLUMNS} FROM timeline_events AS e WHERE {}", has_id!("e", "?1"));
    Ok(read_all(store, &sql, vec![id.as_bytes().as_slice().into()])?.pop())
}

/// What the caller of an id that has no row is told: 410 `event-archived` with its `seq` and the file's digest, or 404.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn gone(store: &Store, id: &Digest) -> Result<Problem, Problem> {
    let rows = store.execute(
        "SELECT a.seq, s.digest FROM timeline_archived AS a JOIN timeline_segments AS s
         ON a.seq BETWEEN s.first AND s.last WHERE a.event_id = ?1",
        [id.as_bytes().as_slice().into()],
    )?;
    let Some(row) = rows.first() else { return Ok(unknown(id)) };
    let (seq, file) = (row.uint(0)?, digest(row, 1)?);
    let detail = format!("event {id} is number {seq}, archived in the file with SHA-256 {file}");
    Ok(Problem::new(Code::EventArchived, detail).with("seq", seq).with("file_sha256", file.to_string()))
}

/// 404 `no-such-event`.
pub(crate) fn unknown(id: &Digest) -> Problem {
    Problem::new(Code::NoSuchEvent, format!("the timeline has no event {id}"))
}

/// The first seq that is in the log (or, of an empty one, that would be next) and the greatest ever given.
///
/// # Errors
/// 503 if the store does not answer.
pub fn bounds(store: &Store) -> Result<(u64, u64), Problem> {
    let sql = "SELECT (SELECT MIN(seq) FROM timeline_events),
                      COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0)";
    let rows = store.execute(sql, [])?;
    let row = rows.first().ok_or_else(|| Problem::new(Code::StoreShape, "no bounds"))?;
    let last = row.uint(1)?;
    Ok((if row.is_null(0) { last + 1 } else { row.uint(0)? }, last))
}

/// How many events, from the first, are archived.
///
/// # Errors
/// 503 if the store does not answer.
pub fn archived_until(store: &Store) -> Result<u64, Problem> {
    number(store, "SELECT COALESCE(MAX(last), 0) FROM timeline_segments", [])
}

/// The problem of a reader who asks for what is no longer in the log, which begins at `first`.
pub(crate) fn archived(first: u64) -> Problem {
    let detail = format!("the log begins at seq {first}; what was before is archived");
    Problem::new(Code::Archived, detail).with("first_seq", first)
}

/// The problem of a log that does not agree with its seals from some event on.
pub(crate) fn damaged(seq: u64) -> Problem {
    let detail = format!("the log does not agree with its seals near event {seq}; see /timeline/verify");
    Problem::new(Code::LogDamaged, detail).with("seq", seq)
}
