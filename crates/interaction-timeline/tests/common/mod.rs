//! Requests to the timeline and what tests say about replies.

#![allow(dead_code, unreachable_pub)]

use http::Method;
use ramanujan_core::Digest;
use ramanujan_shell::native::{Reply, media_type, send};
use ramanujan_shell::{Row, Store};
use serde_json::Value;

pub fn post(body: &Value) -> Reply {
    post_bytes(body.to_string().as_bytes())
}

pub fn post_bytes(body: &[u8]) -> Reply {
    send(&interaction_timeline::service(), Method::POST, "/timeline/events", body)
}

pub fn get(target: &str) -> Reply {
    send(&interaction_timeline::service(), Method::GET, target, "")
}

/// An event id for test number `n`.
pub fn id(n: u8) -> String {
    Digest::of(&[n]).to_string()
}

/// Asserts that the reply is this problem and returns its document.
pub fn problem(reply: &Reply, status: u16, code: &str) -> Value {
    assert_eq!(
        (reply.status, media_type(reply), reply.json["code"].as_str()),
        (status, "application/problem+json", Some(code)),
        "{}",
        reply.json
    );
    reply.json.clone()
}

/// Runs a statement of an intruder.
pub fn tamper(sql: &str) -> Vec<Row> {
    Store::open(interaction_timeline::store::schema::SCHEMA).unwrap().execute(sql, []).unwrap()
}
