//! Forms of events that the guides and their code send, and what is refused.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn event(value: Value) -> Result<Event, Problem> {
    serde_json::from_value::<Posted>(value)
        .map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?
        .check()
}

#[test]
fn both_vocabularies_name_the_same_event() {
    let new = event(json!({"type": "AckSent", "from": "0", "to": "1", "timestamp": "2026-01-02T03:04:05Z"}));
    let old = event(
        json!({"event_type": "AckSent", "from_agent": 0, "to_agent": 1, "timestamp": "2026-01-02T03:04:05.000Z"}),
    );
    assert_eq!(new.unwrap(), old.unwrap());
}

#[test]
fn every_form_of_the_guides_is_an_event_of_the_superset() {
    let clock = json!({"0": 2, "1": 1});
    let print = "00000000000000ff";
    // The stub's form names no type; the numbered agents are numbers.
    let stub = json!({"timestamp": "2026-01-02T03:04:05Z", "agent_id": 0, "operation": "insert",
        "vector_clock": clock, "fingerprint": print, "color": "red"});
    let made = event(stub.clone()).unwrap();
    assert_eq!((made.kind.as_str(), made.agent.as_str(), made.color), ("operation", "0", Some(Color::Red)));
    // The interaction moment has the states around it.
    let mut moment = stub;
    moment["crdt_state_before"] = json!({"count": 1});
    moment["crdt_state_after"] = json!({"count": 2});
    let body: Value = serde_json::from_str(&event(moment.clone()).unwrap().body).unwrap();
    assert_eq!(body["payload"], json!({"crdt_state_before": {"count": 1}, "crdt_state_after": {"count": 2}}));
    moment["payload"] = json!({"crdt_state_after": 3});
    assert!(event(moment).unwrap_err().detail.starts_with("crdt_state_after"));
    // The agents' form, with a time in milliseconds.
    let agents = json!({"event_id": Digest::of(b"1").to_string(), "event_type": "MessageReceived", "timestamp": 1_767_323_045_000u64,
        "from_agent": "node_0", "to_agent": 1, "vector_clock": clock, "payload_size": 64, "duration_ms": 2.5});
    let made = event(agents).unwrap();
    assert_eq!((made.timestamp, made.agent.as_str()), (parse_rfc3339("2026-01-02T03:04:05Z"), "node_0"));
    // The instruments' form.
    let instrument = json!({"event_id": Digest::of(b"2").to_string(), "timestamp": "2026-01-02T03:04:05Z", "operation": "measure",
        "agent_id": "lab", "instrument_id": "i7", "preparation_id": "p1", "depends_on": [Digest::of(b"1").to_string()],
        "vector_clock": clock, "fingerprint": print});
    let body: Value = serde_json::from_str(&event(instrument).unwrap().body).unwrap();
    assert_eq!(body["payload"], json!({"instrument_id": "i7", "preparation_id": "p1"}));
}

#[test]
fn the_id_is_the_digest_of_the_canonical_event() {
    let made = event(json!({"vector_clock": {"b": 2, "a": 1}, "type": "x", "agent_id": "a", "color": "red",
                            "payload": {"z": [{"k": 1, "a": null}], "b": "ü"}}))
    .unwrap();
    let canonical = r#"{"agent_id":"a","color":"RED","payload":{"b":"ü","z":[{"a":null,"k":1}]},"type":"x","vector_clock":{"a":1,"b":2}}"#;
    assert_eq!(made.event_id, Digest::of(canonical.as_bytes()));
}

#[test]
fn what_does_not_fit_is_refused_with_its_name() {
    let long = "x".repeat(MAX_NAME_CHARS + 1);
    let many: Vec<_> = (0..=MAX_DEPENDENCIES).map(|i| Digest::of(&[i as u8]).to_string()).collect();
    for (member, value) in [
        ("type", json!("")),
        ("type", json!(long)),
        ("type", json!("a\nb")),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!(MAX_UNIX_MILLIS + 1)),
        ("origin_seq", json!(0)),
        ("origin_seq", json!(MAX_SAFE_INTEGER)),
        ("payload_size", json!(MAX_SAFE_INTEGER + 1)),
        ("duration_ms", json!(-1)),
        ("depends_on", json!(many)),
        ("payload", json!([1])),
        ("payload", json!({"x": "y".repeat(MAX_PAYLOAD_BYTES)})),
    ] {
        let mut posted = json!({"type": "x", "agent_id": "a"});
        posted[member] = value;
        let problem = event(posted).unwrap_err();
        assert_eq!(problem.status, 422);
        assert!(problem.detail.starts_with(member), "{problem}");
    }
    for wrong in [
        json!({"type": "x"}),
        json!({"agent_id": "a"}),
        json!({"type": "x", "agent_id": "a b"}),
        json!({"type": "x", "agent_id": -1}),
        json!({"type": "x", "agent_id": "a", "colour": "RED"}),
        json!({"type": "x", "agent_id": "a", "document_id": "merge"}),
        json!({"type": "x", "agent_id": "a", "fingerprint": "00"}),
        json!({"type": "x", "agent_id": "a", "event_id": "zz"}),
    ] {
        assert!(event(wrong.clone()).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn the_order_of_members_and_dependencies_means_nothing(
        names in prop::collection::btree_set("[a-z]{1,4}", 1..6), seed in any::<u64>()
    ) {
        let forward: Vec<_> = names.iter().map(|n| Digest::of(n.as_bytes()).to_string()).collect();
        let mut backward: Vec<_> = forward.iter().rev().cloned().collect();
        backward.push(forward[0].clone());
        let text = |names: &mut dyn Iterator<Item = &String>| {
            names.map(|n| format!("{n:?}:{seed}")).collect::<Vec<_>>().join(",")
        };
        let there = format!(
            r#"{{"type":"t","agent_id":"a","depends_on":{forward:?},"payload":{{{}}}}}"#, text(&mut names.iter()));
        let back = format!(
            r#"{{"payload":{{{}}},"depends_on":{backward:?},"agent_id":"a","type":"t"}}"#, text(&mut names.iter().rev()));
        let read = |text: &str| serde_json::from_str::<Posted>(text).unwrap().check().unwrap();
        prop_assert_eq!(read(&there), read(&back));
    }
}
