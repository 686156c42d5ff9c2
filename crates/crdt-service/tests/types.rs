//! Documents of every type over HTTP: what concurrent operations make of them, and that no way of reading differs.

mod common;

use common::{apply, encoded, forget_clocks, get, post, refused, sql};
use proptest::prelude::*;
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// One operation of `agent` after `parents`.
fn operation(agent: &str, seq: u64, parents: &[&str], rest: Value) -> Value {
    let mut operation = json!({"document_id": "d", "agent_id": agent, "seq": seq, "parents": parents});
    operation.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    operation
}

#[test]
fn an_addition_survives_a_removal_that_has_not_seen_it() {
    let _db = fresh_database();
    apply(operation("a", 1, &[], json!({"operation": "add", "value": "fig"})));
    apply(operation("b", 1, &["a:1"], json!({"operation": "remove", "value": "fig"})));
    assert_eq!(get("/crdt/d").json["value"], json!([]));
    apply(operation("c", 1, &["a:1"], json!({"operation": "add", "value": "fig"})));
    apply(operation("c", 2, &["c:1"], json!({"operation": "add", "value": {"kind": "plum"}})));
    let document = get("/crdt/d").json;
    assert_eq!(document["value"], json!(["fig", {"kind": "plum"}]));
    assert_eq!((&document["crdt_type"], &document["length"]), (&json!("or-set"), &Value::Null));
}

#[test]
fn registers_keep_the_last_or_all_that_are_concurrent() {
    let _db = fresh_database();
    for (document, crdt_type) in [("last", "lww-register"), ("each", "mv-register")] {
        for (agent, value) in [("a", json!(1)), ("b", json!({"x": [true]}))] {
            apply(
                json!({"operation": "set", "document_id": document, "agent_id": agent, "seq": 1, "parents": [],
                         "value": value, "crdt_type": crdt_type}),
            );
        }
    }
    // Equal Lamport times: the agent's name decides.
    assert_eq!(get("/crdt/last").json["value"], json!({"x": [true]}));
    assert_eq!(get("/crdt/each").json["value"], json!([1, {"x": [true]}]));
    // The document's own type decides where the request leaves it out.
    apply(json!({"operation": "set", "document_id": "each", "value": "settled"}));
    assert_eq!(get("/crdt/each").json["value"], json!(["settled"]));
    apply(json!({"operation": "set", "document_id": "last", "value": null}));
    assert_eq!(get("/crdt/last").json["value"], Value::Null);
}

#[test]
fn a_g_counter_only_grows() {
    let _db = fresh_database();
    apply(json!({"operation": "increment", "document_id": "d", "value": 5, "crdt_type": "g-counter"}));
    apply(json!({"operation": "increment", "document_id": "d"}));
    assert_eq!(get("/crdt/d").json["value"], 6);
    refused(
        &post("/crdt/apply", json!({"operation": "decrement", "document_id": "d"})),
        409,
        "type-conflict",
    );
}

