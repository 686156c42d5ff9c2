//! A database that revision 80a519f wrote opens as it is: every value, version and history is the one that this revision
//! answered, and writing goes on where it stopped. Digests of versions are not: those of then were made of a chain per
//! agent, those of now of the hashes of the heads.
//!
//! `store.sql` is its dump, one statement a line: documents of each type (a text with branches that meet, one with two
//! heads), snapshots, two freezes, a deletion, an idempotency key, a remembered merge, tasks done and waiting.
//! `replies.json` holds what that revision answered to each path. The same of revision d08eee9, which has the tables of
//! now but for the lines of texts; what it answered is answered to the letter.

mod common;
mod states;

use common::{apply, get, post, refused, sql};
use http::Method;
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::native::{Guard, fresh_database, send, send_with};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};
use states::{alone, merge};

fn opened() -> Guard {
    opened_as(include_str!("fixtures/80a519f/store.sql"))
}

fn opened_as(dump: &str) -> Guard {
    let guard = fresh_database();
    // A store of another name, which makes none of the service's tables.
    let store = Store::open(Schema { name: "dump", statements: &[] }).unwrap();
    for statement in dump.lines() {
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
        let has_etag = now.headers.contains_key("etag");
        assert_eq!(
            (now.status, has_etag),
            (then["status"].as_u64().unwrap() as u16, then["etag"].is_string()),
            "{path}"
        );
        assert_eq!(without_digests(&now.json), without_digests(&then["reply"]), "{path}");
        let routes = |reply: &Value| reply["routes"].as_array().cloned().unwrap_or_default();
        let now = routes(&now.json);
        assert!(routes(&then["reply"]).iter().all(|route| now.contains(route)), "{path}");
    }
}

