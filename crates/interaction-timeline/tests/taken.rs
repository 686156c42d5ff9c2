//! Event ids that somebody else has taken: with `if_taken=derive` the event gets another, the same each time.

mod common;

use common::{get, id, post, problem, tamper};
use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, send};
use serde_json::{Value, json};

fn derive(body: &Value) -> Reply {
    let service = interaction_timeline::service();
    send(&service, Method::POST, "/timeline/events?if_taken=derive", body.to_string())
}

fn strange(n: u8) -> Value {
    json!({"event_id": id(n), "type": "operation", "agent_id": "mallory"})
}

fn own(n: u8) -> Value {
    json!({"event_id": id(n), "type": "operation", "agent_id": "ann", "operation": "insert", "payload_size": n})
}

fn ids(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json["events"].as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect()
}

fn count() -> Value {
    get("/timeline/summary").json["events"].clone()
}

#[test]
fn what_is_taken_by_a_stranger_goes_in_under_another_id_and_the_others_under_their_own() {
    let _database = fresh_database();
    post(&json!([strange(2), strange(4)]));
    let batch = json!([own(1), own(2), own(3), own(4), own(2)]);
    assert_eq!(problem(&post(&batch), 409, "event-conflict")["index"], json!(1), "who does not ask for it");
    let reply = derive(&batch);
    let given = ids(&reply);
    assert_eq!((&reply.json["appended"], &reply.json["duplicates"]), (&json!(4), &json!(1)));
    assert_eq!((&given[0], &given[2]), (&json!(id(1)), &json!(id(3))));
    assert_eq!(given[1], given[4]);
    assert!(![&given[0], &given[2], &given[3], &json!(id(2))].contains(&&given[1]), "{given:?}");
    // Each is what was posted, and the stranger's stay.
    for (place, n) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        let stored = get(&format!("/timeline/event/{}", given[place].as_str().unwrap())).json;
        assert_eq!((&stored["agent_id"], &stored["payload_size"]), (&json!("ann"), &json!(n)));
    }
    assert_eq!(get(&format!("/timeline/event/{}", id(2))).json["agent_id"], "mallory");
    // Again it is there.
    let again = derive(&batch);
    assert_eq!((ids(&again), &again.json["duplicates"]), (given, &json!(5)));
    assert_eq!(count(), 6);
}

#[test]
fn whoever_knows_more_of_the_causes_repeats_the_same_event() {
    let _database = fresh_database();
    post(&strange(1));
    let bare = own(1);
    let mut full = own(1);
    full["depends_on"] = json!([id(9)]);
    full["cause_count"] = json!(1);
    full["vector_clock"] = json!({"ann": 1});
    let first = ids(&derive(&bare));
    let reply = derive(&json!([full, own(2)]));
    assert_eq!((&ids(&reply)[0], &reply.json["duplicates"]), (&first[0], &json!(1)));
    let mut other = own(1);
    other["payload_size"] = json!(77);
    assert_ne!(ids(&derive(&other))[0], first[0], "other content is another event");
    assert_eq!(count(), 4);
}

/// What one could work out from what is public would be taken in advance as well.
#[test]
fn another_log_gives_another_id() {
    let given = || {
        let _database = fresh_database();
        post(&strange(1));
        let secret = tamper("SELECT hex(secret) FROM timeline_secret");
        (ids(&derive(&own(1))), secret[0].text(0).unwrap().to_owned())
    };
    let (one, other) = (given(), given());
    assert_eq!(one.1.len(), 64);
    assert_ne!(one.1, other.1);
    assert_ne!(one.0, other.0);
}

#[test]
fn nothing_else_is_forgiven() {
    let _database = fresh_database();
    let numbered = |n: u8| {
        let mut event = own(n);
        event["origin_seq"] = json!(1);
        event
    };
    assert_eq!(derive(&numbered(1)).status, 200);
    assert_eq!(problem(&derive(&numbered(2)), 409, "origin-seq-conflict")["index"], json!(0));
    let mut other = own(3);
    other["operation"] = json!("delete");
    problem(&derive(&json!([own(3), other])), 409, "event-conflict");
    let service = interaction_timeline::service();
    let reply = send(&service, Method::POST, "/timeline/events?if_taken=replace", own(4).to_string());
    problem(&reply, 422, "invalid-parameter");
    assert_eq!(count(), 1);
}
