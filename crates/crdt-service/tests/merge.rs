//! Merging and checking laws as clients see it, on a native store.

use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send, send_with};
use serde_json::{Value, json};

fn post(path: &str, body: &Value) -> Reply {
    send(&crdt_service::service(), Method::POST, path, body.to_string())
}

fn get(path: &str) -> Reply {
    send(&crdt_service::service(), Method::GET, path, "")
}

fn merge(crdt_type: &str, left: &Value, right: &Value) -> Reply {
    post("/crdt/merge", &json!({"crdt_type": crdt_type, "left": left, "right": right}))
}

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.json["code"].as_str()), (status, Some(code)), "{}", reply.json);
    assert_eq!(media_type(reply), "application/problem+json");
}

/// A state of one agent that makes its operations one after the other.
fn alone(agent: &str, operations: &[Value]) -> Value {
    let delta = |(index, operation): (usize, &Value)| {
        let mut delta = operation.clone();
        delta["agent_id"] = agent.into();
        delta["seq"] = (index + 1).into();
        delta["parents"] = if index == 0 { json!([]) } else { json!([format!("{agent}:{index}")]) };
        delta
    };
    json!({"deltas": operations.iter().enumerate().map(delta).collect::<Vec<_>>()})
}

/// Two concurrent operations of each type and what they merge to.
fn examples() -> Vec<(&'static str, Value, Value, Value)> {
    let edit = |path: &str, value: Value| json!({"operation": "set", "edit": {"path": [path], "action": "set", "value": value}});
    vec![
        (
            "text",
            json!({"operation": "insert", "position": 0, "value": "ab"}),
            json!({"operation": "insert", "position": 0, "value": "cd"}),
            json!("abcd"),
        ),
        (
            "pn-counter",
            json!({"operation": "increment", "value": 5}),
            json!({"operation": "decrement", "value": 7}),
            json!(-2),
        ),
        (
            "g-counter",
            json!({"operation": "increment", "value": 5}),
            json!({"operation": "increment", "value": 7}),
            json!(12),
        ),
        (
            "or-set",
            json!({"operation": "add", "value": "x"}),
            json!({"operation": "add", "value": "y"}),
            json!(["x", "y"]),
        ),
        (
            "lww-register",
            json!({"operation": "set", "value": 1}),
            json!({"operation": "set", "value": 2}),
            json!(2),
        ),
        (
            "mv-register",
            json!({"operation": "set", "value": 1}),
            json!({"operation": "set", "value": 2}),
            Value::Null,
        ),
        ("json", edit("a", json!(1)), edit("b", json!(2)), json!({"a": 1, "b": 2})),
        (
            "tap-state",
            json!({"operation": "transition", "value": "VERIFY"}),
            json!({"operation": "transition", "value": "BACKFILL"}),
            json!("BACKFILL"),
        ),
    ]
}

#[test]
fn every_type_merges_in_every_form_with_one_value() {
    let _db = fresh_database();
    for (crdt_type, left, right, value) in examples() {
        let (left, right) = (alone("a", &[left]), alone("b", &[right]));
        let merged = merge(crdt_type, &left, &right);
        assert_eq!(merged.status, 200, "{crdt_type}: {}", merged.json);
        if !value.is_null() {
            assert_eq!(merged.json["result"]["value"], value, "{crdt_type}");
        }
        assert_eq!(merged.json["vector_clock"], json!({"a": 1, "b": 1}));
        // One side at a time through its encoding, then both.
        let encoded = |state: &Value| {
            let body = json!({"crdt_type": crdt_type, "left": state, "right": state});
            let reply = post("/crdt/merge?state=encoded", &body);
            assert_eq!(reply.status, 200, "{crdt_type}: {}", reply.json);
            json!({"encoded": reply.json["result"]["encoded"]})
        };
        let (left_state, right_state) = (encoded(&left), encoded(&right));
        for (a, b) in [(&left_state, &right), (&left, &right_state), (&left_state, &right_state)] {
            let reply = merge(crdt_type, a, b);
            assert_eq!(reply.status, 200, "{crdt_type}: {}", reply.json);
            assert_eq!(reply.json["result"]["value"], merged.json["result"]["value"], "{crdt_type}");
            assert_eq!(reply.json["result"]["details"], merged.json["result"]["details"], "{crdt_type}");
            assert_eq!(reply.json["vector_clock"], merged.json["vector_clock"], "{crdt_type}");
        }
        // The laws, on the deltas and on the encodings.
        for states in [json!([left, right]), json!([left_state, right_state, left])] {
            let reply = post("/crdt/verify", &json!({"crdt_type": crdt_type, "states": states}));
            assert_eq!(reply.json["holds"], true, "{crdt_type}: {}", reply.json);
            assert_eq!(reply.json["complete"], true);
            let count = states.as_array().unwrap().len();
            assert_eq!(reply.json["associative"]["checked"], json!(count.pow(3)));
        }
    }
}

