//! stream-green with egraph-service composed into it: canonical forms, proofs and the convergence witness, over HTTP and
//! without a call to another component.

use ramanujan_tests::Network;
use serde_json::{Value, json};

#[test]
fn green_canonicalizes_and_proves_in_process() {
    let network = Network::shared();
    let client = network.client();
    let term = "(merge (merge b a) (merge a (id)))";
    let reply = client.post("/stream/green/canonicalize", &json!({"expression": term})).ok();
    assert_eq!((&reply["canonical_form"], &reply["color"]), (&json!("(merge a b)"), &json!("GREEN")));
    // The component that is composed in says the same when it is asked by itself.
    let rules = json!(["assoc", "assoc_rev", "comm", "idem", "identity"]);
    let asked = client.post("/egraph/saturate", &json!({"expression": term, "rules": rules})).ok();
    assert_eq!(asked["canonical_form"], reply["canonical_form"]);
    let proof = client.post("/green/verify", &json!({"lhs": term, "rhs": "(merge a b)"})).ok();
    assert_eq!((&proof["result"], &proof["equal"]), (&json!("equal"), &json!(true)));
    assert!(!proof["explanation"].as_array().expect("a list").is_empty());
    let wrong = client.post("/stream/green/canonicalize", &json!({"expression": "(merge a"}));
    wrong.problem(422, "invalid-expression");
    let elsewhere = json!({"operation": "canonicalize", "document_id": "d", "value": "x"});
    client.post("/stream/red/apply", &elsewhere).problem(409, "wrong-color");
}

/// A term on which the limits bite is answered, and the stream goes on.
#[test]
fn the_gadgets_are_bounded() {
    let network = Network::shared();
    let client = network.client();
    let leaves = |names: &mut dyn Iterator<Item = usize>| -> String {
        names.map(|n| format!("x{n}")).reduce(|term, leaf| format!("(merge {term} {leaf})")).expect("leaves")
    };
    let (left, right) = (leaves(&mut (0..40)), leaves(&mut (0..40).rev()));
    let reply = client.post("/stream/green/verify", &json!({"lhs": left, "rhs": right})).ok();
    assert_eq!(reply["result"], "not_proved");
    let deep = "(f ".repeat(100_000);
    client
        .post("/stream/green/canonicalize", &json!({"expression": deep}))
        .problem(422, "invalid-expression");
    client.get("/stream/green/test").ok();
}

#[test]
fn a_fork_is_witnessed_by_a_proof() {
    let network = Network::shared();
    let client = network.client();
    let insert = |agent: &str, seq: u64, parents: &Value| {
        let body = json!({"operation": "insert", "document_id": "forked", "agent_id": agent, "seq": seq,
                          "parents": parents, "position": 0, "value": agent});
        client.post("/stream/red/apply", &body).ok();
    };
    insert("ann", 1, &json!([]));
    insert("ann", 2, &json!(["ann:1"]));
    insert("bob", 1, &json!(["ann:1"]));
    insert("eve", 1, &json!(["ann:2", "bob:1"]));
    let reply = client.post("/stream/green/verify", &json!({"document_id": "forked"})).ok();
    assert_eq!(reply["verified"], true, "{reply}");
    let witness = &reply["witness"]["convergence"];
    assert_eq!(witness["verdict"], "equal", "{witness}");
    assert_eq!(witness["proofs"][0]["left"], "(merge (merge past ann:2) bob:1)");
    assert_eq!(witness["proofs"][0]["right"], "(merge (merge past bob:1) ann:2)");
    assert_eq!(witness["second_digest"], reply["witness"]["recomputed_digest"]);
}
