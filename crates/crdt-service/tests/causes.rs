//! What `?causes=` tells of the parents of an operation.

mod common;

use common::{apply, forget_clocks, post, refused};
use http::Method;
use ramanujan_shell::native::{fresh_database, send, send_with};
use serde_json::{Value, json};

fn telling(most: u64, operations: &Value) -> Value {
    let reply = post(&format!("/crdt/apply?causes={most}"), operations.clone());
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

fn add(agent: &str, seq: u64, parents: &[&str], value: &str) -> Value {
    json!({"operation": "add", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents, "value": value})
}

/// What a delta is, as the reply to it said.
fn told(applied: &Value, color: &str) -> Value {
    json!({"digest": applied["digest"], "color": color})
}

#[test]
fn the_parents_are_told_of_in_their_order_and_the_same_of_a_repetition() {
    let _db = fresh_database();
    let a = telling(9, &add("a", 1, &[], "x"));
    assert_eq!(a.get("causes"), None, "it has no parent");
    let b = telling(
        9,
        &json!({"operation": "remove", "document_id": "d", "agent_id": "b", "seq": 1, "parents": ["a:1"], "value": "x"}),
    );
    assert_eq!(b["causes"], json!([told(&a, "RED")]));
    let c = telling(9, &add("c", 1, &["a:1"], "y"));
    let join = add("a", 2, &["a:1", "c:1", "b:1"], "z");
    let joined = telling(9, &join);
    assert_eq!(joined["parents"], json!(["b:1", "c:1"]));
    assert_eq!(joined["causes"], json!([told(&b, "BLUE"), told(&c, "RED")]));
    assert_eq!(telling(1, &join)["causes"], json!([told(&b, "BLUE")]), "of one at most");
    assert_eq!(telling(0, &join).get("causes"), None);
    assert_eq!(apply(join.clone()).get("causes"), None, "who does not ask is not told");
    // However the repetition says what it was made on, and whether it says so at all.
    let mut bare = join.clone();
    bare.as_object_mut().unwrap().remove("parents");
    let mut with_clock = bare.clone();
    with_clock["vector_clock"] = json!({"a": 1, "b": 1, "c": 1});
    for again in [&join, &bare, &with_clock] {
        let again = telling(9, again);
        assert_eq!((&again["duplicate"], &again["causes"]), (&json!(true), &joined["causes"]));
    }
    forget_clocks();
    assert_eq!(telling(9, &bare)["causes"], joined["causes"]);
}

#[test]
fn in_a_batch_the_parents_are_those_before_in_it() {
    let _db = fresh_database();
    let body = json!([
        {"operation": "insert", "document_id": "t", "agent_id": "a", "value": "x"},
        {"operation": "delete", "document_id": "t", "agent_id": "b", "position": 0, "length": 1},
        {"operation": "transition", "document_id": "p", "agent_id": "a", "value": "VERIFY"},
        {"operation": "transition", "document_id": "p", "agent_id": "a", "value": "LIVE"},
        {"operation": "insert", "document_id": "t", "agent_id": "a", "value": "y"},
    ]);
    let post = || {
        let headers = [("idempotency-key", "k")];
        let service = crdt_service::service();
        send_with(&service, Method::POST, "/crdt/apply?causes=64", &headers, body.to_string()).json
    };
    let first = post();
    let results = &first["results"];
    let causes = |n: usize| results[n].get("causes");
    assert_eq!((causes(0), causes(2)), (None, None));
    assert_eq!(causes(1), Some(&json!([told(&results[0], "RED")])));
    assert_eq!(causes(3), Some(&json!([told(&results[2], "GREEN")])));
    assert_eq!(causes(4), Some(&json!([told(&results[1], "BLUE")])));
    let again = post();
    assert_eq!(again["duplicates"], 5);
    for (now, then) in again["results"].as_array().unwrap().iter().zip(results.as_array().unwrap()) {
        assert_eq!(now.get("causes"), then.get("causes"));
    }
}

#[test]
fn it_is_asked_of_operations_alone_and_by_a_number() {
    let _db = fresh_database();
    apply(add("a", 1, &[], "x"));
    let page = send(&crdt_service::service(), Method::GET, "/crdt/d/history", "").json;
    refused(&post("/crdt/apply?causes=1", page), 422, "invalid-parameter");
    refused(&post("/crdt/apply?causes=all", add("a", 2, &["a:1"], "y")), 422, "invalid-parameter");
    refused(&post("/crdt/apply?causes=-1", add("a", 2, &["a:1"], "y")), 422, "invalid-parameter");
    let lines = add("a", 2, &["a:1"], "y").to_string();
    let service = crdt_service::service();
    for media_type in ["application/x-ndjson", "application/vnd.ramanujan.delta"] {
        let headers = [("content-type", media_type)];
        let reply = send_with(&service, Method::POST, "/crdt/apply?causes=1", &headers, lines.clone());
        refused(&reply, 422, "invalid-parameter");
    }
}
