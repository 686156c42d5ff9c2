//! The streams with the real crdt-service and timeline behind them, natively.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::native::{Guard, Reply, fresh_database, mount, send, send_request, send_with};
use ramanujan_shell::{Info, Schema, Service, Store, ok};
use serde_json::{Value, json};

fn network() -> Guard {
    let guard = fresh_database();
    mount("crdt-service", crdt_service::service());
    mount("interaction-timeline", interaction_timeline::service());
    guard
}

fn post(color: &str, body: Value) -> Reply {
    let service = match color {
        "red" => ramanujan_stream::red("0"),
        "blue" => ramanujan_stream::blue("0"),
        _ => ramanujan_stream::green("0"),
    };
    send(&service, Method::POST, &format!("/stream/{color}/apply"), body.to_string())
}

fn events() -> Vec<Value> {
    let reply = send(&interaction_timeline::service(), Method::GET, "/api/timeline", "");
    reply.json.as_array().unwrap().clone()
}

#[test]
fn red_stores_colours_and_records() {
    let _network = network();
    let reply =
        post("red", json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": "Hi"}));
    assert_eq!(reply.status, 200, "{}", reply.json);
    assert_eq!((&reply.json["color"], &reply.json["polarity"]), (&json!("RED"), &json!("positive")));
    assert_eq!(reply.json["result"]["operation_id"], "a:1");
    let seed = ramanujan_core::fnv1a64(b"a");
    assert_eq!(reply.json["display_color"]["hex"], duck_colors::color_at(seed, 1).to_string());
    let events = events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["type"], &events[0]["color"]), (&json!("operation"), &json!("RED")));
    assert_eq!(events[0]["event_id"], reply.json["event_id"]);
}

/// A client that asks for no more gets what it needs to go on, and nothing else is different.
#[test]
fn who_wants_little_gets_little() {
    let _network = network();
    let post = |body: &Value, prefer: &str| {
        let headers = [("prefer", prefer)];
        send_with(&ramanujan_stream::red("0"), Method::POST, "/stream/red/apply", &headers, body.to_string())
    };
    let one = |value: &str, seq: u64| json!({"operation": "insert", "document_id": "d", "agent_id": "a", "seq": seq, "value": value});
    let reply = post(&one("Hi", 1), "return=minimal");
    assert_eq!(
        (reply.status, &reply.headers["preference-applied"]),
        (200, &"return=minimal".parse().unwrap())
    );
    let event_id = events()[0]["event_id"].clone();
    assert_eq!(
        reply.json,
        json!({"status": "ok", "operation_id": "a:1", "duplicate": false, "event_id": event_id})
    );
    let again = post(&one("Hi", 1), "return=minimal");
    assert_eq!(
        again.json,
        json!({"status": "ok", "operation_id": "a:1", "duplicate": true, "event_id": event_id})
    );
    let both = post(&json!([one("Hi", 1), one("!", 2)]), "handling=strict, return=minimal");
    let new = events().into_iter().map(|event| event["event_id"].clone()).find(|id| *id != event_id);
    assert_eq!(
        both.json,
        json!({"status": "ok", "applied": 1, "duplicates": 1, "results": [
            {"operation_id": "a:1", "duplicate": true, "event_id": event_id},
            {"operation_id": "a:2", "duplicate": false, "event_id": new},
        ]})
    );
    assert_eq!(post(&json!([one("?", 3)]), "return=minimal").json["results"][0]["operation_id"], "a:3");
    let refused = post(&one("?", 9), "return=minimal");
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("seq-gap")));
    let whole = post(&one("Hi", 1), "return=representation");
    assert_eq!((&whole.json["event_id"], &whole.json["result"]["duplicate"]), (&event_id, &json!(true)));
    assert!(whole.headers.get("preference-applied").is_none());
}

#[test]
fn the_table_of_types_says_which_stream_takes_what() {
    let _network = network();
    let raise = json!({"operation": "raise", "document_id": "m", "value": 4.5});
    assert_eq!(post("red", raise.clone()).json["result"]["crdt_type"], "max-register");
    let reply = post("blue", raise);
    assert_eq!((reply.status, &reply.json["code"]), (409, &json!("wrong-color")));
    let [enable, disable] = ["enable", "disable"].map(|name| json!({"operation": name, "document_id": "f"}));
    assert_eq!(post("red", enable.clone()).status, 200);
    assert_eq!(post("red", disable.clone()).json["code"], "wrong-color");
    assert_eq!(post("blue", disable).status, 200);
    let reply = post("blue", enable);
    let names = ["delete", "decrement", "remove", "delete_text", "transition to BACKFILL", "disable"];
    assert_eq!(reply.json["allowed"], json!(names), "{}", reply.json);
}

