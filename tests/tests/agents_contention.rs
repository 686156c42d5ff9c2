//! Many that command one agent, impatient, with the host killed again and again: versions without a gap, each command its
//! effect once, and each effect on the timeline once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

const CLIENTS: usize = 6;

/// How often the host is killed, and how long they work before each time and at the end.
const KILLS: usize = 3;
const PHASE: Duration = Duration::from_secs(3);

/// Shorter than some requests take under this load, so that replies are lost and commands repeated.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(40), Duration::from_millis(400), Duration::from_secs(5)];

/// So often a command is sent: longer than the host takes to come back, and an end if it does not.
const ATTEMPTS: usize = 1000;

/// One client: the versions that its commands led to, and how often it asked again.
fn command(client: &Client, number: usize, stop: &AtomicBool) -> (BTreeMap<String, u64>, usize) {
    let (mut acknowledged, mut retries) = (BTreeMap::new(), 0);
    for count in 0u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("client-{number}-{count}");
        let body = json!({"changes": {format!("k{number}"): count}});
        // A command that was sent is sent until its fate is known, also after the end.
        for attempt in 0.. {
            assert!(attempt < ATTEMPTS, "{id} gets no answer");
            let patience = PATIENCE[attempt.min(PATIENCE.len() - 1)];
            match client.try_post("/agents/busy/commands/update_configuration", Some(&id), &body, patience) {
                Ok(reply) if reply.status == 200 => {
                    acknowledged.insert(id, reply.json()["version"].as_u64().expect("a version"));
                    break;
                }
                Ok(reply) => assert!([502, 503].contains(&reply.status), "{}", reply.json()),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
            retries += 1;
        }
    }
    (acknowledged, retries)
}

fn pages(client: &Client, target: &str) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{target}{cursor}")).ok();
        events.extend(page["events"].as_array().expect("events").iter().cloned());
        let next = &page["next_cursor"];
        if next.is_null() {
            return events;
        }
        cursor = format!("&cursor={}", next.as_str().map_or_else(|| next.to_string(), str::to_owned));
    }
}

#[test]
fn commands_over_kills_of_the_host_make_versions_without_a_gap() {
    let mut network = Network::start();
    network.client().post("/agents/register", &json!({"agent_id": "busy"})).ok();
    let stop = AtomicBool::new(false);
    let client = network.client();
    let (done, network) = thread::scope(|scope| {
        let (client, stop) = (&client, &stop);
        let clients: Vec<_> =
            (0..CLIENTS).map(|number| scope.spawn(move || command(client, number, stop))).collect();
        for _ in 0..KILLS {
            thread::sleep(PHASE);
            network = network.kill_and_restart();
        }
        thread::sleep(PHASE);
        stop.store(true, Ordering::Relaxed);
        let done: Vec<_> = clients.into_iter().map(|client| client.join().expect("a client ends")).collect();
        (done, network)
    });
    let client = network.client();
    assert!(done.iter().any(|(_, retries)| *retries > 0), "nobody had to ask twice: the test shows nothing");
    let acknowledged: BTreeMap<String, u64> = done.into_iter().flat_map(|(versions, _)| versions).collect();

    let log = pages(&client, "/agents/busy/history?limit=1000");
    let numbers: Vec<u64> = log.iter().map(|event| event["sequence"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (1..=log.len() as u64).collect::<Vec<_>>());
    let changes: Vec<&Value> =
        log.iter().filter(|event| event["event"]["type"] == "ConfigurationChanged").collect();
    // Every client waited for its last reply, so what happened is what was acknowledged, at the version that it was told.
    let happened: BTreeMap<String, u64> = changes
        .iter()
        .map(|event| {
            let id = event["command_id"].as_str().expect("an id").to_owned();
            (id, event["sequence"].as_u64().expect("a number"))
        })
        .collect();
    assert_eq!(happened.len(), changes.len(), "a command had its effect twice");
    assert_eq!(happened, acknowledged);
    assert_eq!(client.get("/agents/busy/life").ok()["version"], json!(log.len()));

    // Any request pays what is still owed.
    client.post("/agents/register", &json!({"agent_id": "busy"})).ok();
    let told = pages(&client, "/timeline/query?agent=busy&type=ConfigurationChanged&limit=1000");
    let versions: BTreeSet<u64> =
        told.iter().map(|event| event["payload"]["version"].as_u64().expect("a version")).collect();
    assert_eq!(versions.len(), told.len(), "told twice");
    assert_eq!(versions, acknowledged.values().copied().collect());
}
