//! The figures of the page as JSON: all of them, those that change fastest, the rate of events.

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Request, Response, now_millis, ok};
use serde_json::{Value, json};

use super::collect;
use crate::components::TIMELINE;
use crate::metrics;
use crate::settings::METRICS_REFRESH_MS;

/// Windows of `/api/throughput`, in seconds.
const WINDOWS_S: [u64; 4] = [1, 10, 60, 600];

/// `GET /api/metrics`.
pub(crate) async fn all(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let refresh = METRICS_REFRESH_MS.read()?;
    let answers = collect::everything().await;
    ok(&metrics::everything(&answers, refresh, &format_rfc3339(now_millis())))
}

/// `GET /api/metrics/realtime`: the figures that change fastest, from one call.
pub(crate) async fn realtime(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let refresh = METRICS_REFRESH_MS.read()?;
    let summary: Value = collect::ask(TIMELINE, collect::SUMMARY).await.outcome?;
    ok(&json!({
        "total_events": summary.get("events"),
        "last_seq": summary.get("last_seq"),
        "events_per_second": metrics::rate(&summary),
        "recent": summary.get("recent"),
        "colors": summary.get("by_color"),
        "refresh_ms": refresh,
        "timestamp": format_rfc3339(now_millis()),
    }))
}

/// `GET /api/throughput`: events per second over several windows.
pub(crate) async fn throughput(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let windows = collect::summaries(&WINDOWS_S).await?;
    let rows: Vec<Value> = windows
        .iter()
        .map(|summary| {
            let recent = summary.get("recent").cloned().unwrap_or_default();
            json!({"window_s": recent.get("window_s"), "events": recent.get("events"),
                   "events_per_second": metrics::rate(summary)})
        })
        .collect();
    ok(&json!({
        "unit": "events per second",
        "windows": rows,
        "total_events": windows.first().and_then(|summary| summary.get("events")),
        "timestamp": format_rfc3339(now_millis()),
    }))
}
