//! transduction-2tdx: rule transduction, and two-way synchronisation of sites.
//!
//! [`skill`] stores rewrite patterns, applies them and has code made of them; [`generate`] makes the code. The routes
//! of synchronisation are declared here and say that they are not built yet.

pub mod generate;
pub mod skill;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Info, Request, Response, Service, setting};
use serde_json::{Map, Value, json};

/// Milliseconds a synchronisation may take before it counts as degraded, where `MAX_LATENCY_MS` is not set.
const DEFAULT_MAX_LATENCY_MS: u64 = 100;

/// The component's routes.
pub fn service() -> Service {
    let service = Service::new(Info {
        component: "transduction-2tdx",
        message: "Transduction sync received",
        base: "/sync",
        version: env!("CARGO_PKG_VERSION"),
        constants: Map::new,
    })
    .alias("/2tdx")
    .root_members(members)
    .post("/sync", not_built)
    .post("/2tdx/sync", not_built)
    .post("/sync/push", not_built)
    .post("/sync/pull", not_built)
    .post("/sync/verify", not_built)
    .post("/sync/rollback", not_built)
    .get("/sync/log", not_built)
    .get("/sync/object/{hash}", not_built);
    skill::routes(service)
}

ramanujan_shell::entry!(crate::service);

async fn members(_: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("service".into(), "2TDX Transduction".into());
    members.insert("mode".into(), "bidirectional".into());
    members.insert("self_verification".into(), "enabled".into());
    let budget: u64 = setting::number("MAX_LATENCY_MS", DEFAULT_MAX_LATENCY_MS)?;
    members.insert("max_latency_ms".into(), budget.into());
    // The guides' words above describe what the component is for; this is what it does.
    members.insert("implemented".into(), json!({"sync": false, "skill": true}));
    Ok(members)
}

async fn not_built(request: Request) -> Result<Response, Problem> {
    Err(Problem::new(
        Code::NotImplemented,
        format!(
            "{} {} is declared and not built yet: no site is synchronised so far",
            request.parts.method,
            request.path()
        ),
    ))
}
