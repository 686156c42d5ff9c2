//! The log as it grows: `GET /timeline/stream` (server-sent events) and `GET /timeline/poll` (long poll).
//!
//! Instances cannot notify each other, so both look into the store every `STREAM_POLL_MS`. The id of a server-sent
//! event is a place in the log. It is told at the beginning and with every heartbeat too, so that a subscriber that
//! loses its connection before it saw an event, or whose filter leaves most out, goes on exactly where it was.

use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, header};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Body, Request, Response, Store, log, ok, response, setting};
use serde_json::json;

use crate::export::stream_limit;
use crate::feed::{Feed, bounds};
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT};
use crate::schema;

/// Milliseconds between two looks into the store where `STREAM_POLL_MS` is not set.
pub const DEFAULT_STREAM_POLL_MS: u64 = 200;
/// Longest silence of a stream in milliseconds where `STREAM_HEARTBEAT_MS` is not set: proxies cut at a minute or so.
pub const DEFAULT_STREAM_HEARTBEAT_MS: u64 = 10_000;
/// Milliseconds after which a subscriber comes back where `STREAM_RETRY_MS` is not set.
pub const DEFAULT_STREAM_RETRY_MS: u64 = 1000;
/// Longest wait of a long poll in milliseconds where `LONG_POLL_MAX_MS` is not set.
pub const DEFAULT_LONG_POLL_MAX_MS: u64 = 20_000;
/// Events written at once: some tens of kilobytes as they usually are, a few megabytes at the most.
pub const STREAM_BATCH: u64 = 128;
/// Shortest `heartbeat_ms` and `max_ms`: more often would be a poll.
const MIN_MS: u64 = 100;

/// Time as a stream sees it.
pub trait Pace {
    /// Since the stream began.
    fn elapsed(&self) -> Duration;
    fn wait(&mut self, duration: Duration);
}

/// The time that passes.
#[derive(Debug)]
pub struct Clock(Instant);

impl Clock {
    /// From now on.
    #[allow(clippy::new_without_default)] // it is an act, not a value
    pub fn new() -> Self {
        Clock(Instant::now())
    }
}

impl Pace for Clock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// An instance serves one request at a time, and what was written flows on while it sleeps.
    fn wait(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// When a stream speaks and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub max: Duration,
    pub heartbeat: Duration,
    pub poll: Duration,
    pub retry: Duration,
}

impl Timing {
    fn read(query: &Query<'_>) -> Result<Self, Problem> {
        let setting = |name, default| setting::number(name, default);
        let longest = u64::try_from(stream_limit()?.as_millis()).unwrap_or(u64::MAX);
        let within = |name: &str, default: u64| match query.parse::<u64>(name)? {
            None => Ok(default.min(longest)),
            Some(ms) if (MIN_MS..=longest).contains(&ms) => Ok(ms),
            Some(_) => {
                let detail = format!("{name}: must be {MIN_MS} to {longest} milliseconds");
                Err(Problem::new(Code::InvalidParameter, detail))
            }
        };
        let heartbeat = setting("STREAM_HEARTBEAT_MS", DEFAULT_STREAM_HEARTBEAT_MS)?;
        Ok(Timing {
            max: Duration::from_millis(within("max_ms", longest)?),
            heartbeat: Duration::from_millis(within("heartbeat_ms", heartbeat)?),
            poll: poll_every()?,
            retry: Duration::from_millis(setting("STREAM_RETRY_MS", DEFAULT_STREAM_RETRY_MS)?),
        })
    }
}

fn poll_every() -> Result<Duration, Problem> {
    // Never without a pause, or one subscriber would take a core.
    let ms: u64 = setting::number("STREAM_POLL_MS", DEFAULT_STREAM_POLL_MS)?;
    Ok(Duration::from_millis(ms.max(10)))
}

/// The chunks of one stream.
pub struct Live<P> {
    store: Store,
    feed: Feed,
    timing: Timing,
    pace: P,
    /// Everything up to here was looked at.
    position: u64,
    /// The last id told.
    told: Option<u64>,
    spoke: Duration,
    ended: bool,
}

impl<P: Pace> Live<P> {
    pub fn new(store: Store, feed: Feed, position: u64, timing: Timing, pace: P) -> Self {
        Live { store, feed, timing, pace, position, told: None, spoke: Duration::ZERO, ended: false }
    }

    /// A block without data: tells the id and dispatches nothing (WHATWG HTML §9.2.6).
    fn tell(&mut self, what: &str) -> Vec<u8> {
        self.told = Some(self.position);
        self.spoke = self.pace.elapsed();
        format!("{what}\nid: {}\n\n", self.position).into_bytes()
    }

