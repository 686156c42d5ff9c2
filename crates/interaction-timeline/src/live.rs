//! New events as they come: Server-Sent Events at `GET /timeline/stream`, long polling at `GET /timeline/poll`.
//!
//! The id of an event is its seq, so a client that reconnects with `Last-Event-ID` misses and doubles nothing, whatever
//! became of the host in between. Instances cannot notify each other, so the source is a bounded look at the store every
//! `STREAM_POLL_MS`. A stream ends itself before `STREAM_MAX_MS`; browsers reconnect after `retry:`.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use futures_util::stream;
use http::{HeaderValue, header};
use ramanujan_core::Problem;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Body, Request, Response, Store, log, ok, setting};
use serde_json::json;

use crate::export::{filter_after, last_seq, stream_limit};
use crate::query::{After, DEFAULT_LIMIT, DEFAULT_MAX_LIMIT, Filter};
use crate::row::Stored;
use crate::schema;

/// Most events in one message of a stream.
const PAGE: u64 = 500;
/// How often the store is looked at, in milliseconds, where `STREAM_POLL_MS` is not set.
const DEFAULT_POLL_MS: u64 = 200;
/// Silence after which a stream says that it lives, in milliseconds, where `STREAM_HEARTBEAT_MS` is not set: below
/// the idle limits of usual proxies (60 s), often enough to notice that the client has gone.
const DEFAULT_HEARTBEAT_MS: u64 = 5000;
/// Longest wait of a poll, in milliseconds, where `LONG_POLL_MAX_MS` is not set.
const DEFAULT_LONG_POLL_MAX_MS: u64 = 20_000;
/// After how many milliseconds a client should reconnect.
const RETRY_MS: u64 = 500;

const FILTERS: [&str; 4] = ["agent", "type", "document", "color"];

/// A place in the log that moves forward over events that the filters choose.
struct Tail {
    store: Store,
    filter: Filter,
    after: u64,
}

impl Tail {
    /// The next events; empty if there are none yet. Either way `after` moves over all that was looked at.
    fn advance(&mut self) -> Result<Vec<Stored>, Problem> {
        // Read first: an event stored in between has a greater seq and is the next look's.
        let last = last_seq(&self.store)?;
        if last <= self.after {
            return Ok(Vec::new());
        }
        self.filter.after = Some(After::Seq(self.after));
        let (mut events, more) = self.filter.run(&self.store)?;
        let end = match events.last() {
            Some(event) if more.is_some() => event.seq,
            _ => last,
        };
        events.retain(|event| event.seq <= end);
        self.after = end;
        Ok(events)
    }
}

/// Reads the id that a client saw last.
///
/// # Errors
/// 422 `invalid-last-event-id`.
pub fn read_event_id(text: &str) -> Result<u64, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        Problem::invalid(
            "invalid-last-event-id",
            "Last-Event-ID: the id of an event of this stream, a number",
        )
    })
}

pub(crate) async fn stream(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&[&FILTERS[..], &["after"]].concat())?;
    let store = Store::open(schema::SCHEMA)?;
    // The header is what a browser adds when it reconnects, to an address that stays as it was.
    let after = match (request.header("last-event-id"), query.parse("after")?) {
        (Some(id), _) => read_event_id(id)?,
        (None, Some(after)) => after,
        (None, None) => last_seq(&store)?,
    };
    let filter = filter_after(&query, after, PAGE)?;
    let millis = |name, default| setting::number(name, default).map(Duration::from_millis);
    let source = Source {
        tail: Tail { store, filter, after },
        began: Instant::now(),
        limit: stream_limit()?,
        every: millis("STREAM_POLL_MS", DEFAULT_POLL_MS)?,
        heartbeat: millis("STREAM_HEARTBEAT_MS", DEFAULT_HEARTBEAT_MS)?,
        greeted: false,
    };
    let mut response = typed("text/event-stream", Body::stream(stream::unfold(source, step)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would otherwise hold events back until a buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Source {
    tail: Tail,
    began: Instant,
    limit: Duration,
    every: Duration,
    heartbeat: Duration,
    greeted: bool,
}

async fn step(mut source: Source) -> Option<(Vec<u8>, Source)> {
    match source.next() {
        Ok(message) => message.map(|message| (message.into_bytes(), source)),
        Err(problem) => {
            // The client reconnects where it was.
            log::warn("interaction-timeline", &format!("a stream ended early: {problem}"));
            None
        }
    }
}

impl Source {
    /// Waits for the next message; `None` when the time is up.
    fn next(&mut self) -> Result<Option<String>, Problem> {
        if !std::mem::replace(&mut self.greeted, true) {
            // An id without data moves the client's Last-Event-ID, so that it resumes from here even if nothing comes.
            return Ok(Some(format!("retry: {RETRY_MS}\nid: {}\n\n", self.tail.after)));
        }
        let quiet_since = Instant::now();
        while self.began.elapsed() < self.limit {
            let events = self.tail.advance()?;
            if !events.is_empty() {
                return write_events(events, self.tail.after).map(Some);
            }
            if quiet_since.elapsed() >= self.heartbeat {
                return Ok(Some(format!(": heartbeat\nid: {}\n\n", self.tail.after)));
            }
            sleep(self.every.min(self.limit.saturating_sub(self.began.elapsed())));
        }
        Ok(None)
    }
}

fn write_events(events: Vec<Stored>, after: u64) -> Result<String, Problem> {
    let mut message = String::with_capacity(events.len() * 512);
    let mut last = 0;
    for event in events {
        last = event.seq;
        let event = serde_json::Value::from(event.into_json()?);
        // JSON has no line breaks outside texts and escapes them inside, so one `data:` line is enough.
        write!(message, "id: {last}\ndata: {event}\n\n")
            .map_err(|error| Problem::new(500, "encoding", error.to_string()))?;
    }
    if after > last {
        message.push_str(&format!("id: {after}\n\n"));
    }
    Ok(message)
}

/// The events after a seq, at once if there are any, else as soon as there are or the wait is over.
pub(crate) async fn poll(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&[&FILTERS[..], &["after", "wait_ms", "limit"]].concat())?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let bound = setting::number("LONG_POLL_MAX_MS", DEFAULT_LONG_POLL_MAX_MS)?;
    let wait = Duration::from_millis(query.parse::<u64>("wait_ms")?.unwrap_or(0).min(bound));
    let every = Duration::from_millis(setting::number("STREAM_POLL_MS", DEFAULT_POLL_MS)?);
    let store = Store::open(schema::SCHEMA)?;
    let after = match query.parse("after")? {
        Some(after) => after,
        None => last_seq(&store)?,
    };
    let mut tail = Tail { filter: filter_after(&query, after, limit)?, store, after };
    let began = Instant::now();
    let events = loop {
        let events = tail.advance()?;
        let left = wait.saturating_sub(began.elapsed());
        if !events.is_empty() || left.is_zero() {
            break events;
        }
        sleep(every.min(left));
    };
    let events = events.into_iter().map(Stored::into_json).collect::<Result<Vec<_>, _>>()?;
    ok(&json!({"events": events, "after": tail.after}))
}
