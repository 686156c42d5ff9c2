//! `GET /timeline/flows`: what went from whom to whom in a window.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::measure::{Ends, Flow, Latency};
use serde_json::{Value, json};

use crate::routes::query::DEFAULT_LIMIT;
use crate::routes::window::Window;

/// The name of a flow in cursors: a slash is in no agent's name.
fn name((from, to): &Ends) -> String {
    format!("{}/{}", from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default())
}

/// Reads what [`name`] wrote.
fn read_cursor(text: &str) -> Result<Ends, Problem> {
    let end = |end: &str| (!end.is_empty()).then(|| end.to_owned());
    match text.split_once('/') {
        Some((from, to)) if !to.contains('/') => Ok((end(from), end(to))),
        _ => Err(Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of this query")),
    }
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let pager = query.only(&["from", "to", "limit", "cursor"])?.pager(DEFAULT_LIMIT)?;
    let after = query.get("cursor").map(read_cursor).transpose()?;
    let window = Window::read(&query)?;
    let flows = &window.measured.flows;
    let rest = flows.iter().filter(|(ends, _)| after.as_ref().is_none_or(|after| *ends > after));
    let page = pager.cut(rest.take(usize::try_from(pager.fetch()).unwrap_or(usize::MAX)).collect());
    ok(&json!({
        "window": window.shown(),
        "next_cursor": page.next(|(ends, _)| name(ends)),
        "flows": page.items.into_iter().map(|(ends, flow)| shown(ends, flow)).collect::<Vec<_>>(),
        "flow_summary": {"flows": flows.len(), "messages": window.measured.sent,
                         "received": window.measured.received, "bytes": window.measured.bytes,
                         "errors": window.measured.errors},
        "latency_summary": Latency::of(window.measured.message_latencies.clone()),
    }))
}

fn shown((from, to): &Ends, flow: &Flow) -> Value {
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
