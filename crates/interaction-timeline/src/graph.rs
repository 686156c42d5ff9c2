//! The causal graph of an event: `GET /timeline/event/{id}/causes`, `/effects` and `/concurrent`.
//!
//! Direct causes of an event are what it names in `depends_on` and its origin's previous event. `causes` and `effects`
//! follow them breadth first, so `distance` is the shortest path, and are paged by (distance, seq). Each page walks
//! from the event again, at most `TRAVERSE_MAX_EVENTS` events far. `concurrent` compares vector clocks, which count
//! the operations of one document: only events of the same document are comparable.

use std::collections::{BTreeSet, HashSet};

use ramanujan_core::clock::Causality;
use ramanujan_core::{Code, Digest, Problem, VectorClock};
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT, find};
use crate::row::{COLUMNS, E_COLUMNS, Stored};
use crate::{causal, schema};

/// Most events one request walks over, where `TRAVERSE_MAX_EVENTS` is not set.
const DEFAULT_TRAVERSE_MAX: u64 = 10_000;
/// Most events that one request compares for `concurrent`, where `CONCURRENT_MAX_SCAN` is not set.
const DEFAULT_MAX_SCAN: u64 = 5000;
/// Events expanded by one statement.
const FRONTIER: usize = 500;
/// Most names of events that are not there listed in a reply.
const MAX_MISSING: usize = 100;

const CAUSES: &str = "
SELECT x.seq FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN json_each(e.body, '$.depends_on') AS d CROSS JOIN timeline_events AS x ON x.event_id = unhex(d.value)
UNION
SELECT (SELECT p.seq FROM timeline_events AS p WHERE p.agent = e.agent AND p.origin_seq < e.origin_seq
        ORDER BY p.origin_seq DESC LIMIT 1)
FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
ORDER BY 1";

const EFFECTS: &str = "
SELECT g.effect FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN timeline_edges AS g ON g.cause = e.event_id
UNION
SELECT (SELECT p.seq FROM timeline_events AS p WHERE p.agent = e.agent AND p.origin_seq > e.origin_seq
        ORDER BY p.origin_seq LIMIT 1)
FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
ORDER BY 1";

const MISSING: &str = "
SELECT DISTINCT d.value FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN json_each(e.body, '$.depends_on') AS d
WHERE NOT EXISTS (SELECT 1 FROM timeline_events AS x WHERE x.event_id = unhex(d.value))
LIMIT ?2";

/// Which way along the causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Causes,
    Effects,
}

/// The events reached from one, nearest first.
#[derive(Debug, Default)]
pub struct Reached {
    /// (distance, seq), ascending, the event itself not among them.
    pub events: Vec<(u64, u64)>,
    /// Whether there is nothing beyond: neither the depth nor the number of events was the end.
    pub complete: bool,
    /// Names in `depends_on` that no stored event has, at most [`MAX_MISSING`]; of causes only.
    pub missing: BTreeSet<String>,
}

/// Walks from the event `seq`, at most `depth` steps and `most` events far.
///
/// # Errors
/// 503 if the store does not answer.
pub fn reach(store: &Store, seq: u64, relation: Relation, depth: u64, most: u64) -> Result<Reached, Problem> {
    let mut seen = HashSet::from([seq]);
    let mut frontier = vec![seq];
    let mut reached = Reached { complete: true, ..Reached::default() };
    let mut distance = 0;
    while !frontier.is_empty() {
        let mut next = BTreeSet::new();
        for part in frontier.chunks(FRONTIER) {
            let part = json!(part).to_string();
            if relation == Relation::Causes && reached.missing.len() < MAX_MISSING {
                let room = (MAX_MISSING - reached.missing.len()) as u64;
                for row in store.execute(MISSING, [part.as_str().into(), room.into()])? {
                    reached.missing.insert(row.text(0)?.to_owned());
                }
            }
            let sql = if relation == Relation::Causes { CAUSES } else { EFFECTS };
            for row in store.execute(sql, [part.into()])?.iter().filter(|row| !row.is_null(0)) {
                next.insert(row.uint(0)?);
            }
            if next.len() as u64 > most {
                break;
            }
        }
        distance += 1;
        frontier = next.into_iter().filter(|seq| seen.insert(*seq)).collect();
        let room = most.saturating_sub(reached.events.len() as u64);
        if !frontier.is_empty() && (distance > depth || frontier.len() as u64 > room) {
            reached.complete = false;
            frontier.truncate(if distance > depth { 0 } else { usize::try_from(room).unwrap_or(usize::MAX) });
            reached.events.extend(frontier.iter().map(|seq| (distance, *seq)));
            return Ok(reached);
        }
        reached.events.extend(frontier.iter().map(|seq| (distance, *seq)));
    }
    Ok(reached)
}