#[test]
fn an_operation_of_another_colour_is_refused_and_changes_nothing() {
    let _network = network();
    let reply = post("red", json!({"operation": "delete", "document_id": "d", "position": 0, "length": 1}));
    assert_eq!((reply.status, &reply.json["code"]), (409, &json!("wrong-color")));
    let allowed = reply.json["allowed"].as_array().unwrap();
    assert!(allowed.contains(&json!("add")) && !allowed.contains(&json!("remove")), "{}", reply.json);
    let downward = json!({"operation": "transition", "document_id": "t", "value": "BACKFILL"});
    assert_eq!(post("red", downward).status, 409);
    let claim = json!({"operation": "insert", "document_id": "d", "value": "x", "polarity": "negative"});
    assert_eq!(post("red", claim).status, 409);
    assert_eq!(post("blue", json!({"operation": "explode", "document_id": "d"})).status, 422);
    let mixed = json!([{"operation": "insert", "document_id": "d", "value": "x"},
                       {"operation": "delete", "document_id": "d", "position": 0, "length": 1}]);
    let reply = post("red", mixed);
    assert_eq!((reply.status, &reply.json["index"]), (409, &json!(1)));
    assert!(events().is_empty());
    assert_eq!(send(&crdt_service::service(), Method::GET, "/crdt/d", "").status, 404);
}

/// The one operation of GREEN's colour that changes something.
#[test]
fn green_takes_transitions_to_verify_and_records_them() {
    let _network = network();
    let transition = |value: &str| json!({"operation": "transition", "document_id": "t", "agent_id": "ann", "value": value, "crdt_type": "tap-state"});
    for elsewhere in ["LIVE", "BACKFILL"] {
        assert_eq!(post("green", transition(elsewhere)).status, 409);
    }
    assert_eq!(post("green", transition("SLEEP")).status, 422);
    assert!(events().is_empty());
    let reply = post("green", transition("VERIFY"));
    assert_eq!((reply.status, &reply.json["color"]), (200, &json!("GREEN")), "{}", reply.json);
    let events = events();
    assert_eq!((events.len(), &events[0]["color"]), (1, &json!("GREEN")));
    let stored = send(&crdt_service::service(), Method::GET, "/crdt/t", "");
    assert_eq!(stored.json["value"], json!("VERIFY"), "{}", stored.json);
    assert_eq!(post("green", json!({"document_id": "t"})).json["verified"], json!(true));
}

#[test]
fn crdt_problems_come_through_as_they_are() {
    let _network = network();
    let far = json!([{"operation": "insert", "document_id": "d", "value": "x", "position": 7}]);
    let reply = post("red", far);
    assert_eq!((reply.status, &reply.json["code"]), (422, &json!("position-out-of-range")));
    assert_eq!(reply.json["index"], 0);
    assert!(events().is_empty());
}

#[test]
fn blue_compensates_and_green_verifies() {
    let _network = network();
    let edit = |operation: &str, seq: u64, parents: Value, rest: Value| {
        let mut body = json!({"operation": operation, "document_id": "d", "agent_id": "a", "seq": seq, "parents": parents});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    };
    post(
        "red",
        json!([
            edit("insert", 1, json!([]), json!({"position": 0, "value": "héllo"})),
            edit("insert", 2, json!(["a:1"]), json!({"position": 5, "value": "!"}))
        ]),
    );
    let reply = post("blue", edit("delete", 3, json!(["a:2"]), json!({"position": 0, "length": 1})));
    assert_eq!((&reply.json["color"], &reply.json["vector_clock"]), (&json!("BLUE"), &json!({"a": 3})));
    for _ in 0..2 {
        let reply = post("green", json!({"operation": "verify", "document_id": "d"}));
        assert_eq!((reply.status, &reply.json["verified"]), (200, &json!(true)), "{}", reply.json);
        assert_eq!(reply.json["witness"]["deltas"], 3);
    }
    assert_eq!(events().len(), 4);
    let state =
        send(&ramanujan_stream::green("0"), Method::GET, "/stream/green/state?document_id=d", "").json;
    assert_eq!((&state["value"], &state["color"]), (&json!("éllo!"), &json!("GREEN")));
    assert_eq!(post("green", json!({"document_id": "absent"})).status, 404);
}

