//! Sites come to hold the same.

use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::native::mount;
use serde_json::{Value, json};

use crate::network::{Node, bare_crdt_service, pass_to_crdt_service, settle};

#[test]
fn two_sites_converge_with_deletions_and_freezes() {
    let (vienna, porto) = (Node::new("vienna", &["porto"]), Node::new("porto", &["vienna;none"]));
    vienna.insert("notes", "ann", 0, "from vienna");
    porto.insert("notes", "bob", 0, "from porto");
    vienna.increment("visits", "ann", 5);
    porto.write("notes", "bob", "delete", json!({"position": 0, "length": 5}));
    for at in 0..30 {
        porto.increment(&format!("counter-{at}"), "bob", at + 1);
    }
    let gone = vienna.crdt(Method::DELETE, "/crdt/visits", &Value::Null);
    assert_eq!(gone.status, 200, "{}", gone.json);
    let frozen = porto.crdt(Method::POST, "/crdt/notes/freeze", &json!({}));
    assert_eq!(frozen.status, 200, "{}", frozen.json);
    let reply = vienna.sync();
    assert_eq!((&reply["degraded"], &reply["peers"][0]["state"]), (&json!(false), &json!("done")), "{reply}");
    settle(&[&vienna], 3);
    for document in ["notes", "visits", "counter-7"] {
        assert!(vienna.digest(document).is_some(), "{document}");
        assert_eq!(vienna.digest(document), porto.digest(document), "{document}");
        let (here, there) = (vienna.operations(document), porto.operations(document));
        assert!(!here.is_empty(), "{document}");
        assert_eq!(here, there, "{document}");
    }
    assert_eq!(porto.digest("visits").as_deref(), Some("deleted"));
    let freezes =
        |node: &Node| node.crdt(Method::GET, "/crdt/notes/snapshots", &Value::Null).json["items"].clone();
    assert_eq!(freezes(&vienna)[0]["snapshot_id"], freezes(&porto)[0]["snapshot_id"]);
    assert!(freezes(&vienna)[0]["snapshot_id"].is_string());
    // Nothing is new: two exchanges, no delta.
    let idle = vienna.sync_with("porto");
    assert_eq!((&idle["deltas_received"], &idle["deltas_sent"]), (&json!(0), &json!(0)));
    assert!(idle["exchanges"].as_u64().unwrap() <= 2, "{idle}");
}

/// Porto gets it from vienna, lisbon from porto.
#[test]
fn three_sites_in_a_row_converge() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none", "lisbon"]);
    let lisbon = Node::new("lisbon", &["porto;none"]);
    for (at, node) in [&vienna, &porto, &lisbon].into_iter().enumerate() {
        node.insert("notes", node.name, 0, node.name);
        node.increment("visits", node.name, at as u64 + 1);
    }
    settle(&[&vienna, &porto, &lisbon], 6);
    for document in ["notes", "visits"] {
        assert_eq!(vienna.digest(document), lisbon.digest(document));
        assert_eq!(porto.digest(document), lisbon.digest(document));
        assert_eq!(vienna.operations(document), lisbon.operations(document));
        assert_eq!(vienna.operations(document).len(), 3);
    }
}

#[test]
fn what_only_one_side_is_interested_in_stays_there() {
    let vienna = Node::new("vienna", &["porto;both;notes-* team.*"]);
    let porto = Node::new("porto", &["vienna;none;notes-*"]);
    for document in ["notes-1", "team.a", "diary"] {
        vienna.insert(document, "ann", 0, document);
        porto.insert(&format!("{document}-p"), "bob", 0, document);
    }
    settle(&[&vienna], 4);
    assert_eq!(porto.digest("notes-1"), vienna.digest("notes-1"));
    assert!(vienna.digest("notes-1-p").is_some());
    assert_eq!((porto.digest("team.a"), porto.digest("diary")), (None, None));
    assert_eq!((vienna.digest("team.a-p"), vienna.digest("diary-p")), (None, None));
}

