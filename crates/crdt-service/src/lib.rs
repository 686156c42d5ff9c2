//! crdt-service: stores immutable deltas, merges them on read.
//!
//! A write is one INSERT of checked deltas; no row is ever updated. `apply/` checks and stores, `document` reads and
//! merges, `row` is the table. The types and their laws live in `ramanujan-crdt`.

mod apply;
mod deleted;
mod diff;
mod document;
mod encoded;
mod freeze;
mod history;
mod laws;
mod list;
mod materialise;
mod memo;
mod merge;
mod negotiate;
mod recover;
mod row;
mod snapshot;
mod usage;
mod version;

use ramanujan_crdt::CrdtType;
use ramanujan_shell::{Info, Service};
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
    .delete("/crdt/{document}", deleted::delete)
    .get("/crdt/{document}/history", history::get)
    .get("/crdt/{document}/diff", diff::get)
    .post("/crdt/{document}/freeze", freeze::post)
    .get("/crdt/{document}/snapshots", freeze::list)
    .post("/crdt/{document}/recover", recover::post)
    .post("/crdt/verify", laws::post)
    .get("/crdt/cache/stats", memo::routes::stats)
    .post("/crdt/cache/drain", memo::routes::drain)
    .post("/crdt/cache/invalidate", memo::routes::invalidate)
    .get("/crdt/cache/task/{id}", memo::routes::task)
}

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "CRDT Memoization".into());
    members.insert("crdt_types".into(), CrdtType::ALL.map(CrdtType::as_str).to_vec().into());
    // This description is made anew each time; replies that can be remembered say for themselves whether they were.
    members.insert("cached".into(), false.into());
    members
}

ramanujan_shell::entry!(crate::service);
