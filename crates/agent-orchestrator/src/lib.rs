//! agent-orchestrator: who the agents are, how they are connected, which of them a document goes to, and the messages
//! between them. It synchronises nothing: replicas exchange operations through crdt-service.
//!
//! `topology` and the life of an agent, which are a library's, `draft` and `profile` on top of it, `routing`, `agent`,
//! `subject`, `kind`, `message`, `payload`, `terms` and `uuid` decide and are pure; `rejection` makes problems of the library's
//! refusals; `store` holds the tables and their statements, `settings` the variables and the clock, `routes` speaks HTTP.

pub mod agent;
#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod draft;
pub mod kind;
pub mod message;
pub mod payload;
pub mod profile;
pub mod rejection;
mod routes;
pub mod routing;
pub mod settings;
pub mod store;
pub mod stored;
pub mod subject;
pub mod terms;
pub mod uuid;

pub use ramanujan_agents::topology;

use std::future::Future;

use ramanujan_shell::{Info, Request, Service};

use crate::routes::{agent_api, agents, egraph, life, network, topology as shapes};
use crate::settings::{Context, IDENTITY};

/// The component's routes, with the settings of its environment.
pub fn service() -> Service {
    service_in(&Context::live())
}

/// The component's routes, with settings and a clock of the caller's.
pub fn service_in(context: &Context) -> Service {
    Service::new(Info {
        component: "agent-orchestrator",
        message: "Agent orchestrator ready",
        base: "/agents",
        version: env!("CARGO_PKG_VERSION"),
        constants: network::constants,
    })
    .identity(IDENTITY)
    .settings(settings::check)
    .root_members(within(context, agents::list))
    .health_check(within(context, network::health))
    .health_at("/health")
    .get("/agents/status", within(context, agents::status))
    .get("/agents/topology", within(context, shapes::topology))
    .get("/agents/route", within(context, shapes::route))
    .post("/agents/register", within(context, agents::register))
    .post("/agents/round", within(context, agents::round))
    .get("/agents/{id}", within(context, agents::read))
    .delete("/agents/{id}", within(context, agents::deregister))
    .post("/agents/{id}/commands", within(context, life::command))
    .post("/agents/{id}/commands/{verb}", within(context, life::command))
    .get("/agents/{id}/history", within(context, life::history))
    .get("/agents/{id}/life", within(context, life::life))
    .post("/agents/{id}/heartbeat", within(context, agents::heartbeat))
    .get("/agent/{id}/state", within(context, agent_api::state))
    .get("/agent/{id}/egraph", within(context, egraph::egraph))
    .get("/agent/{id}/messages", within(context, agent_api::messages))
    .delete("/agent/{id}/messages", within(context, agent_api::acknowledge))
    .post("/agent/{id}/message", within(context, agent_api::message))
    .post("/agent/{id}/heartbeat", within(context, agents::heartbeat))
    .post("/agent/{id}/sync", within(context, agent_api::sync))
    .get("/api/agents", within(context, agents::array))
    .get("/api/agents/status", within(context, agents::status))
    .get("/status", within(context, network::status))
    .post("/nats/webhook/{*subject}", within(context, network::webhook))
}

/// A handler with its context.
fn within<F, Fut>(context: &Context, handler: F) -> impl Fn(Request) -> Fut + 'static
where
    F: Fn(Context, Request) -> Fut + 'static,
    Fut: Future + 'static,
{
    let context = context.clone();
    move |request| handler(context.clone(), request)
}

ramanujan_shell::entry!(crate::service);
