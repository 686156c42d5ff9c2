//! The network as a whole: `/health`, `/status`, and messages that a NATS bridge hands in.

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Request, Response, ok, response};
use serde_json::json;

use super::agent_api::{read_message, store};
use super::network_graph;
use crate::agent::guide_id;
use crate::settings::Context;
use crate::store::Database;
use crate::subject::Subject;

/// `/health` and `/agents/health`: fails where the store does.
pub(crate) async fn health(context: Context, _: Request) -> Result<Response, Problem> {
    let settings = context.settings()?;
    let census = Database::open()?.census(context.now().saturating_sub(settings.health_timeout))?;
    ok(&json!({
        "service": "agent-orchestrator",
        "component": "agent-orchestrator",
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": format_rfc3339(context.now()),
        "agent_id": guide_id(settings.agent_id.as_str()),
        "agents": census.agents,
        "registered_agents": census.registered,
        "active_agents": census.active,
    }))
}

pub(crate) async fn status(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let settings = context.settings()?;
    let database = Database::open()?;
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
        "capabilities": {
            "state_update": true, "sync_request": true, "heartbeat": true, "ack": true,
            "crdt_merge": true, "sync_round": false,
        },
        "protocol": "HTTP; NATS through a bridge that posts to /nats/webhook/{subject}",
        "deployment": "Spin",
        "timestamp": format_rfc3339(context.now()),
    }))
}

/// `POST /nats/webhook/{subject}`: stored once, answered `ACK`.
pub(crate) async fn webhook(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let subject = Subject::parse(request.param("subject"))?;
    let message = read_message(&context.settings()?, &request)?.on(&subject)?;
    store(&context, &message).await?;
    Ok(response::typed("text/plain; charset=utf-8", "ACK"))
}
