//! interaction-timeline: the append-only history of who did what because of what.
//!
//! What an event is, how the log is hashed and what a proof consists of stand in the library `ramanujan-timeline`. Here
//! `routes` reads requests and shapes replies, `store` has the tables and every statement, `settings` the variables; the
//! other modules decide, without knowing either. This file only maps routes to those modules.

#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod batch;
pub mod convergence;
pub mod csv;
pub mod damage;
pub mod feed;
pub mod levels;
pub mod live;
pub mod order;
pub mod placing;
mod routes;
pub mod seal;
pub mod settings;
pub mod shown;
pub mod state;
pub mod store;
pub mod walk;

use ramanujan_shell::{Info, Service};
use serde_json::{Map, Value};

use crate::routes::{
    archive, convergence as replicas, events, export, flows, freezes, graph, health, index, live as growing,
    metrics, proof, query, recover, summary, verify,
};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "interaction-timeline",
        message: "Interaction timeline ready",
        base: "/timeline",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .health_check(health::check)
    .post("/timeline/events", events::post)
    .get("/timeline/query", query::get)
    .get("/api/timeline", query::array)
    .get("/timeline/event/{id}", events::get)
    .get("/timeline/summary", summary::get)
    .get("/timeline/verify", verify::get)
    .get("/timeline/event/{id}/causes", graph::causes)
    .get("/timeline/event/{id}/effects", graph::effects)
    .get("/timeline/event/{id}/concurrent", graph::concurrent)
    .get("/timeline/stream", growing::stream)
    .get("/timeline/proof", proof::get)
    .get("/timeline/flows", flows::get)
    .get("/timeline/metrics", metrics::get)
    .get("/timeline/export", export::get)
    .get("/timeline/poll", growing::poll)
    .get("/timeline/convergence", replicas::get)
    .post("/timeline/freeze", freezes::post)
    .get("/timeline/freezes", freezes::list)
    .get("/timeline/freeze/{id}", freezes::get)
    .get("/timeline/recover", recover::get)
    .post("/timeline/archive", archive::post)
    .post("/timeline/index", index::post)
}

ramanujan_shell::entry!(crate::service);

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("interface".into(), settings::INTERFACE.read().unwrap_or_default().into());
    members.insert("storage".into(), "sqlite".into());
    members.insert("semantics".into(), "append-only".into());
    members.insert("vector_clock_causality".into(), "enabled".into());
    members
}