/// Reads, merges, sends, freezes and recovers a document of which `a` and `b` have made one operation each, without
/// having seen the other's, and `c` a third after both. `values`: after two, and after all.
fn every_way(crdt_type: &str, operations: &[Value; 3], values: [Value; 2]) {
    const DELTA: &str = "application/vnd.ramanujan.delta";
    apply(operation("a", 1, &[], operations[0].clone()));
    apply(operation("b", 1, &[], operations[1].clone()));
    let early = get("/crdt/d").json;
    assert_eq!((&early["value"], &early["crdt_type"]), (&values[0], &json!(crdt_type)));
    let frozen = post("/crdt/d/freeze", json!({})).json;
    let last = operation("c", 1, &["a:1", "b:1"], operations[2].clone());
    assert_eq!(apply(last.clone())["duplicate"], false);
    assert_eq!(apply(last)["duplicate"], true);
    // Read, and read again from what was remembered.
    let document = get("/crdt/d").json;
    assert_eq!(document["value"], values[1]);
    assert_eq!(get("/crdt/d").json, document);
    assert_eq!(get("/crdt/d?at=2").json["value"], values[0]);
    // What a replica at `a:1` lacks.
    let missing = get("/crdt/d/diff?since=%7B%22a%22:1%7D").json;
    assert_eq!(missing["items"].as_array().map(Vec::len), Some(2), "{missing}");
    // Merged from its deltas, from its encoded state, and with what is stored; in either direction.
    let deltas = get("/crdt/d/history").json["items"].clone();
    let side = |all: &[Value]| json!({"deltas": all});
    let all = deltas.as_array().unwrap();
    let merged = |left: &Value, right: &Value| {
        let body = json!({"crdt_type": crdt_type, "left": left, "right": right});
        let reply = post("/crdt/merge?state=encoded", body);
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json["result"].clone()
    };
    let whole = merged(&side(&all[..1]), &side(all));
    assert_eq!(whole["value"], values[1]);
    assert_eq!(merged(&side(all), &side(&all[..1])), whole);
    let encoded = json!({"encoded": whole["encoded"]});
    assert_eq!(merged(&encoded, &side(&all[..2]))["encoded"], whole["encoded"]);
    let with_stored = post("/crdt/merge", json!({"document_id": "d", "remote": side(&all[..1])})).json;
    assert_eq!(with_stored["result"]["value"], values[1]);
    let clock = &document["vector_clock"];
    assert_eq!(post("/crdt/compare", json!({"left": clock, "right": clock})).json["join"], *clock);
    // Its laws hold of these states, and its deltas of another document.
    let states = json!({"crdt_type": crdt_type, "states": [side(&all[..1]), side(&all[..2]), encoded]});
    let laws = post("/crdt/verify", states);
    assert_eq!((laws.status, &laws.json["holds"]), (200, &json!(true)), "{}", laws.json);
    let bytes = common::get_with("/crdt/d", &[("accept", DELTA)]).body;
    let headers = [("content-type", DELTA)];
    let path = "/crdt/apply?document=copy";
    let sent = ramanujan_shell::native::send_with(
        &crdt_service::service(),
        http::Method::POST,
        path,
        &headers,
        bytes,
    );
    assert_eq!((sent.status, &sent.json["applied"]), (200, &json!(3)), "{}", sent.json);
    assert_eq!(get("/crdt/copy").json["digest"], document["digest"]);
    // As it was frozen.
    let shown = post("/crdt/d/recover", json!({"snapshot_id": frozen["snapshot_id"]})).json;
    assert_eq!(shown["value"], values[0]);
}

#[test]
fn a_max_register_keeps_the_greatest_number() {
    let _db = fresh_database();
    let raise = |value: Value| json!({"operation": "raise", "value": value});
    let operations = [raise(json!(7)), raise(json!(-2.5)), raise(json!(7.25))];
    every_way("max-register", &operations, [json!(7), json!(7.25)]);
    apply(json!({"operation": "raise", "document_id": "d", "value": 3}));
    assert_eq!(get("/crdt/d").json["value"], json!(7.25));
    for bad in [json!("7"), json!(null), json!([1])] {
        let operation = json!({"operation": "raise", "document_id": "d", "value": bad});
        refused(&post("/crdt/apply", operation), 422, "invalid-operation");
    }
    let missing = json!({"operation": "raise", "document_id": "d"});
    refused(&post("/crdt/apply", missing), 422, "invalid-operation");
    // Numbers that JSON readers would round are not taken for their neighbours.
    let large = r#"{"operation":"raise","document_id":"d","value":9007199254740993}"#;
    let reply = ramanujan_shell::native::send(
        &crdt_service::service(),
        http::Method::POST,
        "/crdt/apply",
        large.to_owned(),
    );
    assert!((400..500).contains(&reply.status), "{}", reply.json);
    // There is no way down.
    let back = json!({"at": "1", "restore": true, "agent_id": "e"});
    refused(&post("/crdt/d/recover", back), 409, "cannot-restore");
    assert_eq!(get("/crdt/d").json["value"], json!(7.25));
}

