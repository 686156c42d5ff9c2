//! Rolling back appends.

use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::Service;
use ramanujan_shell::native::mount;
use serde_json::{Value, json};

use crate::network::{Node, bare_crdt_service, pass_to_crdt_service, settle};

fn value(node: &Node, document: &str) -> Value {
    node.crdt(Method::GET, &format!("/crdt/{document}"), &Value::Null).json["value"].clone()
}

#[test]
fn a_document_shows_what_it_showed_at_both_sites_and_nothing_is_erased() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    vienna.insert("notes", "ann", 0, "good");
    settle(&[&vienna], 4);
    let then = vienna.crdt(Method::GET, "/crdt/notes", &Value::Null).json["log_position"].clone();
    porto.write("notes", "bob", "delete", json!({"position": 0, "length": 4}));
    porto.insert("notes", "bob", 0, "bad");
    settle(&[&vienna], 4);
    assert_eq!(value(&vienna, "notes"), "bad");
    let body = json!({"documents": ["notes"], "at": then, "agent_id": "editor"});
    let reply = vienna.post("/sync/rollback", &body);
    assert_eq!((&reply["failed"], &reply["next_cursor"]), (&json!(0), &Value::Null), "{reply}");
    assert!(reply["appended"].as_u64().unwrap() > 0);
    assert_eq!(value(&vienna, "notes"), "good");
    let dots = reply["documents"][0]["operation_ids"].as_array().unwrap();
    assert!(dots.iter().all(|dot| dot.as_str().unwrap().starts_with("editor:")), "{reply}");
    settle(&[&vienna], 4);
    assert_eq!(value(&porto, "notes"), "good");
    // What was there is still there, and what leads back is an operation as any other.
    let history = porto.crdt(Method::GET, "/crdt/notes/history", &Value::Null).json;
    assert!(history.to_string().contains("bad"), "{history}");
    assert_eq!(vienna.operations("notes"), porto.operations("notes"));
    assert!(vienna.operations("notes").values().any(|event| event["agent_id"] == "editor"));
    assert!(vienna.events("notes").values().any(|event| event["type"] == "sync-rolled-back"));
    let object = vienna.get(&format!("/sync/object/{}", reply["digest"].as_str().unwrap()));
    assert_eq!(
        (&object["entry"]["kind"], &object["entry"]["detail"]["agent_id"]),
        (&json!("rollback"), &json!("editor"))
    );
    // The same again changes nothing.
    assert_eq!(vienna.post("/2tdx/rollback", &body)["appended"], 0);
}

