//! Flows, metrics and convergence over the routes.

mod common;

use common::{get, id, post, problem};
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

fn at(millis: u64) -> String {
    ramanujan_core::time::format_rfc3339(1_767_225_600_000 + millis)
}

fn message(kind: &str, from: u64, to: u64, message: u64, millis: u64) -> Value {
    json!({"event_type": kind, "from_agent": from, "to_agent": to, "agent_id": if kind == "MessageSent" { from } else { to },
           "timestamp": at(millis), "payload_size": 1000, "payload": {"message_id": message}})
}

#[test]
fn messages_are_matched_by_id_and_counted_once() {
    let _database = fresh_database();
    let mut events = Vec::new();
    for n in 0..100 {
        events.push(message("MessageSent", 0, 1, n, n * 10));
    }
    // Latencies 1 to 100 ms, received in another order and after all were sent.
    for n in (0..100).rev() {
        events.push(message("MessageReceived", 0, 1, n, n * 10 + n + 1));
    }
    events.push(message("MessageSent", 1, 2, 500, 0));
    events.push(json!({"type": "MessageFailed", "from": "1", "to": "2", "timestamp": at(2000), "payload": {"message_id": 500}}));
    events.push(json!({"type": "operation", "agent_id": "0", "timestamp": at(3000), "payload_size": 99}));
    assert_eq!(post(&json!(events)).status, 200);
    let metrics = get("/timeline/metrics").json;
    for (member, value) in [
        ("total_events", json!(203)),
        ("total_messages", json!(201)),
        ("total_bytes_transferred", json!(101_000)),
        ("p50_latency_ms", json!(50)),
        ("p95_latency_ms", json!(95)),
        ("p99_latency_ms", json!(99)),
        ("min_latency_ms", json!(1)),
        ("max_latency_ms", json!(100)),
        ("avg_latency_ms", json!(50.5)),
        ("errors", json!(1)),
        ("unmatched", json!(0)),
        ("timeline_span_ms", json!(3000)),
        ("synchronization_efficiency", Value::Null),
        (
            "event_counts_by_type",
            json!({"MessageSent": 101, "MessageReceived": 100, "MessageFailed": 1, "operation": 1}),
        ),
    ] {
        assert_eq!(metrics[member], value, "{member}");
    }
    assert_eq!(metrics["window"], json!({"from": null, "to": null, "complete": true}));
    let flows = get("/timeline/flows?limit=1").json;
    let first = &flows["flows"][0];
    assert_eq!(
        (&first["source"], &first["target"], &first["received_count"]),
        (&json!("0"), &json!("1"), &json!(100))
    );
    assert_eq!(first["throughput_mbps"], json!(100_000.0 * 8.0 / 1.09 / 1e6));
    assert_eq!(flows["next_cursor"], json!("0/1"));
    let rest = get("/timeline/flows?limit=1&cursor=0/1").json;
    let second = &rest["flows"][0];
    assert_eq!(
        (&second["source"], &second["error_count"], &second["success_rate"]),
        (&json!("1"), &json!(1), &json!(0.0))
    );
    assert_eq!((&second["latency"]["p50_ms"], &rest["next_cursor"]), (&Value::Null, &Value::Null));
    // A window: the first ten messages, of which those received in it are matched.
    let window = format!("from={}&to={}", at(0), at(100));
    let metrics = get(&format!("/timeline/metrics?{window}")).json;
    assert_eq!((&metrics["messages_sent"], &metrics["messages_received"]), (&json!(11), &json!(9)));
    assert_eq!((&metrics["max_latency_ms"], &metrics["window"]["from"]), (&json!(9), &json!(at(0))));
    for wrong in ["/timeline/metrics?from=x", "/timeline/flows?cursor=x", "/timeline/flows?cursor=a/b/c"] {
        problem(&get(wrong), 422, "invalid-parameter");
    }
    problem(&get("/timeline/metrics?agent=0"), 422, "unknown-parameter");
}

#[test]
fn an_empty_timeline_has_no_latency_and_no_flow() {
    let _database = fresh_database();
    let metrics = get("/timeline/metrics").json;
    assert_eq!(
        (&metrics["total_events"], &metrics["p99_latency_ms"], &metrics["timeline_span_ms"]),
        (&json!(0), &Value::Null, &json!(0))
    );
    assert_eq!(get("/timeline/flows").json["flows"], json!([]));
}

#[test]
fn convergence_follows_from_each_agents_latest_clock_and_fingerprint() {
    let _database = fresh_database();
    let event = |n: u8, agent: &str, clock: Value, print: &str| {
        json!({"event_id": id(n), "type": "operation", "agent_id": agent, "document_id": "d", "vector_clock": clock,
               "fingerprint": print.repeat(16)})
    };
    problem(&get("/timeline/convergence?document=d"), 404, "no-such-document");
    problem(&get("/timeline/convergence"), 422, "missing-parameter");
    post(&event(1, "a", json!({"a": 1}), "1"));
    post(&event(2, "b", json!({"a": 1, "b": 1}), "2"));
    let reply = get("/timeline/convergence?document=d").json;
    assert_eq!(
        (&reply["convergence"], &reply["up_to_date"], &reply["agents_total"]),
        (&json!("converging"), &json!(1), &json!(2))
    );
    assert_eq!((&reply["agents"][0]["behind"], &reply["agents"][1]["up_to_date"]), (&json!(1), &json!(true)));
    // An older event that arrives late changes nothing.
    post(&event(3, "b", json!({"b": 1}), "9"));
    assert_eq!(get("/timeline/convergence?document=d").json["agents"], reply["agents"]);
    post(&event(4, "a", json!({"a": 1, "b": 1}), "2"));
    let reply = get("/timeline/convergence?document=d").json;
    assert_eq!(
        (&reply["convergence"], &reply["fingerprints"]),
        (&json!("converged"), &json!(["2".repeat(16)]))
    );
    post(&event(5, "c", json!({"a": 1, "b": 1}), "3"));
    assert_eq!(get("/timeline/convergence?document=d").json["convergence"], json!("diverged"));
    let page = get("/timeline/convergence?document=d&limit=2").json;
    assert_eq!((page["agents"].as_array().unwrap().len(), &page["next_cursor"]), (2, &json!("b")));
    assert_eq!(get("/timeline/convergence?document=d&cursor=b").json["agents"][0]["agent_id"], json!("c"));
}

#[test]
fn messages_whose_numbers_differ_beyond_floats_are_two() {
    let _database = fresh_database();
    let event = |kind: &str, message: &str, time: u64| {
        format!(
            r#"{{"type":"{kind}","from":"a","to":"b","timestamp":{time},"payload":{{"message_id":{message}}}}}"#
        )
    };
    let (one, two) = ("100000000000000000001", "100000000000000000002");
    let posted = [("MessageSent", one, 1000), ("MessageSent", two, 2000), ("MessageReceived", two, 2005)];
    let posted: Vec<String> =
        posted.iter().map(|(kind, message, time)| event(kind, message, *time)).collect();
    common::post_bytes(format!("[{}]", posted.join(",")).as_bytes());
    let metrics = get("/timeline/metrics").json;
    assert_eq!((&metrics["max_latency_ms"], &metrics["unmatched"]), (&json!(5), &json!(0)));
    assert_eq!((&metrics["flows"], &metrics["total_bytes_transferred"]), (&json!(1), &json!(0)));
}
