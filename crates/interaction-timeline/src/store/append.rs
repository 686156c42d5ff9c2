//! Appending: one event or many with one statement, all or nothing, each once.
//!
//! The INSERT itself stores nothing at all if any of the batch is already there or anything contradicts the log, so that
//! parallel identical posts yield one row and `seq` has no gaps. Only a batch that was not entirely new is looked at a second
//! time, to say which events were there and which contradict; the rest is then inserted. An event that was stored with less
//! or more said of its causes is no contradiction: the stored one stays.
//!
//! Ids are chosen by senders, and a stranger can choose one that somebody else will need. So a sender may leave it to
//! the timeline what is done then: the id that an event gets then follows from the one that is taken, from
//! what the event tells and from a secret of the log. Whoever repeats the event gets it again, and nobody can take it first.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, Store, Value as Sql};
use ramanujan_timeline::Event;
use ramanujan_timeline::row::color_code;
use serde::Serialize;

use crate::batch::{Batch, Clash};
use crate::store::ids::{KEY, has_id};

/// Inserts the batch if none of it is there and nothing contradicts it; answers the number of its first event, the others
/// follow. A clock that runs backwards does not take `received` with it, so that it never decreases along the log. What the
/// trigger of `timeline_adding` does belongs to the statement.
const INSERT: &str = "
WITH incoming AS MATERIALIZED (
    SELECT key AS i, substr(?2, 1 + 32 * key, 32) AS id, value ->> 1 AS agent, value ->> 5 AS number
    FROM json_each(?1)),
hit AS MATERIALIZED (
    SELECT i.i AS i, n.seq AS seq FROM incoming AS i CROSS JOIN timeline_ids_new AS n ON n.key = substr(i.id, 1, 6)
    UNION ALL
    SELECT i.i, n.seq FROM incoming AS i CROSS JOIN timeline_ids_mid AS n ON n.key = substr(i.id, 1, 6)
    UNION ALL
    SELECT i.i, n.seq FROM incoming AS i CROSS JOIN timeline_ids AS n ON n.key = substr(i.id, 1, 6))
INSERT INTO timeline_adding (first, received, rows, ids, bodies, odd)
SELECT 1 + COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0),
       MAX(?4, COALESCE((SELECT received FROM timeline_events ORDER BY seq DESC LIMIT 1), 0)), ?1, ?2, ?3,
       (SELECT json_group_array(i) FROM (SELECT i FROM hit UNION SELECT value FROM json_each(?5)))
WHERE NOT EXISTS (
    SELECT 1 FROM hit AS h CROSS JOIN timeline_events AS e ON e.seq = h.seq
    WHERE COALESCE(e.id, e.event_id) = substr(?2, 1 + 32 * h.i, 32))
  AND NOT EXISTS (SELECT 1 FROM incoming AS i CROSS JOIN timeline_ids_odd AS o ON o.id = i.id)
  AND NOT EXISTS (SELECT 1 FROM incoming AS i CROSS JOIN timeline_events AS e ON e.event_id = i.id)
  AND NOT EXISTS (SELECT 1 FROM incoming AS i CROSS JOIN timeline_archived AS a ON a.event_id = i.id)
  AND NOT EXISTS (
    SELECT 1 FROM incoming AS i CROSS JOIN timeline_events AS e ON e.agent = i.agent AND e.origin_seq = i.number
    WHERE i.number > 0)
  AND NOT EXISTS (
    SELECT 1 FROM incoming AS i CROSS JOIN timeline_archived AS a ON a.agent = i.agent AND a.origin_seq = i.number
    WHERE i.number > 0)
RETURNING first";

/// What is stored under the ids and the origin numbers of a batch.
const LOOK_UP: &str = concat!(
    "
WITH incoming AS MATERIALIZED (
    SELECT key AS i, substr(?2, 1 + 32 * key, 32) AS id, value ->> 1 AS agent, value ->> 2 AS type,
           value ->> 3 AS document, value ->> 4 AS color, value ->> 5 AS number,
           CAST(substr(?3, 1 + (value ->> 6), value ->> 7) AS TEXT) AS body
    FROM json_each(?1))
SELECT i.i, COALESCE(e.seq, a.seq),
       iif(e.seq IS NULL, a.content = substr(?4, 1 + 32 * i.i, 32),
           e.agent = i.agent AND e.type = i.type AND e.document IS i.document AND e.color IS i.color
           AND e.body = i.body),
       CASE WHEN i.number > 0 THEN COALESCE(
           (SELECT c.seq FROM timeline_events AS c
            WHERE c.agent = i.agent AND c.origin_seq = i.number AND COALESCE(c.id, c.event_id) <> i.id),
           (SELECT c.seq FROM timeline_archived AS c
            WHERE c.agent = i.agent AND c.origin_seq = i.number AND c.event_id <> i.id)) END,
       iif(e.agent = i.agent AND e.type = i.type AND e.document IS i.document AND e.color IS i.color
           AND e.body <> i.body, e.body, NULL),
       a.content
FROM incoming AS i LEFT JOIN timeline_events AS e ON ",
    has_id!("e", "i.id"),
    "
                   LEFT JOIN timeline_archived AS a ON a.event_id = i.id
ORDER BY i.i"
);

