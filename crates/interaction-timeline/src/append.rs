//! `POST /timeline/events`: appends one event or many with one statement, all or nothing, each once.
//!
//! The INSERT itself leaves out what is already there and inserts nothing at all if anything contradicts the log, so
//! that parallel identical posts yield one row and `seq` has no gaps. Only a batch that was not entirely new is
//! looked at a second time, to say which events were there and which contradict.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, Store, Value as Sql, ok, setting};
use serde::Serialize;
use serde_json::json;

use crate::event::{Event, Posted};
use crate::{now, row, schema, seal};

/// Most events in one post where `MAX_BATCH` is not set.
pub const DEFAULT_MAX_BATCH: usize = 1000;

/// Events without a number get the ones that follow the greatest of their origin. A clock that runs backwards does not
/// take `received` with it, so that it never decreases along the log.
const INSERT: &str = "
WITH incoming AS MATERIALIZED (
    SELECT key AS i, substr(?2, 1 + 32 * key, 32) AS event_id, value ->> 0 AS timestamp, value ->> 1 AS agent,
           value ->> 2 AS type, value ->> 3 AS document, value ->> 4 AS color, value ->> 5 AS origin_seq,
           value ->> 6 AS body
    FROM json_each(?1)),
known AS MATERIALIZED (
    SELECT i.i AS i, e.agent = i.agent AND e.type = i.type AND e.document IS i.document AND e.color IS i.color
           AND e.body = i.body AS same
    FROM incoming AS i CROSS JOIN timeline_events AS e ON e.event_id = i.event_id
    UNION ALL
    SELECT i.i, a.content = substr(?4, 1 + 32 * i.i, 32)
    FROM incoming AS i CROSS JOIN timeline_archived AS a ON a.event_id = i.event_id)
INSERT INTO timeline_events (event_id, timestamp, received, origin_seq, agent, type, document, color, body)
SELECT i.event_id, i.timestamp, MAX(?3, COALESCE((SELECT received FROM timeline_events ORDER BY seq DESC LIMIT 1), 0)),
       COALESCE(i.origin_seq, COALESCE((SELECT o.last FROM timeline_origins AS o WHERE o.agent = i.agent), 0)
                + row_number() OVER (PARTITION BY i.agent ORDER BY i.i)),
       i.agent, i.type, i.document, i.color, i.body
FROM incoming AS i
WHERE i.i NOT IN (SELECT i FROM known)
  AND NOT EXISTS (SELECT 1 FROM known WHERE NOT same)
  AND NOT EXISTS (
    SELECT 1 FROM incoming AS n CROSS JOIN timeline_events AS e ON e.agent = n.agent AND e.origin_seq = n.origin_seq
    WHERE n.origin_seq IS NOT NULL AND e.event_id <> n.event_id)
  AND NOT EXISTS (
    SELECT 1 FROM incoming AS n CROSS JOIN timeline_archived AS a ON a.agent = n.agent AND a.origin_seq = n.origin_seq
    WHERE n.origin_seq IS NOT NULL AND a.event_id <> n.event_id)
ORDER BY i.i
RETURNING seq";

/// What is stored under the ids and the origin numbers of a batch.
const LOOK_UP: &str = "
WITH incoming AS MATERIALIZED (
    SELECT key AS i, substr(?2, 1 + 32 * key, 32) AS event_id, value ->> 1 AS agent, value ->> 2 AS type,
           value ->> 3 AS document, value ->> 4 AS color, value ->> 5 AS origin_seq, value ->> 6 AS body
    FROM json_each(?1))
SELECT i.i, COALESCE(e.seq, a.seq),
       iif(e.seq IS NULL, a.content = substr(?3, 1 + 32 * i.i, 32),
           e.agent = i.agent AND e.type = i.type AND e.document IS i.document AND e.color IS i.color
           AND e.body = i.body),
       CASE WHEN i.origin_seq IS NOT NULL THEN COALESCE(
           (SELECT c.seq FROM timeline_events AS c
            WHERE c.agent = i.agent AND c.origin_seq = i.origin_seq AND c.event_id <> i.event_id),
           (SELECT c.seq FROM timeline_archived AS c
            WHERE c.agent = i.agent AND c.origin_seq = i.origin_seq AND c.event_id <> i.event_id)) END
