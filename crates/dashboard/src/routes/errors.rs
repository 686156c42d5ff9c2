//! `GET /api/errors`: what is wrong now; with `from` or `to`, what the timeline has recorded as failed in that time.

use http::Method;
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::page::PAGE_LIMIT_MAX;
use ramanujan_shell::{Query, Request, Response, call_json, now_millis, ok};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::collect;
use crate::components::TIMELINE;
use crate::failure::{TYPES, is_failure};
use crate::metrics;

/// Entries where `limit` is not given.
const DEFAULT_LIMIT: u64 = 100;
/// Events of one look at the timeline: as many as it gives at most, unless it was told otherwise.
const LOOK: u64 = 1000;
/// Most looks for one page. The timeline has no index of failures, so a time without any is read event by event; these
/// twenty thousand take about a second, and the cursor goes on from there.
const MAX_LOOKS: usize = 20;

/// `GET /api/errors?from=&to=&limit=&cursor=`.
pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["from", "to", "limit", "cursor"])?;
    if query.get("from").is_some() || query.get("to").is_some() {
        return past(&query).await;
    }
    for name in ["limit", "cursor"] {
        if query.get(name).is_some() {
            let detail = format!("{name}: it is of past errors; give from or to, or leave it out");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
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

/// Latest first, read along the timeline's index of times.
async fn past(query: &Query<'_>) -> Result<Response, Problem> {
    let limit = usize::try_from(query.pager(DEFAULT_LIMIT)?.limit()).unwrap_or(usize::MAX);
    let look = LOOK.min(PAGE_LIMIT_MAX.read()?.max(1));
    let mut cursor = query.get("cursor").map(str::to_owned);
    let (mut errors, mut examined) = (Vec::new(), 0);
    for _ in 0..MAX_LOOKS {
        let page = events(query, cursor.as_deref(), look).await?;
        let failures: Vec<_> = (1usize..).zip(&page.events).filter(|(_, event)| is_failure(event)).collect();
        let room = limit - errors.len();
        errors.extend(failures.iter().take(room).map(|(_, event)| (*event).clone()));
        if failures.len() > room {
            // The next page begins behind the last of these. What its cursor is, only the timeline says.
            let (end, _) = failures[room - 1];
            examined += end;
            cursor = events(query, cursor.as_deref(), end as u64).await?.next_cursor;
            break;
        }
        examined += page.events.len();
        cursor = page.next_cursor;
        if cursor.is_none() || errors.len() == limit {
            break;
        }
    }
    ok(&PastErrors {
        count: errors.len(),
        more: cursor.is_some(),
        next_cursor: cursor,
        examined,
        types: TYPES,
        errors,
        timestamp: format_rfc3339(now_millis()),
    })
}

/// The events of the time that is asked about after `cursor`.
async fn events(query: &Query<'_>, cursor: Option<&str>, limit: u64) -> Result<Events, Problem> {
    let mut asked = form_urlencoded::Serializer::new(String::new());
    asked.append_pair("order", "latest").append_pair("limit", &limit.to_string());
    for (name, value) in [("from", query.get("from")), ("to", query.get("to")), ("cursor", cursor)] {
        if let Some(value) = value {
            asked.append_pair(name, value);
        }
    }
    let path = format!("/timeline/query?{}", asked.finish());
    call_json(TIMELINE, Method::GET, &path, None::<&Value>).await
}

/// A page of the timeline. Events are handed on as it wrote them, numbers beyond 2^53 included.
#[derive(Deserialize)]
struct Events {
    events: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// Past errors: events of the timeline that tell of a failure.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct PastErrors {
    /// How many are in this reply.
    count: usize,
    /// Whether a part of that time is not examined yet.
    more: bool,
    /// The `cursor` that goes on, null where all of that time is examined.
    next_cursor: Option<String>,
    /// How many events were looked at.
    examined: usize,
    /// Types of events that are errors by themselves; others are by a `payload.error` that is not null.
    types: [&'static str; 2],
    /// The events, latest first, as the timeline shows them.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::api::RecordedEvent>"))]
    errors: Vec<Box<RawValue>>,
    /// When it was asked, RFC 3339.
    timestamp: String,
}
