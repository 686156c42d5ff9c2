//! `GET /api/errors`: what is wrong now; with `from` or `to`, what the timeline has recorded as failed in that time.

use std::cmp::Reverse;

use http::Method;
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{MAX_SAFE_INTEGER, Problem};
use ramanujan_shell::{Query, Request, Response, call_json, now_millis, ok};
use serde_json::{Value, json};

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
    query.only(&[])?;
    let answers = collect::everything().await;
    let errors = metrics::errors(&answers);
    ok(&json!({
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
    let (mut events, mut more) = (Vec::new(), false);
    for kind in FAILURES {
        let path = format!("/timeline/query?type={kind}&order=latest&limit={}&{window}", pager.limit());
        let page: Value = call_json(TIMELINE, Method::GET, &path, None::<&Value>).await?;
        more |= page.get("next_cursor").is_some_and(|cursor| !cursor.is_null());
        events.extend(page.get("events").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    let seq = |event: &Value| event.get("seq").and_then(Value::as_u64).unwrap_or(MAX_SAFE_INTEGER);
    let time = |event: &Value| event.get("timestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
    events.sort_by_cached_key(|event| Reverse((time(event), seq(event))));
    let page = pager.cut(events);
    ok(&json!({
        "count": page.items.len(),
        "more": page.more || more,
        "types": FAILURES,
        "errors": page.items,
        "timestamp": format_rfc3339(now_millis()),
    }))
}