#[test]
fn a_stored_document_merges_with_a_remote_state_of_every_type() {
    for (crdt_type, left, right, _) in examples() {
        let _db = fresh_database();
        let (left, right) = (alone("a", &[left]), alone("b", &[right]));
        let delta = &left["deltas"][0];
        let mut request =
            json!({"document_id": "d", "crdt_type": crdt_type, "agent_id": "a", "seq": 1, "parents": []});
        for member in ["operation", "position", "value"] {
            if !delta[member].is_null() {
                request[member] = delta[member].clone();
            }
        }
        if let Some(path) = delta["edit"].get("path") {
            request["path"] = path.clone();
            request["value"] = delta["edit"]["value"].clone();
        }
        let stored = post("/crdt/apply", &request);
        assert_eq!(stored.status, 200, "{crdt_type}: {}", stored.json);
        let before = get("/crdt/d").json;
        let posted = merge(crdt_type, &left, &right).json;
        for _ in 0..2 {
            let reply = post("/crdt/merge", &json!({"document_id": "d", "remote": right}));
            assert_eq!(reply.status, 200, "{crdt_type}: {}", reply.json);
            for member in ["result", "vector_clock", "digest", "fingerprint"] {
                assert_eq!(reply.json[member], posted[member], "{crdt_type} {member}");
            }
            assert_eq!(reply.json["document_id"], "d");
        }
        // Nothing was stored, and a remote that has nothing new changes nothing.
        assert_eq!(get("/crdt/d").json["digest"], before["digest"]);
        let same = post("/crdt/merge", &json!({"document_id": "d", "remote": left})).json;
        assert_eq!((&same["digest"], &same["polarity"]), (&before["digest"], &json!("neutral")));
    }
}

#[test]
fn a_remote_delta_may_follow_stored_ones() {
    let _db = fresh_database();
    for value in ["x", "y"] {
        let add = json!({"operation": "add", "document_id": "d", "agent_id": "a", "value": value});
        assert_eq!(post("/crdt/apply", &add).status, 200);
    }
    // It has seen the first addition only, so the second stays.
    let remove = |value: &str| {
        json!({"document_id": "d", "remote": {"deltas": [
            {"agent_id": "b", "seq": 1, "operation": "remove", "parents": ["a:1"], "value": value}]}})
    };
    assert_eq!(post("/crdt/merge", &remove("x")).json["result"]["value"], json!(["y"]));
    assert_eq!(post("/crdt/merge", &remove("y")).json["result"]["value"], json!(["x", "y"]));
    let mut unknown = remove("x");
    unknown["remote"]["deltas"][0]["parents"] = json!(["a:3"]);
    refused(&post("/crdt/merge", &unknown), 422, "unknown-parent");
    let forged = json!({"document_id": "d", "remote": {"deltas": [
        {"agent_id": "a", "seq": 1, "operation": "add", "parents": [], "value": "z"}]}});
    refused(&post("/crdt/merge", &forged), 409, "dot-conflict");
    let other = json!({"document_id": "d", "crdt_type": "text", "remote": {"deltas": []}});
    refused(&post("/crdt/merge", &other), 409, "type-conflict");
    let missing = json!({"document_id": "none", "remote": {"deltas": []}});
    refused(&post("/crdt/merge", &missing), 404, "no-such-document");
}

