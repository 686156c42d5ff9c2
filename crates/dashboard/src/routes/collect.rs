//! Asking the components, all at once.

use std::borrow::Cow;
use std::time::Instant;

use futures_util::future::{join, join_all, join4};
use http::Method;
use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{call_json, now_millis};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answers::{Answer, Answers, WINDOW_S};
use crate::components::{AGENTS, ALL, DOCUMENTS, TIMELINE};

/// The counts of the timeline, with the rate over ten seconds.
pub(super) const SUMMARY: &str = "/timeline/summary?window=10";
/// The newest events; the page asks the timeline itself for what comes after.
const EVENTS: &str = "/api/timeline?limit=40";
/// As many agents as the largest network of 48 has, and some.
const AGENT_LIST: &str = "/agents?limit=100";
const STATUS: &str = "/status";
const DOCUMENT_LIST: &str = "/crdt?limit=50";
/// Flows of a reply.
const FLOWS: u64 = 50;

/// Asks one component for one path.
pub(super) async fn ask<T: DeserializeOwned>(
    component: &'static str,
    path: impl Into<Cow<'static, str>>,
) -> Answer<T> {
    let path = path.into();
    let started = Instant::now();
    let outcome = call_json::<T>(component, Method::GET, &path, None::<&Value>).await;
    let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    Answer { component, path, latency_ms, outcome }
}

/// Asks everyone everything at once.
pub(super) async fn everything() -> Answers {
    let since = format_rfc3339(now_millis().saturating_sub(WINDOW_S * 1000));
    let health = join_all(ALL.iter().map(|component| ask(component.id, component.health)));
    let timeline = join4(
        ask(TIMELINE, SUMMARY),
        ask(TIMELINE, EVENTS),
        ask(TIMELINE, format!("/timeline/metrics?from={since}")),
        ask(TIMELINE, format!("/timeline/flows?from={since}&limit={FLOWS}")),
    );
    let agents = join(ask(AGENTS, AGENT_LIST), ask(AGENTS, STATUS));
    let (health, (summary, events, measured, flows), (agents, status), documents) =
        join4(health, timeline, agents, ask(DOCUMENTS, DOCUMENT_LIST)).await;
    Answers { health, summary, events, agents, status, documents, measured, flows }
}

/// The timeline's counts with rates over each of `windows` (seconds).
///
/// # Errors
/// The first problem of a call.
pub(super) async fn summaries(windows: &[u64]) -> Result<Vec<Value>, Problem> {
    let calls = windows.iter().map(async |window| {
        let path = format!("/timeline/summary?window={window}");
        call_json::<Value>(TIMELINE, Method::GET, &path, None::<&Value>).await
    });
    join_all(calls).await.into_iter().collect()
}
