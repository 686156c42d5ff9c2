//! GREEN on documents of more deltas than it joins in a second order: it reads them encoded, and misses nothing for that.

use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, mount, send};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};

/// More than `WITNESS_MAX_DELTAS`.
const OPERATIONS: usize = 10_002;

fn verify(document: &str) -> Reply {
    ask(&json!({"document_id": document}))
}

fn verify_on(document: &str) -> Value {
    ask(&json!({"document_id": document, "incremental": true})).json
}

fn ask(body: &Value) -> Reply {
    send(&ramanujan_stream::green("0"), Method::POST, "/stream/green/verify", body.to_string())
}

fn change(statement: &str) {
    Store::open(Schema { name: "crdt", statements: &[] }).unwrap().execute(statement, []).unwrap();
}

/// Two agents by turns; every fiftieth operation of the second has not seen the first's last one.
fn fill(document: &str, operation: impl Fn(usize) -> Value) {
    let mut operations = Vec::new();
    for nth in 0..OPERATIONS {
        let (agent, seq) = (["ann", "ben"][nth % 2], nth / 2 + 1);
        let mut one = operation(nth);
        one["document_id"] = document.into();
        one["agent_id"] = agent.into();
        if nth > 2 && nth % 100 == 51 {
            one["parents"] = json!([format!("ben:{}", seq - 1)]);
        }
        operations.push(one);
    }
    for batch in operations.chunks(1000) {
        let reply = send(&crdt_service::service(), Method::POST, "/crdt/apply", json!(batch).to_string());
        assert_eq!(reply.status, 200, "{}", reply.json);
    }
}

#[test]
fn what_was_changed_in_a_large_document_is_found_and_named() {
    let _database = fresh_database();
    mount("crdt-service", crdt_service::service());
    mount("interaction-timeline", interaction_timeline::service());
    fill("text", |nth| json!({"operation": "insert", "position": nth % 2, "value": "x"}));
    fill("set", |nth| json!({"operation": if nth % 3 == 2 { "remove" } else { "add" }, "value": nth % 500}));
    for document in ["text", "set"] {
        let reply = verify(document).json;
        assert_eq!(
            (&reply["verified"], &reply["witness"]["mismatches"]),
            (&json!(true), &json!([])),
            "{reply}"
        );
        assert_eq!(reply["witness"]["deltas"], OPERATIONS);
        assert_eq!(reply["witness"]["recomputed_digest"], reply["witness"]["reported_digest"]);
    }
    let row = "document_id = 'text' AND agent_id = 'ann' AND seq = 700";
    for (there, back) in [
        ("content = 'y'", "content = 'x'"),
        ("size = size + 1", "size = size - 1"),
        ("clock = replace(clock, '699', '698')", "clock = replace(clock, '698', '699')"),
        ("digest = zeroblob(32)", ""),
    ] {
        change(&format!("CREATE TABLE IF NOT EXISTS kept AS SELECT digest FROM crdt_deltas WHERE {row}"));
        change(&format!("UPDATE crdt_deltas SET {there} WHERE {row}"));
        let reply = verify("text").json;
        assert_eq!(reply["verified"], false, "{there}: {reply}");
        let first = reply["witness"]["mismatches"][0].as_str().unwrap_or_default();
        assert!(first.contains("ann:700"), "{there}: {reply}");
        let back = if back.is_empty() { "digest = (SELECT digest FROM kept)" } else { back };
        change(&format!("UPDATE crdt_deltas SET {back} WHERE {row}"));
        assert_eq!(verify("text").json["verified"], true, "{there}");
    }
}

#[test]
fn what_was_recomputed_before_is_not_read_again_where_that_is_asked_for() {
    let _database = fresh_database();
    mount("crdt-service", crdt_service::service());
    mount("interaction-timeline", interaction_timeline::service());
    fill("text", |nth| json!({"operation": "insert", "position": nth % 2, "value": "x"}));
    fill("json", |nth| json!({"operation": "set", "path": [format!("key-{}", nth % 500)], "value": nth}));
    for document in ["text", "json"] {
        let mut before = 0;
        for (operations, agent) in (OPERATIONS..).zip(["ann", "cat", "cat"]) {
            let reply = verify_on(document);
            assert_eq!(reply["verified"], true, "{reply}");
            let witness = &reply["witness"];
            assert_eq!(
                (&witness["deltas"], &witness["recomputed_before"]),
                (&json!(operations), &json!(before))
            );
            let whole = verify(document).json;
            assert_eq!(
                (&whole["verified"], &whole["witness"]["recomputed_before"]),
                (&json!(true), &json!(0))
            );
            assert_eq!(whole["witness"]["recomputed_value_digest"], witness["recomputed_value_digest"]);
            assert_eq!(whole["event_id"], reply["event_id"], "one finding on one state");
            before = operations;
            let mut one = match document {
                "text" => json!({"operation": "insert", "position": 1, "value": "new"}),
                _ => json!({"operation": "set", "path": ["new"], "value": operations}),
            };
            (one["document_id"], one["agent_id"]) = (document.into(), agent.into());
            // Some deltas are concurrent with what was recomputed before.
            if agent == "cat" && operations == OPERATIONS + 1 {
                one["parents"] = json!(["ann:4000"]);
                if document == "text" {
                    one["position"] = 0.into();
                }
            }
            let reply = send(&crdt_service::service(), Method::POST, "/crdt/apply", one.to_string());
            assert_eq!(reply.status, 200, "{}", reply.json);
        }
        assert_eq!(verify_on(document)["witness"]["recomputed_before"], before, "the two are concurrent");
    }
    // What was read before is not looked at again: that is what the member says, and what it is for.
    verify_on("text");
    change(
        "UPDATE crdt_deltas SET content = 'y' WHERE document_id = 'text' AND agent_id = 'ann' AND seq = 700",
    );
    let reply = verify_on("text");
    assert_eq!(
        (&reply["verified"], &reply["witness"]["recomputed_before"]),
        (&json!(true), &json!(OPERATIONS + 3))
    );
    let reply = verify("text").json;
    assert_eq!(reply["verified"], false, "{reply}");
    change(
        "UPDATE crdt_deltas SET content = 'x' WHERE document_id = 'text' AND agent_id = 'ann' AND seq = 700",
    );
    // What is new is read, and if it does not fit, so is everything.
    let one =
        json!({"operation": "insert", "position": 0, "value": "z", "document_id": "text", "agent_id": "ann"});
    assert_eq!(send(&crdt_service::service(), Method::POST, "/crdt/apply", one.to_string()).status, 200);
    change("UPDATE crdt_deltas SET content = 'y' WHERE document_id = 'text' AND content = 'z'");
    let reply = verify_on("text");
    assert_eq!((&reply["verified"], &reply["witness"]["recomputed_before"]), (&json!(false), &json!(0)));
    assert_eq!(reply["witness"]["mismatches"].as_array().map(Vec::len), Some(1), "{reply}");
}