#[test]
fn totals_merge_with_totals_and_with_deltas() {
    let _db = fresh_database();
    let left = json!({"totals": {"a": {"p": 3, "n": 1}, "b": {"p": 4}}});
    let right = json!({"totals": {"a": {"p": 2, "n": 5}}});
    let reply = merge("pn-counter", &left, &right).json;
    assert_eq!(
        reply["result"],
        json!({"value": 2, "totals": {"a": {"p": 3, "n": 5}, "b": {"p": 4, "n": 0}}})
    );
    assert_eq!((&reply["digest_of"], &reply["vector_clock"]), (&json!("totals"), &Value::Null));
    let deltas = alone("a", &[json!({"operation": "increment", "value": 9})]);
    assert_eq!(merge("pn-counter", &left, &deltas).json["result"]["value"], 12);
    // A g-counter's totals may be plain numbers.
    let grown = merge("g-counter", &json!({"totals": {"a": 5}}), &json!({"totals": {"a": 3, "b": {"p": 1}}}));
    assert_eq!((&grown.json["result"]["value"], &grown.json["polarity"]), (&json!(6), &json!("positive")));
    let shrunk = json!({"totals": {"a": {"n": 1}}});
    refused(&merge("g-counter", &shrunk, &shrunk), 422, "invalid-merge");
    let huge = json!({"totals": {"a": {"p": 1_u64 << 53}}});
    refused(&merge("pn-counter", &huge, &huge), 422, "invalid-merge");
    let most = (1_u64 << 53) - 1;
    refused(
        &merge("g-counter", &json!({"totals": {"a": most}}), &json!({"totals": {"b": 1}})),
        422,
        "counter-overflow",
    );
}

#[test]
fn a_bad_state_is_named_with_its_side_and_delta() {
    let _db = fresh_database();
    let good =
        alone("a", &[json!({"operation": "add", "value": 1}), json!({"operation": "remove", "value": 1})]);
    let blamed = |left: Value, code: &str, index: Value| {
        let reply = merge("or-set", &left, &good);
        refused(&reply, 422, code);
        assert_eq!((&reply.json["side"], &reply.json["index"]), (&json!("left"), &index), "{}", reply.json);
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut state =
            alone("b", &[json!({"operation": "add", "value": 1}), json!({"operation": "add", "value": 2})]);
        change(&mut state["deltas"]);
        state
    };
    blamed(json!({}), "invalid-merge", Value::Null);
    blamed(json!([[]]), "invalid-json", Value::Null);
    blamed(json!({"deltas": {}}), "invalid-json", Value::Null);
    blamed(json!({"totals": {}}), "invalid-merge", Value::Null);
    blamed(json!({"encoded": "%"}), "invalid-encoding", Value::Null);
    blamed(json!({"encoded": "AAAA"}), "invalid-encoding", Value::Null);
    blamed(with(&|deltas| deltas[1] = json!(["b", 2, "add"])), "invalid-json", json!(1));
    blamed(with(&|deltas| deltas[1]["colour"] = json!("RED")), "invalid-json", json!(1));
    blamed(with(&|deltas| deltas[1]["operation"] = json!("increment")), "invalid-delta", json!(1));
    blamed(with(&|deltas| deltas[1]["digest"] = json!("0".repeat(64))), "invalid-delta", json!(1));
    blamed(with(&|deltas| deltas[1]["parents"] = json!(["c:1"])), "unknown-parent", json!(1));
    blamed(with(&|deltas| deltas[1]["parents"] = json!(["b:2"])), "invalid-delta", json!(1));
    blamed(with(&|deltas| deltas[1]["parents"] = json!([])), "agent-not-sequential", json!(1));
    blamed(with(&|deltas| deltas[1]["parents"] = json!(["a:1", "a:2", "b:1"])), "invalid-delta", json!(1));
    let conflict = merge("or-set", &alone("a", &[json!({"operation": "add", "value": 2})]), &good);
    refused(&conflict, 409, "dot-conflict");
    assert_eq!(conflict.json["operation_id"], "a:1");
    let array = send(&crdt_service::service(), Method::POST, "/crdt/merge", "[\"text\",{},{}]");
    refused(&array, 422, "invalid-json");
    refused(&post("/crdt/merge?state=full", &json!({})), 422, "invalid-parameter");
}

#[test]
fn the_order_of_parents_names_one_version() {
    let _db = fresh_database();
    let state = |parents: Value| {
        let mut deltas = alone("a", &[json!({"operation": "add", "value": 1})])["deltas"].take();
        let more = alone("b", &[json!({"operation": "add", "value": 2})])["deltas"].take();
        let deltas = deltas.as_array_mut().unwrap();
        deltas.extend(more.as_array().unwrap().clone());
        deltas
            .push(json!({"agent_id": "c", "seq": 1, "operation": "remove", "value": 1, "parents": parents}));
        json!({"deltas": deltas})
    };
    let reply = merge("or-set", &state(json!(["a:1", "b:1"])), &state(json!(["b:1", "a:1", "b:1"])));
    assert_eq!((reply.status, &reply.json["result"]["value"]), (200, &json!([2])), "{}", reply.json);
}

