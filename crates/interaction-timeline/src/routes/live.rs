//! The log as it grows: `GET /timeline/stream` (server-sent events) and `GET /timeline/poll` (long poll).
//!
//! Instances cannot notify each other, so both look into the store again and again.

use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Body, Looks, Query, Request, Response, ok, response};
use ramanujan_timeline::row::Shown;
use serde::Serialize;

use crate::live::{Clock, Live, Pace, Timing};
use crate::routes::query::{DEFAULT_LIMIT, read_feed};
use crate::settings::{
    LONG_POLL_MAX_MS, STREAM_HEARTBEAT_MS, STREAM_MAX_MS, STREAM_POLL_MIN_MS, STREAM_POLL_MS, STREAM_RETRY_MS,
};
use crate::shown::all;
use crate::store::{self, feed, log};

/// Shortest `heartbeat_ms` and `max_ms`, where the settings begin too: more often would be a poll.
const MIN_MS: u64 = 100;

/// When a stream speaks and ends, as its subscriber asks within the settings.
fn timing(query: &Query<'_>) -> Result<Timing, Problem> {
    let longest = STREAM_MAX_MS.read()?;
    let within = |name: &str, default: u64| match query.parse::<u64>(name)? {
        None => Ok(default.min(longest)),
        Some(ms) if (MIN_MS..=longest).contains(&ms) => Ok(ms),
        Some(_) => {
            let detail = format!("{name}: must be {MIN_MS} to {longest} milliseconds");
            Err(Problem::new(Code::InvalidParameter, detail))
        }
    };
    Ok(Timing {
        max: Duration::from_millis(within("max_ms", longest)?),
        heartbeat: Duration::from_millis(within("heartbeat_ms", STREAM_HEARTBEAT_MS.read()?)?),
        looks: looks()?,
        retry: Duration::from_millis(STREAM_RETRY_MS.read()?),
    })
}

fn looks() -> Result<Looks, Problem> {
    let (least, most) = (STREAM_POLL_MIN_MS.read()?, STREAM_POLL_MS.read()?);
    Ok(Looks { least: Duration::from_millis(least), most: Duration::from_millis(most) })
}

/// Where to begin: after the last event that the subscriber saw, or as asked, or at the end of the log.
fn begin(request: &Request, query: &Query<'_>, (first, last): (u64, u64)) -> Result<u64, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidParameter, detail);
    // An empty header is what a client without a last event means by it.
    let seen = request.header("last-event-id")?.filter(|id| !id.is_empty());
    let asked = match (seen, query.parse::<u64>("after")?, query.get("from")) {
        (_, Some(_), Some(_)) => return Err(invalid("after, from: give one of them".into())),
        (_, _, Some(other)) if !["start", "end"].contains(&other) => {
            return Err(invalid("from: start or end; after=<seq> for any other place".into()));
        }
        // A browser that comes back sends the query it began with; the header is what it knows since.
        (Some(seen), ..) => {
            let not_a_seq = |_| invalid("Last-Event-ID: not a seq of the timeline".into());
            Some(seen.trim().parse().map_err(not_a_seq)?)
        }
        (None, Some(after), _) => Some(after),
        (None, None, Some("start")) => Some(first - 1),
        (None, None, _) => None,
    };
    match asked {
        Some(seq) if seq > last => {
            let detail = format!(
                "seq {seq} is beyond the end {last}: this is another log than the one it was read from; begin anew"
            );
            Err(Problem::new(Code::BeyondTheEnd, detail).with("last_seq", last))
        }
        // An empty log from its start, where `after=0` is the same place.
        Some(seq) => Ok(seq),
        None => Ok(last),
    }
}

pub(crate) async fn stream(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["agent", "type", "document", "color", "after", "from", "max_ms", "heartbeat_ms"])?;
    let wanted = read_feed(&query)?;
    let timing = timing(&query)?;
    let store = store::open()?;
    let position = begin(&request, &query, log::bounds(&store)?)?;
    // What cannot be served is refused while a status can still say so.
    feed::read(&store, &wanted, position, 1)?;
    let read = move |position, limit| feed::read(&store, &wanted, position, limit);
    let live = Live::new(read, position, timing, Clock::start());
    let mut response = response::typed("text/event-stream", Body::stream(futures_util::stream::iter(live)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What is new.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct News {
    /// Oldest first.
    events: Vec<Shown>,
    /// Whether the log goes on: then the next poll need not wait.
    more: bool,
    /// What to give as `after` the next time: everything up to there was looked at.
    next_after: u64,
}

pub(crate) async fn poll(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["agent", "type", "document", "color", "after", "from", "wait_ms", "limit"])?;
    let wanted = read_feed(&query)?;
    let longest = LONG_POLL_MAX_MS.read()?;
    let wait = query.parse::<u64>("wait_ms")?.unwrap_or(0);
    if wait > longest {
        return Err(Problem::new(Code::InvalidParameter, format!("wait_ms: at most {longest}")));
    }
    let limit = query.pager(DEFAULT_LIMIT)?.limit();
    let (wait, looks) = (Duration::from_millis(wait), looks()?);
    let store = store::open()?;
    let mut position = begin(&request, &query, log::bounds(&store)?)?;
    let mut pace = Clock::start();
    loop {
        let read = feed::read(&store, &wanted, position, limit)?;
        position = read.position;
        let left = wait.saturating_sub(pace.elapsed());
        if !read.events.is_empty() || left.is_zero() {
            return ok(&News { events: all(&read.events)?, more: read.more, next_after: position });
        }
        if !read.more {
            pace.wait(looks.pause(pace.elapsed()).min(left));
        }
    }
}
