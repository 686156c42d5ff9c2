//! What the events of a stream name as their causes: the events of their delta's parents.

use std::collections::BTreeMap;

use http::Method;
use ramanujan_core::Digest;
use ramanujan_shell::native::{Guard, Reply, fresh_database, mount, send};
use serde_json::{Value, json};

fn network() -> Guard {
    let guard = fresh_database();
    mount("crdt-service", crdt_service::service());
    mount("interaction-timeline", interaction_timeline::service());
    guard
}

fn post(color: &str, body: &Value) -> Reply {
    let service = match color {
        "red" => ramanujan_stream::red("0"),
        "blue" => ramanujan_stream::blue("0"),
        _ => ramanujan_stream::green("0"),
    };
    send(&service, Method::POST, &format!("/stream/{color}/apply"), body.to_string())
}

fn done(color: &str, body: &Value) -> Value {
    let reply = post(color, body);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

fn timeline(method: Method, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(&interaction_timeline::service(), method, path, body)
}

fn event(id: &Value) -> Value {
    let reply = timeline(Method::GET, &format!("/timeline/event/{}", id.as_str().unwrap()), &Value::Null);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

/// The ids that an event names, sorted, and how many causes it says it has.
fn causes(id: &Value) -> (Vec<String>, u64) {
    let event = event(id);
    let named = event["depends_on"].as_array().into_iter().flatten();
    let named = named.map(|id| id.as_str().unwrap().to_owned()).collect();
    (named, event["cause_count"].as_u64().unwrap())
}

fn sorted(ids: &[&Value]) -> Vec<String> {
    let mut ids: Vec<_> = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn add(agent: &str, seq: u64, parents: &Value, value: &str) -> Value {
    json!({"operation": "add", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents, "value": value})
}

#[test]
fn an_event_names_the_events_of_its_deltas_parents_across_agents_and_colours() {
    let _network = network();
    let first = done("red", &add("ann", 1, &json!([]), "x"));
    assert_eq!(causes(&first["event_id"]), (vec![], 0));
    assert_eq!(first["result"].get("causes"), None, "what the stream asks for itself is not handed on");
    let removal = json!({"operation": "remove", "document_id": "d", "agent_id": "bob", "value": "x"});
    let second = done("blue", &removal);
    assert_eq!(causes(&second["event_id"]), (sorted(&[&first["event_id"]]), 1));
    let beside = done("red", &add("cat", 1, &json!(["ann:1"]), "y"));
    let joined =
        done("red", &json!({"operation": "add", "document_id": "d", "agent_id": "ann", "value": "z"}));
    assert_eq!(causes(&joined["event_id"]), (sorted(&[&second["event_id"], &beside["event_id"]]), 2));
    // Another document of the same agent has nothing to do with it.
    let other = done("red", &json!({"operation": "increment", "document_id": "e", "agent_id": "ann"}));
    assert_eq!(causes(&other["event_id"]), (vec![], 0));
    let walked = timeline(
        Method::GET,
        &format!("/timeline/event/{}/causes", other["event_id"].as_str().unwrap()),
        &Value::Null,
    );
    assert_eq!((&walked.json["events"], &walked.json["complete"]), (&json!([]), &json!(true)));
}

#[test]
fn in_a_batch_each_event_names_those_before_it() {
    let _network = network();
    let body = json!([
        {"operation": "insert", "document_id": "t", "agent_id": "a", "seq": 1, "value": "x"},
        {"operation": "insert", "document_id": "t", "agent_id": "b", "seq": 1, "value": "y"},
        {"operation": "insert", "document_id": "u", "agent_id": "a", "seq": 1, "value": "z"},
        {"operation": "insert", "document_id": "t", "agent_id": "a", "seq": 2, "value": "w"},
    ]);
    let first = done("red", &body);
    let id = |n: usize| &first["results"][n]["event_id"];
    assert_eq!(causes(id(1)), (sorted(&[id(0)]), 1));
    assert_eq!(causes(id(2)), (vec![], 0));
    assert_eq!(causes(id(3)), (sorted(&[id(1)]), 1));
    let again = done("red", &body);
    assert_eq!(again["duplicates"], 4);
    assert_eq!(timeline(Method::GET, "/timeline/summary", &Value::Null).json["events"], 4);
}

/// The events of parents that are not on the timeline, because nobody told it: named all the same, and found when they come.
#[test]
fn an_event_names_what_the_timeline_does_not_have_yet() {
    let _network = network();
    let directly = add("ann", 1, &json!([]), "x");
    let stored = send(&crdt_service::service(), Method::POST, "/crdt/apply", directly.to_string());
    assert_eq!(stored.status, 200);
    let second = done("red", &add("bob", 1, &json!(["ann:1"]), "y"));
    let (named, count) = causes(&second["event_id"]);
    assert_eq!((named.len(), count), (1, 1));
    let path = format!("/timeline/event/{}/causes", second["event_id"].as_str().unwrap());
    let walked = timeline(Method::GET, &path, &Value::Null).json;
    assert_eq!((&walked["missing"], &walked["events"]), (&json!(named), &json!([])));
    // Sent through the stream it is a repetition there, and its event is the one that was named.
    let first = done("red", &directly);
    assert_eq!((&first["result"]["duplicate"], &first["event_id"]), (&json!(true), &json!(named[0])));
    let walked = timeline(Method::GET, &path, &Value::Null).json;
    assert_eq!((&walked["missing"], &walked["events"][0]["event_id"]), (&json!([]), &first["event_id"]));
}

/// What a crash between delta and event leaves: the retry's event is the one that there would have been.
#[test]
fn a_retry_makes_the_event_that_there_would_have_been() {
    let operations = [
        add("ann", 1, &json!([]), "x"),
        add("bob", 1, &json!(["ann:1"]), "y"),
        add("cat", 1, &json!(["ann:1"]), "z"),
        add("ann", 2, &json!(["bob:1", "cat:1"]), "w"),
    ];
    let told = |event: &Value| {
        let mut event = event.clone();
        for own in ["seq", "received", "timestamp", "origin_seq", "leaf_hash"] {
            event.as_object_mut().unwrap().remove(own);
        }
        event
    };
    let at_once: Vec<Value> = {
        let _network = network();
        operations.iter().map(|operation| told(&event(&done("red", operation)["event_id"]))).collect()
    };
    let _network = network();
    mount("interaction-timeline", ramanujan_stream::green("0"));
    for operation in &operations {
        assert_eq!(post("red", operation).json["code"], "not-recorded");
    }
    mount("interaction-timeline", interaction_timeline::service());
    // The later ones first, and without a word of what they were made on.
    for (operation, expected) in operations.iter().zip(&at_once).rev() {
        let mut operation = operation.clone();
        operation.as_object_mut().unwrap().remove("parents");
        assert_eq!(&told(&event(&done("red", &operation)["event_id"])), expected);
    }
    assert_eq!(timeline(Method::GET, "/timeline/summary", &Value::Null).json["events"], operations.len());
    let newest = at_once[3]["event_id"].as_str().unwrap();
    let walked = timeline(Method::GET, &format!("/timeline/event/{newest}/causes"), &Value::Null).json;
    let distances: Vec<_> = walked["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["distance"].as_u64().unwrap())
        .collect();
    assert_eq!((distances, &walked["complete"]), (vec![1, 1, 2], &json!(true)));
}

/// An event that the last revision stored told nothing of causes. Its operation can still be repeated.
#[test]
fn a_retry_of_what_an_earlier_revision_recorded_is_no_conflict() {
    let _network = network();
    let operations = json!([add("ann", 1, &json!([]), "x"), add("bob", 1, &json!(["ann:1"]), "y")]);
    let stored = send(&crdt_service::service(), Method::POST, "/crdt/apply", operations.to_string()).json;
    // As that revision wrote them, member by member.
    let events: Vec<Value> = stored["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let text = |name: &str| result[name].as_str().unwrap();
            let parts = ["stream-event", "d", text("operation_id"), text("digest"), "RED"];
            json!({"event_id": Digest::of(parts.join("\0").as_bytes()), "type": "operation", "agent_id": result["agent_id"],
                "operation": "add", "document_id": "d", "vector_clock": result["vector_clock"],
                "fingerprint": result["fingerprint"], "color": "RED", "payload_size": 1})
        })
        .collect();
    assert_eq!(timeline(Method::POST, "/timeline/events", &json!(events)).status, 200);
    let verified = json!({"document_id": "d"});
    let mut batch = operations.as_array().unwrap().clone();
    batch.push(add("ann", 2, &json!(["bob:1"]), "z"));
    let reply = done("red", &json!(batch));
    assert_eq!((&reply["applied"], &reply["duplicates"]), (&json!(1), &json!(2)));
    let results = reply["results"].as_array().unwrap();
    for (result, event) in results.iter().zip(&events) {
        assert_eq!(result["event_id"], event["event_id"], "the id is what it was");
        assert_eq!(self::event(&result["event_id"]).get("depends_on"), None, "and the event is not changed");
    }
    assert_eq!(causes(&results[2]["event_id"]), (sorted(&[&results[1]["event_id"]]), 1));
    assert_eq!(done("red", &operations[1])["result"]["duplicate"], true);
    assert_eq!(done("green", &verified)["verified"], true);
    assert_eq!(timeline(Method::GET, "/timeline/summary", &Value::Null).json["events"], 4);
}

/// More parents than an event names: those of the first dots, and how many there are; a retry is the same event.
#[test]
fn of_very_many_parents_the_first_are_named_and_all_are_counted() {
    let _network = network();
    let first = done("red", &add("root", 1, &json!([]), "x"));
    let branches: Vec<Value> =
        (0..80).map(|n| add(&format!("agent-{n:02}"), 1, &json!(["root:1"]), "y")).collect();
    let reply = done("red", &json!(branches));
    let events: BTreeMap<&str, &Value> = reply["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["operation_id"].as_str().unwrap(), &result["event_id"]))
        .collect();
    let join = json!({"operation": "add", "document_id": "d", "agent_id": "root", "seq": 2, "value": "z"});
    let joined = done("red", &join);
    assert_eq!(joined["result"]["parents"].as_array().unwrap().len(), 80);
    let named: Vec<&Value> = events.values().take(64).copied().collect();
    assert_eq!(causes(&joined["event_id"]), (sorted(&named), 80));
    assert_eq!(done("red", &join)["event_id"], joined["event_id"]);
    let path = format!("/timeline/event/{}/causes", joined["event_id"].as_str().unwrap());
    let walked = timeline(Method::GET, &path, &Value::Null).json;
    assert_eq!((walked["events"].as_array().unwrap().len(), &walked["complete"]), (65, &json!(false)));
    assert_eq!(walked["events"][64]["event_id"], first["event_id"]);
    // GREEN names the heads by the same rule.
    done(
        "red",
        &json!(
            branches
                .iter()
                .map(|branch| {
                    let agent = branch["agent_id"].as_str().unwrap();
                    add(agent, 2, &json!([format!("{agent}:1")]), "v")
                })
                .collect::<Vec<_>>()
        ),
    );
    let verdict = done("green", &json!({"document_id": "d"}));
    let (named, count) = causes(&verdict["event_id"]);
    assert_eq!((named.len(), count), (64, 81));
}

/// The events of a batch may be more bytes than the timeline takes in one post.
#[test]
fn a_batch_on_many_parents_is_recorded_all_the_same() {
    let _network = network();
    let agents = |prefix: &str, most: u64| (0..most).map(|n| format!("{prefix}-{n:03}")).collect::<Vec<_>>();
    let heads: Vec<String> = agents("head", 64).iter().map(|agent| format!("{agent}:1")).collect();
    let branches: Vec<Value> =
        agents("head", 64).iter().map(|agent| add(agent, 1, &json!([]), "y")).collect();
    done("red", &json!(branches));
    let joins: Vec<Value> =
        agents("join", 300).iter().map(|agent| add(agent, 1, &json!(heads), "z")).collect();
    for _ in 0..2 {
        let reply = done("red", &json!(joins));
        for result in reply["results"].as_array().unwrap().iter().step_by(37) {
            let (named, count) = causes(&result["event_id"]);
            assert_eq!((named.len(), count), (64, 64));
        }
    }
    assert_eq!(timeline(Method::GET, "/timeline/summary", &Value::Null).json["events"], 364);
}

/// GREEN's finding came after what it verified: the heads, whoever made them, and no finding before it.
#[test]
fn green_names_what_it_verified_and_not_what_it_verified_before() {
    let _network = network();
    let first = done("red", &add("ann", 1, &json!([]), "x"));
    done("red", &json!({"operation": "increment", "document_id": "other", "agent_id": "ann"}));
    let elsewhere = done("green", &json!({"document_id": "other"}));
    let early = done("green", &json!({"document_id": "d"}));
    assert_eq!(causes(&early["event_id"]), (sorted(&[&first["event_id"]]), 1));
    let one = done("red", &add("bob", 1, &json!(["ann:1"]), "y"));
    let two = done(
        "blue",
        &json!({"operation": "remove", "document_id": "d", "agent_id": "cat", "seq": 1, "parents": ["ann:1"], "value": "x"}),
    );
    let late = done("green", &json!({"document_id": "d"}));
    assert_eq!(causes(&late["event_id"]), (sorted(&[&one["event_id"], &two["event_id"]]), 2));
    let path = format!("/timeline/event/{}/causes", late["event_id"].as_str().unwrap());
    let walked = timeline(Method::GET, &path, &Value::Null).json;
    let ids: Vec<_> =
        walked["events"].as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect();
    assert_eq!(
        (ids.len(), ids.contains(&early["event_id"]), ids.contains(&elsewhere["event_id"])),
        (3, false, false)
    );
    let effects = timeline(
        Method::GET,
        &format!("/timeline/event/{}/effects", first["event_id"].as_str().unwrap()),
        &Value::Null,
    )
    .json;
    let effects: Vec<_> =
        effects["events"].as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect();
    let expected = [&early, &one, &two, &late].map(|reply| reply["event_id"].clone());
    assert_eq!((effects.len(), expected.iter().all(|id| effects.contains(id))), (4, true));
}

/// A transition to VERIFY is an operation of GREEN, and one after it names it as such.
#[test]
fn every_operation_has_the_colour_of_the_stream_that_takes_it() {
    let _network = network();
    let to = |value: &str| json!({"operation": "transition", "document_id": "p", "agent_id": "ann", "value": value});
    let verify = done("green", &to("VERIFY"));
    let live = done("red", &to("LIVE"));
    assert_eq!(causes(&live["event_id"]), (sorted(&[&verify["event_id"]]), 1));
    let back = done("blue", &to("BACKFILL"));
    assert_eq!(causes(&back["event_id"]), (sorted(&[&live["event_id"]]), 1));
    assert_eq!(causes(&done("red", &to("LIVE"))["event_id"]), (sorted(&[&back["event_id"]]), 1));
}

/// Whoever knows an operation can work out the id of its event, and post something else under it first.
#[test]
fn an_event_id_that_a_stranger_took_keeps_no_operation_from_the_history() {
    let operations = json!([add("ann", 1, &json!([]), "x"), add("bob", 1, &json!(["ann:1"]), "y")]);
    let foreseen = {
        let _elsewhere = network();
        done("red", &operations)["results"][0]["event_id"].clone()
    };
    let _network = network();
    let strange = json!({"event_id": foreseen, "type": "operation", "agent_id": "mallory"});
    assert_eq!(timeline(Method::POST, "/timeline/events", &strange).status, 200);
    let reply = done("red", &operations);
    assert_eq!((&reply["applied"], &reply["duplicates"]), (&json!(2), &json!(0)));
    let given: Vec<&Value> = (0..2).map(|n| &reply["results"][n]["event_id"]).collect();
    assert_ne!(given[0], &foreseen);
    let stored = event(given[0]);
    assert_eq!((&stored["agent_id"], &stored["operation"]), (&json!("ann"), &json!("add")));
    assert_eq!(event(given[1])["agent_id"], "bob");
    // A retry, and what comes after.
    assert_eq!(&done("red", &operations[0])["event_id"], given[0]);
    done("blue", &json!({"operation": "remove", "document_id": "d", "agent_id": "ann", "value": "y"}));
    assert_eq!(done("green", &json!({"document_id": "d"}))["verified"], true);
    let query = timeline(Method::GET, "/timeline/query?document=d", &Value::Null).json;
    let told: Vec<_> = query["events"].as_array().unwrap().iter().map(|event| &event["agent_id"]).collect();
    assert_eq!(told, ["ann", "bob", "ann", "stream-green"]);
}