/// A reply without what names versions, but with the digests of deltas; and without what the description of the component
/// says of when it was made, of which version, and which types and routes there are by now.
fn without_digests(reply: &Value) -> Value {
    match reply {
        Value::Object(members) => {
            let is_delta = members.contains_key("parents");
            let kept = members.iter().filter(|(name, _)| match name.as_str() {
                "timestamp" | "version" | "crdt_types" | "hash" | "routes" => false,
                "digest" | "fingerprint" => is_delta,
                // Freezes and differences tell it by now.
                "heads" => members.contains_key("length"),
                _ => true,
            });
            kept.map(|(name, value)| (name.clone(), without_digests(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_digests).collect(),
        other => other.clone(),
    }
}

/// Computed by the library from the deltas alone.
#[test]
fn versions_are_named_by_their_deltas() {
    let _guard = opened();
    let documents = get("/crdt?limit=50").json["documents"].as_array().unwrap().clone();
    assert!(documents.len() > 8);
    for document in documents {
        let crdt_type: CrdtType = document["crdt_type"].as_str().unwrap().parse().unwrap();
        let mut dag = HashDag::new(crdt_type);
        let path = format!("/crdt/{}/history?limit=1000", document["document_id"].as_str().unwrap());
        for item in get(&path).json["items"].as_array().unwrap() {
            let delta = serde_json::from_value::<DeltaRecord>(item.clone()).unwrap().to_delta().unwrap();
            dag.push(&delta.dot, &delta.parents, &delta.digest()).unwrap();
        }
        let state = dag.into_state();
        assert_eq!(document["digest"], state.digest().to_string(), "{path}");
        assert_eq!(document["heads"], json!(state.heads().keys().collect::<Vec<_>>()), "{path}");
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
    assert_eq!((&health["store"], &health["schema_version"]), (&json!("writable"), &json!(51)));
    assert_eq!(health["log_position"], 78);
    // A new database has the same tables and indexes.
    let tables = || sql("SELECT name FROM sqlite_schema WHERE name LIKE 'crdt_%'");
    let old = tables();
    drop(guard);
    let _guard = fresh_database();
    assert_eq!(get("/crdt/health").json["schema_version"], 51);
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

/// A reply without what is of the moment.
fn lasting(mut reply: Value) -> Value {
    if let Some(members) = reply.as_object_mut() {
        members.retain(|name, _| {
            !["timestamp", "version", "cached", "uptime_ms", "routes"].contains(&name.as_str())
        });
    }
    reply
}

#[test]
fn a_database_of_the_last_tables_answers_to_the_letter_and_grows() {
    let _guard = opened_as(include_str!("fixtures/d08eee9/store.sql"));
    let recorded: Vec<Value> = serde_json::from_str(include_str!("fixtures/d08eee9/replies.json")).unwrap();
    assert!(recorded.len() > 40);
    for then in &recorded {
        let path = then["path"].as_str().unwrap();
        let now = get(path);
        let etag = now.headers.get("etag").map(|etag| etag.to_str().unwrap());
        assert_eq!(
            (u64::from(now.status), etag),
            (then["status"].as_u64().unwrap(), then["etag"].as_str()),
            "{path}"
        );
        assert_eq!(lasting(now.json), lasting(then["reply"].clone()), "{path}");
    }
    // The fork of these lies in deltas without lines, and so does part of what is read then.
    let insert = |agent: &str, parents: Value| {
        apply(json!({"operation": "insert", "document_id": "text", "agent_id": agent, "parents": parents,
            "position": 2, "value": "new\n"}))
    };
    let merged = insert("dee", json!(["ann:20", "ben:20", "cyd:20"]));
    let later = insert("eve", json!(["cyd:28", "dee:1"]));
    assert!(merged["length"].as_u64().unwrap() > 4 && later["length"].as_u64() > merged["length"].as_u64());
    let value = get("/crdt/text").json["value"].clone();
    assert!(sql("DELETE FROM crdt_outlines RETURNING 1") > 0);
    sql("DELETE FROM crdt_snapshots");
    assert_eq!(get("/crdt/text").json["value"], value);
    assert_eq!(value.as_str().unwrap().matches("new\n").count(), 2);
}

/// Documents, deletions and freezes of the last tables are what other sites are told of.
#[test]
fn what_old_tables_hold_is_fed_to_other_sites() {
    let dumps = [include_str!("fixtures/80a519f/store.sql"), include_str!("fixtures/d08eee9/store.sql")];
    for dump in dumps {
        let _guard = opened_as(dump);
        let ask = |question: Value| post("/crdt/answers", question).json["answer"].clone();
        let everything = json!({"ours": [], "theirs": []});
        // Asked of old rows first, so it brings them up to date.
        let fed = ask(json!({"feed": {"after": "", "shared": everything, "most": 256, "budget": 1 << 20}}));
        let changes = fed["feed"]["changes"].as_array().unwrap().clone();
        assert_eq!(fed["feed"]["more"], false);
        let listed = get("/crdt?limit=100").json["documents"].as_array().unwrap().clone();
        assert!(listed.len() > 5);
        for document in &listed {
            let id = document["document_id"].as_str().unwrap();
            let change = changes.iter().find(|change| change["document"] == id).expect(id);
            let shown = get(&format!("/crdt/{id}?clock=full")).json;
            let heads: Vec<Value> =
                change["heads"].as_array().unwrap().iter().map(|head| head[0].clone()).collect();
            assert_eq!(shown["heads"], json!(heads), "{id}");
            for range in change["ranges"].as_array().unwrap() {
                assert_eq!(shown["vector_clock"][range["agent"].as_str().unwrap()], range["to"], "{id}");
            }
        }
        let gone = changes.iter().find(|change| change["document"] == "gone").expect("a deleted document");
        assert_eq!(gone["marks"], 1);
        assert!(changes.iter().any(|change| change["freezes"]["count"] != 0) || dump == dumps[0]);
        let all = json!([{"from": "0000000000000000", "to": "ffffffffffffffff"}]);
        let folds = ask(json!({"folds": {"shared": everything, "places": all}}));
        assert_eq!(folds["folds"]["folds"][0]["count"], changes.len());
        assert_eq!(folds["folds"]["end"], fed["feed"]["next"]);
        let list = ask(json!({"list": {"shared": everything, "places": all}}));
        assert_eq!(list["list"][0].as_array().unwrap().len(), changes.len());
    }
}
