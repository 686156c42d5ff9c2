//! transduction-2tdx: two-way synchronisation of sites, and rule transduction. Its description and health are here;
//! neither is built yet, and every route that would do one says so.

use ramanujan_core::Problem;
use ramanujan_shell::{Info, Request, Response, Service, setting};
use serde_json::{Map, Value};

/// Milliseconds a synchronisation may take before it counts as degraded, where `MAX_LATENCY_MS` is not set.
const DEFAULT_MAX_LATENCY_MS: u64 = 100;

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
    .root_members(members)
    .post("/sync", not_built)
    .post("/2tdx/sync", not_built)
    .post("/sync/push", not_built)
    .post("/sync/pull", not_built)
    .post("/sync/verify", not_built)
    .post("/sync/rollback", not_built)
    .get("/sync/log", not_built)
    .get("/sync/object/{hash}", not_built)
    .post("/skill/patterns", not_built)
    .post("/skill/patterns/{id}/transduce", not_built)
    .post("/skill/apply", not_built)
    .post("/skill/generate", not_built)
    .get("/skill/stats", not_built)
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
    members.insert("implemented".into(), false.into());
    Ok(members)
}

async fn not_built(request: Request) -> Result<Response, Problem> {
    Err(Problem::not_implemented(format!(
        "{} {} is declared and not built yet: no site is synchronised and no rule transduced so far",
        request.parts.method,
        request.path()
    )))
}
