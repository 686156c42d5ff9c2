//! `GET /api/errors`: what is wrong now; with `from` or `to`, what the timeline has recorded as failed in that time.

use http::Method;
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem, json};
use ramanujan_shell::{Query, Request, Response, call_json, now_millis, ok};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::collect;
use crate::components::TIMELINE;
use crate::metrics;

/// Types of events that tell of a failure: what GREEN could not verify, and messages that did not arrive.
const FAILURES: [&str; 2] = ["verification-failed", "MessageFailed"];
/// Entries where `limit` is not given.
const DEFAULT_LIMIT: u64 = 100;

/// `GET /api/errors?from=&to=&limit=`.
pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["from", "to", "limit"])?;
    if query.get("from").is_some() || query.get("to").is_some() {
        return past(&query).await;
    }
    if query.get("limit").is_some() {
        let detail = "limit: it bounds past errors; give from or to, or leave it out";
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    let answers = collect::everything().await;
    let errors = metrics::errors(&answers);
    ok(&serde_json::json!({
        "count": errors.len(),
        "errors": errors,
        "checked": answers.len(),
        "timestamp": format_rfc3339(now_millis()),
    }))
}

/// Newest first. Each type is a page of the timeline's of its own; what is cut off is said.
async fn past(query: &Query<'_>) -> Result<Response, Problem> {
    let pager = query.pager(DEFAULT_LIMIT)?;
    let mut window = form_urlencoded::Serializer::new(String::new());
    for name in ["from", "to"] {
        if let Some(value) = query.get(name) {
            window.append_pair(name, value);
        }
    }
    let window = window.finish();
    let (mut events, mut more): (Vec<Failure>, bool) = (Vec::new(), false);
    for kind in FAILURES {
        let path = format!("/timeline/query?type={kind}&order=latest&limit={}&{window}", pager.limit());
        let page: Events = call_json(TIMELINE, Method::GET, &path, None::<&Value>).await?;
        more |= page.next_cursor.is_some();
        for event in page.events {
            let place: Place = json::from_slice(event.get().as_bytes())?;
            events.push(Failure { place, event });
        }
    }
    events.sort_by(|a, b| b.place.cmp(&a.place));
    let page = pager.cut(events);
    ok(&Reply {
        count: page.items.len(),
        more: page.more || more,
        types: FAILURES,
        errors: page.items.into_iter().map(|failure| failure.event).collect(),
        timestamp: format_rfc3339(now_millis()),
    })
}

/// A page of the timeline. Events are handed on as it wrote them, numbers beyond 2^53 included.
#[derive(Deserialize)]
struct Events {
    events: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// Where an event stands: times of one form are in the order of their texts.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    timestamp: String,
    seq: u64,
}

struct Failure {
    place: Place,
    event: Box<RawValue>,
}

#[derive(Serialize)]
struct Reply {
    count: usize,
    more: bool,
    types: [&'static str; 2],
    errors: Vec<Box<RawValue>>,
    timestamp: String,
}
