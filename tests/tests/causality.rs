//! The timeline tells what came after what: the events of documents that several agents write through the streams make
//! the same graph as the deltas that crdt-service has, though the host is killed in the middle and everything is sent
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ramanujan_core::Digest;
use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use ramanujan_tests::replay::events;
use serde_json::{Value, json};

/// One document that few agents write to, whose events carry clocks, and one of more than clocks are told of.
const DOCUMENTS: [&str; 2] = ["causality-few", "causality-many"];
/// Agents that wrote to the second before, each by itself.
const CROWD: usize = 70;
const WRITERS: usize = 6;
/// Operations of each writer on each document.
const OPERATIONS: u64 = 12;

fn body(document: &str, agent: &str, seq: u64, value: &str) -> Value {
    json!({"operation": "add", "document_id": document, "agent_id": agent, "seq": seq, "value": value})
}

/// Sends until it is acknowledged, whatever happens to the host.
fn send(client: &Client, color: &str, body: &Value) -> Value {
    loop {
        match client.try_post(&format!("/stream/{color}/apply"), None, body, Duration::from_secs(10)) {
            Ok(reply) if reply.status == 200 => return reply.json(),
            Ok(reply) if reply.status != 503 => panic!("{body}: {reply:?}"),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The operations of a writer in their order, with the stream that takes each: on what is there when they come, on its
/// own last one alone, several at once, and one that takes something back.
fn operations(writer: usize) -> Vec<(&'static str, Value)> {
    let agent = format!("writer-{writer}");
    let mut operations = Vec::new();
    for document in DOCUMENTS {
        for seq in (1..=OPERATIONS).step_by(4) {
            let one = body(document, &agent, seq, &format!("{agent}-{seq}"));
            let mut alone = body(document, &agent, seq + 1, "shared");
            alone["parents"] = json!([format!("{agent}:{seq}")]);
            let mut back = body(document, &agent, seq + 3, "shared");
            back["operation"] = "remove".into();
            operations.extend([
                ("red", one),
                ("red", json!([alone, body(document, &agent, seq + 2, "last")])),
                ("blue", back),
            ]);
        }
    }
    operations
}

/// A delta as crdt-service has it, and the event that it must have.
struct Delta {
    event: String,
    parents: Vec<String>,
}

fn event_of(document: &str, dot: &str, digest: &str, color: &str) -> String {
    Digest::of(["stream-event", document, dot, digest, color].join("\0").as_bytes()).to_string()
}

/// The deltas of a document by their dots.
fn history(client: &Client, document: &str) -> BTreeMap<String, Delta> {
    let mut deltas = BTreeMap::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = client.get(&format!("/crdt/{document}/history?limit=100&cursor={cursor}")).ok();
        for item in page["items"].as_array().expect("deltas") {
            let text = |name: &str| item[name].as_str().unwrap_or_else(|| panic!("{name} of {item}"));
            let dot = format!("{}:{}", text("agent_id"), item["seq"]);
            let color = if text("operation") == "remove" { "BLUE" } else { "RED" };
            let parents = item["parents"].as_array().expect("parents");
            let parents = parents.iter().map(|parent| parent.as_str().expect("a dot").to_owned()).collect();
            let event = event_of(document, &dot, text("digest"), color);
            deltas.insert(dot, Delta { event, parents });
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return deltas,
        }
    }
}

/// Events reached along edges, each with the length of the shortest way: the model of a walk.
fn reached(edges: &BTreeMap<&str, BTreeSet<&str>>, from: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut frontier = BTreeSet::from([from]);
    for distance in 1.. {
        let next: BTreeSet<&str> =
            frontier.iter().filter_map(|event| edges.get(event)).flatten().copied().collect();
        frontier = next.into_iter().filter(|event| *event != from && !found.contains_key(*event)).collect();
        if frontier.is_empty() {
            break;
        }
        found.extend(frontier.iter().map(|event| ((*event).to_owned(), distance)));
    }
    found
}

/// What the timeline says is reached.
fn walked(client: &Client, event: &str, relation: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/timeline/event/{event}/{relation}?limit=1000{cursor}")).ok();
        assert_eq!(page["complete"], true, "{page}");
        assert!(page["missing"].as_array().is_none_or(Vec::is_empty), "{page}");
        found.extend(page["events"].as_array().expect("events").iter().map(|event| {
            let id = event["event_id"].as_str().expect("an id").to_owned();
            (id, event["distance"].as_u64().expect("a distance"))
        }));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn in_causal_order(client: &Client, document: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/timeline/query?document={document}&order=causal&limit=100{cursor}");
        let page = client.get(&path).ok();
        all.extend(page["events"].as_array().expect("events").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn id_of(event: &Value) -> &str {
    event["event_id"].as_str().expect("an id")
}

fn named(event: &Value) -> BTreeSet<&str> {
    event["depends_on"].as_array().into_iter().flatten().map(|id| id.as_str().expect("an id")).collect()
}

/// Everything that the timeline says of a document is what the deltas say.
fn check(client: &Client, document: &str) {
    let deltas = history(client, document);
    let heads: Vec<String> = client.get(&format!("/crdt/{document}")).ok()["heads"]
        .as_array()
        .expect("heads")
        .iter()
        .map(|dot| dot.as_str().expect("a dot").to_owned())
        .collect();
    let verdict = client.post("/stream/green/verify", &json!({"document_id": document})).ok();
    assert_eq!(verdict["verified"], true, "{verdict}");
    let verdict = verdict["event_id"].as_str().expect("an id").to_owned();
    let events_of =
        |dots: &[String]| -> BTreeSet<String> { dots.iter().map(|dot| deltas[dot].event.clone()).collect() };

    // One event for each delta, and it names the events of the parents.
    let stored = events(client, document);
    let by_id: BTreeMap<&str, &Value> = stored.iter().map(|event| (id_of(event), event)).collect();
    assert_eq!((by_id.len(), stored.len()), (deltas.len() + 1, deltas.len() + 1), "and GREEN's");
    for (dot, delta) in &deltas {
        let event = by_id.get(delta.event.as_str()).unwrap_or_else(|| panic!("{dot} has no event"));
        let parents = events_of(&delta.parents);
        assert_eq!(named(event), parents.iter().map(String::as_str).collect(), "{dot}");
        assert_eq!(event["cause_count"], parents.len(), "{dot}");
        assert!(document != DOCUMENTS[0] || event["vector_clock"].is_object(), "few agents have clocks");
    }
    let verified = by_id[verdict.as_str()];
    assert_eq!(named(verified), events_of(&heads).iter().map(String::as_str).collect(), "GREEN");

    // Causes and effects, near and far, are those of the graph of deltas.
    let mut causes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut effects: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let of_deltas = deltas.values().map(|delta| (delta.event.as_str(), &delta.parents));
    for (event, parents) in of_deltas.chain([(verdict.as_str(), &heads)]) {
        for parent in parents {
            let cause = deltas[parent].event.as_str();
            causes.entry(event).or_default().insert(cause);
            effects.entry(cause).or_default().insert(event);
        }
    }
    for event in deltas.values().map(|delta| delta.event.as_str()).step_by(7).chain([verdict.as_str()]) {
        assert_eq!(walked(client, event, "causes"), reached(&causes, event), "causes of {event}");
        assert_eq!(walked(client, event, "effects"), reached(&effects, event), "effects of {event}");
    }

    // The causal order never puts an event before one that it came after.
    let ordered = in_causal_order(client, document);
    assert_eq!(ordered.len(), stored.len());
    let mut before = BTreeSet::new();
    for event in &ordered {
        let id = id_of(event);
        let early: Vec<_> =
            causes.get(id).into_iter().flatten().filter(|cause| !before.contains(**cause)).collect();
        assert!(early.is_empty(), "{id} stands before {early:?}");
        before.insert(id);
    }
}

#[test]
fn the_timeline_has_the_graph_of_the_documents_of_several_agents() {
    let network = Network::start();
    let client = network.client();
    // Branches from nothing, so that one operation joins more than an event names; it gets a document of its own.
    let crowd = |document: &str| -> Value {
        (0..CROWD)
            .map(|agent| {
                let mut operation = body(document, &format!("agent-{agent:02}"), 1, "first");
                if document != DOCUMENTS[1] {
                    operation["parents"] = json!([]);
                }
                operation
            })
            .collect()
    };
    send(&client, "red", &crowd(DOCUMENTS[1]));
    let done = AtomicUsize::new(0);
    let all: usize = (0..WRITERS).map(|writer| operations(writer).len()).sum();
    // What it gives back outlives the writers, who are waited for after it.
    let _network = thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (client, done) = (client.clone(), &done);
            scope.spawn(move || {
                for (color, body) in operations(writer) {
                    send(&client, color, &body);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while done.load(Ordering::Relaxed) < all / 2 {
            thread::sleep(Duration::from_millis(2));
        }
        network.kill_and_restart()
    });
    for document in DOCUMENTS {
        check(&client, document);
    }
    // All of it once more: nothing is stored, and nothing contradicts what is.
    let told = |document: &str| events(&client, document);
    let before = DOCUMENTS.map(told);
    for writer in 0..WRITERS {
        for (color, body) in operations(writer) {
            let reply = send(&client, color, &body);
            let again =
                if body.is_array() { reply["applied"] == 0 } else { reply["result"]["duplicate"] == true };
            assert!(again, "{reply}");
        }
    }
    assert_eq!(DOCUMENTS.map(told), before);

    let joined = "causality-join";
    send(&client, "red", &crowd(joined));
    let join = send(&client, "red", &body(joined, "joiner", 1, "all"));
    assert_eq!(join["result"]["parents"].as_array().map(Vec::len), Some(CROWD));
    let stored = events(&client, joined);
    let event = stored.iter().find(|event| event["event_id"] == join["event_id"]).expect("its event");
    let first: Vec<&str> = stored.iter().take(64).map(id_of).collect();
    assert_eq!((named(event), &event["cause_count"]), (first.into_iter().collect(), &json!(CROWD)));
    let walk = client.get(&format!("/timeline/event/{}/causes", id_of(event))).ok();
    assert_eq!((walk["events"].as_array().map(Vec::len), &walk["complete"]), (Some(64), &json!(false)));
}

/// What is there when the host dies between a delta and its event: the delta alone. Then the same request makes the event
/// that there would have been, and events that named it meanwhile find it.
#[test]
fn after_a_kill_between_delta_and_event_a_retry_makes_the_same_event() {
    let network = Network::start();
    let client = network.client();
    let document = "causality-between";
    let chain: Vec<Value> = (1..=3)
        .map(|n| {
            let mut operation = body(document, &format!("agent-{n}"), 1, "x");
            if n > 1 {
                operation["parents"] = json!([format!("agent-{}:1", n - 1)]);
            }
            operation
        })
        .collect();
    send(&client, "red", &chain[0]);
    // As the stream does it, up to where it dies.
    client.post("/crdt/apply?causes=64", &chain[1]).ok();
    let network = network.kill_and_restart();
    let client = network.client();
    let last = send(&client, "red", &chain[2]);
    let last = last["event_id"].as_str().expect("an id");
    let causes = |client: &Client| client.get(&format!("/timeline/event/{last}/causes")).ok();
    let deltas = history(&client, document);
    let lost = &deltas["agent-2:1"].event;
    assert_eq!((&causes(&client)["missing"], &causes(&client)["events"]), (&json!([lost]), &json!([])));
    client.get(&format!("/timeline/event/{lost}")).problem(404, "no-such-event");
    let mut retry = chain[1].clone();
    retry.as_object_mut().expect("an object").remove("parents");
    for _ in 0..2 {
        let reply = send(&client, "red", &retry);
        assert_eq!((&reply["event_id"], &reply["result"]["duplicate"]), (&json!(lost), &json!(true)));
    }
    check(&client, document);
    let found = causes(&client);
    assert_eq!((&found["missing"], found["events"].as_array().map(Vec::len)), (&json!([]), Some(2)));
    drop(network);
}