    fn read(&mut self) -> Result<(Vec<u8>, bool), Problem> {
        let read = self.feed.read(&self.store, self.position, STREAM_BATCH)?;
        let mut chunk = Vec::new();
        for event in read.events {
            let seq = event.seq;
            let data = serde_json::to_string(&event.into_json()?)
                .map_err(|error| Problem::new(Code::Encoding, error.to_string()))?;
            chunk.extend_from_slice(format!("id: {seq}\ndata: {data}\n\n").as_bytes());
            self.told = Some(seq);
        }
        self.position = read.position;
        Ok((chunk, read.more))
    }
}

impl<P: Pace> Iterator for Live<P> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if self.told.is_none() {
            return Some(self.tell(&format!("retry: {}\n: live", self.timing.retry.as_millis())));
        }
        loop {
            let now = self.pace.elapsed();
            if now >= self.timing.max {
                self.ended = true;
                return (self.told != Some(self.position)).then(|| self.tell(": end"));
            }
            match self.read() {
                Ok((chunk, _)) if !chunk.is_empty() => {
                    self.spoke = now;
                    return Some(chunk);
                }
                Ok(_) if now.saturating_sub(self.spoke) >= self.timing.heartbeat => {
                    return Some(self.tell(": heartbeat"));
                }
                Ok((_, true)) => {}
                Ok((_, false)) => self.pace.wait(self.timing.poll.min(self.timing.max.saturating_sub(now))),
                // The status is sent already: ending makes the subscriber ask again, and then it is told.
                Err(problem) => {
                    log::warn("interaction-timeline", &format!("a stream ends: {problem}"));
                    self.ended = true;
                    return None;
                }
            }
        }
    }
}

/// Where to begin: after the last event that the subscriber saw, or as asked, or at the end of the log.
fn begin(request: &Request, query: &Query<'_>, store: &Store) -> Result<u64, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidParameter, detail);
    let (first, last) = bounds(store)?;
    // An empty header is what a client without a last event means by it.
    let seen = request.parts.headers.get("last-event-id").filter(|value| !value.is_empty());
    let asked = match (seen, query.parse::<u64>("after")?, query.get("from")) {
        (_, Some(_), Some(_)) => return Err(invalid("after, from: give one of them".into())),
        (_, _, Some(other)) if !["start", "end"].contains(&other) => {
            return Err(invalid("from: start or end; after=<seq> for any other place".into()));
        }
        // A browser that comes back sends the query it began with; the header is what it knows since.
        (Some(seen), ..) => {
            let seq = seen.to_str().ok().and_then(|text| text.trim().parse().ok());
            Some(seq.ok_or_else(|| invalid("Last-Event-ID: not a seq of the timeline".into()))?)
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
    let feed = Feed::read_filters(&query)?;
    let timing = Timing::read(&query)?;
    let store = Store::open(schema::SCHEMA)?;
    let position = begin(&request, &query, &store)?;
    // What cannot be served is refused while a status can still say so.
    feed.read(&store, position, 1)?;
    let live = Live::new(store, feed, position, timing, Clock::new());
    let mut response = response::typed("text/event-stream", Body::stream(futures_util::stream::iter(live)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

pub(crate) async fn poll(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["agent", "type", "document", "color", "after", "from", "wait_ms", "limit"])?;
    let feed = Feed::read_filters(&query)?;
    let longest = setting::number("LONG_POLL_MAX_MS", DEFAULT_LONG_POLL_MAX_MS)?;
    let wait = query.parse::<u64>("wait_ms")?.unwrap_or(0);
    if wait > longest {
        return Err(Problem::new(Code::InvalidParameter, format!("wait_ms: at most {longest}")));
    }
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let (wait, pause) = (Duration::from_millis(wait), poll_every()?);
    let store = Store::open(schema::SCHEMA)?;
    let mut position = begin(&request, &query, &store)?;
    let mut pace = Clock::new();
    loop {
        let read = feed.read(&store, position, limit)?;
        position = read.position;
        let left = wait.saturating_sub(pace.elapsed());
        if !read.events.is_empty() || left.is_zero() {
            let events: Vec<_> =
                read.events.into_iter().map(crate::row::Stored::into_json).collect::<Result<_, _>>()?;
            return ok(&json!({"events": events, "next_after": position, "more": read.more}));
        }
        if !read.more {
            pace.wait(pause.min(left));
        }
    }
}
