//! dashboard: the page on which a person sees the running network, and the same figures as JSON.
//!
//! `components` names the eleven and where they answer, `collect` asks them all at once, `metrics` turns the answers
//! into the JSON reply (pure), `stats` has the percentiles (pure), `page` serves the pages, which are in `assets/`, mounted as files. Nothing is kept
//! here: every figure is asked for when a request comes.

pub mod collect;
pub mod components;
pub mod metrics;
pub mod page;
pub mod stats;

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Info, Request, Response, Service, now_millis, ok, setting};
use serde_json::{Map, Value, json};

/// Milliseconds between two refreshes where `METRICS_REFRESH_MS` is not set.
pub const DEFAULT_REFRESH_MS: u64 = 1000;
/// Shortest refresh: each one asks all components.
const MIN_REFRESH_MS: u64 = 200;
/// Longest refresh: a page that looks dead helps nobody.
const MAX_REFRESH_MS: u64 = 60_000;

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "dashboard",
        message: "Dashboard ready",
        base: "/dashboard",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .get("/", page::index)
    .get("/dashboard", page::index)
    .get("/dashboard/timeline", page::timeline)
    .get("/dashboard/verification", page::verification)
    .get("/dashboard/{file}", page::file)
    .get("/dashboard/shared/{file}", page::shared)
    .get("/dashboard/lib/{file}", page::library)
    .get("/api/metrics", all)
    .get("/api/metrics/realtime", realtime)
    .get("/api/throughput", throughput)
    .get("/api/errors", errors)
    .get("/dashboard/events", stream)
}

ramanujan_shell::entry!(crate::service);

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members
        .insert("interface".into(), setting::text("INTERFACE").unwrap_or_else(|| "dashboard".into()).into());
    members
}

/// The refresh that pages are asked to keep, in milliseconds.
fn refresh_ms() -> Result<u64, Problem> {
    Ok(setting::number("METRICS_REFRESH_MS", DEFAULT_REFRESH_MS)?.clamp(MIN_REFRESH_MS, MAX_REFRESH_MS))
}

async fn all(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let refresh = refresh_ms()?;
    let answers = collect::everything().await;
    ok(&metrics::everything(&answers, refresh, &format_rfc3339(now_millis())))
}

/// The figures that change fastest, from one call.
async fn realtime(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let refresh = refresh_ms()?;
    let summary = collect::ask(components::TIMELINE, collect::SUMMARY).await.outcome?;
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

/// Events per second over several windows.
async fn throughput(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let windows = collect::summaries(&[1, 10, 60, 600]).await?;
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

/// What is wrong at this moment. Past errors are in each component's log; no component keeps them.
async fn errors(request: Request) -> Result<Response, Problem> {
    if request.query().get("from").is_some() || request.query().get("to").is_some() {
        return Err(Problem::new(
            Code::NotImplemented,
            "past errors are not kept; /api/errors without from and to says what is wrong now",
        ));
    }
    request.query().only(&[])?;
    let answers = collect::everything().await;
    let errors = metrics::errors(&answers);
    ok(&json!({
        "count": errors.len(),
        "errors": errors,
        "checked": answers.len(),
        "timestamp": format_rfc3339(now_millis()),
    }))
}

async fn stream(_: Request) -> Result<Response, Problem> {
    Err(Problem::new(Code::NotImplemented, "the page polls; poll /api/timeline?after=<seq> and /api/metrics"))
}
