//! Messages: stored once, kept until acknowledged, refused when there is no room.

mod common;

use common::{World, message};
use ramanujan_shell::native::media_type;
use serde_json::{Value, json};

#[test]
fn a_message_from_the_bridge_is_stored_once_and_answered_ack() {
    let world = World::new();
    for subject in ["agent.0.state", "agent/0/state", "agent.1.state"] {
        let reply = world.post(&format!("/nats/webhook/{subject}"), &message("m1", "StateUpdate", 1, 0));
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"ACK".as_slice()), "{}", reply.json);
        assert!(media_type(&reply).starts_with("text/plain"));
    }
    let buffer = world.get("/agent/0/messages").json;
    assert_eq!((&buffer["pending"], &buffer["capacity"]), (&json!(1), &json!(3)));
    let stored = &buffer["messages"][0];
    assert_eq!((&stored["message_id"], &stored["sender_id"]), (&json!("m1"), &json!(1)));
    assert_eq!((&stored["payload"], &stored["subject"]), (&json!({"n": "m1"}), &json!("agent.0.state")));
    assert_eq!(stored["timestamp"], json!("2025-12-21T10:00:00.123Z"));
    let state = world.get("/agent/0/state").json;
    assert_eq!((&state["messages_received"], &state["syncs_completed"]), (&json!(1), &json!(1)));
    assert_eq!(world.get("/agent/1/state").json["messages_sent"], json!(1));
    let events = world.events("MessageReceived");
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["from"], &events[0]["to"]), (&json!("1"), &json!("0")));
    assert_eq!(events[0]["operation"], json!("StateUpdate"));
}

#[test]
fn other_content_under_a_known_id_conflicts() {
    let world = World::new();
    world.post("/agent/0/message", &message("m1", "StateUpdate", 1, 0));
    let mut other = message("m1", "StateUpdate", 1, 0);
    other["payload"] = json!({"n": "other"});
    let reply = world.post("/agent/0/message", &other);
    assert_eq!((reply.status, &reply.json["code"]), (409, &json!("message-conflict")));
    assert_eq!(world.get("/agent/0/messages").json["messages"][0]["payload"], json!({"n": "m1"}));
}