FROM incoming AS i LEFT JOIN timeline_events AS e ON e.event_id = i.event_id
                   LEFT JOIN timeline_archived AS a ON a.event_id = i.event_id
ORDER BY i.i";

/// Where one posted event is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Appended {
    pub event_id: Digest,
    pub seq: u64,
    /// It was there already, or earlier in the same batch.
    pub duplicate: bool,
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let limit = setting::number("MAX_BATCH", DEFAULT_MAX_BATCH)?;
    let (single, events) = read(&request, limit)?;
    let store = Store::open(schema::SCHEMA)?;
    let events = append(&store, events, now())?;
    if let Some(last) = events.iter().filter(|event| !event.duplicate).map(|event| event.seq).max() {
        seal::keep_up(&store, last, events.len() as u64);
    }
    let duplicates = events.iter().filter(|event| event.duplicate).count();
    let appended = events.len() - duplicates;
    match events.first() {
        Some(Appended { event_id, seq, duplicate }) if single => ok(&json!({
            "event_id": event_id, "seq": seq, "duplicate": duplicate,
            "events": events, "appended": appended, "duplicates": duplicates,
        })),
        _ => ok(&json!({"events": events, "appended": appended, "duplicates": duplicates})),
    }
}

/// The posted events, checked, and whether there was one outside an array.
fn read(request: &Request, limit: usize) -> Result<(bool, Vec<Event>), Problem> {
    let is_array = request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if !is_array {
        return Ok((true, vec![request.json::<Posted>()?.check()?]));
    }
    let posted = request.json::<Vec<Posted>>().map_err(|problem| locate(request, problem))?;
    if posted.is_empty() {
        return Err(Problem::new(Code::EmptyBatch, "post at least one event"));
    }
    if posted.len() > limit {
        let detail = format!("{} events in one post, at most {limit}; send them in several", posted.len());
        return Err(Problem::new(Code::BatchTooLarge, detail).with("limit", limit));
    }
    let check = |(index, posted): (usize, Posted)| posted.check().map_err(|p| p.with("index", index));
    posted.into_iter().enumerate().map(check).collect::<Result<_, _>>().map(|events| (false, events))
}

/// Adds to a reading problem which event of the array it is about.
fn locate(request: &Request, problem: Problem) -> Problem {
    let Ok(values) = request.json::<Vec<serde_json::Value>>() else { return problem };
    for (index, value) in values.into_iter().enumerate() {
        // Through text again: a second reader of events, from values, would be 10 kB of code for this case alone.
        if let Err(problem) = ramanujan_core::json::from_slice::<Posted>(value.to_string().as_bytes()) {
            return problem.with("index", index);
        }
    }
    problem
}

/// Appends `events` in order and says where each one is.
///
/// # Errors
/// 409 `event-conflict` (other content under an id) or `origin-seq-conflict` (two events under one number of an
/// origin), 422 `mixed-origin-seq`, each with `index`; 503 if the store does not answer. Then nothing is stored.
pub fn append(store: &Store, events: Vec<Event>, now: u64) -> Result<Vec<Appended>, Problem> {
    let places = within_batch(&events)?;
    // One entry for each distinct event, by first appearance.
    let mut fresh: Vec<&Event> = Vec::with_capacity(events.len());
    let mut first_index = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        if places[index] == fresh.len() {
            fresh.push(event);
            first_index.push(index);
        }
    }
    let rows: Vec<_> = fresh
        .iter()
        .map(|e| {
            let color = e.color.map(row::color_code);
            (e.timestamp.unwrap_or(now), &e.agent, &e.kind, &e.document, color, e.origin_seq, &e.body)
        })
        .collect();
    let rows = serde_json::to_string(&rows).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let ids: Vec<u8> = fresh.iter().flat_map(|event| *event.event_id.as_bytes()).collect();
    let contents: Vec<u8> = fresh.iter().flat_map(|event| *event.content_digest().as_bytes()).collect();
    let params: [Sql; 3] = [rows.into(), ids.into(), contents.into()];
    let [rows, ids, contents] = params.clone();
    let inserted = store.execute(INSERT, [rows, ids, now.into(), contents])?;
    let mut seqs = inserted.iter().map(|row| row.uint(0)).collect::<Result<Vec<_>, _>>()?;
    seqs.sort_unstable();
    let found: Vec<(u64, bool)> = if seqs.len() == fresh.len() {
        seqs.into_iter().map(|seq| (seq, false)).collect()
    } else {
        look_up(store, params, &seqs, &first_index)?
    };
    let mut result = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let (seq, known) = found[places[index]];
        let duplicate = known || first_index[places[index]] != index;
        result.push(Appended { event_id: event.event_id, seq, duplicate });
    }
    Ok(result)
}

