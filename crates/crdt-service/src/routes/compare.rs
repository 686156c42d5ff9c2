//! `POST /crdt/compare`: how two version vectors lie to each other, and their join.

use ramanujan_core::{Problem, VectorClock};
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareRequest {
    left: VectorClock,
    right: VectorClock,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let CompareRequest { left, right } = request.json()?;
    let mut join = left.clone();
    join.join(&right);
    ok(&serde_json::json!({"causality": left.compare(&right), "join": join}))
}
