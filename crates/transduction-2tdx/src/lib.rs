//! transduction-2tdx: rule transduction, and two-way synchronisation of sites.
//!
//! [`skill`] is what patterns are and how they are applied to terms, [`generate`] makes code of them; both are pure.
//! `sites` is what synchronisation decides beside the engine of `crates/sync`, which `routes/sync` drives. `store` keeps
//! patterns and what is remembered of other sites, and `routes` answers.

#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod generate;
mod routes;
pub mod settings;
mod sites;
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
    .settings(settings::check_all)
    .root_members(sync::members)
    .health_check(sync::health)
    .post("/sync", sync::run::post)
    .post("/2tdx/sync", sync::run::post)
    .post("/sync/push", sync::run::push)
    .post("/sync/pull", sync::run::pull)
    .post("/sync/exchange", sync::exchange::post)
    .post("/sync/verify", sync::verify::post)
    .post("/sync/rollback", sync::rollback::post)
    .get("/sync/log", sync::log::get)
    .get("/sync/object/{hash}", sync::object::get)
    .get("/sync/status", sync::status::get)
    .get("/sync/network", sync::status::network)
    .get("/sync/peers", sync::peers::list)
    .post("/sync/peers", sync::peers::post)
    .delete("/sync/peers/{name}", sync::peers::delete)
    .post("/sync/peers/{name}/release", sync::peers::release)
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