#[test]
fn enabling_a_flag_wins_over_a_disabling_that_has_not_seen_it() {
    let _db = fresh_database();
    let [enable, disable] = ["enable", "disable"].map(|name| json!({"operation": name}));
    every_way("ew-flag", &[enable, disable.clone(), disable], [json!(true), json!(false)]);
    let back = json!({"at": "2", "restore": true, "agent_id": "e"});
    let reply = post("/crdt/d/recover", back);
    assert_eq!((reply.status, &reply.json["operation_ids"]), (200, &json!(["e:1"])), "{}", reply.json);
    assert_eq!(get("/crdt/d").json["value"], json!(true));
    let superfluous = json!({"operation": "enable", "document_id": "d", "value": true});
    refused(&post("/crdt/apply", superfluous), 422, "invalid-operation");
    let other = json!({"operation": "increment", "document_id": "d"});
    refused(&post("/crdt/apply", other), 409, "type-conflict");
}

#[test]
fn a_phase_goes_up_and_down_and_the_majority_is_told() {
    let _db = fresh_database();
    for (agent, phase) in [("a", "BACKFILL"), ("b", "verify"), ("c", "BACKFILL")] {
        apply(operation(agent, 1, &[], json!({"operation": "transition", "value": phase})));
    }
    let document = get("/crdt/d").json;
    // Equal Lamport times: c comes last.
    assert_eq!(
        (&document["value"], &document["details"]["majority"]),
        (&json!("BACKFILL"), &json!("BACKFILL"))
    );
    apply(json!({"operation": "transition", "document_id": "d", "agent_id": "b", "value": "LIVE"}));
    assert_eq!(get("/crdt/d").json["value"], "LIVE");
    assert_eq!(get("/crdt/d").json["details"]["majority"], "BACKFILL");
}

#[test]
fn a_json_document_is_edited_by_path() {
    let _db = fresh_database();
    let edit = |rest: Value| {
        let mut operation = json!({"document_id": "d"});
        operation.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        operation
    };
    apply(edit(
        json!({"operation": "set", "path": ["tasks"], "value": [{"name": "one"}, {"name": "three"}]}),
    ));
    apply(edit(
        json!({"operation": "insert_item", "path": ["tasks"], "position": 1, "value": {"name": "two"}}),
    ));
    apply(edit(json!({"operation": "set", "path": ["tasks", 2, "done"], "value": true})));
    apply(edit(json!({"operation": "increment", "path": ["views"], "value": 3})));
    apply(edit(json!({"operation": "insert_text", "path": ["title"], "value": "Grüße"})));
    apply(edit(json!({"operation": "delete_text", "path": ["title"], "position": 1, "length": 2})));
    apply(edit(json!({"operation": "delete", "path": ["tasks", 0]})));
    // A batch in which each edit is made on the one before.
    apply(json!([
        edit(json!({"operation": "insert_item", "path": ["tasks"], "value": 4})),
        edit(json!({"operation": "set", "path": ["tasks", 2], "value": {"name": "four"}})),
    ]));
    assert_eq!(
        get("/crdt/d").json["value"],
        json!({"tasks": [{"name": "two"}, {"name": "three", "done": true}, {"name": "four"}], "views": 3, "title": "Gße"})
    );
    for bad in [
        json!({"operation": "set", "path": ["tasks", 9, "x"], "value": 1}),
        json!({"operation": "insert_item", "path": ["tasks"], "position": 9, "value": 1}),
        json!({"operation": "delete_text", "path": ["title"], "position": 2, "length": 9}),
        json!({"operation": "insert_item", "path": ["title"], "position": 1, "value": 1}),
    ] {
        refused(&post("/crdt/apply", edit(bad)), 422, "no-such-place");
    }
    // Path and value together lead deeper than what could be set again; so do they where the places are found first.
    let deep: Vec<Value> = (0..60).map(|step| json!(format!("k{step}"))).collect();
    let value = json!([[[[[["x"]]]]]]);
    let by_index: Vec<Value> = [json!("tasks"), json!(0)].into_iter().chain(deep[2..].to_vec()).collect();
    for path in [deep, by_index] {
        let bad = json!({"operation": "set", "path": path, "value": value});
        refused(&post("/crdt/apply", edit(bad)), 422, "invalid-operation");
    }
    assert_eq!(get("/crdt/d").json["operations"], 9);
}

