//! GREEN's operations on expressions, and its convergence witness, with the real crdt-service and timeline behind it.

use http::Method;
use ramanujan_shell::native::{Guard, Reply, fresh_database, mount, send};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};

fn network() -> Guard {
    let guard = fresh_database();
    mount("crdt-service", crdt_service::service());
    mount("interaction-timeline", interaction_timeline::service());
    guard
}

fn green(path: &str, body: &Value) -> Reply {
    send(&ramanujan_stream::green("0"), Method::POST, &format!("/stream/green/{path}"), body.to_string())
}

fn red(body: &Value) {
    let reply = send(&ramanujan_stream::red("0"), Method::POST, "/stream/red/apply", body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.json);
}

/// Inserts one letter by an agent that has seen `parents`.
fn insert(agent: &str, seq: u64, parents: &Value) {
    red(
        &json!({"operation": "insert", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents,
                "position": 0, "value": agent}),
    );
}

fn witness() -> (Value, Value) {
    let reply = green("verify", &json!({"document_id": "d"}));
    assert_eq!(reply.status, 200, "{}", reply.json);
    (reply.json["verified"].clone(), reply.json["witness"]["convergence"].clone())
}

#[test]
fn an_expression_is_canonicalized_in_process() {
    let _guard = fresh_database();
    let reply = green("canonicalize", &json!({"expression": "(merge (merge b a) (merge a (id)))"}));
    assert_eq!(reply.status, 200, "{}", reply.json);
    assert_eq!(
        (&reply.json["canonical_form"], &reply.json["cost"], &reply.json["saturated"]),
        (&json!("(merge a b)"), &json!(3), &json!(true))
    );
    let by_apply = json!({"operation": "canonicalize", "expression": "(+ 1 2)", "rules": ["fold"]});
    assert_eq!(green("apply", &by_apply).json["canonical_form"], "3");
    for (body, code) in [
        (json!({"expression": "(merge a"}), "invalid-expression"),
        (json!({"expression": "(merge a (inv b))"}), "invalid-expression"),
        (json!({"expression": "a", "rules": ["magic"]}), "invalid-expression"),
        (json!({"expression": "a", "rules": vec!["comm"; 101]}), "too-many-rules"),
        (json!({"expression": "a", "max_nodes": 0}), "invalid-limit"),
        (json!({"expression": "a", "max_iterations": 31}), "invalid-limit"),
        (json!({"expression": "a", "operation": "verify"}), "invalid-operation"),
        (json!({"expression": "a", "polarity": "explosive"}), "invalid-operation"),
    ] {
        let reply = green("canonicalize", &body);
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{body}: {}", reply.json);
    }
    for (base, service) in
        [("/stream/red", ramanujan_stream::red("0")), ("/stream/blue", ramanujan_stream::blue("0"))]
    {
        let body = json!({"operation": "canonicalize", "document_id": "d"}).to_string();
        let reply = send(&service, Method::POST, &format!("{base}/apply"), body);
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (409, &json!("wrong-color")),
            "GREEN's: {}",
            reply.json
        );
    }
}

#[test]
fn two_expressions_are_proved_equal_refuted_or_neither() {
    let _guard = fresh_database();
    let ask = |lhs: &str, rhs: &str, rest: Value| {
        let mut body = json!({"lhs": lhs, "rhs": rhs});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let reply = green("verify", &body);
        assert_eq!(reply.status, 200, "{}", reply.json);
        (reply.json["result"].clone(), reply.json["equal"].clone(), reply.json["explanation"].clone())
    };
    let (result, equal, steps) = ask("(merge a (merge b c))", "(merge c (merge b (merge a b)))", json!({}));
    assert_eq!((result, equal), (json!("equal"), json!(true)));
    assert!(!steps.as_array().unwrap().is_empty());
    assert_eq!(ask("(merge a b)", "a", json!({})).0, "refuted");
    let wide = "(merge (merge (merge a b) (merge c d)) (merge (merge e f) (merge g h)))";
    let back = "(merge (merge (merge h g) (merge f e)) (merge (merge d c) (merge b a)))";
    let (result, equal, _) = ask(wide, back, json!({"max_nodes": 30}));
    assert_eq!((result, equal), (json!("not_proved"), Value::Null));
    for wrong in [
        json!({"lhs": "a"}),
        json!({"lhs": "a", "rhs": 1}),
        json!({"lhs": "a", "rhs": "b", "operation": "canonicalize"}),
    ] {
        assert_eq!(green("verify", &wrong).status, 422, "{wrong}");
    }
    assert_eq!(green("verify", &json!({"operation": "canonicalize", "document_id": "d"})).status, 422);
    let delete = json!({"operation": "delete", "lhs": "a", "rhs": "b"});
    assert_eq!(green("verify", &delete).json["code"], "wrong-color");
}

