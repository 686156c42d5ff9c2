//! `POST /crdt/compare`: how two version vectors lie to each other, and their join.

use ramanujan_core::{Problem, VectorClock};
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;

/// Two versions.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareRequest {
    /// One version.
    left: VectorClock,
    /// The other.
    right: VectorClock,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let CompareRequest { left, right } = request.json()?;
    let mut join = left.clone();
    join.join(&right);
    ok(&serde_json::json!({"causality": left.compare(&right), "join": join}))
}