#[test]
fn a_direction_is_kept_and_can_be_asked_for() {
    let vienna = Node::new("vienna", &["porto;push"]);
    let porto = Node::new("porto", &["vienna;none"]);
    vienna.insert("here", "ann", 0, "x");
    porto.insert("there", "bob", 0, "y");
    settle(&[&vienna], 4);
    assert_eq!(porto.digest("here"), vienna.digest("here"));
    assert_eq!(vienna.digest("there"), None);
    let pulled = vienna.post("/sync/pull", &json!({"target": "porto"}));
    assert_eq!(pulled["deltas_received"], 1, "{pulled}");
    assert_eq!(vienna.digest("there"), porto.digest("there"));
    // Who only answers can be told to act, too.
    porto.insert("there", "bob", 1, "z");
    vienna.insert("here", "ann", 1, "w");
    let pushed = porto.post("/2tdx/push", &json!({"target": "vienna"}));
    assert_eq!((&pushed["deltas_sent"], &pushed["deltas_received"]), (&json!(1), &json!(0)), "{pushed}");
    // Without a target: all with which the direction is that way, due or not.
    let pushed = vienna.post("/sync/push", &json!({}));
    assert_eq!(
        (&pushed["peers"][0]["state"], &pushed["deltas_sent"]),
        (&json!("done"), &json!(1)),
        "{pushed}"
    );
    assert_eq!(vienna.post("/sync/pull", &json!({}))["peers"], json!([]));
    assert_eq!(vienna.digest("here"), porto.digest("here"));
    vienna.insert("here", "ann", 2, "v");
    assert_eq!(vienna.digest("there"), porto.digest("there"));
    assert_ne!(vienna.digest("here"), porto.digest("here"));
}

/// Each call goes on where the last one was cut off.
#[test]
fn a_budget_of_a_millisecond_is_enough_in_the_end() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    for at in 0..40 {
        vienna.increment(&format!("here-{at}"), "ann", 1);
        porto.increment(&format!("there-{at}"), "bob", 1);
    }
    vienna.set("MAX_LATENCY_MS", 1);
    let mut degraded = 0;
    for _ in 0..200 {
        let reply = vienna.sync();
        let moved = reply["deltas_received"].as_u64().unwrap() + reply["deltas_sent"].as_u64().unwrap();
        if reply["degraded"] == true {
            degraded += 1;
            assert_eq!(reply["next_ms"], 0, "{reply}");
        } else if reply["peers"][0]["state"] == "done" && moved == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(degraded > 0, "the budget was never exceeded");
    for at in 0..40 {
        for document in [format!("here-{at}"), format!("there-{at}")] {
            assert!(vienna.digest(&document).is_some(), "{document}");
            assert_eq!(vienna.digest(&document), porto.digest(&document), "{document}");
        }
    }
}

/// Peers that requests added do what those of variables do, and are only answered while they are listed.
#[test]
fn peers_are_added_changed_and_deleted() {
    let (vienna, porto) = (Node::new("vienna", &[]), Node::new("porto", &[]));
    vienna.insert("notes", "ann", 0, "x");
    let peer = |name: &str| json!({"name": name, "url": format!("http://{name}.example:3000/")});
    vienna.post("/sync/peers", &peer("porto"));
    let refused = vienna.ask(Method::POST, "/sync", &json!({"target": "porto"}));
    assert_eq!((refused.status, &refused.json["code"]), (502, &json!("peer-refused")), "{}", refused.json);
    assert_eq!(refused.json["trouble"], "refused-not-a-peer");
    porto.post("/sync/peers", &peer("vienna"));
    vienna.sync_with("porto");
    assert_eq!(vienna.digest("notes"), porto.digest("notes"));
    let mut changed = peer("vienna");
    changed["direction"] = json!("pull");
    changed["documents"] = json!(["notes*"]);
    porto.post("/sync/peers", &changed);
    let listed = porto.get("/sync/peers");
    let own = json!({
        "name": "vienna", "url": "http://vienna.example:3000", "direction": "pull", "grants": "both",
        "documents": ["notes*"], "variable": null,
    });
    assert_eq!((&listed["site"], &listed["peers"]), (&json!("porto"), &json!([own])));
    assert_eq!(porto.ask(Method::DELETE, "/sync/peers/vienna", &Value::Null).status, 200);
    assert_eq!(porto.ask(Method::DELETE, "/sync/peers/vienna", &Value::Null).status, 404);
    assert_eq!(vienna.ask(Method::POST, "/sync", &json!({"target": "porto"})).status, 502);
    for (body, code) in [
        (json!({"name": "vienna", "url": "http://x"}), "invalid-peer"),
        (json!({"name": "a", "url": "ftp://x"}), "invalid-peer"),
        (json!({"name": "a", "url": "http://x", "documents": ["/"]}), "invalid-peer"),
        (json!({"name": "a b", "url": "http://x"}), "invalid-json"),
        (json!({"name": "a", "url": "http://x", "colour": 1}), "invalid-json"),
    ] {
        let refused = vienna.ask(Method::POST, "/sync/peers", &body);
        assert_eq!((refused.status, &refused.json["code"]), (422, &json!(code)), "{body}");
    }
}