/// For each event the number of its id in order of first appearance.
fn within_batch(events: &[Event]) -> Result<Vec<usize>, Problem> {
    let mut by_id: HashMap<Digest, usize> = HashMap::with_capacity(events.len());
    let mut by_origin: HashMap<(&str, Option<u64>), Digest> = HashMap::new();
    let mut numbered: HashMap<&str, bool> = HashMap::new();
    let mut first: Vec<&Event> = Vec::with_capacity(events.len());
    let mut places = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let agent = event.agent.as_str();
        if *numbered.entry(agent).or_insert(event.origin_seq.is_some()) != event.origin_seq.is_some() {
            let detail = format!("the events of {agent} in one post must all have origin_seq or none");
            return Err(Problem::new(Code::MixedOriginSeq, detail).with("index", index));
        }
        if event.origin_seq.is_some()
            && *by_origin.entry((agent, event.origin_seq)).or_insert(event.event_id) != event.event_id
        {
            return Err(origin_conflict(event, index));
        }
        match by_id.entry(event.event_id) {
            Entry::Vacant(entry) => {
                places.push(*entry.insert(first.len()));
                first.push(event);
            }
            Entry::Occupied(entry) if first[*entry.get()].same_content(event) => places.push(*entry.get()),
            Entry::Occupied(_) => return Err(conflict(event.event_id, index)),
        }
    }
    Ok(places)
}

fn look_up(
    store: &Store,
    params: [Sql; 3],
    inserted: &[u64],
    first_index: &[usize],
) -> Result<Vec<(u64, bool)>, Problem> {
    let [rows, ids, contents] = params;
    let id_at = |place: usize| match &ids {
        Sql::Blob(bytes) => {
            bytes.get(32 * place..32 * place + 32).and_then(|id| id.try_into().ok()).map(Digest)
        }
        _ => None,
    };
    let stored = store.execute(LOOK_UP, [rows, ids.clone(), contents])?;
    // One contradiction keeps the whole batch out, so it is looked for before anything is called missing.
    for (place, row) in stored.iter().enumerate() {
        let index = first_index.get(place).copied().unwrap_or(place);
        if !row.is_null(3) {
            let detail = format!("event {} has this number of its origin", row.uint(3)?);
            return Err(Problem::new(Code::OriginSeqConflict, detail).with("index", index));
        }
        if !row.is_null(1) && row.int(2)? == 0 {
            return Err(conflict(id_at(place).unwrap_or(Digest([0; 32])), index));
        }
    }
    stored
        .iter()
        .map(|row| {
            if row.is_null(1) {
                return Err(Problem::new(Code::StoreUnavailable, "an event was not stored; post it again"));
            }
            let seq = row.uint(1)?;
            Ok((seq, inserted.binary_search(&seq).is_err()))
        })
        .collect()
}

fn conflict(id: Digest, index: usize) -> Problem {
    let detail =
        format!("event {id} exists with other content; an event is never changed, give it another id");
    Problem::new(Code::EventConflict, detail).with("index", index).with("event_id", id.to_string())
}

fn origin_conflict(event: &Event, index: usize) -> Problem {
    let detail = format!("two events of {} in this post have one origin_seq", event.agent);
    Problem::new(Code::OriginSeqConflict, detail).with("index", index)
}
