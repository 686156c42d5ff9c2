//! The state of the log at any size: the last checkpoint not beyond it and a replay of the events since.
//!
//! Read only. Lists are paged along their keys; a page costs what it holds and the replay, at any length of the log.

use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::{Page, Pager, Row, Store, Value as Sql};
use ramanujan_timeline::row::color_code;
use serde_json::{Map, Value, json};

use crate::state::{Counts, List, Replicas, document};
use crate::store::checkpoints;
use crate::store::log::{self, BISECT, archived, digest, time};

/// Which page of which list to show.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) list: List,
    /// The last key of the page before.
    pub(crate) after: String,
    pub(crate) pager: Pager,
}

const SUMMARY: &str = "
SELECT type, color, SUM(events) AS n FROM (
    SELECT type, color, events, MAX(size) FROM timeline_at_types WHERE size <= ?1 GROUP BY type, color
    UNION ALL
    SELECT type, COALESCE(color, 2), 1, 0 FROM timeline_events NOT INDEXED WHERE seq > ?1 AND seq <= ?2)
GROUP BY type, color";

const COUNTS: &str = "
SELECT COALESCE((SELECT origins FROM timeline_checkpoints WHERE size = ?1), 0) + (
           SELECT COUNT(*) FROM (SELECT DISTINCT agent FROM timeline_events NOT INDEXED
                                 WHERE seq > ?1 AND seq <= ?2) AS c
           WHERE NOT EXISTS (SELECT 1 FROM timeline_at_origins AS p WHERE p.agent = c.agent AND p.size <= ?1)),
       COALESCE((SELECT documents FROM timeline_checkpoints WHERE size = ?1), 0) + (
           SELECT COUNT(*) FROM (SELECT DISTINCT document FROM timeline_events NOT INDEXED
                                 WHERE seq > ?1 AND seq <= ?2 AND document IS NOT NULL) AS c
           WHERE NOT EXISTS (SELECT 1 FROM timeline_at_documents AS p
                             WHERE p.document = c.document AND p.size <= ?1))";

/// The first ?4 keys after ?3 are among those of the checkpoint, of which one page is taken, and those of the replay.
const ORIGINS: &str = "
SELECT agent, SUM(events), MAX(last), head_seq, head_id, head_time FROM (
    SELECT * FROM (
        SELECT agent, events, last, head_seq, head_id, head_time, MAX(size) FROM timeline_at_origins
        WHERE agent > ?3 AND size <= ?1 GROUP BY agent ORDER BY agent LIMIT ?4)
    UNION ALL
    SELECT agent, 1, origin_seq, seq, COALESCE(id, event_id), timestamp, 0 FROM timeline_events NOT INDEXED
    WHERE seq > ?1 AND seq <= ?2 AND agent > ?3)
GROUP BY agent ORDER BY agent LIMIT ?4";

const TYPES: &str = "
SELECT type, SUM(n), SUM(red), SUM(green), SUM(blue) FROM (
    SELECT * FROM (
        SELECT type, SUM(events) AS n, SUM(events * (color = ?5)) AS red, SUM(events * (color = ?6)) AS green,
               SUM(events * (color = ?7)) AS blue
        FROM (SELECT type, color, events, MAX(size) FROM timeline_at_types
              WHERE type > ?3 AND size <= ?1 GROUP BY type, color)
        GROUP BY type ORDER BY type LIMIT ?4)
    UNION ALL
    SELECT type, 1, COALESCE(color = ?5, 0), COALESCE(color = ?6, 0), COALESCE(color = ?7, 0)
    FROM timeline_events NOT INDEXED WHERE seq > ?1 AND seq <= ?2 AND type > ?3)
GROUP BY type ORDER BY type LIMIT ?4";

const DOCUMENTS: &str = "
SELECT document, SUM(events) FROM (
    SELECT * FROM (
        SELECT document, events, MAX(size) FROM timeline_at_documents
        WHERE document > ?3 AND size <= ?1 GROUP BY document ORDER BY document LIMIT ?4)
    UNION ALL
    SELECT document, 1, 0 FROM timeline_events NOT INDEXED
    WHERE seq > ?1 AND seq <= ?2 AND document IS NOT NULL AND document > ?3)
GROUP BY document ORDER BY document LIMIT ?4";

/// Of each document in the JSON array ?3: how many agents reported a fingerprint, how many different ones were their
/// last, and the greatest of these.
const REPLICAS: &str = "
SELECT document, COUNT(*), COUNT(DISTINCT fingerprint), MAX(fingerprint) FROM (
    SELECT document, agent, MAX(seq), fingerprint FROM (
        SELECT p.document AS document, p.agent AS agent, p.seq AS seq, p.fingerprint AS fingerprint
        FROM json_each(?3) AS d CROSS JOIN timeline_at_replicas AS p ON p.document = d.value
        WHERE p.size <= ?1
        UNION ALL
        SELECT document, agent, seq, body ->> '$.fingerprint' FROM timeline_events NOT INDEXED
        WHERE seq > ?1 AND seq <= ?2 AND document IN (SELECT value FROM json_each(?3))
          AND instr(body, '\"fingerprint\":'))
    WHERE fingerprint IS NOT NULL GROUP BY document, agent)
GROUP BY document";

