//! Asking the components, all at once. An answer that does not come is an answer too.

use std::time::Instant;

use futures_util::future::join_all;
use http::Method;
use ramanujan_core::Problem;
use ramanujan_shell::call_json;
use serde_json::Value;

use crate::components::{AGENTS, ALL, DOCUMENTS, TIMELINE};

/// Seconds over which the rate of events is shown.
pub const RATE_WINDOW_S: u64 = 10;
/// The counts of the timeline, with the rate over [`RATE_WINDOW_S`].
pub const SUMMARY: &str = "/timeline/summary?window=10";
/// The newest events; the page asks the timeline itself for what comes after.
const EVENTS: &str = "/api/timeline?limit=40";
/// As many agents as the guides' largest network has, and some.
const AGENT_LIST: &str = "/agents?limit=100";
const STATUS: &str = "/status";
const DOCUMENT_LIST: &str = "/crdt?limit=50";

/// What one call brought.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The component that was asked.
    pub component: &'static str,
    pub path: &'static str,
    /// Milliseconds from asking to having the whole reply or none.
    pub latency_ms: f64,
    /// The reply, or the problem that came instead.
    pub outcome: Result<Value, Problem>,
}

/// Asks one component for one path.
pub async fn ask(component: &'static str, path: &'static str) -> Answer {
    let started = Instant::now();
    let outcome = call_json::<Value>(component, Method::GET, path, None::<&Value>).await;
    let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    Answer { component, path, latency_ms, outcome }
}

/// What a full reply is made of: the health of all eleven, and the lists.
#[derive(Clone, Debug)]
pub struct Answers {
    /// In the order of [`ALL`].
    pub health: Vec<Answer>,
    pub summary: Answer,
    pub events: Answer,
    pub agents: Answer,
    pub status: Answer,
    pub documents: Answer,
}

impl Answers {
    /// Every answer once.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.health.iter().chain([&self.summary, &self.events, &self.agents, &self.status, &self.documents])
    }

    /// How many calls were made.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no call was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Asks everyone everything at once.
pub async fn everything() -> Answers {
    let health = join_all(ALL.iter().map(|component| ask(component.id, component.health)));
    let (health, summary, events, agents, (status, documents)) = futures_util::future::join5(
        health,
        ask(TIMELINE, SUMMARY),
        ask(TIMELINE, EVENTS),
        ask(AGENTS, AGENT_LIST),
        futures_util::future::join(ask(AGENTS, STATUS), ask(DOCUMENTS, DOCUMENT_LIST)),
    )
    .await;
    Answers { health, summary, events, agents, status, documents }
}

/// The timeline's counts with rates over each of `windows` (seconds).
///
/// # Errors
/// The first problem of a call.
pub async fn summaries(windows: &[u64]) -> Result<Vec<Value>, Problem> {
    let calls = windows.iter().map(async |window| {
        let path = format!("/timeline/summary?window={window}");
        call_json::<Value>(TIMELINE, Method::GET, &path, None::<&Value>).await
    });
    join_all(calls).await.into_iter().collect()
}
