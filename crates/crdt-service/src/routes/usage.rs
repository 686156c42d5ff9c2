//! What the component says of itself, and what a GET on a POST route answers: how to use it.

use ramanujan_core::Problem;
use ramanujan_crdt::CrdtType;
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Map, Value, json};

/// Members of the description at the root that never change.
pub(crate) fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "CRDT Memoization".into());
    members.insert("crdt_types".into(), CrdtType::ALL.map(CrdtType::as_str).to_vec().into());
    // This description is made anew each time; replies that can be remembered say for themselves whether they were.
    members.insert("cached".into(), false.into());
    members
}

pub(crate) async fn apply(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&json!({
        "service": "CRDT Memoization",
        "usage": "POST one operation or an array of them",
        "example": {"operation": "insert", "document_id": "notes", "agent_id": "0", "position": 0, "value": "Hello"},
    }))
}

pub(crate) async fn merge(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&json!({
        "service": "CRDT Memoization",
        "usage": "POST two states of one type, or a stored document and a remote state; nothing is stored",
        "examples": [
            {"crdt_type": "pn-counter", "left": {"totals": {"a": {"p": 3, "n": 1}}}, "right": {"totals": {"b": {"p": 2}}}},
            {"document_id": "notes", "remote": {"deltas": [
                {"agent_id": "b", "seq": 1, "operation": "insert", "parents": [], "position": 0, "value": "Hi"}]}},
        ],
    }))
}