#[test]
fn concurrent_edits_are_proved_to_join_to_the_same_in_two_orders() {
    let _network = network();
    insert("ann", 1, &json!([]));
    insert("ann", 2, &json!(["ann:1"]));
    insert("bob", 1, &json!(["ann:1"]));
    insert("bob", 2, &json!(["bob:1"]));
    insert("eve", 1, &json!(["ann:1"]));
    insert("ann", 3, &json!(["ann:2", "bob:2", "eve:1"]));
    let (verified, witness) = witness();
    assert_eq!((verified, &witness["verdict"]), (json!(true), &json!("equal")), "{witness}");
    let proofs = witness["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 1);
    assert_eq!(proofs[0]["left"], "(merge (merge (merge past ann:2) bob:1..bob:2) eve:1)");
    assert_eq!(proofs[0]["right"], "(merge (merge (merge past eve:1) bob:1..bob:2) ann:2)");
    assert!(proofs[0]["steps"].as_array().unwrap().len() >= 3, "{witness}");
    assert!(witness["second_digest"].is_string() && witness.get("reason").is_none());
}

#[test]
fn each_fork_has_a_proof_of_its_own() {
    let _network = network();
    let mut heads = json!([]);
    for round in 1..=4 {
        insert("ann", round, &heads);
        insert("bob", round, &heads);
        heads = json!([format!("ann:{round}"), format!("bob:{round}")]);
    }
    let (verified, witness) = witness();
    assert_eq!((verified, &witness["verdict"]), (json!(true), &json!("equal")));
    let lefts: Vec<&str> =
        witness["proofs"].as_array().unwrap().iter().map(|proof| proof["left"].as_str().unwrap()).collect();
    assert_eq!(
        lefts,
        [
            "(merge ann:1 bob:1)",
            "(merge (merge past ann:2) bob:2)",
            "(merge (merge past ann:3) bob:3)",
            "(merge (merge past ann:4) bob:4)"
        ]
    );
}

#[test]
fn what_has_one_order_only_needs_no_proof() {
    let _network = network();
    insert("ann", 1, &json!([]));
    insert("bob", 1, &json!(["ann:1"]));
    let (verified, witness) = witness();
    assert_eq!(
        (verified, &witness["verdict"], &witness["proofs"]),
        (json!(true), &json!("equal"), &json!([]))
    );
    assert!(witness.get("second_digest").is_none());
}

/// More than a proof can carry: the orders are still gone through and compared.
#[test]
fn what_is_too_much_is_not_proved_and_says_so() {
    let _network = network();
    for agent in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        insert(agent, 1, &json!([]));
    }
    let (verified, witness) = witness();
    assert_eq!((verified, &witness["verdict"]), (json!(true), &json!("not_proved")));
    assert_eq!(witness["reason"], "8 runs of deltas are concurrent; at most 7 are proved");
    assert!(witness["second_digest"].is_string());
}

/// Seven concurrent runs are the most that is promised; the prover must be able to carry them.
#[test]
fn seven_concurrent_runs_are_proved() {
    let _network = network();
    insert("z", 1, &json!([]));
    for agent in ["a", "b", "c", "d", "e", "f", "g"] {
        insert(agent, 1, &json!(["z:1"]));
    }
    let (verified, witness) = witness();
    assert_eq!((verified, &witness["verdict"]), (json!(true), &json!("equal")), "{witness}");
}

/// Somebody cut a delta off its cause: no second order can be made, and GREEN says which state it doubts.
#[test]
fn a_history_with_a_hole_is_not_proved() {
    let _network = network();
    insert("ann", 1, &json!([]));
    insert("bob", 1, &json!([]));
    insert("ann", 2, &json!(["ann:1", "bob:1"]));
    let store = Store::open(Schema { name: "crdt", statements: &[] }).unwrap();
    store.execute("DELETE FROM crdt_deltas WHERE agent_id = 'bob'", []).unwrap();
    let reply = green("verify", &json!({"document_id": "d"}));
    assert_ne!(reply.json["verified"], true, "{}", reply.json);
    if reply.status == 200 {
        assert_eq!(reply.json["witness"]["convergence"]["verdict"], "not_proved", "{}", reply.json);
    }
}
