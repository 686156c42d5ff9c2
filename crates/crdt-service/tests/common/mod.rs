//! What the tests of crdt-service share.
#![allow(dead_code)] // not every test file uses all of it

use http::Method;
use ramanujan_shell::native::{Reply, media_type, send, send_with};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};

pub(crate) fn post(path: &str, body: Value) -> Reply {
    send(&crdt_service::service(), Method::POST, path, body.to_string())
}

pub(crate) fn get(path: &str) -> Reply {
    send(&crdt_service::service(), Method::GET, path, "")
}

pub(crate) fn get_with(path: &str, headers: &[(&str, &str)]) -> Reply {
    send_with(&crdt_service::service(), Method::GET, path, headers, "")
}

/// Stores operations that must be accepted.
pub(crate) fn apply(operations: Value) -> Value {
    let reply = post("/crdt/apply", operations);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.json["code"].as_str()), (status, Some(code)), "{}", reply.json);
    assert_eq!(media_type(reply), "application/problem+json");
}

/// Runs SQL on the tables behind the service.
pub(crate) fn sql(statement: &str) -> usize {
    let store = Store::open(Schema { name: "crdt", statements: &[] }).expect("the test's database");
    store.execute(statement, []).expect("legal SQL").len()
}

/// Leaves no clock in a row, as if more agents had written than clocks are kept of.
pub(crate) fn forget_clocks() {
    sql("UPDATE crdt_deltas SET clock = '' WHERE clock <> ''");
}

/// A JSON value in a query.
pub(crate) fn encoded(value: &Value) -> String {
    value.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// An addition to a set.
pub(crate) fn add(document: &str, agent: &str, value: impl Into<Value>) -> Value {
    json!({"operation": "add", "document_id": document, "agent_id": agent, "value": value.into()})
}

/// The operations of a document, as the service counts them.
pub(crate) fn operations(document: &str) -> u64 {
    get(&format!("/crdt/{document}")).json["operations"].as_u64().unwrap_or(0)
}

/// An operation that adds about `bytes` to a document of a type, and one that takes that away.
pub(crate) fn grow_and_shrink(crdt_type: &str, n: u64, bytes: usize) -> (Value, Value) {
    let text = format!("{n:04}{}", "x".repeat(bytes));
    let with = |operation: &str, more: Value| {
        let mut all =
            json!({"operation": operation, "document_id": "d", "agent_id": "a", "crdt_type": crdt_type});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    match crdt_type {
        "text" => (
            with("insert", json!({"value": text})),
            with("delete", json!({"position": 0, "length": text.len()})),
        ),
        "or-set" => (with("add", json!({"value": text})), with("remove", json!({"value": text}))),
        "json" => (
            with("set", json!({"path": [format!("k{n}")], "value": text})),
            with("delete", json!({"path": [format!("k{n}")]})),
        ),
        other => panic!("{other}"),
    }
}
