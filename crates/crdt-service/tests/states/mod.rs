//! What the tests of merging share: requests and states of one agent.

use ramanujan_shell::native::Reply;
use serde_json::{Value, json};

use crate::common;

pub(crate) fn post(path: &str, body: &Value) -> Reply {
    common::post(path, body.clone())
}

pub(crate) fn merge(crdt_type: &str, left: &Value, right: &Value) -> Reply {
    post("/crdt/merge", &json!({"crdt_type": crdt_type, "left": left, "right": right}))
}

/// A state of one agent that makes its operations one after the other.
pub(crate) fn alone(agent: &str, operations: &[Value]) -> Value {
    let delta = |(index, operation): (usize, &Value)| {
        let mut delta = operation.clone();
        delta["agent_id"] = agent.into();
        delta["seq"] = (index + 1).into();
        delta["parents"] = if index == 0 { json!([]) } else { json!([format!("{agent}:{index}")]) };
        delta
    };
    json!({"deltas": operations.iter().enumerate().map(delta).collect::<Vec<_>>()})
}