/// Each type through its streams, by two agents who saw each other, then recomputed by GREEN.
#[test]
fn every_type_goes_through_the_streams() {
    let cases = [
        (json!({"operation": "increment", "value": 3}), json!({"operation": "decrement"}), json!(2)),
        (
            json!({"operation": "add", "value": "fig"}),
            json!({"operation": "remove", "value": "fig"}),
            json!([]),
        ),
        (
            json!({"operation": "set", "path": ["a"], "value": {"n": 1, "l": [1, 2]}}),
            json!({"operation": "delete", "path": ["a", "l", 0]}),
            json!({"a": {"n": 1, "l": [2]}}),
        ),
        (
            json!({"operation": "transition", "value": "LIVE"}),
            json!({"operation": "transition", "value": "BACKFILL"}),
            json!("BACKFILL"),
        ),
    ];
    for (red, blue, value) in cases {
        let _network = network();
        for (stream, agent, operation) in [("red", "ann", red), ("blue", "bob", blue)] {
            let mut operation = operation;
            operation["document_id"] = json!("d");
            operation["agent_id"] = json!(agent);
            let reply = post(stream, operation);
            assert_eq!((reply.status, &reply.json["verified"]), (200, &json!(true)), "{}", reply.json);
        }
        let reply = post("green", json!({"document_id": "d"}));
        assert_eq!((reply.status, &reply.json["verified"]), (200, &json!(true)), "{}", reply.json);
        let document = send(&crdt_service::service(), Method::GET, "/crdt/d", "").json;
        assert_eq!(document["value"], value);
    }
}

/// GREEN must notice what somebody changed in the database.
#[test]
fn green_finds_a_tampered_delta() {
    for change in [
        "UPDATE crdt_deltas SET content = 'xy' WHERE seq = 1",
        "UPDATE crdt_deltas SET position = 1 WHERE seq = 2",
        "UPDATE crdt_heads SET hash = zeroblob(32)",
        "UPDATE crdt_deltas SET clock = '{\"a\":2}' WHERE seq = 3",
        "UPDATE crdt_deltas SET size = 9 WHERE seq = 2",
        "DELETE FROM crdt_deltas WHERE seq = 2",
    ] {
        let _network = network();
        for value in ["ab", "c", "d"] {
            post("red", json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": value}));
        }
        assert_eq!(post("green", json!({"document_id": "d"})).json["verified"], true);
        Store::open(Schema { name: "crdt", statements: &[] }).unwrap().execute(change, []).unwrap();
        let reply = post("green", json!({"document_id": "d"}));
        assert_ne!(reply.json["verified"], true, "{change}: {}", reply.json);
    }
}

/// Two different findings on one reported state are two events, not a conflict.
#[test]
fn green_reports_each_new_finding() {
    let _network = network();
    for value in ["ab", "c", "d"] {
        post("red", json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": value}));
    }
    let store = Store::open(Schema { name: "crdt", statements: &[] }).unwrap();
    for change in [
        "UPDATE crdt_deltas SET content = 'x' WHERE seq = 3",
        "UPDATE crdt_deltas SET content = 'y' WHERE seq = 2",
    ] {
        store.execute(change, []).unwrap();
        let reply = post("green", json!({"document_id": "d"}));
        assert_eq!((reply.status, &reply.json["verified"]), (200, &json!(false)), "{}", reply.json);
    }
    assert_eq!(events().iter().filter(|event| event["type"] == "verification-failed").count(), 2);
}

#[test]
fn a_retry_repairs_a_missing_event() {
    let _network = network();
    let body = json!({"operation": "increment", "document_id": "c", "agent_id": "a", "seq": 1});
    {
        mount("interaction-timeline", ramanujan_stream::green("0"));
        let reply = post("red", body.clone());
        assert_eq!((reply.status, &reply.json["code"]), (503, &json!("not-recorded")));
        assert_eq!(reply.json["operation_ids"], json!(["a:1"]));
    }
    mount("interaction-timeline", interaction_timeline::service());
    assert!(events().is_empty());
    for _ in 0..2 {
        assert_eq!(post("red", body.clone()).json["result"]["duplicate"], true);
    }
    assert_eq!(events().len(), 1);
    assert_eq!(send(&crdt_service::service(), Method::GET, "/crdt/c", "").json["value"], 1);
}

/// A timeline whose store refuses for a moment is nobody's trouble: events have ids, so posting them again is safe.
#[test]
fn a_timeline_that_refuses_once_has_the_event_once() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let _network = network();
    let busy = Service::new(Info {
        component: "interaction-timeline",
        message: "",
        base: "/timeline",
        version: "0",
        constants: serde_json::Map::new,
    })
    .post("/timeline/events", async |request| {
        let stored = send(&interaction_timeline::service(), Method::POST, "/timeline/events", request.body);
        // The first time it is stored, and the reply is lost.
        match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Problem::new(Code::StoreUnavailable, "not now")),
            _ => ok(&stored.json),
        }
    });
    mount("interaction-timeline", busy);
    let reply = post("red", json!({"operation": "increment", "document_id": "c", "agent_id": "a", "seq": 1}));
    assert_eq!((reply.status, ASKED.load(Ordering::Relaxed)), (200, 2), "{}", reply.json);
    mount("interaction-timeline", interaction_timeline::service());
    assert_eq!(events().len(), 1);
}