/// A first copy goes on where it was cut off: documents are not compared anew.
#[test]
fn a_first_copy_in_small_steps_costs_little_more_than_in_one() {
    let full = Node::new("full", &["empty"]);
    let empty = Node::new("empty", &["full"]);
    for at in 0..600 {
        full.increment(&format!("counter-{at}"), "ann", 1);
    }
    for (node, peer) in [(&empty, "full"), (&full, "void")] {
        let void = Node::new("void", &["full;none"]);
        node.set("SYNC_PEERS", format!("{peer}=http://{peer}.example:3000"));
        node.set("MAX_LATENCY_MS", 0);
        let (mut exchanges, mut calls) = (0, 0);
        loop {
            let reply = node.sync_with(peer);
            exchanges += reply["exchanges"].as_u64().unwrap();
            calls += 1;
            let status = node.get("/sync/status");
            let place = &status["peers"][0][if peer == "full" { "pull_cursor" } else { "push_cursor" }];
            assert!(place.is_string(), "{status}");
            if reply["degraded"] == false {
                break;
            }
            assert!(calls < 40, "{reply}");
        }
        assert!(calls > 3 && exchanges < 40, "{peer}: {exchanges} exchanges in {calls} calls");
        let copy = if peer == "full" { &empty } else { &void };
        assert_eq!(copy.digest("counter-599"), full.digest("counter-599"));
    }
}

/// What comes in one message may be more than crdt-service takes in a request.
#[test]
fn what_is_too_much_for_one_request_is_stored_in_several() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    porto.set("MAX_BODY_BYTES", 4 << 20);
    // A component's host cuts what is too long, which is not there in this thread.
    let narrow = bare_crdt_service()
        .post("/crdt/answers", async |request| match request.body.len() {
            0..3_000_000 => Ok(pass_to_crdt_service(request).await),
            bytes => Err(Problem::new(Code::BodyTooLarge, format!("{bytes} bytes"))),
        })
        .post("/crdt/operations", async |request| Ok(pass_to_crdt_service(request).await));
    vienna.site.within(|| mount("crdt-service", narrow));
    // Text that does not compress, of the characters that JSON leaves as they are.
    let mut random: u64 = 7;
    let mut text = |length: usize| -> String {
        let letters = ('#'..='~').filter(|letter| *letter != '\\').collect::<Vec<char>>();
        let next = |_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letters[(random >> 33) as usize % letters.len()]
        };
        (0..length).map(next).collect()
    };
    porto.insert("a", "ann", 0, &text(1_000_000));
    porto.insert("b", "ann", 0, &text(3_000_000));
    settle(&[&vienna], 4);
    for document in ["a", "b"] {
        assert_eq!(vienna.digest(document), porto.digest(document), "{document}");
        assert!(vienna.digest(document).is_some());
    }
}
