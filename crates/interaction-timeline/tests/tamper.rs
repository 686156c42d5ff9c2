//! `/timeline/verify` finds and names what someone did to the database behind the timeline's back.

mod common;

use common::{get, post, tamper};
use proptest::prelude::*;
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// Events stored before tampering: two full sealed ranges and a part of a third.
const EVENTS: u64 = 2500;

fn fill(from: u64, to: u64) {
    for chunk in (from..to).collect::<Vec<_>>().chunks(1000) {
        let batch: Vec<Value> = chunk
            .iter()
            .map(|n| {
                json!({"type": "operation", "agent_id": format!("agent-{}", n % 5), "document_id": "d",
                       "color": "BLUE", "origin_seq": n / 5 + 1, "payload": {"n": n}})
            })
            .collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
}

/// A sealed log that verifies.
fn sealed() {
    fill(0, EVENTS);
    assert_eq!(get("/timeline/verify").json["verified"], json!(true));
}

/// What `/timeline/verify` says: seq, reason, and where a moved row was.
fn found() -> (u64, String, Value) {
    let reply = get("/timeline/verify").json;
    assert_eq!((&reply["verified"], &reply["complete"]), (&json!(false), &json!(false)), "{reply}");
    assert_eq!(reply["next_cursor"], Value::Null);
    let reason = reply["reason"].as_str().unwrap().to_owned();
    (reply["first_bad_seq"].as_u64().unwrap(), reason, reply["original_seq"].clone())
}

/// Exchanges the rows of two events, as someone would who wants another order told.
fn swap(a: u64, b: u64) {
    tamper(&format!("UPDATE timeline_events SET seq = -1 WHERE seq = {a}"));
    tamper(&format!("UPDATE timeline_events SET seq = {a} WHERE seq = {b}"));
    tamper(&format!("UPDATE timeline_events SET seq = {b} WHERE seq = -1"));
}

#[test]
fn two_rows_exchanged_are_reordered_wherever_they_are() {
    for (a, b) in [(1u64, 2u64), (10, 900), (5, 2400), (1024, 1025), (2499, 2500)] {
        let _database = fresh_database();
        sealed();
        swap(a, b);
        assert_eq!(found(), (a, "reordered".into(), json!(b)));
    }
}

#[test]
fn rows_moved_up_into_a_hole_are_reordered() {
    let _database = fresh_database();
    sealed();
    tamper("DELETE FROM timeline_events WHERE seq = 1300");
    tamper("UPDATE timeline_events SET seq = -seq WHERE seq > 1300");
    tamper("UPDATE timeline_events SET seq = -seq - 1 WHERE seq < 0");
    assert_eq!(found(), (1300, "reordered".into(), json!(1301)));
}

#[test]
fn a_truncated_tail_is_missing() {
    let _database = fresh_database();
    sealed();
    tamper("DELETE FROM timeline_events WHERE seq > 2100");
    assert_eq!(found(), (2101, "missing".into(), Value::Null));
    // Not even if the counter of numbers is set back, because the seals know how long the log was.
    tamper("UPDATE sqlite_sequence SET seq = 2100 WHERE name = 'timeline_events'");
    assert_eq!(found(), (2101, "missing".into(), Value::Null));
    // With the seals gone too it is a shorter log, which the counts still contradict.
    tamper("DELETE FROM timeline_seals WHERE size > 2100");
    assert_eq!(found(), (2100, "tally".into(), Value::Null));
}

#[test]
fn an_inserted_row_is_found() {
    let _database = fresh_database();
    sealed();
    // In the place of one that was there, with all its columns but the body.
    tamper(
        "INSERT OR REPLACE INTO timeline_events (seq, event_id, id, timestamp, received, origin_seq, agent, type, document, color, body)
         SELECT seq, event_id, id, timestamp, received, origin_seq, agent, type, document, color, '{\"origin_seq\":161,\"payload\":{\"n\":1}}' FROM timeline_events WHERE seq = 801",
    );
    assert_eq!(found(), (801, "changed".into(), Value::Null));
}

#[test]
fn columns_that_disagree_with_the_body_are_found_before_sealing_too() {
    let _database = fresh_database();
    fill(0, 50);
    tamper("UPDATE timeline_events SET origin_seq = origin_seq + 1000 WHERE seq = 33");
    assert_eq!(found(), (33, "changed".into(), Value::Null));
}

#[test]
fn a_changed_tally_is_found() {
    let _database = fresh_database();
    sealed();
    tamper("UPDATE timeline_origins SET events = events + 1 WHERE agent = 'agent-2'");
    assert_eq!(found(), (EVENTS, "tally".into(), Value::Null));
}

#[test]
fn what_looks_like_a_member_inside_a_text_is_none() {
    let _database = fresh_database();
    let names = ["\"origin_seq\":7", "a\",\"origin_seq\":7", "\\\"origin_seq\":7", "origin_seq"];
    for name in names {
        post(&json!({"type": "operation", "agent_id": "a", "operation": name, "payload": {"origin_seq": 9}}));
    }
    assert_eq!(get("/timeline/verify").json["verified"], json!(true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_column_of_every_row_is_covered(
        seq in 1u64..=EVENTS,
        change in prop::sample::select(vec![
            "agent = 'mallory'", "type = 'other'", "document = 'e'", "color = 0", "timestamp = timestamp - 1",
            "received = received + 1", "id = randomblob(32)", "body = replace(body, '\"n\":', '\"m\":')",
            "origin_seq = origin_seq + 100000",
        ])
    ) {
        let _database = fresh_database();
        sealed();
        tamper(&format!("UPDATE timeline_events SET {change} WHERE seq = {seq}"));
        prop_assert_eq!(found(), (seq, "changed".into(), Value::Null));
    }

    #[test]
    fn every_column_of_a_seal_is_covered(
        size in prop::sample::select(vec![1024u64, 2048, EVENTS]),
        change in prop::sample::select(vec![
            ("chain_head = randomblob(32)", "seal"), ("root = randomblob(32)", "seal"),
            ("peaks = randomblob(length(peaks))", "seal"), ("nodes = randomblob(length(nodes) + 32)", "seal"),
            ("tags = randomblob(length(tags))", "changed"),
        ])
    ) {
        let _database = fresh_database();
        sealed();
        let first = (size - 1) / 1024 * 1024 + 1;
        tamper(&format!("UPDATE timeline_seals SET {} WHERE size = {size}", change.0));
        prop_assert_eq!(found(), (first, change.1.into(), Value::Null));
    }
}
