//! `GET /dashboard/events`: the timeline's events as they come, as server-sent events.
//!
//! The timeline is asked by long polls, since instances cannot notify each other. The stream ends by itself before a
//! host would end it; the browser opens the next one where this one ended.

use std::time::{Duration, Instant};

use futures_util::stream;
use http::{HeaderName, HeaderValue, Method, header};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Body, Request, Response, call_json, log, response};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::components::TIMELINE;
use crate::settings::{STREAM_MAX_MS, STREAM_RETRY_MS};

/// Filters that the timeline knows.
const FILTERS: [&str; 4] = ["agent", "type", "document", "color"];
/// How long one poll waits, in milliseconds; a silent stream says this often that it is there.
const WAIT_MS: u64 = 1000;
/// Most events of one poll.
const LIMIT: u64 = 100;

/// What a poll of the timeline brings.
#[derive(Deserialize)]
struct News {
    events: Vec<Box<RawValue>>,
    more: bool,
    next_after: u64,
}

/// Where a stream is.
struct Place {
    filters: String,
    after: u64,
    more: bool,
    end: Instant,
    opening: Option<String>,
}

/// `GET /dashboard/events?after=&agent=&type=&document=&color=&max_ms=`.
pub(crate) async fn stream(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["after", "max_ms", "agent", "type", "document", "color"])?;
    let longest = STREAM_MAX_MS.read()?;
    let max = query.parse::<u64>("max_ms")?.unwrap_or(longest);
    if !(1..=longest).contains(&max) {
        let detail = format!("max_ms: must be 1 to {longest} milliseconds");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    let mut filters = form_urlencoded::Serializer::new(String::new());
    for name in FILTERS {
        if let Some(value) = query.get(name) {
            filters.append_pair(name, value);
        }
    }
    let filters = filters.finish();
    // A browser that comes back sends the query it began with; the header is what it knows since.
    let seen = match request.header("last-event-id")?.filter(|id| !id.is_empty()) {
        Some(id) => Some(id.trim().parse::<u64>().map_err(|_| {
            Problem::new(Code::InvalidParameter, "Last-Event-ID: it is not a seq of the timeline")
        })?),
        None => query.parse::<u64>("after")?,
    };
    // What cannot be served is refused while a status can still say so.
    let from = seen.map_or_else(|| "from=end".to_owned(), |seq| format!("after={seq}"));
    let first = poll(&filters, &from, 0).await?;
    let place = Place {
        after: first.next_after,
        more: first.more,
        end: Instant::now() + Duration::from_millis(max),
        // The place at once: a browser whose stream ends before the first event comes back to it.
        opening: Some(format!(
            "retry: {}\nid: {}\n\n{}",
            STREAM_RETRY_MS.read()?,
            seen.unwrap_or(first.next_after),
            lines(&first.events)
        )),
        filters,
    };
    let chunks = stream::unfold(place, |mut place| async move {
        if let Some(text) = place.opening.take() {
            return Some((text.into_bytes(), place));
        }
        let left = place.end.saturating_duration_since(Instant::now()).as_millis();
        let wait = u64::try_from(left).unwrap_or(WAIT_MS).min(WAIT_MS);
        if wait == 0 {
            return None;
        }
        let from = format!("after={}", place.after);
        match poll(&place.filters, &from, if place.more { 0 } else { wait }).await {
            Ok(news) => {
                (place.after, place.more) = (news.next_after, news.more);
                let text =
                    if news.events.is_empty() { ": nothing new\n\n".into() } else { lines(&news.events) };
                Some((text.into_bytes(), place))
            }
            Err(problem) => {
                // The status is sent; the browser asks again and is told then.
                log::warn("dashboard", &format!("a stream of events ends: {problem}"));
                None
            }
        }
    });
    let mut response = response::typed("text/event-stream", Body::stream(chunks));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

async fn poll(filters: &str, from: &str, wait_ms: u64) -> Result<News, Problem> {
    let path = format!("/timeline/poll?{from}&wait_ms={wait_ms}&limit={LIMIT}&{filters}");
    call_json(TIMELINE, Method::GET, path.trim_end_matches('&'), None::<&Value>).await
}

/// Events in the form of the WHATWG's server-sent events, as the timeline wrote them, numbers beyond 2^53 included; its
/// JSON has no line breaks.
fn lines(events: &[Box<RawValue>]) -> String {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let line = |event: &RawValue| {
        let id =
            serde_json::from_str::<Numbered>(event.get()).map(|numbered| format!("id: {}\n", numbered.seq));
        format!("{}data: {}\n\n", id.unwrap_or_default(), event.get())
    };
    events.iter().map(|event| line(event)).collect()
}
