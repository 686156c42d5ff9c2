//! crdt-service: stores immutable deltas and merges them on read.
//!
//! `routes/` speaks HTTP, `store/` has the tables, and between them stand the rules: `apply/` checks operations, `merge/`
//! joins states, `version` and `content` are a document as it was when, `memo/` remembers answers. The types and their
//! laws live in `ramanujan-crdt`.

#[cfg(not(target_family = "wasm"))]
pub mod api;
mod apply;
mod content;
mod fork;
mod freeze;
mod later;
mod laws;
mod memo;
mod merge;
mod record;
mod routes;
mod settings;
mod store;
mod version;
mod weight;

use ramanujan_shell::{Info, Service};

pub use settings::VARIABLES;

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "crdt-service",
        message: "CRDT operation received",
        base: "/crdt",
        version: env!("CARGO_PKG_VERSION"),
        constants: routes::usage::constants,
    })
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .root_members(routes::list::documents)
    .health_check(routes::health::check)
    .post("/crdt/apply", routes::apply::post)
    .get("/crdt/apply", routes::usage::apply)
    .get("/crdt/merge", routes::usage::merge)
    .post("/crdt/merge", routes::merge::post)
    .post("/crdt/compare", routes::compare::post)
    .post("/crdt/operations", routes::operations::post)
    .post("/crdt/answers", routes::exchange::post)
    .get("/crdt/{document}", routes::document::get)
    .delete("/crdt/{document}", routes::document::delete)
    .get("/crdt/{document}/history", routes::history::get)
    .get("/crdt/{document}/diff", routes::diff::get)
    .post("/crdt/{document}/freeze", routes::freezes::post)
    .get("/crdt/{document}/snapshots", routes::freezes::list)
    .post("/crdt/{document}/recover", routes::recover::post)
    .post("/crdt/{document}/withdraw", routes::withdrawn::post)
    .get("/crdt/{document}/withdrawn", routes::withdrawn::get)
    .post("/crdt/verify", routes::verify::post)
    .get("/crdt/cache/stats", routes::cache::stats)
    .post("/crdt/cache/drain", routes::later::drain)
    .post("/crdt/cache/invalidate", routes::cache::invalidate)
    .get("/crdt/cache/task/{id}", routes::later::task)
}

ramanujan_shell::entry!(crate::service);
