//! The orchestrator with the components it calls, none of them a stand-in.

mod common;

use common::{World, message};
use http::Method;
use ramanujan_shell::native::send;
use serde_json::{Value, json};

fn timeline(target: &str) -> Value {
    send(&interaction_timeline::service(), Method::GET, target, "").json
}

fn operation(seq: u64, color: &str) -> Value {
    let operation = match color {
        "RED" => "insert",
        "BLUE" => "delete",
        _ => "verify",
    };
    json!({
        "type": "operation", "agent_id": "0", "operation": operation, "document_id": "d", "color": color,
        "vector_clock": {"0": seq}, "fingerprint": format!("{seq:016x}"),
    })
}

#[test]
fn what_agents_do_is_on_the_timeline_once() {
    let world = World::with_real_neighbours();
    for _ in 0..3 {
        assert_eq!(world.register("alice").status, 200);
        let told = world.post("/nats/webhook/agent.0.state", &message("m1", "StateUpdate", 1, 0));
        assert_eq!(told.body, b"ACK");
    }
    assert_eq!(world.delete("/agents/alice").status, 200);
    let events = timeline("/timeline/query")["events"].clone();
    let kinds: Vec<&str> = events.as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["AgentRegistered", "MessageReceived", "AgentDeregistered"]);
    assert_eq!((&events[1]["from"], &events[1]["agent_id"]), (&json!("1"), &json!("0")));
    assert_eq!(events[2]["depends_on"], json!([events[0]["event_id"]]), "it ends what began there");
    assert_eq!((events[0].get("depends_on"), events[1].get("depends_on")), (None, None));
    assert_eq!(timeline("/timeline/verify")["verified"], json!(true));
}

#[test]
fn an_agents_operations_have_a_canonical_form() {
    let world = World::with_real_neighbours();
    let events: Vec<Value> =
        ["RED", "GREEN", "BLUE", "RED"].iter().zip(1..).map(|(color, seq)| operation(seq, color)).collect();
    let posted = send(
        &interaction_timeline::service(),
        Method::POST,
        "/timeline/events",
        Value::from(events).to_string(),
    );
    assert_eq!(posted.status, 200, "{}", posted.json);
    let graph = world.get("/agent/0/egraph");
    assert_eq!(graph.status, 200, "{}", graph.json);
    // The verification is gone and the rest leans to the right.
    let canonical =
        "(merge delta-0000000000000001 (merge (inv delta-0000000000000003) delta-0000000000000004))";
    assert_eq!(graph.json["canonical_form"], json!(canonical));
    assert_eq!(graph.json["stop_reason"], json!("saturated"));
    assert_eq!(graph.json["verified"], json!(true));
    let nodes = graph.json["egraph_nodes"].as_u64().unwrap();
    assert!(nodes > 4, "{nodes}");
    assert_eq!(world.get("/agent/0/state").json["egraph_nodes"], json!(nodes));
}

#[test]
fn the_longest_history_that_is_taken_saturates() {
    let world = World::with_real_neighbours();
    let events: Vec<Value> = (1..=25).map(|seq| operation(seq, "RED")).collect();
    send(&interaction_timeline::service(), Method::POST, "/timeline/events", Value::from(events).to_string());
    let graph = world.get("/agent/0/egraph?limit=20").json;
    assert_eq!(graph["stop_reason"], json!("saturated"), "{graph}");
    let operations = graph["operations"].as_array().unwrap();
    assert_eq!((&operations[0]["operation_id"], operations.len()), (&json!("0:6"), 20));
}
