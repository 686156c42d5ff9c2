//! `GET /timeline/query`: events by filters, order and cursor. `GET /api/timeline`: the newest as a bare array.

use ramanujan_core::time::{MAX_UNIX_MILLIS, parse_rfc3339};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Query, Request, Response, json, ok};
use ramanujan_timeline::event::MAX_NAME_CHARS;
use ramanujan_timeline::row::Shown;
use serde::Serialize;

use crate::feed::{Feed, Filter};
use crate::order::{After, Order};
use crate::shown::all;
use crate::store::{self, causal, log, query};

/// Entries of a page where `limit` is not given.
pub(super) const DEFAULT_LIMIT: u64 = 100;

const PARAMETERS: [&str; 9] =
    ["from", "to", "agent", "type", "document", "color", "order", "cursor", "limit"];

/// A page of events.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(transform = ramanujan_timeline::schema::never_null))]
pub(crate) struct Events {
    /// How many events, from the first, are archived and so not among these.
    archived_until: u64,
    /// In the order asked for.
    events: Vec<Shown>,
    /// Of the causal order: how many events, from the first, it is of. Those after them come into it later, each at its
    /// place, which may be before a cursor that is passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexed_until: Option<u64>,
    /// Of the causal order: the greatest `seq` in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<u64>,
    /// What to give as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let parameters = request.query();
    let filter = read_filter(parameters.only(&PARAMETERS)?)?;
    let pager = parameters.pager(DEFAULT_LIMIT)?;
    let (store, reach) = if filter.order == Order::Causal {
        let (store, reach) = causal::open()?;
        (store, Some(reach))
    } else {
        (store::open()?, None)
    };
    let (events, next_cursor) = query::run(&store, &filter, pager)?;
    ok(&Events {
        archived_until: log::archived_until(&store)?,
        events: all(&events)?,
        indexed_until: reach.map(|reach| reach.indexed_until),
        last_seq: reach.map(|reach| reach.last_seq),
        next_cursor,
    })
}

/// The newest events, or those after a seq, as a bare array with the newest last.
pub(crate) async fn array(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let limit = query.only(&["limit", "after"])?.pager(DEFAULT_LIMIT)?.limit();
    let store = store::open()?;
    let events = match query.parse::<u64>("after")? {
        Some(seq) => log::after(&store, seq, limit)?,
        None => log::newest(&store, limit)?,
    };
    json(&all(&events)?)
}

/// The filters of a query string: `agent`, `type`, `document`, `color`.
///
/// # Errors
/// 422 naming the parameter.
pub(super) fn read_feed(query: &Query<'_>) -> Result<Feed, Problem> {
    let kind = query.get("type").map(str::to_owned);
    if kind.as_ref().is_some_and(|kind| kind.chars().count() > MAX_NAME_CHARS) {
        return Err(invalid(&format!("type: at most {MAX_NAME_CHARS} characters")));
    }
    Ok(Feed {
        agent: query.parse("agent")?,
        kind,
        document: query.parse("document")?,
        color: query.parse("color")?,
    })
}

/// Filters, order and place of a query string.
///
/// # Errors
/// 422 naming the parameter.
pub(super) fn read_filter(query: &Query<'_>) -> Result<Filter, Problem> {
    let (from, to) = (read_time(query, "from")?, read_time(query, "to")?);
    let order = match query.get("order") {
        // A time range is read along the index of times unless the caller wants otherwise.
        None if from.is_some() || to.is_some() => Order::Time,
        None | Some("seq") => Order::Seq,
        Some("newest") => Order::Newest,
        Some("time") => Order::Time,
        Some("latest") => Order::Latest,
        Some("causal") => Order::Causal,
        Some(_) => return Err(invalid("order: one of seq, newest, time, latest, causal")),
    };
    let read = |text| {
        After::parse(order, text).ok_or_else(|| invalid("cursor: not a next_cursor of this query and order"))
    };
    let after = query.get("cursor").map(read).transpose()?;
    Ok(Filter { from, to, feed: read_feed(query)?, order, after })
}

/// A parameter that is a time, RFC 3339 or Unix milliseconds, as Unix milliseconds.
///
/// # Errors
/// 422 `invalid-parameter`.
pub(super) fn read_time(query: &Query<'_>, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let millis = || text.parse().ok().filter(|millis| *millis <= MAX_UNIX_MILLIS);
    let time = parse_rfc3339(text).or_else(millis);
    let wrong = || invalid(&format!("{name}: neither an RFC 3339 time nor Unix milliseconds"));
    time.map(Some).ok_or_else(wrong)
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::InvalidParameter, detail)
}
