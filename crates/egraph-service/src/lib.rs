//! egraph-service: equality saturation, proofs and shared equalities as HTTP routes over `ramanujan-egraph`.
//!
//! `theory` reads what requests speak of (languages, operators, rules, costs), `bounds` how far a run may go;
//! `saturation`, `proof` and `shared` answer, `graph` and `view` show. Everything with a law is in the library.
//! [`gadget`] is what `provider` exports as the WIT interface `gadgets`. The page is in `assets/`, mounted as files.
//! [`api`] describes requests and replies, `shapes` what of them is read by hand.

#[cfg(not(target_family = "wasm"))]
pub mod api;
mod bounds;
mod entries;
pub mod gadget;
mod graph;
mod key;
mod proof;
mod routes;
mod saturation;
pub mod settings;
#[cfg(not(target_family = "wasm"))]
mod shapes;
mod shared;
mod store;
mod theory;
mod view;

#[cfg(target_family = "wasm")]
mod provider;

use ramanujan_shell::{Info, Service};

use crate::routes::{cache, graphs, page, proofs, rules, saturate};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "egraph-service",
        message: "E-graph operation received",
        base: "/egraph",
        version: env!("CARGO_PKG_VERSION"),
        constants: page::constants,
    })
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .root_members(page::configured)
    .health_check(page::health)
    .post("/egraph/saturate", saturate::post)
    .get("/egraph/rules", rules::list)
    .post("/egraph/verify", proofs::verify)
    .post("/egraph/explain", proofs::explain)
    .post("/egraph/merge", graphs::merge)
    .get("/egraph/graphs/{graph}", graphs::list)
    .page(page::PAGE.file("index.html"))
    .get("/egraph/page/{file}", page::PAGE.files())
    .get("/egraph/shared/{file}", page::SHARED.files())
    .get("/egraph/lib/{file}", page::LIBRARIES.files())
    .get("/egraph/cache/stats", cache::stats)
}

ramanujan_shell::entry!(crate::service);
