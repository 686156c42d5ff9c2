//! `/sync` and `/2tdx`: what the component says of itself, and the routes of synchronisation, which are not built yet.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response};
use serde_json::{Map, Value, json};

use crate::settings::{LOCAL_ENDPOINT, MAX_LATENCY_MS, VERS_ENDPOINT};
use crate::store;

pub(crate) async fn members(_: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("service".into(), "2TDX Transduction".into());
    members.insert("mode".into(), "bidirectional".into());
    members.insert("self_verification".into(), "enabled".into());
    members.insert("max_latency_ms".into(), MAX_LATENCY_MS.read()?.into());
    let endpoint = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    members.insert("local_endpoint".into(), endpoint(LOCAL_ENDPOINT.read()?));
    members.insert("vers_endpoint".into(), endpoint(VERS_ENDPOINT.read()?));
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
