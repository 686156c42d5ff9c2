//! Documents that more agents write to than a version vector is kept of.

mod common;

use common::{apply, encoded, get, post, refused, sql};
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// One operation of each of 70 agents, each after the one before.
fn written_by_many(document: &str) {
    let operation = |agent: usize| json!({"operation": "increment", "document_id": document, "agent_id": format!("agent-{agent:02}")});
    apply((0..70).map(operation).collect());
}

#[test]
fn a_clock_of_many_agents_is_told_to_who_asks() {
    let _db = fresh_database();
    written_by_many("d");
    let read = get("/crdt/d").json;
    assert_eq!((&read["value"], &read["heads"]), (&json!(70), &json!(["agent-69:1"])));
    assert!(read.get("vector_clock").is_none());
    let full = get("/crdt/d?clock=full").json;
    assert_eq!(full["vector_clock"].as_object().unwrap().len(), 70);
    assert_eq!(full["digest"], read["digest"]);
    refused(&get("/crdt/d?clock=half"), 422, "invalid-parameter");
    let small = |items: &Value| {
        let has = |item: &Value| item.get("vector_clock").is_some_and(Value::is_object);
        items.as_array().unwrap().iter().filter(|item| has(item)).count()
    };
    assert_eq!(small(&get("/crdt/d/history?limit=100").json["items"]), 64);
    // As an earlier revision kept it.
    let all = full["vector_clock"].to_string();
    sql(&format!("UPDATE crdt_deltas SET clock = '{all}' WHERE log = 70"));
    assert_eq!(small(&get("/crdt/d/history?limit=100").json["items"]), 64);
    assert!(get("/crdt/d/diff").json.get("vector_clock").is_none());
    let more = json!({"agent_id": "more", "seq": 1, "parents": ["agent-40:1"], "operation": "increment", "value": 2});
    let merged = post("/crdt/merge", json!({"document_id": "d", "remote": {"deltas": [more]}})).json;
    assert_eq!(merged["result"]["value"], 72, "{merged}");
    assert_eq!(merged["vector_clock"], Value::Null, "{merged}");
    let frozen = post("/crdt/d/freeze", json!({})).json;
    assert!(frozen.get("vector_clock").is_none());
    apply(json!({"operation": "increment", "document_id": "d", "agent_id": "more"}));
    let shown = post("/crdt/d/recover", json!({"snapshot_id": frozen["snapshot_id"]})).json;
    assert_eq!((&shown["value"], &shown["digest"]), (&json!(70), &read["digest"]));
    assert_eq!(get(&format!("/crdt/d?at={}", encoded(&json!(["agent-40:1"])))).json["value"], 41);
    refused(&get("/crdt/none?at=%5B%22a:1%22%5D"), 404, "no-such-version");
    refused(&get("/crdt/d?at=%5B%22nobody:1%22%5D"), 422, "no-such-version");
}

#[test]
fn many_branches_are_many_heads_until_somebody_joins_them() {
    let _db = fresh_database();
    written_by_many("d");
    let branch = |agent: usize, seq: usize| {
        let parent =
            if seq == 1 { "agent-69:1".to_owned() } else { format!("branch-{agent:02}:{}", seq - 1) };
        json!({"operation": "increment", "document_id": "d", "agent_id": format!("branch-{agent:02}"), "seq": seq,
            "parents": [parent]})
    };
    apply((1..5).flat_map(|seq| (0..20).map(move |agent| branch(agent, seq))).collect());
    let read = get("/crdt/d").json;
    assert_eq!((&read["value"], read["heads"].as_array().unwrap().len()), (&json!(150), 20));
    let joined = apply(json!({"operation": "increment", "document_id": "d", "agent_id": "agent-00"}));
    assert_eq!((&joined["seq"], joined["parents"].as_array().unwrap().len()), (&json!(2), 20));
    assert_eq!(get("/crdt/d").json["heads"], json!(["agent-00:2"]));
    // It was made after everything, so nobody looks further back.
    assert_eq!(sql("SELECT 1 FROM crdt_deltas WHERE whole = 1 AND log = 151"), 1);
    assert_eq!(sql("SELECT 1 FROM crdt_deltas WHERE whole = 0"), 79);
}

/// What a remote delta has seen is found for each of its parents, close together or far apart.
#[test]
fn deltas_on_many_versions_are_merged_as_they_would_be_stored() {
    let _db = fresh_database();
    let add = |agent: usize, value: Value| json!({"operation": "add", "document_id": "d", "agent_id": format!("agent-{agent:02}"), "value": value});
    apply((0..70).map(|agent| add(agent, json!(agent))).collect());
    for _ in 0..2 {
        apply((0..700).map(|_| add(0, json!("again"))).collect());
    }
    apply((70..80).map(|agent| add(agent, json!(agent))).collect());
    let parents: Vec<(String, usize)> =
        [3, 40, 65, 66, 69, 71, 75, 79].map(|agent| (format!("agent-{agent:02}:1"), agent)).to_vec();
    // Each removes an element that it has seen, and one that was added later.
    let remove = |(place, (parent, agent)): (usize, &(String, usize))| {
        [agent - 1, agent + 1].iter().enumerate().map(|(nth, value)| {
            json!({"agent_id": format!("r-{place}-{nth}"), "seq": 1, "parents": [parent], "operation": "remove", "crdt_type": "or-set", "value": value})
        }).collect::<Vec<_>>()
    };
    let mut deltas: Vec<Value> = parents.iter().enumerate().flat_map(remove).collect();
    // On two versions at once.
    deltas.push(json!({"agent_id": "both", "seq": 1, "parents": ["r-1-0:1", "r-3-0:1"], "operation": "remove", "value": 20}));
    let merged = post("/crdt/merge", json!({"document_id": "d", "remote": {"deltas": deltas}})).json;
    let removed = [2, 39, 64, 65, 68, 70, 74, 78, 20];
    let mut left: Vec<Value> =
        (0..80).filter(|value| !removed.contains(value)).map(|value| json!(value)).collect();
    left.push(json!("again"));
    assert_eq!(merged["result"]["value"], json!(left), "{merged}");
    apply(json!({"document_id": "d", "items": deltas}));
    let stored = get("/crdt/d").json;
    assert_eq!((&stored["value"], &stored["digest"]), (&merged["result"]["value"], &merged["digest"]));
}
