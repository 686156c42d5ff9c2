//! The compact encoding on the wire: what one site hands out, another takes.

mod common;

use common::{apply, get, get_with, refused};
use http::Method;
use ramanujan_crdt::TextDocument;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send_with};
use serde_json::{Value, json};

const DELTA: &str = "application/vnd.ramanujan.delta";

fn send(document: &str, bytes: &[u8]) -> Reply {
    let path = format!("/crdt/apply?document={document}");
    send_with(&crdt_service::service(), Method::POST, &path, &[("content-type", DELTA)], bytes)
}

fn encoded(path: &str) -> Vec<u8> {
    let reply = get_with(path, &[("accept", DELTA)]);
    assert_eq!((reply.status, media_type(&reply)), (200, DELTA), "{}", reply.json);
    reply.body
}

/// A document of every type, written by two agents who saw each other.
fn fill() -> Vec<(&'static str, Value)> {
    let all = [
        (
            "text",
            json!([{"operation": "insert", "value": "Grüße"}, {"operation": "delete", "position": 1, "length": 2}]),
        ),
        ("pn", json!([{"operation": "increment", "value": 7}, {"operation": "decrement"}])),
        (
            "g",
            json!([{"operation": "increment", "value": 7, "crdt_type": "g-counter"}, {"operation": "increment"}]),
        ),
        (
            "set",
            json!([{"operation": "add", "value": {"a": [1, 2.5, null]}}, {"operation": "remove", "value": 3}]),
        ),
        ("lww", json!([{"operation": "set", "value": true}, {"operation": "set", "value": "later"}])),
        (
            "mv",
            json!([{"operation": "set", "value": 1, "crdt_type": "mv-register"}, {"operation": "set", "value": 2}]),
        ),
        (
            "json",
            json!([{"operation": "set", "path": ["a", "b"], "value": [1]}, {"operation": "increment", "path": ["n"]}]),
        ),
        ("max", json!([{"operation": "raise", "value": 2}, {"operation": "raise", "value": 0.5}])),
        ("flag", json!([{"operation": "enable"}, {"operation": "disable"}])),
        (
            "tap",
            json!([{"operation": "transition", "value": "BACKFILL"}, {"operation": "transition", "value": "LIVE"}]),
        ),
    ];
    for (document, operations) in &all {
        for (index, operation) in operations.as_array().unwrap().iter().enumerate() {
            let mut operation = operation.clone();
            operation["document_id"] = json!(document);
            operation["agent_id"] = json!(["ann", "bob"][index % 2]);
            apply(operation);
        }
    }
    all.map(|(document, _)| (document, get(&format!("/crdt/{document}")).json)).to_vec()
}

#[test]
fn every_type_travels_from_site_to_site() {
    let mut sent = Vec::new();
    let here = {
        let _db = fresh_database();
        let here = fill();
        sent.extend(here.iter().map(|(document, _)| encoded(&format!("/crdt/{document}"))));
        here
    };
    let _other_site = fresh_database();
    for ((document, here), bytes) in here.iter().zip(&sent) {
        let reply = send(document, bytes);
        assert_eq!((reply.status, &reply.json["applied"]), (200, &json!(2)), "{document}: {}", reply.json);
        let there = get(&format!("/crdt/{document}")).json;
        for member in ["value", "digest", "vector_clock", "heads", "crdt_type", "value_digest"] {
            assert_eq!(there[member], here[member], "{member} of {document}");
        }
        assert_eq!(send(document, bytes).json["duplicates"], 2);
    }
}

#[test]
fn a_difference_is_taken_by_a_replica_that_lacks_it() {
    let bytes = {
        let _db = fresh_database();
        fill();
        encoded("/crdt/text/diff?since=%7B%22ann%22:1%7D")
    };
    let _db = fresh_database();
    refused(&send("text", &bytes), 422, "unknown-parent");
    apply(json!({"operation": "insert", "document_id": "text", "agent_id": "ann", "value": "Grüße"}));
    assert_eq!(send("text", &bytes).json["applied"], 1);
    assert_eq!(get("/crdt/text").json["value"], "Gße");
}

