//! crdt-service as its clients see it, on a native store.

use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send, send_with};
use serde_json::{Value, json};

fn post(path: &str, body: Value) -> Reply {
    send(&crdt_service::service(), Method::POST, path, body.to_string())
}

fn get(path: &str) -> Reply {
    send(&crdt_service::service(), Method::GET, path, "")
}

fn insert(agent: &str, seq: u64, parents: &[&str], position: u64, value: &str) -> Value {
    json!({"operation": "insert", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents,
           "position": position, "value": value})
}

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.json["code"].as_str()), (status, Some(code)), "{}", reply.json);
    assert_eq!(media_type(reply), "application/problem+json");
}

#[test]
fn plain_curl_edits_without_numbers_or_parents() {
    let _db = fresh_database();
    let reply = post("/crdt/apply", json!({"operation": "insert", "document_id": "d", "value": "Hello"}));
    assert_eq!((reply.status, &reply.json["operation_id"]), (200, &json!("anonymous:1")), "{}", reply.json);
    post("/crdt/apply", json!({"operation": "insert", "document_id": "d", "value": " world"}));
    post("/crdt/apply", json!({"operation": "delete", "document_id": "d", "position": 0, "length": 1}));
    let document = get("/crdt/d").json;
    assert_eq!(document["value"], "ello world");
    assert_eq!(document["length"], 10);
    assert_eq!(document["vector_clock"], json!({"anonymous": 3}));
    assert_eq!(document["heads"], json!(["anonymous:3"]));
}

#[test]
fn concurrent_edits_merge_on_read_and_a_merge_checks_positions_against_both() {
    let _db = fresh_database();
    post("/crdt/apply", insert("a", 1, &[], 0, "ac"));
    post("/crdt/apply", insert("a", 2, &["a:1"], 1, "b"));
    post("/crdt/apply", insert("b", 1, &["a:1"], 2, "d"));
    assert_eq!(get("/crdt/d").json["value"], "abcd");
    let reply = post("/crdt/apply", insert("b", 2, &["a:2", "b:1"], 5, "!"));
    refused(&reply, 422, "position-out-of-range");
    assert_eq!(reply.json["detail"], "position 5 is past the end: the document has 4 code points there");
    let reply = post("/crdt/apply", insert("b", 2, &["b:1", "a:2"], 4, "!"));
    assert_eq!(reply.json["vector_clock"], json!({"a": 2, "b": 2}));
    assert_eq!(get("/crdt/d").json["value"], "abcd!");
    let listed = get("/crdt").json;
    assert_eq!(listed["documents"][0]["length"], 5);
    assert_eq!(listed["message"], "CRDT operation received");
}

#[test]
fn a_version_may_be_named_by_its_clock() {
    let _db = fresh_database();
    post("/crdt/apply", insert("a", 1, &[], 0, "ac"));
    post("/crdt/apply", insert("a", 2, &["a:1"], 2, "d"));
    let request = json!({"operation": "insert", "document_id": "d", "agent_id": "b", "vector_clock": {"a": 1},
                         "position": 1, "value": "b"});
    assert_eq!(post("/crdt/apply", request).json["parents"], json!(["a:1"]));
    assert_eq!(get("/crdt/d").json["value"], "abcd");
}

#[test]
fn the_same_delta_twice_is_one_and_another_under_its_dot_is_refused() {
    let _db = fresh_database();
    let first = post("/crdt/apply", insert("a", 1, &[], 0, "x")).json;
    let again = post("/crdt/apply", insert("a", 1, &[], 0, "x")).json;
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(first["digest"], again["digest"]);
    refused(&post("/crdt/apply", insert("a", 1, &[], 0, "y")), 409, "dot-conflict");
    // Without parents the retry means the version it was stored on, not today's.
    let mut bare = insert("a", 1, &[], 0, "x");
    bare.as_object_mut().unwrap().remove("parents");
    assert_eq!(post("/crdt/apply", bare).json["duplicate"], true);
    assert_eq!(get("/crdt/d").json["operations"], 1);
}

#[test]
fn an_idempotency_key_makes_a_numberless_retry_safe() {
    let _db = fresh_database();
    let body = json!({"operation": "increment", "document_id": "c", "agent_id": "a", "value": 5}).to_string();
    let keyed = |key: &str, body: &str| {
        send_with(&crdt_service::service(), Method::POST, "/crdt/apply", &[("idempotency-key", key)], body)
    };
    assert_eq!(keyed("k1", &body).json["duplicate"], false);
    assert_eq!(keyed("k1", &body).json["duplicate"], true);
    assert_eq!(keyed("k2", &body).json["duplicate"], false);
    refused(&keyed("k1", &body.replace('5', "6")), 409, "dot-conflict");
    assert_eq!(get("/crdt/c").json["value"], 10);
}

