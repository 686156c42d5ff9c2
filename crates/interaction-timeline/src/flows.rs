//! `GET /timeline/metrics` and `/timeline/flows`: what `measure` says of the events of a window.
//!
//! The window is `from` to `to` by the senders' times. At most `METRICS_MAX_EVENTS` events are looked at, the latest
//! of the window; `complete` says whether that were all.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Request, Response, Store, Value as Sql, ok, setting};
use serde_json::{Value, json};

use crate::measure::{Ends, Flow, Latency, Measured, Sample, measure};
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT, read_time};
use crate::schema;

/// Most events looked at where `METRICS_MAX_EVENTS` is not set: some 30 MB while they are counted.
const DEFAULT_MAX_EVENTS: u64 = 50_000;
/// Events read at once.
const PAGE: u64 = 5000;
/// Most event types listed, the most frequent first.
const MAX_TYPES: usize = 100;

const SELECT: &str = "
SELECT lower(hex(event_id)), timestamp, seq, type, body ->> '$.from', body ->> '$.to',
       CAST(body ->> '$.payload.message_id' AS TEXT), body -> '$.depends_on', COALESCE(body ->> '$.payload_size', 0),
       body ->> '$.payload.error' IS NOT NULL
FROM timeline_events
WHERE timestamp >= ?1 AND (timestamp < ?2 OR ?2 IS NULL) AND (timestamp, seq) < (?3, ?4)
ORDER BY timestamp DESC, seq DESC LIMIT ?5";

/// The samples of a window, latest first, and whether they are all of it.
fn samples(
    store: &Store,
    from: Option<u64>,
    to: Option<u64>,
    most: u64,
) -> Result<(Vec<Sample>, bool), Problem> {
    let mut samples = Vec::new();
    let mut last: (u64, u64) = (u64::MAX, u64::MAX);
    loop {
        let room = most - samples.len() as u64;
        // One more than there is room for tells whether that is all.
        let limit = PAGE.min(room + 1);
        let params: [Sql; 5] =
            [from.unwrap_or(0).into(), to.into(), last.0.into(), last.1.into(), limit.into()];
        let rows = store.execute(SELECT, params)?;
        let count = rows.len() as u64;
        for mut row in rows {
            if samples.len() as u64 == most {
                return Ok((samples, false));
            }
            last = (row.uint(1)?, row.uint(2)?);
            let mut optional =
                |column| if row.is_null(column) { Ok(None) } else { row.take_text(column).map(Some) };
            let (from, to, message, links) = (optional(4)?, optional(5)?, optional(6)?, optional(7)?);
            let depends_on = match &links {
                None => Vec::new(),
                Some(links) => serde_json::from_str(links)
                    .map_err(|error| Problem::new(Code::StoreShape, format!("depends_on: {error}")))?,
            };
            samples.push(Sample {
                event_id: row.take_text(0)?,
                timestamp: last.0,
                kind: row.take_text(3)?,
                from,
                to,
                message,
                depends_on,
                bytes: row.uint(8)?,
                error: row.uint(9)? != 0,
            });
        }
        if count < limit {
            return Ok((samples, true));
        }
    }
}

struct Window {
    measured: Measured,
    complete: bool,
    from: Option<u64>,
    to: Option<u64>,
}

fn window(query: &Query<'_>, known: &[&str]) -> Result<Window, Problem> {
    query.only(known)?;
    let (from, to) = (read_time(query, "from")?, read_time(query, "to")?);
    let most = setting::number("METRICS_MAX_EVENTS", DEFAULT_MAX_EVENTS)?;
    let (samples, complete) = samples(&Store::open(schema::SCHEMA)?, from, to, most)?;
    Ok(Window { measured: measure(&samples), complete, from, to })
}

fn shown(window: &Window) -> Value {
    json!({"from": window.from.map(format_rfc3339), "to": window.to.map(format_rfc3339), "complete": window.complete})
}