#[test]
fn an_edit_by_index_sent_again_is_the_same_edit() {
    let _db = fresh_database();
    apply(operation("a", 1, &[], json!({"operation": "set", "path": ["l"], "value": ["x", "y", "z"]})));
    let second = operation("a", 2, &["a:1"], json!({"operation": "delete", "path": ["l", 0]}));
    assert_eq!(apply(second.clone())["duplicate"], false);
    assert_eq!(apply(second)["duplicate"], true);
    let other = operation("a", 2, &["a:1"], json!({"operation": "delete", "path": ["l", 1]}));
    refused(&post("/crdt/apply", other), 409, "dot-conflict");
    assert_eq!(get("/crdt/d").json["value"], json!({"l": ["y", "z"]}));
}

#[test]
fn utf16_offsets_mean_the_same_places() {
    let _db = fresh_database();
    apply(json!({"operation": "insert", "document_id": "d", "value": "a😀b"}));
    let utf16 = |rest: Value| {
        let mut operation = json!({"document_id": "d", "unit": "utf16"});
        operation.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        operation
    };
    assert_eq!(get("/crdt/d").json["length_utf16"], 4);
    apply(utf16(json!({"operation": "insert", "position": 3, "value": "!"})));
    assert_eq!(get("/crdt/d").json["value"], "a😀!b");
    apply(utf16(json!({"operation": "delete", "position": 1, "length": 2})));
    assert_eq!(get("/crdt/d").json["value"], "a!b");
    apply(json!({"operation": "insert", "document_id": "d", "position": 0, "value": "😀"}));
    let cut = utf16(json!({"operation": "insert", "position": 1, "value": "x"}));
    refused(&post("/crdt/apply", cut), 422, "position-out-of-range");
    let set = json!({"operation": "add", "document_id": "s", "value": 1, "unit": "utf16"});
    refused(&post("/crdt/apply", set), 422, "invalid-operation");
}

#[test]
fn values_come_back_from_frozen_versions() {
    let cases = [
        (json!({"operation": "add", "value": "x"}), json!({"operation": "remove", "value": "x"})),
        (json!({"operation": "set", "value": 1}), json!({"operation": "set", "value": 2})),
        (json!({"operation": "increment", "value": 4}), json!({"operation": "decrement", "value": 9})),
        (
            json!({"operation": "transition", "value": "VERIFY"}),
            json!({"operation": "transition", "value": "LIVE"}),
        ),
        (
            json!({"operation": "set", "path": ["a"], "value": {"b": [1]}}),
            json!({"operation": "delete", "path": ["a", "b"]}),
        ),
    ];
    for (first, second) in cases {
        let _db = fresh_database();
        apply(operation("a", 1, &[], first));
        let frozen = post("/crdt/d/freeze", json!({})).json;
        let before = get("/crdt/d").json["value"].clone();
        apply(operation("b", 1, &["a:1"], second));
        assert_ne!(get("/crdt/d").json["value"], before);
        let restore = json!({"snapshot_id": frozen["snapshot_id"], "restore": true, "agent_id": "c"});
        let reply = post("/crdt/d/recover", restore);
        assert_eq!((reply.status, &reply.json["value"]), (200, &before), "{}", reply.json);
        assert_eq!(get("/crdt/d").json["value"], before);
    }
}

