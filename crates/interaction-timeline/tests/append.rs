//! Appending: each event once, all or nothing, nothing ever changed.

mod common;

use common::{get, id, post, post_bytes, problem};
use proptest::prelude::*;
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

#[test]
fn one_event_answers_where_it_is() {
    let _database = fresh_database();
    let event = json!({"type": "operation", "agent_id": "alice", "operation": "insert", "document_id": "d",
        "timestamp": "2026-01-02T03:04:05.678Z", "vector_clock": {"alice": 1}, "fingerprint": "00000000000000ff",
        "color": "red", "payload_size": 5, "duration_ms": 1.5, "payload": {"note": "<b>"}});
    let first = post(&event);
    assert_eq!((first.status, &first.json["status"]), (200, &json!("ok")));
    assert_eq!((&first.json["seq"], &first.json["duplicate"]), (&json!(1), &json!(false)));
    assert_eq!(first.json["events"].as_array().unwrap().len(), 1);
    let again = post(&event);
    assert_eq!((&again.json["seq"], &again.json["duplicate"]), (&json!(1), &json!(true)));
    assert_eq!((&again.json["appended"], &again.json["duplicates"]), (&json!(0), &json!(1)));
    let id = first.json["event_id"].as_str().unwrap();
    let stored = get(&format!("/timeline/event/{id}")).json;
    for (member, value) in event.as_object().unwrap() {
        let expected = if member == "color" { &json!("RED") } else { value };
        assert_eq!(&stored[member], expected, "{member}");
    }
    assert_eq!((&stored["seq"], &stored["origin_seq"]), (&json!(1), &json!(1)));
}

#[test]
fn without_time_and_id_the_content_is_the_identity() {
    let _database = fresh_database();
    let event = json!({"type": "HeartbeatSent", "agent_id": 0});
    assert_eq!(post(&event).json["duplicate"], json!(false));
    assert_eq!(post(&event).json["duplicate"], json!(true));
    let timed = |time| json!({"type": "HeartbeatSent", "agent_id": 0, "timestamp": time});
    assert_eq!(post(&timed("2026-01-01T00:00:00Z")).json["seq"], json!(2));
    assert_eq!(post(&timed("2026-01-01T00:00:01Z")).json["seq"], json!(3));
}

#[test]
fn a_retry_with_a_later_time_is_the_same_event_and_other_content_is_a_conflict() {
    let _database = fresh_database();
    let event = |time: &str, operation: &str| {
        json!({"event_id": id(1), "type": "operation", "agent_id": "a",
        "operation": operation, "timestamp": time})
    };
    post(&event("2026-01-01T00:00:00Z", "insert"));
    let retry = post(&event("2026-01-01T00:00:09Z", "insert"));
    assert_eq!((&retry.json["seq"], &retry.json["duplicate"]), (&json!(1), &json!(true)));
    let batch = json!([
        {"type": "new", "agent_id": "b"},
        event("2026-01-01T00:00:00Z", "insert"),
        event("2026-01-01T00:00:00Z", "delete"),
    ]);
    let refused = problem(&post(&batch), 409, "event-conflict");
    assert_eq!(refused["index"], json!(2));
    let batch = json!([{"type": "new", "agent_id": "b"}, event("2026-01-01T00:00:00Z", "delete")]);
    assert_eq!(problem(&post(&batch), 409, "event-conflict")["index"], json!(1));
    assert_eq!(get("/api/timeline").json.as_array().unwrap().len(), 1);
    assert_eq!(
        get(&format!("/timeline/event/{}", id(1))).json["timestamp"],
        json!("2026-01-01T00:00:00.000Z")
    );
    assert_eq!(post(&json!({"type": "new", "agent_id": "b"})).json["seq"], json!(2));
}