pub(crate) async fn handle_metrics(request: Request) -> Result<Response, Problem> {
    let window = window(&request.query(), &["from", "to"])?;
    let measured = &window.measured;
    let mut by_type: Vec<_> = measured.by_type.iter().collect();
    by_type.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    let by_type: serde_json::Map<String, Value> =
        by_type.into_iter().take(MAX_TYPES).map(|(kind, count)| (kind.clone(), (*count).into())).collect();
    let latency = Latency::of(measured.message_latencies.clone());
    ok(&json!({
        "window": shown(&window),
        "total_events": measured.events,
        "total_messages": measured.sent + measured.received,
        "messages_sent": measured.sent,
        "messages_received": measured.received,
        "total_bytes_transferred": measured.bytes,
        "total_syncs": measured.syncs_completed,
        "syncs_started": measured.syncs_started,
        "synchronization_efficiency": measured.synchronization_efficiency(),
        "errors": measured.errors,
        "unmatched": measured.unmatched,
        "clock_skew": measured.clock_skew,
        "avg_latency_ms": latency.avg_ms,
        "p50_latency_ms": latency.p50_ms,
        "p95_latency_ms": latency.p95_ms,
        "p99_latency_ms": latency.p99_ms,
        "min_latency_ms": latency.min_ms,
        "max_latency_ms": latency.max_ms,
        "latency": {"messages": latency, "syncs": Latency::of(measured.sync_latencies.clone()),
                    "acks": Latency::of(measured.ack_latencies.clone())},
        "event_types": measured.by_type.len(),
        "event_counts_by_type": by_type,
        "first_timestamp": measured.span.map(|(first, _)| format_rfc3339(first)),
        "last_timestamp": measured.span.map(|(_, last)| format_rfc3339(last)),
        "timeline_span_ms": measured.span.map_or(0, |(first, last)| last - first),
    }))
}

/// The name of a flow in cursors: a slash is in no agent's name.
fn name((from, to): &Ends) -> String {
    format!("{}/{}", from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default())
}

/// Reads what [`name`] wrote.
pub fn read_cursor(text: &str) -> Option<Ends> {
    let (from, to) = text.split_once('/')?;
    let end = |end: &str| (!end.is_empty()).then(|| end.to_owned());
    (!to.contains('/')).then(|| (end(from), end(to)))
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after = query.get("cursor").map(|text| {
        read_cursor(text)
            .ok_or_else(|| Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of this query"))
    });
    let after = after.transpose()?;
    let window = window(&query, &["from", "to", "limit", "cursor"])?;
    let mut rest =
        window.measured.flows.iter().filter(|(ends, _)| after.as_ref().is_none_or(|after| *ends > after));
    let page: Vec<_> = rest.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let next_cursor = page.last().filter(|_| rest.next().is_some()).map(|(ends, _)| name(ends));
    let flows: Vec<Value> = page.into_iter().map(|((from, to), flow)| flow_json(from, to, flow)).collect();
    ok(&json!({
        "window": shown(&window),
        "flows": flows,
        "flow_summary": {"flows": window.measured.flows.len(), "messages": window.measured.sent,
                         "received": window.measured.received, "bytes": window.measured.bytes,
                         "errors": window.measured.errors},
        "latency_summary": Latency::of(window.measured.message_latencies.clone()),
        "next_cursor": next_cursor,
    }))
}

fn flow_json(from: &Option<String>, to: &Option<String>, flow: &Flow) -> Value {
    json!({
        "source": from,
        "target": to,
        "start_time": format_rfc3339(flow.start),
        "end_time": format_rfc3339(flow.end),
        "message_count": flow.messages,
        "received_count": flow.received,
        "total_bytes": flow.bytes,
        "error_count": flow.errors,
        "throughput_mbps": flow.throughput_mbps(),
        "success_rate": flow.success_rate(),
        "latency": Latency::of(flow.latencies.clone()),
    })
}
