//! The memo, the queue and their routes as clients see them, on a native store.

mod common;
mod states;

use common::{get, refused};
use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, send, send_with};
use serde_json::{Value, json};
use states::{alone, merge, post};

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
