//! `/sync` and `/2tdx`: what the component says of itself, and the routes of synchronisation, which are not built yet.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response};
use serde_json::{Map, Value, json};

use crate::settings::MAX_LATENCY_MS;
use crate::store;

pub(crate) async fn members(_: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("service".into(), "2TDX Transduction".into());
    members.insert("mode".into(), "bidirectional".into());
    members.insert("self_verification".into(), "enabled".into());
    members.insert("max_latency_ms".into(), MAX_LATENCY_MS.read()?.into());
    // The members above say what the component is for; this one says what it does.
    members.insert("implemented".into(), json!({"sync": false, "skill": true}));
    Ok(members)
}

/// Whether the store can be written.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    store::check()
}

pub(crate) async fn not_built(request: Request) -> Result<Response, Problem> {
    let (method, path) = (&request.parts.method, request.path());
    let detail =
        format!("{method} {path} is declared and not built yet: no site is synchronised with another so far");
    Err(Problem::new(Code::NotImplemented, detail))
}
