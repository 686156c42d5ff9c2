//! Bringing back earlier versions of JSON documents over HTTP: what was a text, a counter or an element is one again.

mod common;

use common::{apply, get, post, refused};
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// An edit of document `d`.
fn edit(operation: &str, path: Value, rest: Value) -> Value {
    let mut all = json!({"document_id": "d", "operation": operation, "path": path});
    all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    all
}

/// A document of every kind of place; returns the log position that it is at.
fn written() -> Value {
    apply(edit(
        "set",
        json!(["tasks"]),
        json!({"value": [{"name": "one"}, {"name": "two"}, {"name": "three"}]}),
    ));
    apply(edit("insert_text", json!(["tasks", 1, "notes"]), json!({"value": "at noon"})));
    apply(edit("increment", json!(["tasks", 1, "seen"]), json!({"value": 2})));
    apply(edit("insert_text", json!(["title"]), json!({"value": "Plan"})));
    apply(edit("increment", json!(["views"]), json!({"value": 5})));
    get("/crdt/d").json["log_position"].clone()
}

/// The names of the operations that a restore to `at` made.
fn restore(at: &Value) -> Vec<String> {
    let before = get(&format!("/crdt/d?at={at}")).json["value"].clone();
    let since = get("/crdt/d").json["log_position"].clone();
    let reply = post("/crdt/d/recover", json!({"at": at, "restore": true, "agent_id": "r"}));
    assert_eq!((reply.status, &reply.json["value"]), (200, &before), "{}", reply.json);
    assert_eq!(get("/crdt/d").json["value"], before);
    let new = get(&format!("/crdt/d/diff?since={since}&limit=1000")).json["items"].clone();
    let ids = new.as_array().unwrap().iter().map(|delta| format!("r:{}", delta["seq"]));
    assert_eq!(json!(ids.collect::<Vec<_>>()), reply.json["operation_ids"], "{new}");
    let name = |delta: &Value| delta["operation"].as_str().unwrap().to_owned();
    new.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn one_edit_takes_one_operation_to_take_back() {
    for (change, names) in [
        (edit("set", json!(["tasks", 0, "name"]), json!({"value": "eins"})), ["set"]),
        (edit("delete", json!(["tasks", 0]), json!({})), ["set"]),
        (edit("insert_item", json!(["tasks"]), json!({"position": 1, "value": {}})), ["delete"]),
        (edit("insert_text", json!(["title"]), json!({"position": 2, "value": "--"})), ["delete_text"]),
        (edit("delete_text", json!(["title"]), json!({"position": 0, "length": 3})), ["insert_text"]),
        (edit("decrement", json!(["views"]), json!({"value": 9})), ["increment"]),
        (edit("set", json!(["more"]), json!({"value": [1, 2]})), ["delete"]),
    ] {
        let _db = fresh_database();
        let at = written();
        assert_eq!(restore(&at), [""; 0]);
        apply(change);
        assert_eq!(restore(&at), names);
        assert_eq!(restore(&at), [""; 0]);
    }
}

#[test]
fn texts_and_counters_are_what_they_were() {
    for lost in [
        edit("set", json!([]), json!({"value": {"tasks": 1}})),
        edit("delete", json!(["tasks"]), json!({})),
        edit("delete", json!(["tasks", 1]), json!({})),
        edit("set", json!(["tasks", 1, "notes"]), json!({"value": "at noon"})),
        edit("delete", json!([]), json!({})),
    ] {
        let _db = fresh_database();
        let at = written();
        let deleted_all = lost["operation"] == "delete" && lost["path"] == json!([]);
        apply(lost);
        if deleted_all {
            assert_eq!(get("/crdt/d").json["value"], json!({}));
        }
        restore(&at);
        let heads = get("/crdt/d").json["heads"].clone();
        // Two who have not seen each other.
        for (agent, position, text) in [("x", 7, "!"), ("y", 0, "not ")] {
            let mut own = edit(
                "insert_text",
                json!(["tasks", 1, "notes"]),
                json!({"agent_id": agent, "seq": 1, "parents": heads, "position": position, "value": text}),
            );
            apply(own.clone());
            own = edit("increment", json!(["tasks", 1, "seen"]), json!({"agent_id": agent, "seq": 2}));
            own["parents"] = json!([format!("{agent}:1")]);
            apply(own);
        }
        let task = get("/crdt/d").json["value"]["tasks"][1].clone();
        assert_eq!(task, json!({"name": "two", "notes": "not at noon!", "seen": 4}));
        apply(edit("insert_text", json!(["title"]), json!({"position": 4, "value": " B"})));
        apply(edit("increment", json!(["views"]), json!({})));
        let value = get("/crdt/d").json["value"].clone();
        assert_eq!((&value["title"], &value["views"]), (&json!("Plan B"), &json!(6)));
    }
}

#[test]
fn who_edits_an_element_meanwhile_edits_the_one_that_comes_back() {
    let _db = fresh_database();
    let at = written();
    let heads = get("/crdt/d").json["heads"].clone();
    apply(edit("delete", json!(["tasks", 1]), json!({})));
    restore(&at);
    let done = json!({"agent_id": "late", "seq": 1, "parents": heads, "value": true});
    apply(edit("set", json!(["tasks", 1, "done"]), done));
    let tasks = get("/crdt/d").json["value"]["tasks"].clone();
    let two = json!({"name": "two", "notes": "at noon", "seen": 2, "done": true});
    assert_eq!(tasks, json!([{"name": "one"}, two, {"name": "three"}]));
}

#[test]
fn a_document_comes_back_as_deep_as_it_can_be() {
    let _db = fresh_database();
    let path: Vec<Value> = (0..63).map(|level| json!(format!("k{level}"))).collect();
    apply(edit("insert_text", json!(path), json!({"value": "deep"})));
    let at = get("/crdt/d").json["log_position"].clone();
    apply(edit("delete", json!(["k0"]), json!({})));
    assert_eq!(restore(&at), ["insert_text"]);
    let deeper: Vec<Value> = (0..64).map(|level| json!(format!("k{level}"))).collect();
    refused(&post("/crdt/apply", edit("set", json!(deeper), json!({"value": 1}))), 422, "invalid-operation");
}

#[test]
fn many_elements_come_back_at_their_places() {
    let _db = fresh_database();
    let all: Vec<u64> = (0..900).collect();
    apply(edit("set", json!(["l"]), json!({"value": all})));
    let at = get("/crdt/d").json["log_position"].clone();
    let deletions: Vec<Value> = (1..900).map(|_| edit("delete", json!(["l", 1]), json!({}))).collect();
    for chunk in deletions.chunks(450) {
        apply(json!(chunk));
    }
    assert_eq!(get("/crdt/d").json["value"], json!({"l": [0]}));
    assert_eq!(restore(&at).len(), 899);
}

/// What a restore makes goes to other sites as everything else does.
#[test]
fn what_comes_back_is_in_parts_that_any_site_takes() {
    let _db = fresh_database();
    let letters = |length: usize| "abc".repeat(length / 3);
    for position in [0, 399_999] {
        let more = json!({"position": position, "value": letters(400_000)});
        apply(edit("insert_text", json!(["title"]), more));
    }
    let at = get("/crdt/d").json["log_position"].clone();
    apply(edit("delete", json!(["title"]), json!({})));
    assert_eq!(restore(&at), ["insert_text"; 7]);
    // Written member by member, but it would come back as one value.
    for key in ["a", "b"] {
        apply(edit("set", json!(["tasks", key]), json!({"value": letters(699_999)})));
    }
    let at = get("/crdt/d").json["log_position"].clone();
    apply(edit("set", json!(["tasks"]), json!({"value": 1})));
    let before = get("/crdt/d").json["digest"].clone();
    let reply = post("/crdt/d/recover", json!({"at": at, "restore": true, "agent_id": "r"}));
    refused(&reply, 413, "body-too-large");
    assert_eq!(get("/crdt/d").json["digest"], before);
}
