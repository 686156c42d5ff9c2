//! The state of the log at any size: the last checkpoint not beyond it and a replay of the events since.
//!
//! Read only. Lists are paged along their keys; a page costs what it holds and the replay, at any length of the log.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Row, Store, Value as Sql, setting};
use serde_json::{Map, Value, json};

use crate::feed::gone;
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT};
use crate::row::{color_code, color_of};
use crate::{archive, checkpoint};

/// Most event types in a summary, the most frequent first.
pub const MAX_TYPES: usize = 50;

/// A part of the state that is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Types,
    Origins,
    Documents,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            List::Types => "types",
            List::Origins => "origins",
            List::Documents => "documents",
        }
    }
}

/// Which page of which list to show.
#[derive(Clone, Debug)]
pub struct Page {
    pub list: List,
    pub after: String,
    pub limit: u64,
}

/// The parameters of [`Page::read`].
pub const PARAMETERS: [&str; 3] = ["list", "limit", "cursor"];

impl Page {
    /// The page that the query string asks for, if it asks for one.
    ///
    /// # Errors
    /// 422 naming the parameter.
    pub fn read(query: &Query<'_>) -> Result<Option<Self>, Problem> {
        let invalid = |detail: &str| Problem::new(Code::InvalidParameter, detail);
        let list = match query.get("list") {
            None if query.get("cursor").is_some() || query.get("limit").is_some() => {
                return Err(invalid("limit and cursor: only with list=types, origins or documents"));
            }
            None => return Ok(None),
            Some("types") => List::Types,
            Some("origins") => List::Origins,
            Some("documents") => List::Documents,
            Some(_) => return Err(invalid("list: one of types, origins, documents")),
        };
        let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
        Ok(Some(Page { list, after: query.get("cursor").unwrap_or_default().to_owned(), limit }))
    }
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
    SELECT agent, 1, origin_seq, seq, event_id, timestamp, 0 FROM timeline_events NOT INDEXED
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
pub fn at(store: &Store, size: u64, page: Option<&Page>) -> Result<Map<String, Value>, Problem> {
    loop {
        let base = checkpoint::latest(store, size)?;
        let state = replay(store, base, size, page)?;
        // Asked afterwards: rows that an archiver takes away meanwhile would not be in the counts.
        let archived = archive::until(store)?;
        if base == size || base >= archived {
            return Ok(state);
        }
        if checkpoint::latest(store, size)? == base {
            return Err(gone(archived + 1));
        }
    }
}

/// The state at the checkpoint `base` and what the events up to `size` change of it.
fn replay(store: &Store, base: u64, size: u64, page: Option<&Page>) -> Result<Map<String, Value>, Problem> {
    let mut by_color: Map<String, Value> =
        Color::ALL.iter().map(|color| (color.as_str().to_owned(), 0.into())).collect();
    let mut uncolored = 0;
    let mut types: Vec<(String, u64)> = Vec::new();
    for mut row in store.execute(SUMMARY, [base.into(), size.into()])? {
        let events = row.uint(2)?;
        match color_of(row.int(1)?).and_then(|color| by_color.get_mut(color.as_str())) {
            Some(count) => *count = (count.as_u64().unwrap_or(0) + events).into(),
            None => uncolored += events,
        }
        let kind = row.take_text(0)?;
        match types.last_mut() {
            Some((last, count)) if *last == kind => *count += events,
            _ => types.push((kind, events)),
        }
    }
    let distinct = types.len();
    types.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    types.truncate(MAX_TYPES);
    let counts = store.execute(COUNTS, [base.into(), size.into()])?;
    let count = |column| counts.first().map_or(Ok(0), |row| row.uint(column));
    let mut state = Map::new();
    state.insert("size".into(), size.into());
    state.insert("replayed".into(), (size - base).into());
    state.insert("by_color".into(), by_color.into());
    state.insert("uncolored".into(), uncolored.into());
    state.insert("types".into(), distinct.into());
    state.insert(
        "by_type".into(),
        types.into_iter().map(|(k, n)| (k, n.into())).collect::<Map<_, Value>>().into(),
    );
    state.insert("origins".into(), count(0)?.into());
    state.insert("documents".into(), count(1)?.into());
    if let Some(page) = page {
        let (items, next_cursor) = items(store, base, size, page)?;
        state.insert("list".into(), page.list.name().into());
        state.insert("items".into(), items.into());
        state.insert("next_cursor".into(), next_cursor.into());
    }
    Ok(state)
}

fn items(store: &Store, base: u64, size: u64, page: &Page) -> Result<(Vec<Value>, Option<String>), Problem> {
    // One more than asked for tells whether there is a next page.
    let mut params: Vec<Sql> =
        vec![base.into(), size.into(), page.after.as_str().into(), (page.limit + 1).into()];
    let sql = match page.list {
        List::Types => {
            params.extend([Color::Red, Color::Green, Color::Blue].map(|color| Sql::from(color_code(color))));
            TYPES
        }
        List::Origins => ORIGINS,
        List::Documents => DOCUMENTS,
    };
    let mut rows = store.execute(sql, params)?;
    let more = rows.len() as u64 > page.limit;
    rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    let next = match rows.last() {
        Some(row) if more => Some(row.text(0)?.to_owned()),
        _ => None,
    };
    let items = match page.list {
        List::Types => rows.iter().map(kind).collect::<Result<_, _>>()?,
        List::Origins => rows.iter().map(origin).collect::<Result<_, _>>()?,
        List::Documents => documents(store, base, size, &rows)?,
    };
    Ok((items, next))
}

fn kind(row: &Row) -> Result<Value, Problem> {
    Ok(json!({"type": row.text(0)?, "events": row.uint(1)?,
        "by_color": {"RED": row.uint(2)?, "GREEN": row.uint(3)?, "BLUE": row.uint(4)?}}))
}

fn origin(row: &Row) -> Result<Value, Problem> {
    let head = json!({"seq": row.uint(3)?, "event_id": checkpoint::digest(row, 4)?,
        "timestamp": format_rfc3339(row.uint(5)?)});
    Ok(json!({"agent_id": row.text(0)?, "events": row.uint(1)?, "last": row.uint(2)?, "head": head}))
}

fn documents(store: &Store, base: u64, size: u64, rows: &[Row]) -> Result<Vec<Value>, Problem> {
    let names: Vec<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    let names = json!(names).to_string();
    let replicas = store.execute(REPLICAS, [base.into(), size.into(), names.into()])?;
    rows.iter()
        .map(|row| {
            let name = row.text(0)?;
            let mut item = json!({"document_id": name, "events": row.uint(1)?, "replicas": 0, "fingerprints": 0,
                "converged": null, "fingerprint": null});
            if let Some(found) = replicas.iter().find(|found| found.text(0) == Ok(name)) {
                let different = found.uint(2)?;
                item["replicas"] = found.uint(1)?.into();
                item["fingerprints"] = different.into();
                item["converged"] = (different == 1).into();
                if different == 1 {
                    item["fingerprint"] = found.text(3)?.into();
                }
            }
            Ok(item)
        })
        .collect()
}