pub(crate) async fn causes(request: Request) -> Result<Response, Problem> {
    walk(&request, Relation::Causes)
}

pub(crate) async fn effects(request: Request) -> Result<Response, Problem> {
    walk(&request, Relation::Effects)
}

fn event_of(request: &Request, store: &Store) -> Result<(Digest, Stored), Problem> {
    let id: Digest = request.parse_param("id")?;
    let event = find(store, &id)?
        .ok_or_else(|| Problem::new(Code::NoSuchEvent, format!("the timeline has no event {id}")))?;
    Ok((id, event))
}

fn walk(request: &Request, relation: Relation) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["depth", "limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let most = setting::number("TRAVERSE_MAX_EVENTS", DEFAULT_TRAVERSE_MAX)?;
    let depth = query.parse::<u64>("depth")?.unwrap_or(most);
    if depth == 0 {
        return Err(Problem::new(Code::InvalidParameter, "depth: at least 1"));
    }
    let after = query.get("cursor").map(|text| {
        read_pair(text)
            .ok_or_else(|| Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of this query"))
    });
    let after = after.transpose()?.unwrap_or((0, 0));
    // The edges from causes to effects are part of the index.
    let store = if relation == Relation::Effects { causal::open()? } else { Store::open(schema::SCHEMA)? };
    let (id, event) = event_of(request, &store)?;
    let reached = reach(&store, event.seq, relation, depth, most)?;
    let mut rest = reached.events.into_iter().filter(|place| *place > after);
    let page: Vec<(u64, u64)> = rest.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let next_cursor =
        page.last().filter(|_| rest.next().is_some()).map(|(distance, seq)| format!("{distance}.{seq}"));
    let mut reply = json!({
        "event_id": id,
        "relation": if relation == Relation::Causes { "causes" } else { "effects" },
        "events": shown(&store, &page)?,
        "complete": reached.complete,
        "next_cursor": next_cursor,
    });
    if relation == Relation::Causes {
        reply["missing"] = json!(reached.missing);
    }
    ok(&reply)
}

fn shown(store: &Store, page: &[(u64, u64)]) -> Result<Vec<Map<String, Value>>, Problem> {
    let seqs: Vec<u64> = page.iter().map(|(_, seq)| *seq).collect();
    let sql = format!(
        "SELECT {E_COLUMNS} FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value ORDER BY f.key"
    );
    let rows = store.execute(&sql, [json!(seqs).to_string().into()])?;
    rows.into_iter()
        .zip(page)
        .map(|(row, (distance, _))| {
            let mut event = Stored::read(row)?.into_json()?;
            event.insert("distance".into(), (*distance).into());
            Ok(event)
        })
        .collect()
}

/// Two numbers with a dot between them.
pub(crate) fn read_pair(text: &str) -> Option<(u64, u64)> {
    let (first, second) = text.split_once('.')?;
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
    Some((number(first)?, number(second)?))
}

/// The clock of a stored event, empty if it has none.
pub(crate) fn clock_of(event: &Stored) -> Result<VectorClock, Problem> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        vector_clock: VectorClock,
    }
    let body: Body = serde_json::from_str(&event.body)
        .map_err(|error| Problem::new(Code::StoreShape, format!("event {}: {error}", event.seq)))?;
    Ok(body.vector_clock)
}

pub(crate) async fn concurrent(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let scan: u64 = setting::number("CONCURRENT_MAX_SCAN", DEFAULT_MAX_SCAN)?;
    let after = query.parse::<u64>("cursor")?.unwrap_or(0);
    let store = Store::open(schema::SCHEMA)?;
    let (id, event) = event_of(&request, &store)?;
    let clock = clock_of(&event)?;
    let mut events = Vec::new();
    let mut next_cursor = None;
    if !clock.is_empty() {
        let sql = format!(
            "SELECT {COLUMNS} FROM timeline_events WHERE document IS ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
        );
        let rows = store.execute(&sql, [event.document.clone().into(), after.into(), scan.into()])?;
        let full = rows.len() as u64 == scan;
        for row in rows {
            let other = Stored::read(row)?;
            // A page ends where it is full or where the scan ends, and the next goes on there.
            if events.len() as u64 == limit {
                break;
            }
            let seq = other.seq;
            let theirs = clock_of(&other)?;
            if !theirs.is_empty() && clock.compare(&theirs) == Causality::Concurrent {
                events.push(other.into_json()?);
            }
            next_cursor = Some(seq);
        }
        if !full && (events.len() as u64) < limit {
            next_cursor = None;
        }
    }
    ok(&json!({
        "event_id": id,
        "relation": "concurrent",
        // Without a clock nothing is known to be concurrent.
        "comparable": !clock.is_empty(),
        "events": events,
        "complete": true,
        "next_cursor": next_cursor.map(|seq| seq.to_string()),
    }))
}
