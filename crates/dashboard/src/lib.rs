//! dashboard: the page on which a person sees the running network, and the same figures as JSON.
//!
//! `components` names the eleven and where they answer, `metrics` turns their answers into the JSON reply, `failure` says
//! which events are errors, `stats` has the percentiles; `routes` asks everyone at once and serves the pages, which are in `assets/`, mounted as files.
//! Nothing is kept here: every figure is asked for when a request comes.

pub mod answers;
#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod components;
pub mod failure;
pub mod metrics;
mod routes;
pub mod settings;
pub mod stats;

use ramanujan_shell::{Info, Service};

use crate::routes::{description, errors, events, figures, page};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "dashboard",
        message: "Dashboard ready",
        base: "/dashboard",
        version: env!("CARGO_PKG_VERSION"),
        constants: description::constants,
    })
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .alias("/")
    .health_check(description::health)
    .page_where(page::wanted, page::index)
    .get("/dashboard/timeline", page::PAGE.file("timeline.html"))
    .get("/dashboard/verification", page::PAGE.file("verification.html"))
    .get("/dashboard/sites", page::PAGE.file("sites.html"))
    .get("/dashboard/{file}", page::PAGE.files())
    .get("/dashboard/shared/{file}", page::SHARED.files())
    .get("/dashboard/lib/{file}", page::LIBRARIES.files())
    .get("/openapi.json", page::PAGE.file("openapi.json"))
    .get("/api/metrics", figures::all)
    .get("/api/metrics/realtime", figures::realtime)
    .get("/api/throughput", figures::throughput)
    .get("/api/errors", errors::list)
    .get("/dashboard/events", events::stream)
}

ramanujan_shell::entry!(crate::service);