/// Where one posted event is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Appended {
    /// Its identity: the one that was posted, or another if that was taken and the sender left it to the timeline.
    pub event_id: Digest,
    /// Its place in the log.
    pub seq: u64,
    /// It was there already, or earlier in the same batch.
    pub duplicate: bool,
}

/// What is done with an event whose id is taken by one that tells of something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfTaken {
    /// It is refused, and the others with it.
    #[default]
    Refuse,
    /// It gets another id, which only the timeline can make.
    Derive,
}

/// Each round puts in what the one before found: that some are there, that an id is taken, that the event is there under its
/// other id with less said of its causes, and, of each, once more because of another writer.
const ROUNDS: usize = 8;

/// Appends `events` in order and says where each one is.
///
/// # Errors
/// 409 `event-conflict` (other content under an id, if that is refused) or `origin-seq-conflict` (two events under one
/// number of an origin), 422 `mixed-origin-seq`, each with `index`; 503 if the store does not answer. Then nothing is stored.
pub fn append(
    store: &Store,
    events: &[Event],
    if_taken: IfTaken,
    now: u64,
) -> Result<Vec<Appended>, Problem> {
    let Batch { distinct, places } = Batch::of(events).map_err(clash)?;
    let mut rest: Vec<Incoming<'_>> = distinct
        .into_iter()
        .enumerate()
        .map(|(place, (index, event))| Incoming { place, index, event: Cow::Borrowed(event) })
        .collect();
    let mut found: Vec<Option<(usize, Appended)>> = vec![None; rest.len()];
    let at = |incoming: &Incoming<'_>, seq, duplicate| {
        Some((incoming.index, Appended { event_id: incoming.event.event_id, seq, duplicate }))
    };
    for _ in 0..ROUNDS {
        if let Some(first) = insert(store, &rest, now)? {
            for (seq, incoming) in (first..).zip(&rest) {
                found[incoming.place] = at(incoming, seq, false);
            }
            rest.clear();
        }
        if rest.is_empty() {
            let where_is = |(index, place): (usize, usize)| {
                let (first, appended) = found[place].ok_or_else(not_stored)?;
                Ok(Appended { duplicate: appended.duplicate || first != index, ..appended })
            };
            return places.iter().copied().enumerate().map(where_is).collect();
        }
        let Found { there, taken } = look_up(store, &mut rest, now)?;
        if !taken.is_empty() {
            let secret = if if_taken == IfTaken::Derive { Some(secret(store)?) } else { None };
            for at in taken {
                let incoming = &mut rest[at];
                // Under an id of the timeline's there is nothing but that event.
                let posted = &events[incoming.index];
                let secret = secret.as_ref().filter(|_| incoming.event.event_id == posted.event_id);
                let secret = secret.ok_or_else(|| conflict(incoming.event.event_id, incoming.index))?;
                let event_id = another_id(secret, &incoming.event)?;
                incoming.event = Cow::Owned(Event { event_id, ..posted.clone() });
            }
            continue;
        }
        for (incoming, seq) in rest.iter().zip(&there) {
            found[incoming.place] = seq.and_then(|seq| at(incoming, seq, true));
        }
        rest.retain(|incoming| found[incoming.place].is_none());
    }
    Err(not_stored())
}

/// The secret of the log. Nobody is told it.
fn secret(store: &Store) -> Result<Vec<u8>, Problem> {
    let rows = store.execute("SELECT secret FROM timeline_secret", [])?;
    let row = rows.first().ok_or_else(|| Problem::new(Code::StoreCorrupt, "the log has no secret"))?;
    Ok(row.blob(0)?.to_vec())
}

/// The id of an event whose own is taken.
fn another_id(secret: &[u8], event: &Event) -> Result<Digest, Problem> {
    let told = event.told_digest().map_err(|error| Problem::new(Code::Encoding, error.to_string()))?;
    let parts = [b"another-id\0", secret, event.event_id.as_bytes(), told.as_bytes()];
    Ok(Digest::of(&parts.concat()))
}

/// An event on its way.
struct Incoming<'a> {
    /// Which of the distinct events of the post it is.
    place: usize,
    /// At which index of the post it first stands.
    index: usize,
    event: Cow<'a, Event>,
}

/// What is known of a batch that was not inserted.
struct Found {
    /// For each event where it is, if it is there.
    there: Vec<Option<u64>>,
    /// Whose ids are taken by events that tell of something else.
    taken: Vec<usize>,
}

