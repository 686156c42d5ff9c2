//! Requests to library calls and statements, and back to JSON. One file per family of routes.

pub(crate) mod agent_api;
pub(crate) mod agents;
pub(crate) mod egraph;
pub(crate) mod life;
pub(crate) mod network;
mod outbox;
pub(crate) mod topology;
mod view;

use ramanujan_core::{AgentId, Code, Problem, VectorClock};
use ramanujan_shell::Request;

use self::outbox::flush;
use crate::settings::Context;
use crate::store::{Database, MAX_REPORTED_CLOCK};
use crate::topology::{Graph, Kind};

/// The agent in the path. A name that breaks the grammar is nobody's, so it is not found rather than invalid.
fn path_agent(request: &Request) -> Result<AgentId, Problem> {
    let text = request.param("id");
    text.parse().map_err(|error| Problem::new(Code::UnknownAgent, format!("{error}")))
}

/// Refuses a clock that the timeline would not take.
fn check_clock(clock: &VectorClock) -> Result<(), Problem> {
    if clock.len() <= MAX_REPORTED_CLOCK {
        return Ok(());
    }
    let detail = format!("vector_clock has {} entries, at most {MAX_REPORTED_CLOCK} are taken", clock.len());
    Err(Problem::new(Code::ClockTooLarge, detail))
}

/// The graph that numbered agents are placed on: the smallest of its kind that has a vertex for each of them.
fn network_graph(database: &Database, kind: Kind) -> Result<Graph, Problem> {
    graph_with(database, kind, None)
}

/// As [`network_graph`], with a vertex for one more.
fn graph_with(database: &Database, kind: Kind, vertex: Option<usize>) -> Result<Graph, Problem> {
    let vertices = database.greatest_vertex()?.max(vertex).map_or(0, |vertex| vertex.saturating_add(1));
    kind.graph(kind.size_for(vertices)).map_err(|error| Problem::new(Code::Topology, error.to_string()))
}

/// Writes which agents have fallen silent since somebody looked. What keeps it from that does not keep anybody from
/// looking: activity is decided by the clock.
async fn expire(database: &Database, context: &Context) -> Result<(), Problem> {
    let (expired, trouble) = database.expire(&context.rules()?)?;
    if let Some(problem) = trouble {
        ramanujan_shell::log::warn("agent-orchestrator", &problem.detail);
    }
    if expired > 0 {
        flush_later(database).await;
    }
    Ok(())
}

/// Writes that an agent has fallen silent, if it has.
async fn settle(database: &Database, context: &Context, agent: &AgentId) -> Result<(), Problem> {
    match database.settle(agent, &context.rules()?) {
        Ok(false) => {}
        Ok(true) => flush_later(database).await,
        Err(problem) => ramanujan_shell::log::warn("agent-orchestrator", &problem.detail),
    }
    Ok(())
}

/// Sends what the timeline is owed without failing the request: for requests that come again by themselves.
async fn flush_later(database: &Database) {
    if let Err(problem) = flush(database).await {
        ramanujan_shell::log::warn("agent-orchestrator", &problem.detail);
    }
}
