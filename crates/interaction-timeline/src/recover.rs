//! `GET` and `POST /timeline/recover`: the log as it was at a moment, from the latest snapshot before it and what was
//! stored since.
//!
//! A moment is a time (by the timeline's own clock: what was stored until then), a snapshot's name, or a size. The
//! reply has the counts of that prefix, its hashes, whether the snapshot still fits the log (`intact`), and the
//! events to replay after the snapshot, paged.

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::export::last_seq;
use crate::freeze::{DEFAULT_MAX_EVENTS, Snapshot, Tally, add_tally, check_enabled, hashes};
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT, after, parse_time};
use crate::row::Stored;
use crate::{schema, summary};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoverRequest {
    at: Option<String>,
    name: Option<String>,
    size: Option<u64>,
    limit: Option<u64>,
    /// As text, as it was given.
    cursor: Option<String>,
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["at", "name", "size", "limit", "cursor"])?;
    recover(RecoverRequest {
        at: query.get("at").map(str::to_owned),
        name: query.get("name").map(str::to_owned),
        size: query.parse("size")?,
        limit: query.parse("limit")?,
        cursor: query.get("cursor").map(str::to_owned),
    })
}

pub(crate) async fn handle_post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    recover(if request.body.is_empty() { RecoverRequest::default() } else { request.json()? })
}

fn recover(wanted: RecoverRequest) -> Result<Response, Problem> {
    check_enabled()?;
    let most_listed = setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?;
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT.min(most_listed));
    if !(1..=most_listed).contains(&limit) {
        return Err(Problem::invalid("invalid-parameter", format!("limit must be 1 to {most_listed}")));
    }
    let store = Store::open(schema::SCHEMA)?;
    let last = last_seq(&store)?;
    let size = match (&wanted.at, &wanted.name, wanted.size) {
        (None, None, None) => last,
        (Some(at), None, None) => stored_until(&store, parse_time("at", at)?)?,
        (None, Some(name), None) => {
            let snapshot = Snapshot::named(&store, name)?;
            let detail = || format!("no snapshot is called {name}; GET /timeline/freeze lists them");
            snapshot.ok_or_else(|| Problem::not_found("no-such-snapshot", detail()))?.size
        }
        (None, None, Some(size)) if size <= last => size,
        (None, None, Some(_)) => {
            return Err(Problem::invalid("invalid-size", format!("size: the log has {last} events")));
        }
        _ => return Err(Problem::invalid("invalid-parameter", "give one of at, name, size")),
    };
    let snapshot = Snapshot::within(&store, size)?;
    let start = snapshot.as_ref().map_or(0, |snapshot| snapshot.size);
    let most = setting::number("FREEZE_MAX_EVENTS", DEFAULT_MAX_EVENTS)?;
    if size - start > most {
        let detail = format!(
            "{} events follow the snapshot before; at most {most} are replayed: freeze first",
            size - start
        );
        return Err(Problem::new(413, "too-many-events", detail).with("size", start + most));
    }
    let mut tally = snapshot.as_ref().map_or_else(Tally::default, |snapshot| snapshot.tally.clone());
    add_tally(&store, &mut tally, start, size)?;
    let state = hashes(&store, size)?;
    let intact = match &snapshot {
        Some(snapshot) => Some(hashes(&store, snapshot.size)?.root() == snapshot.merkle_root),
        None => None,
    };
    let from = match wanted.cursor.as_deref().map(str::parse) {
        None => start,
        Some(Ok(cursor)) => start.max(cursor),
        Some(Err(_)) => {
            return Err(Problem::invalid("invalid-parameter", "cursor: not a next_cursor of this query"));
        }
    };
    let mut events = after(&store, from, (limit + 1).min(size.saturating_sub(from)))?;
    let more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = events.last().filter(|_| more).map(|event| event.seq.to_string());
    let events = events.into_iter().map(Stored::into_json).collect::<Result<Vec<_>, _>>()?;
    ok(&json!({
        "size": size,
        "merkle_root": state.root(),
        "chain_head": state.chain_head(),
        "snapshot": snapshot.as_ref().map(Snapshot::to_json),
        "intact": intact,
        "replayed": size - start,
        "summary": shown(&tally, size),
        "events": events,
        "next_cursor": next_cursor,
    }))
}

fn shown(tally: &Tally, size: u64) -> Value {
    json!({
        "events": size, "by_type": tally.by_type, "by_color": tally.by_color,
        "first_timestamp": tally.first.map(format_rfc3339), "last_timestamp": tally.last.map(format_rfc3339),
    })
}

/// How many events were stored until the time `at`, itself included.
fn stored_until(store: &Store, at: u64) -> Result<u64, Problem> {
    let rows = store.execute(summary::BISECT, [(at + 1).into()])?;
    rows.first().map_or_else(
        || Err(Problem::new(500, "log-damaged", "an event is missing; see /timeline/verify")),
        |row| row.uint(0),
    )
}
