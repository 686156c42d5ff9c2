//! Merging and checking laws as clients see it, on a native store.

mod common;
mod states;

use common::{get, refused};
use http::Method;
use ramanujan_shell::native::{fresh_database, send};
use serde_json::{Value, json};
use states::{alone, merge, post};

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
    // What cannot be a JSON number is shown as its digits.
    let both = merge("g-counter", &json!({"totals": {"a": most}}), &json!({"totals": {"b": 1}})).json;
    assert_eq!(both["result"]["value"], "9007199254740992");
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

/// An operation of each type, and another that could have its dot.
fn contents() -> [(&'static str, Value, Value); 10] {
    let set = |value: Value| json!({"operation": "set", "value": value});
    let count = |operation: &str, value: u64| json!({"operation": operation, "value": value});
    let edit = |key: &str| json!({"operation": "set", "edit": {"path": [key], "action": "set", "value": 1}});
    [
        (
            "text",
            json!({"operation": "insert", "position": 0, "value": "x"}),
            json!({"operation": "insert", "position": 0, "value": "y"}),
        ),
        ("pn-counter", count("increment", 1), count("decrement", 1)),
        ("g-counter", count("increment", 1), count("increment", 2)),
        ("or-set", json!({"operation": "add", "value": 1}), json!({"operation": "add", "value": 2})),
        ("lww-register", set(json!(1)), set(json!(2))),
        ("mv-register", set(json!(1)), set(json!(2))),
        (
            "max-register",
            json!({"operation": "raise", "value": 1}),
            json!({"operation": "raise", "value": 2}),
        ),
        ("ew-flag", json!({"operation": "enable"}), json!({"operation": "disable"})),
        ("json", edit("x"), edit("y")),
        (
            "tap-state",
            json!({"operation": "transition", "value": "BACKFILL"}),
            json!({"operation": "transition", "value": "VERIFY"}),
        ),
    ]
}

#[test]
fn no_law_is_tried_on_two_contents_under_one_dot_of_any_type() {
    let _db = fresh_database();
    let verify = |crdt_type: &str, states: Value| {
        post("/crdt/verify", &json!({"crdt_type": crdt_type, "states": states}))
    };
    for (crdt_type, one, other) in contents() {
        let (a, b) = (alone("a", std::slice::from_ref(&one)), alone("a", std::slice::from_ref(&other)));
        let encoded = |state: &Value| {
            let body = json!({"crdt_type": crdt_type, "left": state, "right": state});
            json!({"encoded": post("/crdt/merge?state=encoded", &body).json["result"]["encoded"]})
        };
        let (a_bytes, b_bytes) = (encoded(&a), encoded(&b));
        for states in [json!([a, b]), json!([a_bytes, b_bytes]), json!([a_bytes, b]), json!([a, a, b_bytes])]
        {
            let reply = verify(crdt_type, states);
            refused(&reply, 409, "dot-conflict");
            assert!(reply.json["side"].as_str().unwrap().starts_with("states["), "{crdt_type}");
        }
        let named = verify(crdt_type, json!([a, b])).json;
        assert_eq!((&named["operation_id"], &named["side"]), (&json!("a:1"), &json!("states[1]")), "{named}");
        // Within one state too, but the same delta twice is one.
        let twice = |second: &Value| json!({"deltas": [a["deltas"][0], second["deltas"][0]]});
        refused(&verify(crdt_type, json!([twice(&b), a])), 409, "dot-conflict");
        assert_eq!(verify(crdt_type, json!([twice(&a), a_bytes])).json["holds"], true, "{crdt_type}");
        // Below operations that both sides have beside it, only deltas tell.
        let mut more = a.clone();
        let mut beside = one.clone();
        beside["agent_id"] = "c".into();
        beside["seq"] = 1.into();
        more["deltas"].as_array_mut().unwrap().push(beside);
        let reply = verify(crdt_type, json!([more, b]));
        refused(&reply, 409, "dot-conflict");
        assert_eq!((&reply.json["side"], &reply.json["index"]), (&json!("states[1]"), &json!(0)));
    }
}
