//! The JSON twin of the page, made from what the components answered. What did not come is null, never made up.

use ramanujan_core::Code;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::answers::{Answer, Answers, WINDOW_S};
use crate::components::ALL;
use crate::stats::Sample;

/// Title of the page and of the reply.
pub const TITLE: &str = "Ramanujan CRDT Network";

/// Members of an agent that the dashboard shows.
const AGENT_MEMBERS: [&str; 14] = [
    "agent_id",
    "name",
    "mathematician",
    "polarity",
    "color",
    "region",
    "is_active",
    "is_registered",
    "health_score",
    "last_heartbeat_ago_ms",
    "neighbors",
    "messages_sent",
    "messages_received",
    "syncs_completed",
];

/// Members of a document that the dashboard shows.
const DOCUMENT_MEMBERS: [&str; 8] =
    ["document_id", "crdt_type", "length", "operations", "heads", "vector_clock", "fingerprint", "updated"];

/// The full reply of `/api/metrics`.
#[derive(Debug, Serialize)]
pub struct Everything<'a> {
    #[serde(flatten)]
    figures: Value,
    /// As the timeline wrote them, numbers beyond 2^53 included.
    events: Option<&'a [Box<RawValue>]>,
}

/// Makes the full reply.
pub fn everything<'a>(answers: &'a Answers, refresh_ms: u64, timestamp: &str) -> Everything<'a> {
    let summary = value(&answers.summary);
    let figures = json!({
        "title": TITLE,
        "network": network(answers),
        "performance": performance(answers),
        "convergence": convergence(answers),
        "agents": agents(answers),
        "documents": listed(&answers.documents, "documents", &DOCUMENT_MEMBERS),
        "more_documents": answered(&answers.documents).map(|list| !list["next_cursor"].is_null()),
        "colors": summary.get("by_color"),
        "event_types": summary.get("by_type"),
        "flows": answered(&answers.flows).and_then(|flows| flows.get("flows")),
        "components": components(&answers.health),
        "problems": errors(answers),
        "refresh_ms": refresh_ms,
        "timestamp": timestamp,
    });
    Everything { figures, events: answers.events.outcome.as_deref().ok() }
}

fn answered(answer: &Answer) -> Option<&Value> {
    answer.outcome.as_ref().ok()
}

fn value(answer: &Answer) -> &Value {
    answered(answer).unwrap_or(&Value::Null)
}

fn network(answers: &Answers) -> Value {
    let status = value(&answers.status);
    let of = |member: &str| status.get("network").and_then(|network| network.get(member)).cloned();
    json!({
        "total_agents": of("agents"),
        "registered_agents": of("registered_agents"),
        "active_agents": of("active_agents"),
        "topology": of("topology"),
        "diameter": of("diameter"),
        "total_messages": of("total_messages"),
        "total_syncs": of("total_syncs"),
        "healthy_components": answers.health.iter().filter(|answer| is_healthy(answer)).count(),
        "total_components": answers.health.len(),
    })
}

/// Latencies are those of the calls that this very reply was made from.
fn performance(answers: &Answers) -> Value {
    let sample =
        Sample::new(answers.calls().filter(|call| call.problem.is_none()).map(|call| call.latency_ms));
    let round = |value: Option<f64>| value.map(milliseconds);
    let summary = value(&answers.summary);
    let network = network(answers);
    let measured = value(&answers.measured);
    json!({
        "min_latency_ms": round(sample.min()),
        "avg_latency_ms": round(sample.mean()),
        "p50_latency_ms": round(sample.percentile(50)),
        "p95_latency_ms": round(sample.percentile(95)),
        "p99_latency_ms": round(sample.percentile(99)),
        "max_latency_ms": round(sample.max()),
        "latency_samples": sample.len(),
        "latency_of": "the dashboard's calls to the components for this reply",
        "events_per_second": rate(summary),
        "window_s": summary.get("recent").and_then(|recent| recent.get("window_s")),
        "total_events": summary.get("events"),
        "first_event": summary.get("first_timestamp"),
        "last_event": summary.get("last_timestamp"),
        "total_messages": network.get("total_messages"),
        "measured_s": WINDOW_S,
        "measured_completely": measured.get("window").and_then(|window| window.get("complete")),
        "total_bytes": measured.get("total_bytes_transferred"),
        "efficiency": measured.get("synchronization_efficiency"),
    })
}

/// Events per second over the window of a summary of the timeline.
pub fn rate(summary: &Value) -> Option<f64> {
    let recent = summary.get("recent")?;
    let (events, window) = (recent.get("events")?.as_f64()?, recent.get("window_s")?.as_f64()?);
    (window > 0.0).then(|| (events / window * 10.0).round() / 10.0)
}