/// Who lacks all of a text gets the columns, which hold the text once and not an entry for each operation.
#[test]
fn a_difference_since_nothing_is_the_whole_in_its_shortest_form() {
    let _db = fresh_database();
    let word = |at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).to_string();
    let typed = (0..2000).flat_map(|at| word(at).chars().collect::<Vec<_>>()).map(|letter| {
        json!({"operation": "insert", "document_id": "text", "agent_id": "ann", "value": letter.to_string()})
    });
    let typed: Vec<Value> = typed.collect();
    typed.chunks(1000).for_each(|batch| drop(apply(batch.into())));
    let whole = encoded("/crdt/text");
    assert_eq!(encoded("/crdt/text/diff"), whole);
    assert_eq!(encoded("/crdt/text/diff?since=%7B%7D"), whole);
    // And so does who lacks nearly all of it, or a part: nothing but that part is paid for.
    let all_but_one = encoded("/crdt/text/diff?since=%7B%22ann%22:1%7D");
    assert!(all_but_one.len() * 100 < whole.len() * 101, "{} {}", whole.len(), all_but_one.len());
    let operations = get("/crdt/text").json["operations"].as_u64().unwrap();
    let half = encoded(&format!("/crdt/text/diff?since=%7B%22ann%22:{}%7D", operations / 2));
    assert!(half.len() < whole.len() * 6 / 10, "{} {}", whole.len(), half.len());
    let mut replica = TextDocument::load(&whole).unwrap();
    assert!(!replica.apply_encoded(&half).unwrap());
    // Nothing is lacking.
    let nothing = encoded(&format!("/crdt/text/diff?since=%7B%22ann%22:{operations}%7D"));
    refused(&send("text", &nothing), 422, "empty-batch");
}

/// Two who write at once: the part begins after both, and its parents are outside.
#[test]
fn a_part_of_a_text_is_stored_where_its_parents_are() {
    let insert = |agent: &str, seq: u64, parents: Value, value: &str| {
        json!({"operation": "insert", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents,
               "position": 0, "value": value})
    };
    let before = [insert("ann", 1, json!([]), "ab"), insert("ben", 1, json!([]), "cd")];
    let after = [
        insert("ann", 2, json!(["ann:1", "ben:1"]), "e"),
        insert("eve", 1, json!(["ben:1"]), "f"),
        insert("ben", 2, json!(["ann:2", "eve:1"]), "g"),
    ];
    let (bytes, there) = {
        let _db = fresh_database();
        before.iter().chain(&after).for_each(|operation| drop(apply(operation.clone())));
        (encoded("/crdt/d/diff?since=%7B%22ann%22:1,%22ben%22:1%7D"), get("/crdt/d").json)
    };
    let _db = fresh_database();
    refused(&send("d", &bytes), 422, "unknown-parent");
    before.iter().for_each(|operation| drop(apply(operation.clone())));
    assert_eq!(send("d", &bytes).json["applied"], 3);
    assert_eq!(send("d", &bytes).json["duplicates"], 3);
    for member in ["value", "digest", "heads"] {
        assert_eq!(get("/crdt/d").json[member], there[member]);
    }
}

#[test]
fn a_replica_in_the_program_reads_a_text_and_writes_back() {
    let _db = fresh_database();
    fill();
    let mut replica = TextDocument::load(&encoded("/crdt/text")).unwrap();
    assert_eq!(replica.text().unwrap(), "Gße");
    let agent = replica.agent(&"eve".parse().unwrap());
    replica.insert(agent, 3, "!").unwrap();
    assert_eq!(send("text", &replica.encode()).json["applied"], 1);
    assert_eq!(get("/crdt/text").json["value"], "Gße!");
}

#[test]
fn bytes_that_are_no_deltas_are_refused() {
    let _db = fresh_database();
    fill();
    let good = encoded("/crdt/pn");
    refused(&send("pn", b""), 422, "invalid-delta");
    refused(&send("pn", &good[..good.len() - 1]), 422, "invalid-delta");
    let mut newer = good.clone();
    newer[4] = 2;
    let reply = send("pn", &newer);
    refused(&reply, 422, "invalid-delta");
    assert!(reply.json["detail"].as_str().unwrap().contains("version 2"), "{}", reply.json);
    refused(&send("text", &good), 409, "type-conflict");
    let headers = [("content-type", DELTA)];
    let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/apply", &headers, good);
    refused(&reply, 422, "invalid-parameter");
}

#[test]
fn what_is_too_much_for_one_encoded_reply_is_paged_through() {
    let _database = fresh_database();
    let value = "x".repeat(1_000_000);
    let set = || apply(json!({"operation": "set", "document_id": "d", "agent_id": "ada", "value": &value}));
    (0..41).for_each(|_| drop(set()));
    assert!(encoded("/crdt/d").len() > 1000);
    set();
    for path in ["/crdt/d", "/crdt/d/diff?since=%7B%7D"] {
        refused(&get_with(path, &[("accept", DELTA)]), 422, "history-too-large");
    }
    // What is lacking is little.
    assert!(encoded("/crdt/d/diff?since=%7B%22ada%22:41%7D").len() > 1000);
    assert_eq!(get("/crdt/d/history?limit=1").status, 200);
}
