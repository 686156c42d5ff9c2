//! A fleet on one document: more agents than a version vector is kept of, many writers at once, the host killed in the
//! middle. Every acknowledged operation is there once, and nothing that asks about the document depends on their number.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use ramanujan_tests::replay::events;
use serde_json::{Value, json};

/// Agents that wrote before.
const AGENTS: usize = 300;
const APPLY: &str = "/stream/red/apply";
const WRITERS: usize = 12;
/// Operations of each writer on each document.
const OPERATIONS: usize = 15;
/// The documents, with an operation of each.
const DOCUMENTS: [&str; 3] = ["fleet-text", "fleet-count", "fleet-set"];

fn operation(document: &str, number: usize) -> Value {
    match document {
        "fleet-text" => json!({"operation": "insert", "position": 0, "value": "x"}),
        "fleet-count" => json!({"operation": "increment", "value": 1}),
        _ => json!({"operation": "add", "value": format!("element-{number}")}),
    }
}

fn of(document: &str, agent: &str, number: usize, more: &Value) -> Value {
    let mut operation = operation(document, number);
    let members = operation.as_object_mut().expect("an object");
    members.insert("document_id".into(), document.into());
    members.insert("agent_id".into(), agent.into());
    members.extend(more.as_object().cloned().unwrap_or_default());
    operation
}

/// Operations with a key that leave everything else to the service, and operations that say what they were made on.
fn write(client: &Client, writer: usize, done: &AtomicUsize) {
    let agent = format!("writer-{writer:02}");
    for number in 1..=OPERATIONS {
        for document in DOCUMENTS {
            let element = writer * OPERATIONS + number;
            if writer.is_multiple_of(2) {
                let key = format!("{agent}-{number}");
                let body = of(document, &agent, element, &json!({}));
                let reply = client.post_until_acknowledged(APPLY, Some(&key), &body);
                assert_eq!(reply["result"]["seq"], number, "{reply}");
            } else {
                let heads = loop {
                    match client.try_get(&format!("/crdt/{document}")) {
                        Ok(reply) if reply.status == 200 => break reply.json()["heads"].clone(),
                        _ => thread::sleep(Duration::from_millis(20)),
                    }
                };
                let body = of(document, &agent, element, &json!({"seq": number, "parents": heads}));
                client.post_until_acknowledged(APPLY, None, &body);
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn every_acknowledged_operation_of_a_fleet_is_there_once() {
    let network = Network::start();
    let client = network.client();
    for document in DOCUMENTS {
        let first: Vec<Value> = (0..AGENTS)
            .map(|agent| of(document, &format!("agent-{agent:03}"), 10_000 + agent, &json!({})))
            .collect();
        client.post(APPLY, &Value::Array(first)).ok();
    }
    let (done, was_killed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let all = WRITERS * OPERATIONS * DOCUMENTS.len();
    // What it gives back outlives the writers, who are waited for after it.
    let _network = thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (client, done) = (client.clone(), &done);
            scope.spawn(move || write(&client, writer, done));
        }
        while done.load(Ordering::Relaxed) < all / 3 {
            thread::sleep(Duration::from_millis(5));
        }
        let network = network.kill_and_restart();
        was_killed.store(done.load(Ordering::Relaxed) < all, Ordering::Relaxed);
        network
    });
    assert!(was_killed.load(Ordering::Relaxed), "the host was killed while they wrote");
    let operations = AGENTS + WRITERS * OPERATIONS;
    for document in DOCUMENTS {
        let state = client.get(&format!("/crdt/{document}")).ok();
        assert_eq!(state["operations"], operations, "{document}");
        assert!(state.get("vector_clock").is_none(), "more agents than it is told of");
        let held = match document {
            "fleet-text" => state["length"]
                .as_u64()
                .unwrap_or_else(|| state["value"].as_str().map_or(0, |text| text.chars().count() as u64)),
            "fleet-count" => state["value"].as_u64().expect("a count"),
            _ => state["value"].as_array().expect("a set").len() as u64,
        };
        assert_eq!(held, operations as u64, "{document}");
        let full = client.get(&format!("/crdt/{document}?clock=full")).ok();
        let clock = full["vector_clock"].as_object().expect("a clock");
        assert_eq!(clock.len(), AGENTS + WRITERS);
        assert!((0..WRITERS).all(|writer| clock[&format!("writer-{writer:02}")] == OPERATIONS));
        // GREEN computes everything from the deltas alone.
        let verify = json!({"operation": "verify", "document_id": document});
        let verdict = client.post("/stream/green/verify", &verify).ok();
        assert_eq!(verdict["verified"], true, "{verdict}");
        let events = events(&client, document);
        let stored = events.iter().filter(|event| event["type"] == "operation").count();
        assert_eq!(stored, operations, "one event each");
    }
    assert!(client.get("/api/metrics").ok()["documents"].as_array().is_some_and(|list| list.len() >= 3));
    let listed = client.get("/crdt?limit=3").ok();
    assert!(listed["documents"].as_array().is_some_and(|list| list.len() == 3), "{listed}");
}
