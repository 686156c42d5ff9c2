//! What a document and a database may grow to: beyond it nothing is stored, and all that was stored stays readable, goes
//! away when it is asked to, and shrinks.

mod common;

use common::{add, apply, get, get_with, grow_and_shrink, operations, post, refused, sql};
use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{fresh_database, send, send_with, set_variable};
use serde_json::{Value, json};

#[test]
fn no_more_agents_write_than_may() {
    let _db = fresh_database();
    set_variable("MAX_DOCUMENT_AGENTS", 3);
    apply(json!([add("d", "a", 1), add("d", "b", 2), add("e", "a", 1)]));
    // Two at once are one too many, in whatever form they come, and none of them is stored.
    let two = json!([add("d", "a", 3), add("d", "c", 3), add("d", "e", 4)]);
    let reply = post("/crdt/apply", two);
    refused(&reply, 422, "too-many-document-agents");
    assert_eq!((&reply.json["index"], &reply.json["limit"]), (&json!(1), &json!(3)));
    let lines = [add("d", "c", 3), add("d", "e", 4)].map(|line| line.to_string()).join("\n");
    let headers = [("content-type", "application/x-ndjson")];
    let service = crdt_service::service();
    let reply = send_with(&service, Method::POST, "/crdt/apply", &headers, lines);
    refused(&reply, 422, "too-many-document-agents");
    assert_eq!(reply.json["line"], 1);
    assert_eq!(operations("d"), 2);
    // Deltas of another site, as a page and encoded.
    apply(add("d", "c", 3));
    let page = get("/crdt/d/history").json;
    let packed = get_with("/crdt/d", &[("accept", "application/vnd.ramanujan.delta")]).body;
    sql("DELETE FROM crdt_deltas");
    sql("DELETE FROM crdt_documents");
    sql("DELETE FROM crdt_agents");
    sql("DELETE FROM crdt_heads");
    set_variable("MAX_DOCUMENT_AGENTS", 2);
    refused(&post("/crdt/apply", page.clone()), 422, "too-many-document-agents");
    let headers = [("content-type", "application/vnd.ramanujan.delta")];
    let encoded = |body| send_with(&service, Method::POST, "/crdt/apply?document=d", &headers, body);
    refused(&encoded(packed.clone()), 422, "too-many-document-agents");
    assert_eq!(operations("d"), 0);
    set_variable("MAX_DOCUMENT_AGENTS", 3);
    assert_eq!(encoded(packed).status, 200);
    assert_eq!(post("/crdt/apply", page).json["duplicates"], 3);
    // Who wrote before goes on, beyond the bound too.
    set_variable("MAX_DOCUMENT_AGENTS", 1);
    apply(add("d", "c", 5));
    refused(&post("/crdt/apply", add("d", "z", 5)), 422, "too-many-document-agents");
    assert_eq!(get("/crdt/d").json["value"], json!([1, 2, 3, 5]));
}

#[test]
fn no_more_documents_than_may() {
    let _db = fresh_database();
    set_variable("MAX_DOCUMENTS", 2);
    apply(add("a", "x", 1));
    let two = json!([add("a", "x", 2), add("b", "x", 1), add("c", "x", 1)]);
    refused(&post("/crdt/apply", two), 422, "too-many-documents");
    assert_eq!(operations("a"), 1);
    apply(json!([add("a", "x", 2), add("b", "x", 1)]));
    refused(&post("/crdt/apply", add("c", "x", 1)), 422, "too-many-documents");
    // A deleted document keeps its deltas, so it still counts.
    assert_eq!(send(&crdt_service::service(), Method::DELETE, "/crdt/b", "").status, 200);
    refused(&post("/crdt/apply", add("c", "x", 1)), 422, "too-many-documents");
    // A database that has more than may be by now.
    set_variable("MAX_DOCUMENTS", 1);
    apply(add("a", "x", 3));
    refused(&post("/crdt/apply", add("c", "x", 1)), 422, "too-many-documents");
    assert_eq!(get("/crdt").json["documents"].as_array().unwrap().len(), 1);
    assert_eq!(get("/crdt/health").status, 200);
    // The count of a database from before it was kept.
    sql("DELETE FROM crdt_totals");
    refused(&post("/crdt/apply", add("c", "x", 1)), 422, "too-many-documents");
    set_variable("MAX_DOCUMENTS", 3);
    apply(add("c", "x", 1));
    refused(&post("/crdt/apply", add("d", "x", 1)), 422, "too-many-documents");
}

#[test]
fn no_more_freezes_than_may() {
    let _db = fresh_database();
    set_variable("MAX_DOCUMENT_FREEZES", 2);
    for value in 0..3 {
        apply(add("d", "a", value));
        let reply = post("/crdt/d/freeze", json!({}));
        if value < 2 {
            assert_eq!(reply.status, 200, "{}", reply.json);
        } else {
            refused(&reply, 422, "too-many-document-freezes");
            assert_eq!(reply.json["limit"], 2);
        }
    }
    // The newest is told again, and another document has its own.
    let newest = &get("/crdt/d/snapshots").json["items"][1];
    let again = post("/crdt/d/freeze", json!({"at": newest["log_position"]})).json;
    assert_eq!((&again["snapshot_id"], &again["duplicate"]), (&newest["snapshot_id"], &json!(true)));
    apply(add("e", "a", 1));
    assert_eq!(post("/crdt/e/freeze", json!({})).status, 200);
}