/// A batch as the statements read it: rows as JSON, the ids one after the other, and the bodies. A body would be quoted
/// in JSON, and read twice.
fn pack(batch: &[Incoming<'_>], now: u64) -> Result<[Sql; 3], Problem> {
    let mut ids = Vec::with_capacity(32 * batch.len());
    let mut bodies = Vec::new();
    let mut counts: HashMap<&str, i64> = HashMap::new();
    let mut rows = Vec::with_capacity(batch.len());
    for Incoming { event: e, .. } in batch {
        let number = match e.origin_seq {
            Some(number) => i64::try_from(number).map_err(|_| not_stored())?,
            None => {
                let count = counts.entry(e.agent.as_str()).or_default();
                *count -= 1;
                *count
            }
        };
        let start = bodies.len();
        ids.extend_from_slice(e.event_id.as_bytes());
        bodies.extend_from_slice(e.body.as_bytes());
        let color = e.color.map(color_code);
        rows.push((
            e.timestamp.unwrap_or(now),
            &e.agent,
            &e.kind,
            &e.document,
            color,
            number,
            start,
            e.body.len(),
        ));
    }
    Ok([serde_json::to_string(&rows)?.into(), ids.into(), bodies.into()])
}

/// Inserts a batch all of which is new, and says under which number its first event is; `None` if it was not inserted.
fn insert(store: &Store, batch: &[Incoming<'_>], now: u64) -> Result<Option<u64>, Problem> {
    let mut keys = HashSet::with_capacity(batch.len());
    let odd: Vec<usize> =
        (0..batch.len()).filter(|at| !keys.insert(&batch[*at].event.event_id.as_bytes()[..KEY])).collect();
    let [rows, ids, bodies] = pack(batch, now)?;
    let odd = serde_json::to_string(&odd)?;
    let inserted = store.execute(INSERT, [rows, ids, bodies, now.into(), odd.into()])?;
    inserted.first().map(|row| row.uint(0)).transpose()
}

/// Where the events of a batch are that was not entirely new. What is stored with less or more said of its causes is put
/// in the place of what was posted.
fn look_up(store: &Store, batch: &mut [Incoming<'_>], now: u64) -> Result<Found, Problem> {
    let [rows, ids, bodies] = pack(batch, now)?;
    let contents: Vec<u8> = batch.iter().flat_map(|incoming| incoming.event.content_digest().0).collect();
    let stored = store.execute(LOOK_UP, [rows, ids, bodies, contents.into()])?;
    let mut found = Found { there: Vec::with_capacity(batch.len()), taken: Vec::new() };
    for (at, (incoming, row)) in batch.iter_mut().zip(&stored).enumerate() {
        if !row.is_null(3) {
            let detail = format!("event {} has this number of its origin", row.uint(3)?);
            return Err(Problem::new(Code::OriginSeqConflict, detail).with("index", incoming.index));
        }
        found.there.push(if row.is_null(1) { None } else { Some(row.uint(1)?) });
        if !row.is_null(1) && row.int(2)? == 0 {
            match as_stored(&incoming.event, row)? {
                Some(event) => incoming.event = Cow::Owned(event),
                None => found.taken.push(at),
            }
        }
    }
    Ok(found)
}

/// The event as it is stored under its id, if that tells of the same. Of an archived one only a digest is there, which is
/// compared with what the event would be without its causes.
fn as_stored(event: &Event, row: &Row) -> Result<Option<Event>, Problem> {
    if !row.is_null(4) {
        let body = row.text(4)?;
        return Ok(event.tells_the_same(body).then(|| Event { body: body.to_owned(), ..event.clone() }));
    }
    if row.is_null(5) {
        return Ok(None);
    }
    let without = event.without_causes().map_err(|error| Problem::new(Code::Encoding, error.to_string()))?;
    Ok((without.content_digest().as_bytes()[..] == *row.blob(5)?).then_some(without))
}

fn not_stored() -> Problem {
    Problem::new(Code::StoreUnavailable, "an event was not stored; post it again")
}

fn conflict(id: Digest, index: usize) -> Problem {
    let detail =
        format!("event {id} exists with other content; an event is never changed, give it another id");
    Problem::new(Code::EventConflict, detail).with("index", index).with("event_id", id.to_string())
}

fn clash(clash: Clash) -> Problem {
    match clash {
        Clash::MixedNumbers { index, agent } => {
            let detail = format!("the events of {agent} in one post must all have origin_seq or none");
            Problem::new(Code::MixedOriginSeq, detail).with("index", index)
        }
        Clash::OneNumber { index, agent } => {
            let detail = format!("two events of {agent} in this post have one origin_seq");
            Problem::new(Code::OriginSeqConflict, detail).with("index", index)
        }
        Clash::OneId { index, event_id } => conflict(event_id, index),
    }
}