#[test]
fn all_documents_go_back_to_a_time_over_as_many_calls_as_it_takes() {
    let vienna = Node::new("vienna", &[]);
    for at in 0..5 {
        vienna.increment(&format!("counter-{at}"), "ann", 5);
    }
    let now = ramanujan_core::time::format_rfc3339(ramanujan_shell::now_millis());
    std::thread::sleep(std::time::Duration::from_millis(20));
    for at in 0..5 {
        vienna.increment(&format!("counter-{at}"), "ann", 2);
    }
    vienna.increment("later", "ann", 1);
    vienna.set("MAX_LATENCY_MS", 0);
    let (mut cursor, mut calls, mut done, mut left) = (Value::Null, 0, 0, Vec::new());
    loop {
        let mut body = json!({"operation": "rollback", "at": now, "agent_id": "editor", "limit": 2});
        if !cursor.is_null() {
            body["cursor"] = cursor;
        }
        let reply = vienna.post("/sync", &body);
        calls += 1;
        done += reply["appended"].as_u64().unwrap();
        let failed =
            reply["documents"].as_array().unwrap().clone().into_iter().filter(|one| one["code"].is_string());
        left.extend(failed.map(|one| (one["document_id"].clone(), one["code"].clone())));
        cursor = reply["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert!(calls >= 6 && done == 5, "{calls} calls, {done} operations");
    assert_eq!(left, [(json!("later"), json!("no-such-version"))], "it did not exist then");
    for at in 0..5 {
        assert_eq!(value(&vienna, &format!("counter-{at}")), 5);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let vienna = Node::new("vienna", &["porto"]);
    for (path, body) in [
        ("/sync/rollback", json!({"agent_id": "a"})),
        ("/sync/rollback", json!({"at": 1})),
        ("/sync/rollback", json!({"at": 1, "agent_id": "a", "target": "porto"})),
        ("/sync/rollback", json!({"at": ["ann:1"], "agent_id": "a"})),
        ("/sync/rollback", json!({"at": 1, "agent_id": "a", "cursor": "x"})),
        ("/sync/rollback", json!({"at": 1, "agent_id": "a", "limit": 0})),
        ("/sync/verify", json!({"at": 1})),
        ("/sync", json!({"documents": []})),
        ("/sync/push", json!({"operation": "verify", "target": "porto"})),
        ("/sync/push", json!({"target": "local"})),
    ] {
        let refused = vienna.ask(Method::POST, path, &body);
        assert_eq!((refused.status, &refused.json["code"]), (422, &json!("invalid-sync")), "{path} {body}");
    }
    for body in [json!({"operation": "erase"}), json!({"tarket": "porto"}), json!([1])] {
        assert_eq!(vienna.ask(Method::POST, "/sync", &body).status, 422, "{body}");
    }
}

#[test]
fn deltas_and_freezes_are_found_by_their_digests() {
    let vienna = Node::new("vienna", &[]);
    vienna.insert("notes", "ann", 0, "x");
    let second = vienna.write("notes", "ann", "insert", json!({"position": 1, "value": "y"}));
    let freeze = vienna.crdt(Method::POST, "/crdt/notes/freeze", &json!({})).json;
    let digest = second["result"]["digest"].as_str().unwrap();
    let object = vienna.get(&format!("/sync/object/{digest}?document=notes"));
    assert_eq!((&object["kind"], &object["operation_id"]), (&json!("delta"), &json!("ann:2")), "{object}");
    assert_eq!(object["parents"], json!(["ann:1"]));
    let id = freeze["snapshot_id"].as_str().unwrap();
    let object = vienna.get(&format!("/2tdx/object/{id}?document=notes"));
    assert_eq!(
        (&object["kind"], &object["freeze"]["heads"]),
        (&json!("freeze"), &json!(["ann:2"])),
        "{object}"
    );
    for path in [format!("/sync/object/{digest}"), format!("/sync/object/{}?document=notes", "0".repeat(64))]
    {
        let missing = vienna.ask(Method::GET, &path, &Value::Null);
        assert_eq!((missing.status, &missing.json["code"]), (404, &json!("no-such-object")), "{path}");
    }
    assert_eq!(vienna.ask(Method::GET, "/sync/object/00ff", &Value::Null).status, 422);
}

#[test]
fn the_log_is_read_in_pages_and_its_oldest_entries_go() {
    let vienna = Node::new("vienna", &["porto"]);
    vienna.set("SYNC_LOG_ENTRIES", 8);
    for _ in 0..40 {
        vienna.post("/sync/verify", &json!({}));
    }
    let page = vienna.get("/sync/log?limit=3");
    let seqs = |page: &Value| -> Vec<u64> {
        page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs(&page), [40, 39, 38]);
    let next = vienna.get(&format!("/sync/log?limit=100&cursor={}", page["next_cursor"].as_str().unwrap()));
    assert!(seqs(&next).first() == Some(&37) && next["next_cursor"].is_null());
    assert!(seqs(&next).len() <= 8 + 16, "{next}");
}

/// What is appended is stored, and the reply is lost, as if the call was killed then: the timeline is told all the same.
#[test]
fn a_rollback_that_was_not_heard_of_is_told() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    vienna.increment("counter", "ann", 5);
    let then = vienna.crdt(Method::GET, "/crdt/counter", &Value::Null).json["log_position"].clone();
    vienna.increment("counter", "ann", 2);
    vienna.site.within(|| mount("crdt-service", forgetful()));
    let body = json!({"documents": ["counter"], "at": then, "agent_id": "editor"});
    let lost = vienna.ask(Method::POST, "/sync/rollback", &body);
    assert_eq!(lost.status, 503, "{}", lost.json);
    vienna.site.within(|| mount("crdt-service", crdt_service::service()));
    assert_eq!(value(&vienna, "counter"), 5, "stored");
    assert!(!vienna.operations("counter").values().any(|event| event["agent_id"] == "editor"), "not told");
    assert_eq!(vienna.post("/sync/rollback", &body)["appended"], 0);
    settle(&[&vienna], 4);
    assert!(vienna.operations("counter").values().any(|event| event["agent_id"] == "editor"));
    assert_eq!(vienna.operations("counter"), porto.operations("counter"));
}

/// A crdt-service that does what it is asked, and says of what it brought back that it failed.
fn forgetful() -> Service {
    bare_crdt_service().post("/crdt/answers", async |request| Ok(pass_to_crdt_service(request).await)).post(
        "/crdt/{document}/recover",
        async |request| {
            let reply = pass_to_crdt_service(request).await;
            assert_eq!(reply.status(), 200);
            Err(Problem::new(Code::StoreUnavailable, "lost"))
        },
    )
}