#[test]
fn a_document_of_any_type_holds_no_more_than_it_may() {
    for crdt_type in ["text", "or-set", "json"] {
        let _db = fresh_database();
        set_variable("MAX_DOCUMENT_BYTES", 20_000);
        let mut shrinks = Vec::new();
        let stored = (0..30).take_while(|n| {
            let (grow, shrink) = grow_and_shrink(crdt_type, *n, 1500);
            shrinks.push(shrink);
            let reply = post("/crdt/apply", grow);
            if reply.status != 200 {
                refused(&reply, 422, "document-too-large");
                assert_eq!(reply.json["limit"], 20_000);
                shrinks.pop();
            }
            reply.status == 200
        });
        let stored = stored.count();
        assert!((10..=13).contains(&stored), "{crdt_type}: {stored}");
        // Refused before anything is stored, the small one in the same batch too.
        let (large, _) = grow_and_shrink(crdt_type, 100, 1500);
        let (small, _) = grow_and_shrink(crdt_type, 101, 1);
        refused(&post("/crdt/apply", json!([small, large])), 422, "document-too-large");
        assert_eq!(operations("d"), stored as u64, "{crdt_type}");
        // What was added and taken away again does not count, however often.
        for n in 200..300 {
            apply(shrinks.pop().unwrap());
            let (grow, shrink) = grow_and_shrink(crdt_type, n, 1500);
            apply(grow);
            shrinks.push(shrink);
        }
        // A database beyond its bound: what is there is read and deleted, and only growing is refused.
        set_variable("MAX_DOCUMENT_BYTES", 3_000);
        refused(&post("/crdt/apply", grow_and_shrink(crdt_type, 102, 1).0), 422, "document-too-large");
        for path in ["/crdt/d", "/crdt/d/history", "/crdt", "/crdt/health", "/crdt/d/diff?since=1"] {
            assert_eq!(get(path).status, 200, "{crdt_type} {path}");
        }
        for shrink in shrinks.drain(1..stored) {
            apply(shrink);
        }
        apply(grow_and_shrink(crdt_type, 103, 1).0);
        assert_eq!(send(&crdt_service::service(), Method::DELETE, "/crdt/d", "").status, 200);
    }
}

#[test]
fn a_register_holds_what_nobody_has_replaced() {
    for crdt_type in ["lww-register", "mv-register"] {
        let _db = fresh_database();
        set_variable("MAX_DOCUMENT_BYTES", 10_000);
        let set = |agent: &str, bytes: usize, more: Value| {
            let mut all = json!({"operation": "set", "document_id": "d", "agent_id": agent,
                "crdt_type": crdt_type, "value": "x".repeat(bytes)});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            post("/crdt/apply", all)
        };
        for _ in 0..20 {
            assert_eq!(set("a", 6000, json!({})).status, 200);
        }
        assert_eq!(sql("SELECT 1 FROM crdt_documents WHERE measured_at > 0"), 1);
        // A set that has not seen the last one adds to it, where concurrent ones stay.
        let late = set("b", 6000, json!({"seq": 1, "parents": ["a:1"]}));
        if crdt_type == "mv-register" {
            refused(&late, 422, "document-too-large");
        } else {
            assert_eq!(late.status, 200, "{}", late.json);
        }
        // Beyond its bound, what replaces all is no growth.
        set_variable("MAX_DOCUMENT_BYTES", 4_000);
        refused(&set("a", 6000, json!({})), 422, "document-too-large");
        assert_eq!(set("a", 2000, json!({})).status, 200);
        assert_eq!(set("a", 3000, json!({})).status, 200);
    }
}

#[test]
fn a_document_that_is_older_than_its_measure_is_measured_when_it_grows() {
    let _db = fresh_database();
    for n in 0..8 {
        apply(grow_and_shrink("or-set", n, 1000).0);
    }
    // As a revision before this one left it: with its values in the other column, and no weights.
    sql("UPDATE crdt_deltas SET value = content, content = NULL, weight = 0");
    sql("UPDATE crdt_documents SET written = 0, measured = NULL, measured_at = 0");
    set_variable("MAX_DOCUMENT_BYTES", 8_000);
    refused(&post("/crdt/apply", grow_and_shrink("or-set", 9, 1).0), 422, "document-too-large");
    assert_eq!(sql("SELECT 1 FROM crdt_documents WHERE measured > 8000"), 1);
    apply(grow_and_shrink("or-set", 0, 1000).1);
    set_variable("MAX_DOCUMENT_BYTES", 10_000);
    apply(grow_and_shrink("or-set", 9, 1000).0);
    assert_eq!(get("/crdt/d").json["value"].as_array().unwrap().len(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is asked for, nothing goes beyond a bound that was kept before, and what is stored can be read.
    #[test]
    fn bounds_hold_whatever_comes(
        steps in prop::collection::vec((0usize..3, 0u64..12, any::<bool>(), 0usize..2500, 0u64..6), 1..60)
    ) {
        let _db = fresh_database();
        set_variable("MAX_DOCUMENT_BYTES", 9_000);
        set_variable("MAX_DOCUMENT_AGENTS", 4);
        for (crdt_type, n, grow, bytes, agent) in steps {
            let name = ["text", "or-set", "json"][crdt_type];
            let (grown, shrunk) = grow_and_shrink(name, n, bytes);
            let mut operation = if grow { grown } else { shrunk };
            operation["document_id"] = json!(name);
            operation["agent_id"] = json!(format!("agent-{agent}"));
            let status = post("/crdt/apply", operation).status;
            prop_assert!(matches!(status, 200 | 422), "{status}");
        }
        for name in ["text", "or-set", "json"] {
            let reply = get(&format!("/crdt/{name}?clock=full"));
            if reply.status == 404 {
                continue;
            }
            prop_assert_eq!(reply.status, 200);
            prop_assert!(reply.json["value"].to_string().len() <= 9_000);
            prop_assert!(reply.json["vector_clock"].as_object().unwrap().len() <= 4);
        }
    }
}
