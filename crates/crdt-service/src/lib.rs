//! crdt-service: stores immutable deltas, merges them on read.
//!
//! A write is one INSERT of checked deltas; no row is ever updated. `apply/` checks and stores, `document` reads and
//! merges, `row` is the table. The types and their laws live in `ramanujan-crdt`.

mod apply;
mod document;
mod history;
mod list;
mod merge;
mod row;
mod usage;

use ramanujan_core::Problem;
use ramanujan_shell::{Info, Request, Response, Service};
use serde_json::{Map, Value};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "crdt-service",
        message: "CRDT operation received",
        base: "/crdt",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .root_members(list::documents)
    .post("/crdt/apply", apply::post)
    .get("/crdt/apply", usage::apply)
    .get("/crdt/merge", usage::merge)
    .post("/crdt/merge", merge::post)
    .post("/crdt/compare", merge::compare)
    .get("/crdt/{document}", document::get)
    .get("/crdt/{document}/history", history::get)
    .post("/crdt/verify", later)
    .get("/crdt/cache/stats", later)
    .post("/crdt/cache/drain", later)
    .post("/crdt/cache/invalidate", later)
    .post("/crdt/{document}/freeze", later)
    .post("/crdt/{document}/recover", later)
}

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "CRDT Memoization".into());
    members.insert("crdt_types".into(), vec!["text", "pn-counter"].into());
    // No merge memo exists yet, so nothing is ever served from one.
    members.insert("cached".into(), false.into());
    members
}

async fn later(request: Request) -> Result<Response, Problem> {
    Err(Problem::not_implemented(format!("{} is declared but not built yet", request.path())))
}

ramanujan_shell::entry!(crate::service);