#[test]
fn a_batch_is_all_or_nothing_and_names_the_offender() {
    let _db = fresh_database();
    let batch = json!([insert("a", 1, &[], 0, "x"), insert("a", 2, &["a:1"], 9, "y")]);
    let reply = post("/crdt/apply", batch);
    refused(&reply, 422, "position-out-of-range");
    assert_eq!(reply.json["index"], 1);
    assert_eq!(get("/crdt/d").status, 404);
    let reply = post("/crdt/apply", json!([insert("a", 1, &[], 0, "x"), insert("b", 1, &["a:1"], 1, "y")]));
    assert_eq!((&reply.json["applied"], &reply.json["duplicates"]), (&json!(2), &json!(0)));
    // A batch that overlaps what is stored stores the rest.
    let reply =
        post("/crdt/apply", json!([insert("b", 1, &["a:1"], 1, "y"), insert("b", 2, &["b:1"], 2, "z")]));
    assert_eq!((&reply.json["applied"], &reply.json["duplicates"]), (&json!(1), &json!(1)));
    // One conflict stores nothing of the batch.
    let reply =
        post("/crdt/apply", json!([insert("b", 3, &["b:2"], 3, "!"), insert("a", 1, &[], 0, "other")]));
    refused(&reply, 409, "dot-conflict");
    assert_eq!(reply.json["index"], 1);
    assert_eq!(get("/crdt/d").json["value"], "xyz");
}

#[test]
fn a_replica_is_sequential() {
    let _db = fresh_database();
    post("/crdt/apply", json!([insert("a", 1, &[], 0, "x"), insert("a", 2, &["a:1"], 0, "y")]));
    refused(&post("/crdt/apply", insert("a", 3, &["a:1"], 0, "z")), 422, "agent-not-sequential");
    let reply = post("/crdt/apply", insert("a", 5, &["a:2"], 0, "z"));
    refused(&reply, 422, "seq-gap");
    assert_eq!(reply.json["detail"], "a:5 comes after a:4, which is not stored");
    refused(&post("/crdt/apply", insert("b", 1, &["a:9"], 0, "z")), 422, "unknown-parent");
    refused(&post("/crdt/apply", insert("b", 2, &["a:2"], 0, "z")), 422, "seq-gap");
}

#[test]
fn a_document_keeps_its_type() {
    let _db = fresh_database();
    post("/crdt/apply", insert("a", 1, &[], 0, "x"));
    let count = json!({"operation": "increment", "document_id": "d", "agent_id": "b"});
    refused(&post("/crdt/apply", count.clone()), 409, "type-conflict");
    let fresh =
        |operation: Value| [operation, json!({"operation": "insert", "document_id": "n", "value": "x"})];
    let mixed = fresh(json!({"operation": "increment", "document_id": "n"}));
    refused(&post("/crdt/apply", json!(mixed)), 409, "type-conflict");
    assert_eq!(get("/crdt/n").status, 404);
}

#[test]
fn counters_add_up_per_agent() {
    let _db = fresh_database();
    for (operation, agent, value) in [("increment", "a", 5), ("decrement", "b", 7), ("increment", "a", 1)] {
        post(
            "/crdt/apply",
            json!({"operation": operation, "document_id": "c", "agent_id": agent, "value": value}),
        );
    }
    let document = get("/crdt/c").json;
    assert_eq!((&document["value"], &document["crdt_type"]), (&json!(-1), &json!("pn-counter")));
    let huge =
        json!({"operation": "increment", "document_id": "c", "agent_id": "a", "value": 9007199254740991u64});
    refused(&post("/crdt/apply", huge), 422, "counter-overflow");
}