#[test]
fn a_wrong_number_of_states_has_no_laws() {
    let _db = fresh_database();
    let state = json!({"totals": {}});
    for count in [0, 1, 9] {
        let body = json!({"crdt_type": "pn-counter", "states": vec![state.clone(); count]});
        refused(&post("/crdt/verify", &body), 422, "invalid-verify");
    }
    let bad = json!({"crdt_type": "or-set", "states": [alone("a", &[]), {"deltas": [{}]}]});
    let reply = post("/crdt/verify", &bad);
    refused(&reply, 422, "invalid-json");
    assert_eq!((&reply.json["side"], &reply.json["index"]), (&json!("states[1]"), &json!(0)));
}

#[test]
fn what_is_put_off_is_done_by_the_drain_and_answers_the_same() {
    let _db = fresh_database();
    let (left, right) = (json!({"totals": {"a": {"p": 3}}}), json!({"totals": {"b": {"p": 4}}}));
    let body = json!({"crdt_type": "pn-counter", "left": left, "right": right});
    let later = |path: &str, body: &Value| {
        let headers = [("prefer", "respond-async")];
        send_with(&crdt_service::service(), Method::POST, path, &headers, body.to_string())
    };
    let verify = json!({"crdt_type": "pn-counter", "states": [left, right]});
    let wrong = json!({"crdt_type": "text", "left": left, "right": right});
    let tasks: Vec<Reply> = vec![
        later("/crdt/verify", &verify),
        later("/crdt/merge", &body),
        later("/crdt/merge", &wrong),
        later("/crdt/merge", &body),
    ];
    assert!(tasks.iter().all(|task| task.status == 202));
    assert_eq!(tasks[1].json["task_id"], tasks[3].json["task_id"], "the same work waits once");
    let state = |task: &Reply| get(task.headers["location"].to_str().unwrap()).json;
    assert_eq!(state(&tasks[0])["state"], "pending");
    assert_eq!(get("/crdt/cache/stats").json["lazy_queue_length"], 3);
    // Merges first.
    let drained = post("/crdt/cache/drain?max=1", &json!(null)).json;
    assert_eq!((&drained["processed"], &drained["remaining"]), (&json!(1), &json!(2)));
    let done = state(&tasks[1]);
    assert_eq!((&done["state"], &done["kind"]), (&json!("completed"), &json!("merge")));
    assert_eq!(done["result"]["result"], post("/crdt/merge", &body).json["result"]);
    let drained = post("/crdt/cache/drain", &json!(null)).json;
    assert_eq!(
        (&drained["processed"], &drained["failed"], &drained["remaining"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(state(&tasks[0])["result"]["holds"], true);
    let failed = state(&tasks[2]);
    assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("failed"), &json!("invalid-merge")));
    refused(&get("/crdt/cache/task/99"), 404, "no-such-task");
    refused(&later("/crdt/merge", &json!(null)), 422, "invalid-json");
    refused(&post("/crdt/cache/drain?max=0", &json!(null)), 422, "invalid-parameter");
}

#[test]
fn the_memo_says_what_it_did() {
    let _db = fresh_database();
    let adds: Vec<Value> = (0..48).map(|value| json!({"operation": "add", "value": value})).collect();
    let (left, right) = (alone("a", &adds), alone("b", &adds));
    let replies =
        [merge("or-set", &left, &right), merge("or-set", &right, &left), merge("or-set", &left, &right)];
    assert_eq!(
        replies.each_ref().map(|reply| reply.json["cached"].clone()),
        [json!(false), json!(true), json!(true)]
    );
    let stats = get("/crdt/cache/stats").json;
    for (member, value) in [
        ("consultations", json!(3)),
        ("hits", json!(2)),
        ("misses", json!(1)),
        ("evictions", json!(0)),
        ("hit_rate", json!(2.0 / 3.0)),
        ("current_size", json!(1)),
        ("max_size", json!(10_000)),
        ("positive_cached", json!(1)),
        ("negative_cached", json!(0)),
        ("neutral_cached", json!(0)),
        ("lazy_queue_length", json!(0)),
    ] {
        assert_eq!(stats[member], value, "{member}");
    }
    assert!(
        stats["bytes"].as_u64() <= stats["budget"].as_u64() && stats["capacity_used"].as_f64() > Some(0.0)
    );
    // A small merge is not worth a look.
    let small = (json!({"totals": {"a": 1}}), json!({"totals": {"b": 1}}));
    assert_eq!(
        [(); 2].map(|()| merge("g-counter", &small.0, &small.1).json["cached"].clone()),
        [json!(false), json!(false)]
    );
    assert_eq!(get("/crdt/cache/stats").json["consultations"], 3);
    let invalidate = |body: Value| post("/crdt/cache/invalidate", &body);
    assert_eq!(invalidate(json!({"document_id": "d"})).json["heads"], 0);
    assert_eq!(invalidate(json!({"polarity": "negative"})).json["entries"], 0);
    assert_eq!(invalidate(json!({"polarity": "POSITIVE"})).json["entries"], 1);
    assert_eq!(merge("or-set", &left, &right).json["cached"], false);
    assert_eq!(invalidate(json!({"all": true})).json["entries"], 1);
    for bad in [
        json!({}),
        json!({"all": false}),
        json!({"all": true, "document_id": "d"}),
        json!({"polarity": "up"}),
    ] {
        refused(&invalidate(bad), 422, "invalid-invalidation");
    }
}

#[test]
fn a_document_merge_is_remembered_until_the_document_changes() {
    for (crdt_type, first, second) in [
        ("or-set", json!({"operation": "add", "value": "y"}), json!({"operation": "remove", "value": "y"})),
        (
            "text",
            json!({"operation": "insert", "value": "a"}),
            json!({"operation": "insert", "position": 1, "value": "!"}),
        ),
    ] {
        let _db = fresh_database();
        let apply = |operation: &Value, times: usize| {
            for _ in 0..times {
                let mut operation = operation.clone();
                operation["document_id"] = "d".into();
                assert_eq!(post("/crdt/apply", &operation).status, 200);
            }
        };
        apply(&first, 20);
        // Made after the document's first operation, so concurrently with all others.
        let mut deltas: Vec<Value> = alone("b", &vec![second; 20])["deltas"].as_array().unwrap().clone();
        deltas[0]["parents"] = json!(["anonymous:1"]);
        let body = json!({"document_id": "d", "remote": {"deltas": deltas}});
        let ask = || post("/crdt/merge", &body).json;
        let (miss, hit) = (ask(), ask());
        assert_eq!((&miss["cached"], &hit["cached"]), (&json!(false), &json!(true)), "{crdt_type}: {miss}");
        assert_eq!((&miss["result"], &miss["digest"]), (&hit["result"], &hit["digest"]));
        assert_eq!(miss["vector_clock"], json!({"anonymous": 20, "b": 20}));
        let mut last = first.clone();
        last["value"] = "z".into();
        apply(&last, 1);
        let changed = ask();
        assert_eq!(changed["cached"], false, "another version is another key");
        assert_eq!(changed["vector_clock"], json!({"anonymous": 21, "b": 20}));
        // What was merged is what applying the remote deltas gives.
        for delta in &deltas {
            let mut operation = delta.clone();
            operation["document_id"] = "d".into();
            assert_eq!(post("/crdt/apply", &operation).status, 200);
        }
        let stored = get("/crdt/d").json;
        assert_eq!((&stored["value"], &stored["digest"]), (&changed["result"]["value"], &changed["digest"]));
    }
}

#[test]
fn encoded_texts_of_one_dot_and_two_contents_conflict() {
    let _db = fresh_database();
    let encoded = |value: &str| {
        let state = alone("a", &[json!({"operation": "insert", "position": 0, "value": value})]);
        let body = json!({"crdt_type": "text", "left": state, "right": state});
        json!({"encoded": post("/crdt/merge?state=encoded", &body).json["result"]["encoded"]})
    };
    let conflict = merge("text", &encoded("x"), &encoded("y"));
    refused(&conflict, 409, "dot-conflict");
    assert_eq!(conflict.json["operation_id"], "a:1");
    let mixed = alone("a", &[json!({"operation": "insert", "position": 0, "value": "z"})]);
    refused(&merge("text", &encoded("x"), &mixed), 409, "dot-conflict");
    refused(&merge("or-set", &encoded("x"), &encoded("x")), 422, "invalid-encoding");
}

/// A random history of an or-set or a text over three agents, as operations with the version each one saw.
fn any_history(crdt_type: &'static str) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec((0usize..3, any::<u32>(), any::<bool>()), 1..20).prop_map(move |steps| {
        let mut newest: [u64; 3] = [0; 3];
        let mut seen: [[u64; 3]; 3] = [[0; 3]; 3];
        let mut deltas: Vec<Value> = Vec::new();
        let name = |agent: usize| ["a", "b", "c"][agent];
        let mut clocks: Vec<(usize, u64, [u64; 3])> = Vec::new();
        for (agent, choice, look) in steps {
            if look {
                // Takes over all that one other agent has seen.
                let other = seen[(agent + 1 + choice as usize % 2) % 3];
                for (mine, theirs) in seen[agent].iter_mut().zip(other) {
                    *mine = (*mine).max(theirs);
                }
            }
            let past = seen[agent];
            let in_past = |(a, seq, _): &&(usize, u64, [u64; 3])| past[*a] >= *seq;
            let parents: Vec<String> = clocks
                .iter()
                .filter(in_past)
                .filter(|(a, seq, _)| {
                    !clocks
                        .iter()
                        .filter(in_past)
                        .any(|(b, other, clock)| (b, other) != (a, seq) && clock[*a] >= *seq)
                })
                .map(|(a, seq, _)| format!("{}:{seq}", name(*a)))
                .collect();
            newest[agent] += 1;
            seen[agent][agent] = newest[agent];
            let operation = match crdt_type {
                // At the start there is always room.
                "text" => json!({"operation": "insert", "position": 0, "value": name(agent)}),
                _ if choice % 3 == 0 => json!({"operation": "remove", "value": choice % 4}),
                _ => json!({"operation": "add", "value": choice % 4}),
            };
            let mut delta = operation;
            delta["agent_id"] = name(agent).into();
            delta["seq"] = newest[agent].into();
            delta["parents"] = parents.into();
            clocks.push((agent, newest[agent], seen[agent]));
            deltas.push(delta);
        }
        deltas
    })
}

