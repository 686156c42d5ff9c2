//! `/agents/…` and its twins for the dashboard: registering, leaving, heartbeats, lists.

use ramanujan_agents::life::Status;
use ramanujan_core::{Code, Problem, VectorClock};
use ramanujan_shell::{Request, Response, json as raw_json, ok};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outbox::flush;
use super::view::{self, Surroundings};
use super::{check_clock, expire, flush_later, graph_with, network_graph, path_agent, settle};
use crate::agent::{Agent, Registration, vertex};
use crate::settings::{Context, Settings};
use crate::store::Database;
use crate::topology::Graph;

/// Agents in a page unless asked otherwise: all of a network with the usual limit of 48.
const DEFAULT_PAGE: u64 = 100;

fn around<'a>(graph: &'a Graph, context: &Context, settings: &Settings) -> Surroundings<'a> {
    Surroundings { graph, now: context.now(), timeout: settings.health_timeout }
}

async fn page(
    context: &Context,
    request: &Request,
    item: fn(&Agent, &Surroundings<'_>) -> Value,
) -> Result<(Vec<Value>, Option<String>), Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "life_status"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let status = query.parse::<Status>("life_status")?;
    let settings = context.settings()?;
    let database = Database::open()?;
    expire(&database, context).await?;
    let graph = network_graph(&database, settings.topology)?;
    let agents = pager.cut(database.agents(query.get("cursor"), status, pager.fetch())?);
    let next = agents.next(|last| last.agent_id.clone());
    let around = around(&graph, context, &settings);
    Ok((agents.items.iter().map(|agent| item(agent, &around)).collect(), next))
}

/// The members of `GET /agents` beyond the component's description.
pub(crate) async fn list(context: Context, request: Request) -> Result<Map<String, Value>, Problem> {
    let (agents, next) = page(&context, &request, |agent, around| view::full(agent, around).into()).await?;
    let settings = context.settings()?;
    let mut members = Map::new();
    members.insert("max_agents".into(), settings.max_agents.into());
    members.insert("topology".into(), settings.topology.as_str().into());
    members.insert("agents".into(), agents.into());
    members.insert("next_cursor".into(), next.into());
    Ok(members)
}

pub(crate) async fn array(context: Context, request: Request) -> Result<Response, Problem> {
    raw_json(&page(&context, &request, view::dashboard_item).await?.0)
}

pub(crate) async fn status(context: Context, request: Request) -> Result<Response, Problem> {
    let (agents, next) = page(&context, &request, |agent, around| view::brief(agent, around).into()).await?;
    let settings = context.settings()?;
    let database = Database::open()?;
    let census = database.census(context.now().saturating_sub(settings.health_timeout))?;
    let (messages, updates) = database.message_totals()?;
    let scores = agents.iter().filter_map(|agent| agent.get("health_score")?.as_f64());
    let average = scores.sum::<f64>() / agents.len().max(1) as f64;
    ok(&json!({
        "total_agents": census.agents,
        "registered_agents": census.registered,
        "active_agents": census.active,
        "lives": database.lives()?,
        "average_health": average,
        "total_messages": messages,
        "total_syncs": updates,
        "health_timeout_ms": settings.health_timeout,
        "sync_interval_ms": settings.sync_interval,
        "agents": agents,
        "next_cursor": next,
    }))
}

/// Everything known of `agent`, on a graph that has a vertex for it: it may have left since it was read.
fn shown(context: &Context, database: &Database, agent: &Agent) -> Result<Map<String, Value>, Problem> {
    let settings = context.settings()?;
    let graph = graph_with(database, settings.topology, vertex(&agent.agent_id))?;
    Ok(view::full(agent, &around(&graph, context, &settings)))
}

pub(crate) async fn read(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let database = Database::open()?;
    let id = path_agent(&request)?;
    settle(&database, &context, &id).await?;
    ok(&shown(&context, &database, &database.known_agent(id.as_str())?)?)
}

pub(crate) async fn register(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let registration: Registration = request.object()?;
    registration.check()?;
    let settings = context.settings()?;
    let database = Database::open()?;
    let registered = database.register(&registration, &context.rules()?)?;
    flush(&database).await?;
    let mut members = shown(&context, &database, &registered.agent)?;
    members.insert("registered".into(), registered.new.into());
    members.insert("heartbeat_within_ms".into(), settings.health_timeout.into());
    ok(&members)
}

pub(crate) async fn deregister(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let id = path_agent(&request)?;
    let database = Database::open()?;
    let deregistered = database.deregister(&id, &context.rules()?)?;
    // Also when there was nothing to end: the event of an earlier try may still be owed.
    flush(&database).await?;
    if !deregistered {
        database.known_agent(id.as_str())?;
    }
    ok(&json!({"agent_id": id, "deregistered": deregistered}))
}

/// What a heartbeat says beside that the agent is alive.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// What the agent has seen; it is joined with what it reported before.
    #[serde(default)]
    vector_clock: VectorClock,
}

/// `POST /agents/{id}/heartbeat` and `POST /agent/{id}/heartbeat`; the body may be missing.
pub(crate) async fn heartbeat(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let id = path_agent(&request)?;
    let beat: Heartbeat = if request.body.is_empty() { Heartbeat::default() } else { request.object()? };
    check_clock(&beat.vector_clock)?;
    let database = Database::open()?;
    let agent = database.heartbeat(&id, &beat.vector_clock, &context.rules()?)?;
    flush_later(&database).await;
    let mut members = shown(&context, &database, &agent)?;
    members.insert("heartbeat_within_ms".into(), context.settings()?.health_timeout.into());
    ok(&members)
}

/// Whether [`round`] does anything; `/status` says so.
pub(super) const HAS_ROUNDS: bool = false;

pub(crate) async fn round(_: Context, _: Request) -> Result<Response, Problem> {
    Err(Problem::new(
        Code::NotImplemented,
        "synchronisation rounds are not built yet; replicas exchange operations through crdt-service",
    ))
}