/// What a sender of an earlier revision stored, that told nothing of causes, and what one tells that knows them.
#[test]
fn an_event_that_was_stored_with_less_said_of_its_causes_stays_and_is_no_conflict() {
    let _database = fresh_database();
    let bare = |n: u8| json!({"event_id": id(n), "type": "operation", "agent_id": "a", "operation": "insert", "payload_size": n});
    let full = |n: u8| {
        let mut event = bare(n);
        event["depends_on"] = json!([id(n - 1)]);
        event["cause_count"] = json!(1);
        event
    };
    let mut with_clock = bare(2);
    with_clock["vector_clock"] = json!({"a": 2});
    assert_eq!(post(&json!([bare(1), with_clock])).status, 200);
    let stored = |n: u8| get(&format!("/timeline/event/{}", id(n))).json;
    let before = [stored(1), stored(2)];
    // Among others that are new, and among others that are there as they are.
    let reply = post(&json!([full(3), full(2), full(1), full(4)]));
    assert_eq!((reply.status, &reply.json["appended"]), (200, &json!(2)), "{}", reply.json);
    let seqs: Vec<_> =
        reply.json["events"].as_array().unwrap().iter().map(|event| event["seq"].clone()).collect();
    assert_eq!(seqs, [3, 2, 1, 4]);
    let reply = post(&json!([full(1), full(3), full(2)]));
    assert_eq!((reply.status, &reply.json["duplicates"]), (200, &json!(3)), "{}", reply.json);
    assert_eq!([stored(1), stored(2)], before, "nothing is changed");
    // What is told otherwise is a contradiction, and then nothing of the post is stored.
    let mut other = full(3);
    other["depends_on"] = json!([id(9)]);
    problem(&post(&json!([full(5), full(1), other])), 409, "event-conflict");
    let mut other = full(1);
    other["payload_size"] = json!(7);
    assert_eq!(problem(&post(&json!([full(5), other])), 409, "event-conflict")["index"], json!(1));
    assert_eq!(get("/timeline/summary").json["events"], json!(4));
}

#[test]
fn a_batch_with_anything_wrong_stores_nothing_and_names_it() {
    let _database = fresh_database();
    let good = json!({"type": "x", "agent_id": "a"});
    let cases = [
        (json!([good, {"type": "x"}]), 422, "invalid-event", 1),
        (json!([good, {"type": "x", "agent_id": "a", "colour": "RED"}]), 422, "invalid-json", 1),
        (json!([good, {"type": 7, "agent_id": "a"}]), 422, "invalid-json", 1),
        (json!([{"type": "x", "agent_id": "a", "vector_clock": {"a": -1}}]), 422, "invalid-json", 0),
        (json!([{"type": "x", "agent_id": "a", "origin_seq": 1}, good]), 422, "mixed-origin-seq", 1),
    ];
    for (batch, status, code, index) in cases {
        assert_eq!(problem(&post(&batch), status, code)["index"], json!(index), "{batch}");
    }
    problem(&post(&json!([])), 422, "empty-batch");
    problem(&post(&json!(vec![good.clone(); 1001])), 413, "batch-too-large");
    problem(&common::post_bytes(b"{"), 400, "malformed-json");
    problem(&common::post_bytes(b""), 400, "malformed-json");
    problem(&common::post_bytes(b"[{\"type\":\"\xff\"}]"), 400, "malformed-json");
    problem(&common::post_bytes("[".repeat(100_000).as_bytes()), 400, "malformed-json");
    problem(&common::post_bytes(b"7"), 422, "invalid-json");
    assert_eq!(get("/api/timeline").json, json!([]));
    assert_eq!(get("/timeline/summary").json["events"], json!(0));
}