/// Operations of one document of type `kind`, each by one of three agents who has seen some of the others.
fn history(kind: usize, choices: &[(usize, u8, usize, u8)]) -> Vec<Value> {
    let agents = ["a", "b", "c"];
    let mut clocks = [[0u64; 3]; 3];
    let mut operations = Vec::new();
    for (agent, sees, which, value) in choices {
        let mut past = clocks[*agent];
        for other in (0..3).filter(|other| sees & (1 << other) != 0) {
            let seen = clocks[other];
            (0..3).for_each(|i| past[i] = past[i].max(seen[i]));
        }
        let parents: Vec<String> =
            (0..3).filter(|i| past[*i] > 0).map(|i| format!("{}:{}", agents[i], past[i])).collect();
        past[*agent] += 1;
        clocks[*agent] = past;
        let element = json!(value % 4);
        let key = format!("k{}", value % 3);
        let rest = match (kind, which % 3) {
            (0, 0) => json!({"operation": "remove", "value": element}),
            (0, _) => json!({"operation": "add", "value": element}),
            (1, _) => json!({"operation": "set", "value": element, "crdt_type": "lww-register"}),
            (2, _) => json!({"operation": "set", "value": element, "crdt_type": "mv-register"}),
            (5, _) => json!({"operation": "raise", "value": value}),
            (6, 0) => json!({"operation": "disable"}),
            (6, _) => json!({"operation": "enable"}),
            (3, 0) => json!({"operation": "delete", "path": [key]}),
            (3, 1) => json!({"operation": "increment", "path": [key, "n"], "value": value}),
            (3, _) => json!({"operation": "set", "path": [key], "value": {"n": value, "l": [value]}}),
            _ => json!({"operation": "transition", "value": (["BACKFILL", "VERIFY", "LIVE"][which % 3])}),
        };
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        operations.push(operation(agents[*agent], past[*agent], &parents, rest));
    }
    operations
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 14, ..ProptestConfig::default() })]

    /// Read as it grows, from the memo, from snapshots, without either, at each version, and after another arrival; with
    /// clocks in the rows and, as of a document with many agents, without.
    #[test]
    fn no_way_of_reading_differs(
        kind in 0usize..7,
        choices in prop::collection::vec((0usize..3, 0u8..8, 0usize..3, 0u8..6), 270..330),
        looks in prop::collection::vec(0usize..270, 4),
        forgets in any::<bool>(),
    ) {
        let operations = history(kind, &choices);
        let strip = |mut document: Value| {
            for volatile in ["updated", "log_position"] {
                document.as_object_mut().unwrap().remove(volatile);
            }
            document
        };
        let (whole, at) = {
            let _db = fresh_database();
            let mut at = Vec::new();
            for (index, operation) in operations.iter().enumerate() {
                apply(operation.clone());
                if forgets {
                    forget_clocks();
                }
                if looks.contains(&index) {
                    at.push((index + 1, strip(get("/crdt/d").json)));
                }
            }
            let whole = get("/crdt/d").json;
            prop_assert_eq!(get("/crdt/d").json, whole.clone());
            prop_assert!(sql("SELECT 1 FROM crdt_snapshots") > 0);
            for (index, seen) in &at {
                prop_assert_eq!(&strip(get(&format!("/crdt/d?at={index}")).json), seen);
            }
            for (_, seen) in &at {
                prop_assert_eq!(&strip(get(&format!("/crdt/d?at={}", encoded(&seen["heads"]))).json), seen);
            }
            sql("DELETE FROM crdt_snapshots");
            post("/crdt/cache/invalidate", json!({"all": true}));
            prop_assert_eq!(get("/crdt/d").json, whole.clone());
            for (index, seen) in &at {
                prop_assert_eq!(&strip(get(&format!("/crdt/d?at={index}")).json), seen);
            }
            (strip(whole), at)
        };
        // Another site gets the agents' operations in another order.
        let _db = fresh_database();
        let mut waiting = operations;
        let mut stored = std::collections::BTreeSet::new();
        while !waiting.is_empty() {
            let ready = |operation: &Value| {
                operation["parents"].as_array().unwrap().iter().all(|p| stored.contains(p.as_str().unwrap()))
            };
            let index = waiting.iter().rposition(ready).unwrap();
            let next = waiting.remove(index);
            stored.insert(format!("{}:{}", next["agent_id"].as_str().unwrap(), next["seq"]));
            apply(next);
        }
        prop_assert_eq!(strip(get("/crdt/d").json), whole);
        prop_assert!(!at.is_empty());
    }
}