#[test]
fn bad_requests_are_precise_and_change_nothing() {
    let _db = fresh_database();
    let raw = |body: &[u8]| send(&crdt_service::service(), Method::POST, "/crdt/apply", body);
    refused(&raw(b"{"), 400, "malformed-json");
    refused(&raw(b""), 400, "malformed-json");
    refused(&raw(b"{\"operation\":\"\xff\"}"), 400, "malformed-json");
    refused(&raw("[".repeat(5000).as_bytes()), 400, "malformed-json");
    refused(&raw(b"[]"), 422, "empty-batch");
    refused(&raw(br#"[["insert", "d", "a", 1, [], null, 0, "x"]]"#), 422, "invalid-json");
    refused(
        &raw(br#"{"operation":"insert","document_id":"d","value":"x","colour":"red"}"#),
        422,
        "invalid-json",
    );
    refused(
        &raw(br#"{"operation":"insert","document_id":"d","value":"x","position":-1}"#),
        422,
        "invalid-json",
    );
    refused(&raw(br#"{"operation":"insert","document_id":"merge","value":"x"}"#), 422, "invalid-json");
    refused(
        &raw(br#"{"operation":"insert","document_id":"d","value":"x","polarity":"RED"}"#),
        422,
        "invalid-operation",
    );
    let many: Vec<Value> = (0..1001).map(|_| json!({"operation": "increment", "document_id": "c"})).collect();
    refused(&post("/crdt/apply", json!(many)), 413, "batch-too-large");
    refused(&get("/crdt/d?x=1"), 422, "unknown-parameter");
    refused(&get("/crdt/d"), 404, "no-such-document");
    refused(&get("/crdt/sp%20ace"), 422, "invalid-path");
    assert_eq!(get("/crdt").json["documents"], json!([]));
}

#[test]
fn history_pages_through_the_deltas_and_feeds_a_merge() {
    let _db = fresh_database();
    post(
        "/crdt/apply",
        json!([insert("a", 1, &[], 0, "abc"), insert("a", 2, &["a:1"], 3, "d"),
        {"operation": "delete", "document_id": "d", "agent_id": "b", "seq": 1, "parents": ["a:1"], "position": 0, "length": 1}]),
    );
    let first = get("/crdt/d/history?limit=2").json;
    let rest =
        get(&format!("/crdt/d/history?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).json;
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (2, 1));
    assert_eq!(rest["next_cursor"], Value::Null);
    let merged = post(
        "/crdt/merge",
        json!({"crdt_type": "text", "left": {"deltas": rest["items"].as_array().unwrap().iter()
        .chain(first["items"].as_array().unwrap()).collect::<Vec<_>>()}, "right": {"deltas": first["items"]}}),
    );
    assert_eq!(merged.json["result"]["value"], "bcd", "{}", merged.json);
    assert_eq!(merged.json["fingerprint"], get("/crdt/d").json["fingerprint"]);
    let remote = json!({"agent_id": "c", "seq": 1, "operation": "insert", "parents": ["a:2", "b:1"], "position": 3, "value": "!"});
    let merged = post("/crdt/merge", json!({"document_id": "d", "remote": {"deltas": [remote]}}));
    assert_eq!(merged.json["result"]["value"], "bcd!", "{}", merged.json);
    assert_eq!(get("/crdt/d").json["value"], "bcd");
}

#[test]
fn counter_states_join() {
    let _db = fresh_database();
    let body = json!({"crdt_type": "pn-counter", "left": {"totals": {"a": {"p": 3, "n": 1}}},
                      "right": {"totals": {"a": {"p": 2, "n": 4}, "b": {"p": 1}}}});
    let merged = post("/crdt/merge", body).json;
    assert_eq!(
        merged["result"],
        json!({"value": 0, "totals": {"a": {"p": 3, "n": 4}, "b": {"p": 1, "n": 0}}})
    );
    refused(&post("/crdt/merge", json!({"crdt_type": "text"})), 422, "invalid-merge");
    assert_eq!(get("/crdt/merge").status, 200);
    let compared = post("/crdt/compare", json!({"left": {"a": 1}, "right": {"b": 1}})).json;
    assert_eq!(compared["causality"], "Concurrent");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However a concurrent history is cut into batches and repeated, the document is the same.
    #[test]
    fn batching_and_repetition_do_not_matter(
        branches in prop::collection::vec((0usize..3, "[a-dé]{1,3}"), 1..20),
        cuts in prop::collection::vec(1usize..5, 1..20),
        repeats in any::<bool>(),
    ) {
        let mut seqs = [0u64; 3];
        let mut operations = vec![insert("root", 1, &[], 0, "..")];
        for (agent, text) in &branches {
            seqs[*agent] += 1;
            let name = format!("r{agent}");
            let parent = if seqs[*agent] == 1 { "root:1".to_owned() } else { format!("{name}:{}", seqs[*agent] - 1) };
            operations.push(insert(&name, seqs[*agent], &[&parent], 1, text));
        }
        let whole = {
            let _db = fresh_database();
            post("/crdt/apply", json!(operations));
            get("/crdt/d").json
        };
        let _db = fresh_database();
        let mut rest = operations.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (batch, tail) = rest.split_at((*cut).min(rest.len()));
            for _ in 0..=usize::from(repeats) {
                prop_assert_eq!(post("/crdt/apply", json!(batch)).status, 200);
            }
            rest = tail;
        }
        let pieces = get("/crdt/d").json;
        for field in ["value", "digest", "vector_clock", "heads", "operations"] {
            prop_assert_eq!(&whole[field], &pieces[field]);
        }
    }
}
