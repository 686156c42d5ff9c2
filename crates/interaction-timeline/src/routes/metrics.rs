//! `GET /timeline/metrics`: what the events of a window come to.

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::measure::Latency;
use serde_json::{Map, Value, json};

use crate::routes::window::Window;

/// Most event types listed, the most frequent first.
const MAX_TYPES: usize = 100;

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let window = Window::read(request.query().only(&["from", "to"])?)?;
    let measured = &window.measured;
    let mut by_type: Vec<_> = measured.by_type.iter().collect();
    by_type.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    let by_type: Map<String, Value> =
        by_type.into_iter().take(MAX_TYPES).map(|(kind, count)| (kind.clone(), (*count).into())).collect();
    let latency = Latency::of(measured.message_latencies.clone());
    ok(&json!({
        "window": window.shown(),
        "total_events": measured.events,
        "total_messages": measured.sent + measured.received,
        "messages_sent": measured.sent,
        "messages_received": measured.received,
        "flows": measured.flows.len(),
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