#[test]
fn an_origin_numbers_its_events_or_the_timeline_does_and_holes_show() {
    let _database = fresh_database();
    let numbered = |seq: u64, note: &str| json!({"type": note, "agent_id": "a", "origin_seq": seq});
    // Out of order, with 3 missing.
    assert_eq!(post(&json!([numbered(4, "d"), numbered(1, "a"), numbered(2, "b")])).status, 200);
    let gaps = get("/timeline/verify").json["gaps"].clone();
    assert_eq!(gaps, json!([{"agent_id": "a", "events": 3, "last": 4, "missing": 1}]));
    problem(&post(&numbered(2, "other")), 409, "origin-seq-conflict");
    problem(&post(&json!([numbered(9, "x"), numbered(9, "y")])), 409, "origin-seq-conflict");
    assert_eq!(post(&numbered(2, "b")).json["duplicate"], json!(true));
    post(&numbered(3, "c"));
    assert_eq!(get("/timeline/verify").json["gaps"], json!([]));
    post(
        &json!([{"type": "e", "agent_id": "a"}, {"type": "x", "agent_id": "b"}, {"type": "f", "agent_id": "a"}]),
    );
    let numbers: Vec<_> = get("/timeline/query?agent=a").json["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["type"].as_str().unwrap().to_owned(), event["origin_seq"].as_u64().unwrap()))
        .collect();
    let expected = [("d", 4), ("a", 1), ("b", 2), ("c", 3), ("e", 5), ("f", 6)];
    assert_eq!(numbers, expected.map(|(kind, seq)| (kind.to_owned(), seq)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_appends_interleave_and_repeat_each_event_is_stored_once(
        batches in prop::collection::vec(prop::collection::vec(0u8..40, 1..12), 1..20)
    ) {
        let _database = fresh_database();
        let mut first_seen: Vec<u8> = Vec::new();
        for batch in &batches {
            let body: Vec<Value> = batch
                .iter()
                .map(|n| json!({"event_id": id(*n), "type": "operation", "agent_id": format!("agent-{}", n % 3),
                                "payload": {"n": n}}))
                .collect();
            let reply = post(&json!(body));
            prop_assert_eq!(reply.status, 200);
            for (n, event) in batch.iter().zip(reply.json["events"].as_array().unwrap()) {
                let known = first_seen.iter().position(|seen| seen == n);
                prop_assert_eq!(&event["duplicate"], &json!(known.is_some()));
                let place = known.unwrap_or_else(|| { first_seen.push(*n); first_seen.len() - 1 });
                prop_assert_eq!(&event["seq"], &json!(place + 1));
                prop_assert_eq!(&event["event_id"], &json!(id(*n)));
            }
        }
        let stored = get("/api/timeline?limit=1000").json;
        let numbers: Vec<_> = stored.as_array().unwrap().iter().map(|e| e["payload"]["n"].as_u64().unwrap() as u8).collect();
        prop_assert_eq!(&numbers, &first_seen);
        for agent in 0..3 {
            let own = stored.as_array().unwrap().iter().filter(|e| e["agent_id"] == format!("agent-{agent}"));
            let own: Vec<_> = own.map(|e| e["origin_seq"].as_u64().unwrap()).collect();
            prop_assert_eq!(own.clone(), (1..=own.len() as u64).collect::<Vec<_>>());
        }
        let verified = get("/timeline/verify").json;
        prop_assert_eq!(&verified["verified"], &json!(true));
        prop_assert_eq!(&verified["events"], &json!(first_seen.len()));
    }
}

#[test]
fn payloads_that_differ_beyond_floats_are_two_events_and_are_shown_as_posted() {
    let _database = fresh_database();
    let body = |wei: &str| format!(r#"{{"type":"Transfer","agent_id":"bank","payload":{{"wei":{wei}}}}}"#);
    let (one, two) = (body("100000000000000000001"), body("100000000000000000002"));
    let [first, second] = [&one, &two].map(|body| post_bytes(body.as_bytes()).json);
    assert_eq!((&first["duplicate"], &second["duplicate"]), (&json!(false), &json!(false)));
    assert_ne!(first["event_id"], second["event_id"]);
    assert_eq!(post_bytes(two.as_bytes()).json["duplicate"], json!(true));
    let id = second["event_id"].as_str().unwrap();
    for target in [
        format!("/timeline/event/{id}"),
        "/timeline/query".into(),
        "/api/timeline".into(),
        "/timeline/poll?from=start".into(),
        "/timeline/export".into(),
        "/timeline/export?format=json".into(),
        "/timeline/export?format=csv".into(),
        format!("/timeline/event/{id}/causes"),
    ] {
        let text = String::from_utf8(get(&target).body).unwrap();
        assert!(text.contains("10000000000000000000"), "{target}: {text}");
        // After a colon: the digits of a hash may be the same.
        assert!(!text.contains("1e+20") && !text.contains(":1e20"), "{target}: {text}");
    }
    // What no reader could read is refused, not changed.
    for beyond in ["1e400", "-1e400"] {
        problem(&post_bytes(body(beyond).as_bytes()), 422, "invalid-json");
        let many = format!("[{one},{}]", body(beyond));
        assert_eq!(problem(&post_bytes(many.as_bytes()), 422, "invalid-json")["index"], json!(1));
    }
    problem(&post_bytes(br#"{"type":"x","agent_id":"a","payload":{"n":1,"n":2}}"#), 422, "invalid-json");
    let deep =
        format!(r#"{{"type":"x","agent_id":"a","payload":{{"n":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
    problem(&post_bytes(deep.as_bytes()), 422, "invalid-json");
    problem(
        &post_bytes(br#"{"type":"x","agent_id":"a","timestamp":"2026-01-02T03:04:05.1+ab:cZ"}"#),
        422,
        "invalid-event",
    );
}