/// Says what holds of the documents that were looked at, one page by name, and whether those were all (`complete`).
/// Documents with several heads hold concurrent edits that no later edit has seen yet; all replicas that hold the
/// same operations read the same text either way.
fn convergence(answers: &Answers) -> Value {
    let green = value(&answers.summary).get("by_color").and_then(|colors| colors.get("GREEN")).cloned();
    let Some(documents) = value(&answers.documents).get("documents").and_then(Value::as_array) else {
        return json!({"documents": null, "complete": null, "concurrent": null, "label": null,
                      "verifications": green});
    };
    // Heads that are too many for a list are left out of it.
    let heads = |document: &&Value| document["heads"].as_array().is_none_or(|heads| heads.len() > 1);
    let concurrent = documents.iter().filter(heads).count();
    let complete = value(&answers.documents).get("next_cursor").is_none_or(Value::is_null);
    let label = match (documents.len(), concurrent) {
        (0, _) => "No documents yet".to_owned(),
        (_, 0) if complete => "Converged".to_owned(),
        (looked_at, 0) => format!("The first {looked_at} converged"),
        _ => "Concurrent edits open".to_owned(),
    };
    json!({"documents": documents.len(), "complete": complete, "concurrent": concurrent, "label": label,
           "verifications": green})
}

fn agents(answers: &Answers) -> Value {
    let mut agents = listed(&answers.agents, "agents", &AGENT_MEMBERS);
    for agent in agents.as_array_mut().into_iter().flatten() {
        let indicator = agent["health_score"].as_f64().map(health_color);
        agent["color_indicator"] = indicator.into();
    }
    agents
}

/// Traffic-light colour of a health score from 0 to 1.
pub fn health_color(score: f64) -> &'static str {
    match score {
        s if s >= 0.8 => "green",
        s if s >= 0.5 => "yellow",
        s if s >= 0.2 => "orange",
        _ => "red",
    }
}

/// Traffic-light colour of a latency in milliseconds.
pub fn latency_color(ms: f64) -> &'static str {
    match ms {
        ms if ms < 10.0 => "green",
        ms if ms < 50.0 => "yellow",
        ms if ms < 100.0 => "orange",
        _ => "red",
    }
}

/// The objects under `list`, with the known members of each; null if the answer has no such list.
fn listed(answer: &Answer, list: &str, members: &[&str]) -> Value {
    let Some(items) = value(answer).get(list).and_then(Value::as_array) else {
        return Value::Null;
    };
    let pick = |item: &Value| -> Value {
        let kept = members.iter().filter_map(|name| Some(((*name).to_owned(), item.get(name)?.clone())));
        kept.collect::<Map<String, Value>>().into()
    };
    items.iter().map(pick).collect::<Vec<_>>().into()
}

fn is_healthy(answer: &Answer) -> bool {
    answered(answer).is_some_and(|health| matches!(health["status"].as_str(), Some("ok" | "healthy")))
}

fn components(health: &[Answer]) -> Vec<Value> {
    ALL.iter()
        .zip(health)
        .map(|(component, answer)| {
            let healthy = is_healthy(answer);
            json!({
                "component": component.name,
                "healthy": healthy,
                "state": match &answer.outcome {
                    Ok(_) if healthy => "healthy",
                    Err(problem) if problem.code == Code::ComponentUnreachable => "unreachable",
                    _ => "failing",
                },
                "latency_ms": answer.outcome.is_ok().then(|| milliseconds(answer.latency_ms)),
                "latency_indicator": answer.outcome.is_ok().then(|| latency_color(answer.latency_ms)),
                "version": value(answer).get("version"),
                "detail": answer.outcome.as_ref().err().map(|problem| problem.detail.as_str()),
            })
        })
        .collect()
}

/// What is wrong now: calls that brought a problem, and components that say they are not well.
pub fn errors(answers: &Answers) -> Vec<Value> {
    let failed = answers.calls().filter_map(|call| {
        let problem = call.problem?;
        // A problem that another component sent keeps its own code as an extra member.
        let code = problem.extra.get("code").and_then(Value::as_str).unwrap_or(problem.code.as_str());
        Some(json!({"component": call.component, "path": call.path, "status": problem.status, "code": code,
                    "detail": problem.detail}))
    });
    let unwell =
        answers.health.iter().filter(|answer| answer.outcome.is_ok() && !is_healthy(answer)).map(|a| {
            json!({"component": a.component, "path": a.path, "code": "unhealthy",
               "detail": "the component answers but does not say that it is well"})
        });
    failed.chain(unwell).collect()
}

/// To a microsecond: the clock knows no better.
fn milliseconds(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
