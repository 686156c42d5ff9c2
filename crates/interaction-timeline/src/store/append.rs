//! Appending: one event or many with one statement, all or nothing, each once.
//!
//! The INSERT itself leaves out what is already there and inserts nothing at all if anything contradicts the log, so
//! that parallel identical posts yield one row and `seq` has no gaps. Only a batch that was not entirely new is
//! looked at a second time, to say which events were there and which contradict. An event that was stored with less or
//! more said of its causes is no contradiction: the stored one stays, and the batch is inserted with that in its place.
//!
//! Ids are chosen by senders, and a stranger can choose one that somebody else will need. So a sender may leave it to
//! the timeline what is done then: the id that an event gets then follows from the one that is taken, from
//! what the event tells and from a secret of the log. Whoever repeats the event gets it again, and nobody can take it first.

use std::borrow::Cow;

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, Store, Value as Sql};
use ramanujan_timeline::Event;
use ramanujan_timeline::row::color_code;
use serde::Serialize;

use crate::batch::{Batch, Clash};

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
            WHERE c.agent = i.agent AND c.origin_seq = i.origin_seq AND c.event_id <> i.event_id)) END,
       iif(e.agent = i.agent AND e.type = i.type AND e.document IS i.document AND e.color IS i.color
           AND e.body <> i.body, e.body, NULL),
       a.content
FROM incoming AS i LEFT JOIN timeline_events AS e ON e.event_id = i.event_id
                   LEFT JOIN timeline_archived AS a ON a.event_id = i.event_id
ORDER BY i.i";

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

/// Each round puts in what the one before found: that an id is taken, that the event is there under its other id with less
/// said of its causes, and, of each, once more because of another writer.
const ROUNDS: usize = 5;

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
    let mut distinct: Vec<Incoming<'_>> =
        distinct.into_iter().map(|(index, event)| (index, Cow::Borrowed(event))).collect();
    for _ in 0..ROUNDS {
        let found = match insert(store, &distinct, now)? {
            Found::At(found) => found,
            Found::Otherwise { stored, taken } => {
                for (place, event) in stored {
                    distinct[place].1 = Cow::Owned(event);
                }
                if taken.is_empty() {
                    continue;
                }
                let secret = if if_taken == IfTaken::Derive { Some(secret(store)?) } else { None };
                for place in taken {
                    let (index, event) = &distinct[place];
                    // Under an id of the timeline's there is nothing but that event.
                    let secret = secret.as_ref().filter(|_| event.event_id == events[*index].event_id);
                    let secret = secret.ok_or_else(|| conflict(event.event_id, *index))?;
                    let event_id = another_id(secret, event)?;
                    distinct[place].1 = Cow::Owned(Event { event_id, ..events[*index].clone() });
                }
                continue;
            }
        };
        let at = |(index, place): (usize, usize)| {
            let (seq, known) = found[place];
            let (first, event) = &distinct[place];
            Appended { event_id: event.event_id, seq, duplicate: known || *first != index }
        };
        return Ok(places.iter().copied().enumerate().map(at).collect());
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

/// An event with the index at which it first stands in the post.
type Incoming<'a> = (usize, Cow<'a, Event>);

/// Where the events of a batch are.
enum Found {
    /// All of them are stored: where, and whether they were before.
    At(Vec<(u64, bool)>),
    /// Nothing was.
    Otherwise {
        /// Which are stored as these here, with less or more said of their causes.
        stored: Vec<(usize, Event)>,
        /// Whose ids are taken by events that tell of something else.
        taken: Vec<usize>,
    },
}

/// Inserts what is not there yet.
fn insert(store: &Store, distinct: &[Incoming<'_>], now: u64) -> Result<Found, Problem> {
    let rows: Vec<_> = distinct
        .iter()
        .map(|(_, e)| {
            let color = e.color.map(color_code);
            (e.timestamp.unwrap_or(now), &e.agent, &e.kind, &e.document, color, e.origin_seq, &e.body)
        })
        .collect();
    let rows = serde_json::to_string(&rows)?;
    let ids: Vec<u8> = distinct.iter().flat_map(|(_, event)| *event.event_id.as_bytes()).collect();
    let contents: Vec<u8> = distinct.iter().flat_map(|(_, event)| event.content_digest().0).collect();
    let params: [Sql; 3] = [rows.into(), ids.into(), contents.into()];
    let [rows, ids, contents] = params.clone();
    let inserted = store.execute(INSERT, [rows, ids, now.into(), contents])?;
    let mut seqs = inserted.iter().map(|row| row.uint(0)).collect::<Result<Vec<_>, _>>()?;
    seqs.sort_unstable();
    if seqs.len() == distinct.len() {
        return Ok(Found::At(seqs.into_iter().map(|seq| (seq, false)).collect()));
    }
    look_up(store, params, &seqs, distinct)
}

/// Where the events of a batch are that was not entirely new.
fn look_up(
    store: &Store,
    params: [Sql; 3],
    inserted: &[u64],
    distinct: &[Incoming<'_>],
) -> Result<Found, Problem> {
    let [rows, ids, contents] = params;
    let stored = store.execute(LOOK_UP, [rows, ids, contents])?;
    let (mut otherwise, mut taken) = (Vec::new(), Vec::new());
    // One contradiction keeps the whole batch out, so it is looked for before anything is called missing.
    for (place, ((index, event), row)) in distinct.iter().zip(&stored).enumerate() {
        if !row.is_null(3) {
            let detail = format!("event {} has this number of its origin", row.uint(3)?);
            return Err(Problem::new(Code::OriginSeqConflict, detail).with("index", *index));
        }
        if !row.is_null(1) && row.int(2)? == 0 {
            match as_stored(event, row)? {
                Some(event) => otherwise.push((place, event)),
                None => taken.push(place),
            }
        }
    }
    if !otherwise.is_empty() || !taken.is_empty() {
        return Ok(Found::Otherwise { stored: otherwise, taken });
    }
    let places = stored.iter().map(|row| {
        if row.is_null(1) {
            return Err(not_stored());
        }
        let seq = row.uint(1)?;
        Ok((seq, inserted.binary_search(&seq).is_err()))
    });
    Ok(Found::At(places.collect::<Result<_, _>>()?))
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