#[test]
fn an_idempotency_key_that_cannot_be_read_is_refused_and_stores_nothing() {
    let _network = network();
    let body = br#"{"operation":"insert","document_id":"d","agent_id":"a","value":"x"}"#;
    let with = |key: &[u8]| {
        let key = http::HeaderValue::from_bytes(key).unwrap();
        let request = http::Request::post("/stream/red/apply").header("idempotency-key", key);
        send_request(&ramanujan_stream::red("0"), request.body(body.to_vec()).unwrap())
    };
    for key in ["schl\u{fc}ssel".as_bytes(), b"\xff", b"", &[b'k'; 256]] {
        let refused = with(key);
        assert_eq!(
            (refused.status, &refused.json["code"]),
            (422, &json!("invalid-idempotency-key")),
            "{key:?}"
        );
    }
    assert!(events().is_empty());
    assert_eq!((with(b"k").status, with(b"k").json["result"]["duplicate"].clone()), (200, json!(true)));
}

#[test]
fn a_query_parameter_that_no_route_knows_is_refused_and_nothing_is_stored() {
    let _network = network();
    let (red, green) = (ramanujan_stream::red("0"), ramanujan_stream::green("0"));
    let insert = json!({"operation": "insert", "document_id": "d", "value": "x"}).to_string();
    let transition = json!({"operation": "transition", "document_id": "d", "value": "VERIFY"}).to_string();
    for (service, method, path, body) in [
        (&red, Method::POST, "/stream/red/apply", insert.as_str()),
        (&red, Method::GET, "/stream/red/test", ""),
        (&red, Method::GET, "/stream/red/state", ""),
        (&green, Method::POST, "/stream/green/apply", &transition),
        (&green, Method::POST, "/stream/green/verify", r#"{"document_id": "d"}"#),
        (&green, Method::POST, "/stream/green/check", r#"{"lhs": "a", "rhs": "a"}"#),
        (&green, Method::POST, "/stream/green/canonicalize", r#"{"expression": "a"}"#),
    ] {
        let reply = send(service, method, &format!("{path}?sequence=1"), body);
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (422, &json!("unknown-parameter")),
            "{path}: {}",
            reply.json
        );
    }
    assert!(events().is_empty());
    let unnamed = send(&red, Method::GET, "/stream/red/state", "");
    assert_eq!(
        (unnamed.status, &unnamed.json["code"]),
        (422, &json!("missing-parameter")),
        "{}",
        unnamed.json
    );
}

#[test]
fn health_names_the_component_that_fails() {
    let health = || send(&ramanujan_stream::red("0"), Method::GET, "/stream/red/health", "");
    let guard = network();
    let well = health();
    let both = json!({"crdt-service": "ok", "interaction-timeline": "ok"});
    assert_eq!((well.status, &well.json["components"]), (200, &both), "{}", well.json);
    // Something else answers in the timeline's place, and says 404 to its health.
    mount("interaction-timeline", ramanujan_stream::green("0"));
    let half = health();
    assert_eq!((half.status, &half.json["code"]), (503, &json!("unhealthy")), "{}", half.json);
    assert_eq!(half.json["failing"], json!(["interaction-timeline"]));
    assert!(half.json["detail"].as_str().unwrap().contains("interaction-timeline"), "{}", half.json);
    drop(guard);
    let none = health();
    assert_eq!((none.status, &none.json["failing"]), (503, &json!(["crdt-service", "interaction-timeline"])));
    // What the stream is does not hang on the others.
    assert_eq!(send(&ramanujan_stream::red("0"), Method::GET, "/stream/red", "").status, 200);
    assert_eq!(send(&ramanujan_stream::red("0"), Method::GET, "/stream/red/test", "").status, 200);
}