/// The state after the first `size` events: counts, and the page of a list if one is asked for.
///
/// # Errors
/// 410 `archived` if it would need rows that are, 503 if the store does not answer.
pub(crate) fn at(store: &Store, size: u64, part: Option<&Part>) -> Result<Map<String, Value>, Problem> {
    loop {
        let base = checkpoints::latest(store, size)?;
        let state = replay(store, base, size, part)?;
        // Asked afterwards: rows that an archiver takes away meanwhile would not be in the counts.
        let until = log::archived_until(store)?;
        if base == size || base >= until {
            return Ok(state);
        }
        if checkpoints::latest(store, size)? == base {
            return Err(archived(until + 1));
        }
    }
}

/// The state at the checkpoint `base` and what the events up to `size` change of it.
fn replay(store: &Store, base: u64, size: u64, part: Option<&Part>) -> Result<Map<String, Value>, Problem> {
    let mut counts = Counts::default();
    for mut row in store.execute(SUMMARY, [base.into(), size.into()])? {
        let (color, events) = (row.int(1)?, row.uint(2)?);
        counts.add(row.take_text(0)?, color, events);
    }
    let totals = store.execute(COUNTS, [base.into(), size.into()])?;
    let total = |column| totals.first().map_or(Ok(0), |row| row.uint(column));
    let mut state = counts.members();
    state.insert("size".into(), size.into());
    state.insert("replayed".into(), (size - base).into());
    state.insert("origins".into(), total(0)?.into());
    state.insert("documents".into(), total(1)?.into());
    if let Some(part) = part {
        let page = items(store, base, size, part)?;
        state.insert("list".into(), part.list.name().into());
        state.insert("next_cursor".into(), page.next(|(key, _)| key.clone()).into());
        state.insert("items".into(), page.items.into_iter().map(|(_, item)| item).collect());
    }
    Ok(state)
}

/// A page of a list, each entry with its key.
fn items(store: &Store, base: u64, size: u64, part: &Part) -> Result<Page<(String, Value)>, Problem> {
    let mut params: Vec<Sql> =
        vec![base.into(), size.into(), part.after.as_str().into(), part.pager.fetch().into()];
    let sql = match part.list {
        List::Types => {
            params.extend([Color::Red, Color::Green, Color::Blue].map(|color| Sql::from(color_code(color))));
            TYPES
        }
        List::Origins => ORIGINS,
        List::Documents => DOCUMENTS,
    };
    let page = part.pager.cut(store.execute(sql, params)?);
    let replicas = match part.list {
        List::Documents => replicas(store, base, size, &page.items)?,
        _ => Vec::new(),
    };
    page.try_map(|row| {
        let key = row.text(0)?;
        let item = match part.list {
            List::Types => kind(&row)?,
            List::Origins => origin(&row)?,
            List::Documents => {
                let found = replicas.iter().find(|(document, _)| document == key);
                document(key, row.uint(1)?, found.map(|(_, replicas)| replicas))
            }
        };
        Ok((key.to_owned(), item))
    })
}

fn kind(row: &Row) -> Result<Value, Problem> {
    Ok(json!({"type": row.text(0)?, "events": row.uint(1)?,
        "by_color": {"RED": row.uint(2)?, "GREEN": row.uint(3)?, "BLUE": row.uint(4)?}}))
}

fn origin(row: &Row) -> Result<Value, Problem> {
    let head = json!({"seq": row.uint(3)?, "event_id": digest(row, 4)?, "timestamp": time(row, 5)?});
    Ok(json!({"agent_id": row.text(0)?, "events": row.uint(1)?, "last": row.uint(2)?, "head": head}))
}

/// What is known of the replicas of the documents that are the keys of `rows`.
fn replicas(store: &Store, base: u64, size: u64, rows: &[Row]) -> Result<Vec<(String, Replicas)>, Problem> {
    let names: Vec<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    let names = json!(names).to_string();
    let found = store.execute(REPLICAS, [base.into(), size.into(), names.into()])?;
    found
        .into_iter()
        .map(|mut row| {
            let replicas =
                Replicas { agents: row.uint(1)?, fingerprints: row.uint(2)?, fingerprint: row.take_text(3)? };
            Ok((row.take_text(0)?, replicas))
        })
        .collect()
}

/// How many events the log had stored by `time`, in Unix milliseconds.
///
/// # Errors
/// 410 `archived` if only the files could tell; 500 `log-damaged`; 503 if the store does not answer.
pub(crate) fn size_by(store: &Store, time: u64) -> Result<u64, Problem> {
    let rows = store.execute(BISECT, [(time + 1).into()])?;
    let row = rows
        .first()
        .ok_or_else(|| Problem::new(Code::LogDamaged, "the log has a hole; GET /timeline/verify names it"))?;
    let size = row.uint(0)?;
    // Before the time of the last archived event the size was less, which the files alone know.
    let earlier = size > 0
        && size == log::archived_until(store)?
        && received(store, size)?.is_none_or(|last| last > time);
    if earlier { Err(archived(size + 1)) } else { Ok(size) }
}

/// When event `seq` was stored, as long as its row or a checkpoint there tells it.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn received(store: &Store, seq: u64) -> Result<Option<u64>, Problem> {
    let sql = "SELECT received FROM timeline_events WHERE seq = ?1
               UNION ALL SELECT received FROM timeline_checkpoints WHERE size = ?1 LIMIT 1";
    store.execute(sql, [seq.into()])?.first().map(|row| row.uint(0)).transpose()
}
