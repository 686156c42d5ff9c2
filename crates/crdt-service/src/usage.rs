//! What a GET on a POST route answers: how to use it.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde_json::json;

pub(crate) async fn apply(_: Request) -> Result<Response, Problem> {
    ok(&json!({
        "service": "CRDT Memoization",
        "usage": "POST one operation or an array of them",
        "example": {"operation": "insert", "document_id": "notes", "agent_id": "0", "position": 0, "value": "Hello"},
    }))
}

pub(crate) async fn merge(_: Request) -> Result<Response, Problem> {
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
