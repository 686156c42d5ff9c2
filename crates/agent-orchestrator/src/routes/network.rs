//! The network as a whole: `/health`, `/status`, and messages that a NATS bridge hands in.

use http::Method;
use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Request, Response, call_json, history, ok, response};
use serde_json::{Map, Value, json};

use super::agent_api::{read_message, store};
use super::agents::HAS_ROUNDS;
use super::{expire, network_graph};
use crate::agent::number_or_name;
use crate::kind::MessageType;
use crate::settings::{self, Context};
use crate::store::Database;
use crate::subject::Subject;

/// The members of the description that never change while the component runs.
pub(crate) fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "Agent Orchestrator".into());
    if let Some(region) = settings::REGION.given().ok().filter(|region| !region.is_empty()) {
        members.insert("region".into(), region.into());
    }
    members
}

/// The members of `/health` and `/agents/health`: what the store says, the agents it knows, and the timeline, without
/// which no registration and no message is acknowledged.
pub(crate) async fn health(context: Context, _: Request) -> Result<Map<String, Value>, Problem> {
    let settings = context.settings()?;
    let database = Database::open()?;
    let mut members = database.check()?.members();
    let census = database.census(context.now().saturating_sub(settings.health_timeout))?;
    history::check().await?;
    members.insert("components".into(), json!({history::TIMELINE: "ok"}));
    members.insert("timestamp".into(), format_rfc3339(context.now()).into());
    members.insert("agent_id".into(), number_or_name(settings.agent_id.as_str()));
    members.insert("agents".into(), census.agents.into());
    members.insert("registered_agents".into(), census.registered.into());
    members.insert("active_agents".into(), census.active.into());
    Ok(members)
}

/// What the component can do: take each kind of message, merge documents while crdt-service is well, and hold rounds.
async fn capabilities() -> Map<String, Value> {
    let merges =
        call_json::<Map<String, Value>>("crdt-service", Method::GET, "/crdt/health", None::<&()>).await;
    let kinds = MessageType::ALL.into_iter().filter(|kind| *kind != MessageType::SyncResponse);
    let mut members: Map<String, Value> = kinds.map(|kind| (kind.snake_case(), true.into())).collect();
    members.insert("crdt_merge".into(), merges.is_ok().into());
    members.insert("sync_round".into(), HAS_ROUNDS.into());
    members
}

pub(crate) async fn status(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let settings = context.settings()?;
    let database = Database::open()?;
    expire(&database, &context).await?;
    let census = database.census(context.now().saturating_sub(settings.health_timeout))?;
    let (messages, updates) = database.message_totals()?;
    let graph = network_graph(&database, settings.topology)?;
    ok(&json!({
        "network": {
            "agents": census.agents,
            "registered_agents": census.registered,
            "active_agents": census.active,
            "topology": settings.topology.as_str(),
            "vertices": graph.n(),
            "diameter": graph.distances().map(|distances| distances.diameter),
            "status": if census.active > 0 { "active" } else { "idle" },
            "total_nodes": census.egraph_nodes,
            "total_syncs": updates,
            "total_messages": messages,
        },
        "capabilities": capabilities().await,
        "nats": {"configured": settings.has_nats},
        "protocol": "HTTP; NATS through a bridge that posts to /nats/webhook/{subject}",
        "deployment": settings.deployment,
        "timestamp": format_rfc3339(context.now()),
    }))
}

/// The subject in the path, of which routing has left out what is empty: `agent//0/state` is no way to write
/// `agent/0/state`.
fn subject(request: &Request) -> Result<Subject, Problem> {
    let written = request.path().split_once("/webhook/").map_or("", |(_, written)| written);
    let whole = !written.split('/').any(str::is_empty);
    Subject::parse(if whole { request.param("subject") } else { written })
}

/// `POST /nats/webhook/{subject}`: stored once, answered `ACK`.
pub(crate) async fn webhook(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let subject = subject(&request)?;
    let message = read_message(&context.settings()?, &request)?.on(&subject)?;
    store(&context, &message).await?;
    Ok(response::typed("text/plain; charset=utf-8", "ACK"))
}
