//! transduction-2tdx: rule transduction, and two-way synchronisation of sites.
//!
//! [`skill`] is what patterns are and how they are applied to terms, [`generate`] makes code of them; both are pure.
//! `store` keeps patterns and `routes` answers. The routes of synchronisation are declared and say that they are not
//! built yet.

#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod generate;
mod routes;
pub mod settings;
pub mod skill;
mod store;

use ramanujan_shell::{Info, Service};
use serde_json::Map;

use crate::routes::{apply, code, patterns, stats, sync};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "transduction-2tdx",
        message: "Transduction sync received",
        base: "/sync",
        version: env!("CARGO_PKG_VERSION"),
        constants: Map::new,
    })
    .alias("/2tdx")
    .alias("/skill")
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .root_members(sync::members)
    .health_check(sync::health)
    .post("/sync", sync::not_built)
    .post("/2tdx/sync", sync::not_built)
    .post("/sync/push", sync::not_built)
    .post("/sync/pull", sync::not_built)
    .post("/sync/verify", sync::not_built)
    .post("/sync/rollback", sync::not_built)
    .get("/sync/log", sync::not_built)
    .get("/sync/object/{hash}", sync::not_built)
    .post("/skill/patterns", patterns::post)
    .get("/skill/patterns", patterns::list)
    .get("/skill/patterns/{id}", patterns::get)
    .get("/skill/patterns/{id}/versions", patterns::versions)
    .post("/skill/patterns/{id}/transduce", code::transduce)
    .post("/skill/generate", code::generate)
    .post("/skill/apply", apply::post)
    .get("/skill/stats", stats::get)
}

ramanujan_shell::entry!(crate::service);
