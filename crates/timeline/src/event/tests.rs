//! Forms of events that senders use, and what is refused.

use super::*;
use proptest::prelude::*;
use ramanujan_core::time::{MAX_UNIX_MILLIS, parse_rfc3339};
use serde_json::{Value, json};

fn event(value: Value) -> Result<Event, EventError> {
    read(&value.to_string())
}

fn read(text: &str) -> Result<Event, EventError> {
    serde_json::from_str::<Posted>(text)?.check()
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
fn every_form_of_a_sender_is_an_event_of_the_superset() {
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
    assert!(event(moment).unwrap_err().to_string().starts_with("crdt_state_after"));
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
        ("cause_count", json!(MAX_SAFE_INTEGER + 1)),
        ("payload", json!([1])),
        ("payload", json!({"x": "y".repeat(MAX_PAYLOAD_BYTES)})),
    ] {
        let mut posted = json!({"type": "x", "agent_id": "a"});
        posted[member] = value;
        let error = event(posted).unwrap_err();
        assert!(matches!(&error, EventError::Invalid { member: named, .. } if *named == member), "{error}");
        assert!(error.to_string().starts_with(member), "{error}");
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

#[test]
fn a_sender_that_knows_all_causes_says_how_many_there_are() {
    let with = |count: u64, named: u8| {
        let named: Vec<_> = (0..named).map(|n| Digest::of(&[n])).collect();
        event(json!({"type": "x", "agent_id": "a", "depends_on": named, "cause_count": count}))
    };
    assert_eq!(with(0, 0).unwrap().body, r#"{"cause_count":0}"#);
    let one = format!(r#"{{"cause_count":1,"depends_on":["{}"]}}"#, Digest::of(&[0]));
    assert_eq!(with(1, 1).unwrap().body, one);
    assert!(with(100, MAX_DEPENDENCIES as u8).is_ok(), "some of them are not named");
    assert_eq!(with(1, 2).unwrap_err().to_string(), "cause_count: depends_on names more");
}

#[test]
fn less_told_of_the_causes_is_the_same_event_and_nothing_else_is() {
    let cause = Digest::of(b"cause");
    let of = |more: Value| {
        let mut posted = json!({"type": "x", "agent_id": "a", "payload": {"n": 1}, "payload_size": 3});
        posted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(posted).unwrap()
    };
    let full = of(json!({"depends_on": [cause], "cause_count": 1, "vector_clock": {"a": 2}}));
    let plain = of(json!({}));
    for less in [
        json!({"vector_clock": {"a": 2}}),
        json!({"depends_on": [cause]}),
        json!({"cause_count": 1}),
        json!({}),
    ] {
        let less = of(less);
        assert!(full.tells_the_same(&less.body) && less.tells_the_same(&full.body), "{}", less.body);
        assert!(!full.same_content(&less));
    }
    for other in [
        json!({"depends_on": [Digest::of(b"another")]}),
        json!({"cause_count": 2, "depends_on": [cause]}),
        json!({"vector_clock": {"a": 3}}),
        json!({"payload": {"n": 2}}),
        json!({"payload_size": 4}),
        json!({"operation": "y"}),
        json!({"origin_seq": 1}),
    ] {
        let other = of(other);
        assert!(!full.tells_the_same(&other.body) && !other.tells_the_same(&full.body), "{}", other.body);
    }
    assert_eq!(
        full.without_causes().unwrap(),
        Event { event_id: full.event_id, ..of(json!({"vector_clock": {"a": 2}})) }
    );
    assert_eq!(plain.without_causes().unwrap(), plain);
}

#[test]
fn payloads_that_differ_beyond_floats_are_two_events() {
    let of = |number: &str| {
        read(&format!(r#"{{"type":"x","agent_id":"a","payload":{{"wei":{number}}}}}"#)).unwrap()
    };
    let (one, two) = (of("100000000000000000001"), of("100000000000000000002"));
    assert_ne!(one.event_id, two.event_id);
    assert!(!one.same_content(&two) && one.content_digest() != two.content_digest());
    assert_eq!(one.body, r#"{"payload":{"wei":100000000000000000001}}"#);
    // In the members that go into the payload, too.
    let state = |number: &str| {
        read(&format!(r#"{{"type":"x","agent_id":"a","crdt_state_after":[{number}]}}"#)).unwrap()
    };
    assert_ne!(state("0.10000000000000000001"), state("0.10000000000000000002"));
    let lasting = |number: &str| read(&format!(r#"{{"type":"x","agent_id":"a","duration_ms":{number}}}"#));
    assert_ne!(lasting("0.10000000000000000001").unwrap(), lasting("0.1").unwrap());
    // One number has one form, and 1.0 differs from 1 as it always did.
    assert_eq!(of("1e2"), of("100.0"));
    assert_eq!(of("-0"), of("-0.0"));
    assert_ne!(of("1.0"), of("1"));
    assert_eq!(lasting("5").unwrap(), lasting("5.0").unwrap());
    for beyond in ["1e400", "-1e400"] {
        let error =
            read(&format!(r#"{{"type":"x","agent_id":"a","payload":{{"n":{beyond}}}}}"#)).unwrap_err();
        assert!(matches!(error, EventError::Payload(CanonicalError::NumberRange(_))), "{error}");
        assert!(lasting(beyond).is_err());
    }
    assert!(lasting("\"5\"").is_err() && lasting("[5]").is_err() && lasting("-1").is_err());
    let twice = read(r#"{"type":"x","agent_id":"a","payload":{"n":1,"n":2}}"#).unwrap_err();
    assert!(matches!(twice, EventError::Payload(CanonicalError::Repeated(_))), "{twice}");
}

/// Events with the digests of their canonical forms.
const IDS: [(&str, &str); 4] = [
    (
        r#"{"type":"x","agent_id":"a","payload":{"n":9007199254740993}}"#,
        "2f8f6bfcc9031ae91c8d86f8d8883dfbd34d7fddd4e35196b2d21c7467864ab4",
    ),
    (
        r#"{"type":"x","agent_id":"a","payload":{"b":1.50,"a":[-0,1e2,0.1,1E21,1e-7]}}"#,
        "3d661f3021da5b39b57eba388e544d18f9a98c226f952f5a979616c905283222",
    ),
    (
        r#"{"type":"x","from":7,"duration_ms":5,"payload":{}}"#,
        "9e7d46b59022e33c7157eca154b191926711a268b7ab803aaaf892d2059ab47c",
    ),
    (
        r#"{"type":"x","agent_id":"a","payload":{"n":100000000000000000000,"t":"\u00fc\n\u0001"}}"#,
        "fb6d5a9955a052d9d301541d7cadd8860b8073d1c5dca7c9d73353428901823b",
    ),
];

#[test]
fn ids_of_events_that_floats_could_hold_are_what_they_were() {
    // As the readers before this one made them.
    for (text, id) in IDS {
        let event = read(text).unwrap();
        assert_eq!(event.event_id.to_string(), *id, "{text}: {}", event.body);
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
        prop_assert_eq!(read(&there).unwrap(), read(&back).unwrap());
    }
}