#[test]
fn a_payload_keeps_numbers_that_no_float_holds() {
    let world = World::new();
    let send = |id: &str, payload: &str| {
        let head = format!(r#"{{"message_id":"{id}","msg_type":"StateUpdate","sender_id":1"#);
        world.post_text("/agent/0/message", &format!(r#"{head},"payload":{payload}}}"#))
    };
    let payload = r#"{"below":9007199254740993,"wei":100000000000000000001}"#;
    assert_eq!(send("m1", payload).status, 200);
    let body = String::from_utf8(world.get("/agent/0/messages").body).unwrap();
    assert!(body.contains(&format!(r#""payload":{payload},"#)), "{body}");
    // Another spelling is the same message, another number is not.
    let spelled = send("m1", r#"{ "wei": 100000000000000000001, "below": 9007199254740993 }"#);
    assert_eq!(spelled.json["duplicate"], json!(true), "{}", spelled.json);
    let other = send("m1", r#"{"below":9007199254740993,"wei":100000000000000000002}"#);
    assert_eq!((other.status, &other.json["code"]), (409, &json!("message-conflict")));
    for unreadable in [r#"{"n":1e400}"#, r#"{"n":1,"n":2}"#] {
        let reply = send("m2", unreadable);
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!("invalid-json")), "{unreadable}");
    }
    assert_eq!(send("m2", &format!("\"{}\"", "x".repeat(199))).status, 413);
}

#[test]
fn what_is_not_a_message_is_refused_and_not_stored() {
    let world = World::new();
    for (body, status) in [
        (r#"{"test": "message"}"#, 422),
        ("not json", 400),
        ("", 400),
        (r#"{"message_id":"m","msg_type":"Shout","sender_id":1}"#, 422),
        (r#"{"message_id":"m","msg_type":"Heartbeat","sender_id":1}"#, 422),
        (r#"{"message_id":"m","msg_type":"StateUpdate","sender_id":77}"#, 422),
        (r#"{"message_id":"m","msg_type":"StateUpdate","sender_id":1,"receiver_id":77}"#, 422),
        (r#"{"message_id":"m","msg_type":"StateUpdate","sender_id":0,"receiver_id":77}"#, 404),
        (r#"{"message_id":"m","msg_type":"StateUpdate","sender_id":1,"vector_clock":{"a":-1}}"#, 422),
        (r#"{"message_id":"m","msg_type":"StateUpdate","sender_id":1,"timestamp":"noon"}"#, 422),
    ] {
        let reply = world.post_text("/nats/webhook/agent.0.state", body);
        assert_eq!((reply.status, media_type(&reply)), (status, "application/problem+json"), "{body}");
    }
    let deep = format!("{{\"message_id\":\"m\",\"payload\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!([400, 422].contains(&world.post_text("/nats/webhook/agent.0.state", &deep).status));
    let mut large = message("m", "StateUpdate", 1, 0);
    large["payload"] = "x".repeat(201).into();
    assert_eq!(world.post("/agent/0/message", &large).status, 413);
    for target in ["/nats/webhook/agent.*.state", "/nats/webhook/agent.0.%3E", "/nats/webhook"] {
        assert_eq!(world.post(target, &message("m", "StateUpdate", 1, 0)).status, 422, "{target}");
    }
    let wrong = world.post("/agent/2/message", &message("m", "StateUpdate", 1, 0));
    assert_eq!((wrong.status, &wrong.json["code"]), (422, &json!("wrong-receiver")));
    assert_eq!(world.get("/nats/webhook/agent.0.state").status, 405);
    assert_eq!(world.get("/status").json["network"]["total_messages"], json!(0));
    assert!(world.events("MessageReceived").is_empty());
}

#[test]
fn a_subject_with_an_empty_token_reaches_nobody() {
    let world = World::new();
    for (index, subject) in [
        "agent//0/state",
        "/agent/0/state",
        "agent/0/state/",
        "agent/0//state",
        "/agent.0.state",
        "agent.0.state/",
        "agent..0.state",
        ".agent.0.state",
        "agent.0.state.",
        "agent%2F%2F0%2Fstate",
        "%2Fagent.0.state",
        "agent.0.state%2F",
        "",
        "/",
    ]
    .iter()
    .enumerate()
    {
        let body = message(&format!("m{index}"), "StateUpdate", 1, 0);
        let refused = world.post(&format!("/nats/webhook/{subject}"), &body);
        assert_eq!((refused.status, &refused.json["code"]), (422, &json!("invalid-subject")), "{subject}");
    }
    assert_eq!(world.get("/agent/0/messages").json["pending"], json!(0));
    let told = world.post("/nats/webhook/agent%2F0/state", &message("m", "StateUpdate", 1, 0));
    assert_eq!(told.body, b"ACK");
}

#[test]
fn a_full_buffer_refuses_and_acknowledging_makes_room() {
    let world = World::new();
    let post = |id: &str| world.post("/agent/0/message", &message(id, "StateUpdate", 1, 0));
    for id in ["m1", "m2", "m3"] {
        assert_eq!(post(id).json["ack"], json!(true));
    }
    let refused = post("m4");
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("buffer-full")));
    assert_eq!(refused.json["limit"], json!(3));
    // A retry of what is stored is no new message, and other agents have buffers of their own.
    assert_eq!(post("m2").json["duplicate"], json!(true));
    assert_eq!(world.post("/agent/2/message", &message("x", "SyncRequest", 1, 2)).status, 200);

    let second = world.get("/agent/0/messages").json["messages"][1]["seq"].as_u64().unwrap();
    let settled = world.delete(&format!("/agent/0/messages?through={second}")).json;
    assert_eq!((&settled["acknowledged"], &settled["pending"]), (&json!(2), &json!(1)));
    assert_eq!(post("m4").status, 200);
    // Settled messages stay known.
    assert_eq!(post("m1").json["duplicate"], json!(true));
    assert_eq!(world.get("/agent/0/state").json["messages_received"], json!(4));
    assert_eq!(world.delete("/agent/0/messages").status, 422);
}

#[test]
fn an_ack_settles_the_senders_own_messages_only() {
    let world = World::new();
    world.post("/agent/0/message", &message("m1", "StateUpdate", 1, 0));
    world.post("/agent/2/message", &message("m2", "StateUpdate", 1, 2));
    let mut ack = message("a1", "Ack", 0, 1);
    ack["payload"] = json!({"message_ids": ["m1", "m2", "unknown"]});
    assert_eq!(world.post("/nats/webhook/agent.1.ack", &ack).body, b"ACK");
    assert_eq!(world.get("/agent/0/messages").json["pending"], json!(0));
    assert_eq!(world.get("/agent/2/messages").json["pending"], json!(1));
    assert_eq!(world.get("/agent/1/messages").json["pending"], json!(0));
    // Its event came after that of the message that it settles, which had arrived by then.
    world.post("/agent/0/message", &message("unknown", "StateUpdate", 1, 0));
    let received = world.events("MessageReceived");
    let settled: Vec<&Value> =
        received.iter().filter(|event| event["agent_id"] == "0").map(|event| &event["event_id"]).collect();
    let acks = world.events("AckReceived");
    assert_eq!((acks.len(), settled.len()), (1, 2));
    let named = acks[0]["depends_on"].as_array().unwrap();
    assert!(named.len() == 1 && settled.contains(&&named[0]), "{named:?}");
}

#[test]
fn heartbeats_and_clocks_in_messages_count() {
    let world = World::new();
    let beat = json!({"message_id": "h1", "msg_type": "Heartbeat", "sender_id": 5, "vector_clock": {"5": 4}});
    assert_eq!(world.post("/nats/webhook/broadcast.heartbeat", &beat).body, b"ACK");
    let agent = world.get("/agents/5").json;
    assert_eq!((&agent["is_active"], &agent["vector_clock"]), (&json!(true), &json!({"5": 4})));
    assert_eq!((&agent["messages_sent"], &agent["pending_messages"]), (&json!(1), &json!(0)));
    let mut update = message("m1", "StateUpdate", 5, 0);
    update["vector_clock"] = json!({"5": 3, "7": 1});
    world.post("/agent/0/message", &update);
    assert_eq!(world.get("/agents/5").json["vector_clock"], json!({"5": 4, "7": 1}));
    assert_eq!(world.get("/agents/0").json["vector_clock"], json!({}));
    assert_eq!(world.events("HeartbeatSent").len(), 1);
    assert_eq!(world.events("AgentRegistered").len(), 1);
}

#[test]
fn a_message_survives_the_timelines_absence_and_its_redelivery_repairs_the_event() {
    let world = World::new();
    world.timeline_up(false);
    let body = message("m1", "StateUpdate", 1, 0);
    let failed = world.post("/nats/webhook/agent.0.state", &body);
    assert_eq!((failed.status, &failed.json["stored"]), (503, &json!(true)));
    assert_eq!(world.get("/agent/0/messages").json["pending"], json!(1));
    world.timeline_up(true);
    assert_eq!(world.post("/nats/webhook/agent.0.state", &body).body, b"ACK");
    assert_eq!(world.get("/agent/0/messages").json["pending"], json!(1));
    assert_eq!(world.events("MessageReceived").len(), 1);
}

#[test]
fn a_buffer_is_read_in_pages() {
    let world = World::new();
    for id in ["m1", "m2", "m3"] {
        world.post("/agent/0/message", &message(id, "SyncRequest", 1, 0));
    }
    let first = world.get("/agent/0/messages?limit=2").json;
    let ids = |page: &Value| -> Vec<Value> {
        page["messages"].as_array().unwrap().iter().map(|m| m["message_id"].clone()).collect()
    };
    assert_eq!(ids(&first), ["m1", "m2"]);
    let next = world.get(&format!("/agent/0/messages?limit=2&cursor={}", first["next_cursor"])).json;
    assert_eq!((ids(&next), &next["next_cursor"]), (vec![json!("m3")], &Value::Null));
}
