//! A database that revision 80a519f wrote opens as it is: every value, digest, version and history is the one that this
//! revision answered, and writing goes on where it stopped.
//!
//! `store.sql` is its dump, one statement a line: documents of each type (a text with branches that meet, one with two
//! heads), snapshots, two freezes, a deletion, an idempotency key, a remembered merge, tasks done and waiting.
//! `replies.json` holds what that revision answered to each path.

mod common;
mod states;

use common::{apply, get, post, refused, sql};
use http::Method;
use ramanujan_shell::native::{Guard, fresh_database, send, send_with};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};
use states::{alone, merge};

fn opened() -> Guard {
    let guard = fresh_database();
    // A store of another name, which makes none of the service's tables.
    let store = Store::open(Schema { name: "dump", statements: &[] }).unwrap();
    for statement in include_str!("fixtures/80a519f/store.sql").lines() {
        store.execute(statement, []).unwrap();
    }
    guard
}

fn recorded() -> Vec<Value> {
    serde_json::from_str(include_str!("fixtures/80a519f/replies.json")).unwrap()
}

#[test]
fn every_path_answers_what_it_did() {
    let _guard = opened();
    let recorded = recorded();
    assert!(recorded.len() > 25);
    for then in &recorded {
        let path = then["path"].as_str().unwrap();
        let now = get(path);
        let etag = now.headers.get("etag").map(|etag| etag.to_str().unwrap());
        assert_eq!(
            (now.status, etag),
            (then["status"].as_u64().unwrap() as u16, then["etag"].as_str()),
            "{path}"
        );
        // The description of the component says when it was made, of which version, and which types there are by now.
        let strip = |reply: &Value| {
            let mut reply = reply.clone();
            if let Some(members) = reply.as_object_mut() {
                members.retain(|name, _| !matches!(name.as_str(), "timestamp" | "version" | "crdt_types"));
            }
            reply
        };
        assert_eq!(strip(&now.json), strip(&then["reply"]), "{path}");
    }
}

#[test]
fn values_are_the_same_without_snapshots() {
    let _guard = opened();
    assert!(sql("DELETE FROM crdt_snapshots RETURNING id") > 0);
    for then in recorded() {
        let path = then["path"].as_str().unwrap();
        if path.starts_with("/crdt/") && !path.contains("/cache/") {
            assert_eq!(get(path).json["value"], then["reply"]["value"], "{path}");
        }
    }
}

#[test]
fn the_schema_is_the_one_of_then() {
    let guard = opened();
    let health = get("/crdt/health").json;
    assert_eq!((&health["store"], &health["schema_version"]), (&json!("writable"), &json!(14)));
    assert_eq!(health["log_position"], 78);
    // A new database has the same tables and indexes.
    let tables = || sql("SELECT name FROM sqlite_schema WHERE name LIKE 'crdt_%'");
    let old = tables();
    drop(guard);
    let _guard = fresh_database();
    assert_eq!(get("/crdt/health").json["schema_version"], 14);
    assert_eq!(tables(), old);
}

#[test]
fn writing_goes_on_where_it_stopped() {
    let _guard = opened();
    let length = get("/crdt/notes").json["length"].as_u64().unwrap();
    let next = apply(json!({"operation": "insert", "document_id": "notes", "agent_id": "a", "value": "?"}));
    assert_eq!((&next["seq"], &next["length"]), (&json!(9), &json!(length + 1)));
    assert!(get("/crdt/notes").json["value"].as_str().unwrap().ends_with('?'));
    // One of two heads, and then both.
    let left = json!({"operation": "insert", "document_id": "apart", "agent_id": "a", "seq": 2, "parents": ["a:1"],
        "position": 4, "value": "!"});
    assert_eq!(apply(left)["length"], 5);
    let both =
        json!({"operation": "delete", "document_id": "apart", "agent_id": "c", "position": 0, "length": 10});
    assert_eq!(apply(both)["parents"], json!(["a:2", "b:1"]));
    assert_eq!(get("/crdt/apart").json["value"], "");
    for (operation, value) in [
        (json!({"operation": "increment", "document_id": "count", "agent_id": "a"}), json!(11)),
        (json!({"operation": "increment", "document_id": "grow", "agent_id": "a"}), json!(8)),
        (json!({"operation": "set", "document_id": "last", "agent_id": "a", "value": 3}), json!(3)),
        (json!({"operation": "set", "document_id": "each", "agent_id": "c", "value": 3}), json!([3])),
        (
            json!({"operation": "transition", "document_id": "phase", "agent_id": "b", "value": "LIVE"}),
            json!("LIVE"),
        ),
    ] {
        apply(operation.clone());
        let path = format!("/crdt/{}", operation["document_id"].as_str().unwrap());
        assert_eq!(get(&path).json["value"], value, "{operation}");
    }
    apply(json!({"operation": "delete", "document_id": "plan", "agent_id": "c", "path": ["tasks", 1]}));
    assert_eq!(get("/crdt/plan").json["value"]["tasks"], json!(["rake"]));
}

#[test]
fn keys_freezes_and_deletions_hold() {
    let _guard = opened();
    let keyed = json!({"operation": "increment", "document_id": "keyed", "agent_id": "a", "value": 2});
    let headers = [("idempotency-key", "k-1")];
    let again = send_with(&crdt_service::service(), Method::POST, "/crdt/apply", &headers, keyed.to_string());
    assert_eq!((again.status, &again.json["duplicate"]), (200, &json!(true)));
    let chain = get("/crdt/notes/snapshots").json["items"].as_array().unwrap().clone();
    let [first, second] = chain.as_slice() else { panic!("two freezes") };
    assert_eq!(post("/crdt/notes/freeze", json!({})).json["duplicate"], true);
    let shown = post("/crdt/notes/recover", json!({"snapshot_id": first["snapshot_id"]}));
    assert_eq!((shown.status, &shown.json["digest"]), (200, &first["digest"]), "{}", shown.json);
    let body = json!({"snapshot_id": first["snapshot_id"], "restore": true, "agent_id": "r"});
    assert_eq!(post("/crdt/notes/recover", body).status, 200);
    assert_eq!(get("/crdt/notes").json["value"], shown.json["value"]);
    let third = post("/crdt/notes/freeze", json!({}));
    assert_eq!(third.json["parent_snapshot"], second["snapshot_id"]);
    refused(&get("/crdt/gone"), 410, "document-deleted");
    let delete = send(&crdt_service::service(), Method::DELETE, "/crdt/gone", "");
    assert_eq!(delete.json["changed"], false);
    assert_eq!(post("/crdt/gone/recover", json!({})).json["undeleted"], true);
    assert_eq!(get("/crdt/gone").json["value"], json!(["x"]));
}

#[test]
fn remembered_answers_and_waiting_tasks_are_found() {
    let _guard = opened();
    // As if they had been remembered just now.
    assert_eq!(
        sql("UPDATE crdt_memo SET created = 9000000000000, last_used = 9000000000000 RETURNING id"),
        1
    );
    let sets: Vec<Value> = (1..=500).map(|value| json!({"operation": "set", "value": value})).collect();
    let merged = merge("lww-register", &alone("a", &sets), &alone("b", &sets)).json;
    assert_eq!((&merged["cached"], &merged["result"]["value"]), (&json!(true), &json!(500)));
    assert_eq!(get("/crdt/cache/stats").json["lazy_queue_length"], 1);
    assert_eq!(post("/crdt/cache/drain", json!(null)).json["processed"], 1);
}