/// The deltas that some version holds, in a random order.
fn part(deltas: &[Value], upto: [u64; 3], order: &[prop::sample::Index]) -> Value {
    let held = |delta: &&Value| {
        let agent = ["a", "b", "c"].iter().position(|name| delta["agent_id"] == *name).unwrap();
        delta["seq"].as_u64().unwrap() <= upto[agent]
    };
    let mut part: Vec<Value> = deltas.iter().filter(held).cloned().collect();
    for (index, other) in order.iter().enumerate().take(part.len()) {
        let other = other.index(part.len());
        part.swap(index, other);
    }
    json!({"deltas": part})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// Hit, miss, without the memo, either order of sides, other spacing and other order of deltas: one answer.
    #[test]
    fn the_memo_never_changes_an_answer(
        (crdt_type, deltas) in prop_oneof![
            any_history("or-set").prop_map(|deltas| ("or-set", deltas)),
            any_history("text").prop_map(|deltas| ("text", deltas)),
        ],
        cut in 0usize..20,
        order in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let _db = fresh_database();
        // Any prefix of a history in causal order is closed under causality.
        let left = json!({"deltas": deltas[..cut.min(deltas.len())]});
        let right = part(&deltas, [u64::MAX; 3], &order);
        let body = |left: &Value, right: &Value| json!({"crdt_type": crdt_type, "left": left, "right": right});
        let plain = body(&left, &right).to_string();
        let spaced = serde_json::to_string_pretty(&body(&left, &right)).unwrap();
        let straight = body(&json!({"deltas": deltas}), &left).to_string();
        let swapped = body(&right, &left).to_string();
        let mut answers = Vec::new();
        for request in [&plain, &plain, &spaced, &swapped, &straight] {
            let mut reply = send(&crdt_service::service(), Method::POST, "/crdt/merge", request.as_str());
            prop_assert_eq!(reply.status, 200, "{}", reply.json);
            let cached = reply.json.as_object_mut().unwrap().remove("cached").unwrap();
            answers.push((reply.json, cached));
        }
        let fresh = [("cache-control", "no-cache")];
        let mut without =
            send_with(&crdt_service::service(), Method::POST, "/crdt/merge", &fresh, plain.as_str());
        let cached = without.json.as_object_mut().unwrap().remove("cached").unwrap();
        prop_assert_eq!(&cached, &json!(false));
        answers.push((without.json, cached));
        for (answer, _) in &answers {
            prop_assert_eq!(answer, &answers[0].0);
        }
        if plain.len() > 1024 {
            prop_assert_eq!(&answers[1].1, &json!(true));
            prop_assert_eq!(&answers[3].1, &json!(true), "sides may be swapped");
        }
    }
}
