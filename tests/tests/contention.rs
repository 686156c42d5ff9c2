//! Many writers on one document, impatient, with the host killed in the middle: what was acknowledged is there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

const CLIENTS: usize = 64;

/// How long they write; half of them before the host is killed. `RAMANUJAN_CONTENTION_SECONDS` says otherwise.
fn duration() -> Duration {
    let seconds = std::env::var("RAMANUJAN_CONTENTION_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// Shorter than many requests take under this load, so that replies are lost and requests repeated.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(60), Duration::from_millis(400), Duration::from_secs(5)];

/// One client: its operations that were acknowledged, by the text that each inserted, and how often it asked again.
fn write(client: &Client, number: usize, stop: &AtomicBool) -> (BTreeMap<String, String>, usize) {
    let mut acknowledged = BTreeMap::new();
    let mut retries = 0;
    let agent = format!("writer-{number}");
    for seq in 1u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let text = format!("<{number}.{seq}>");
        // Even clients number their operations; odd ones leave that to the server and name the request instead.
        let mut operation =
            json!({"operation": "insert", "document_id": "contended", "agent_id": agent, "value": text});
        let key = format!("{agent}-{seq}");
        let key = if number.is_multiple_of(2) {
            operation["seq"] = json!(seq);
            None
        } else {
            Some(key.as_str())
        };
        // An operation that was sent is sent until its fate is known, also after the end: nothing else says whether it
        // counts.
        for attempt in 0.. {
            let patience = PATIENCE[attempt.min(PATIENCE.len() - 1)];
            match client.try_post("/crdt/apply", key, &operation, patience) {
                Ok(reply) if reply.status == 200 => {
                    let id = reply.json()["operation_id"].as_str().expect("an id").to_owned();
                    acknowledged.insert(text, id);
                    break;
                }
                Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.json()),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
            retries += 1;
        }
    }
    (acknowledged, retries)
}

fn history(client: &Client) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/crdt/contended/history?limit=1000{cursor}")).ok();
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[test]
fn every_acknowledged_operation_is_in_the_result_exactly_once() {
    let mut network = Network::start();
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let client = network.client();
    let (done, network) = thread::scope(|scope| {
        let (client, stop) = (&client, &stop);
        let writers: Vec<_> =
            (0..CLIENTS).map(|number| scope.spawn(move || write(client, number, stop))).collect();
        thread::sleep(duration() / 2);
        network = network.kill_and_restart();
        thread::sleep(duration().saturating_sub(started.elapsed()));
        stop.store(true, Ordering::Relaxed);
        let done: Vec<_> = writers.into_iter().map(|writer| writer.join().expect("a writer ends")).collect();
        (done, network)
    });
    let client = network.client();
    let retries: usize = done.iter().map(|(_, retries)| retries).sum();
    assert!(retries > 0, "nobody had to ask twice: the test shows nothing");
    let acknowledged: BTreeMap<String, String> = done.into_iter().flat_map(|(texts, _)| texts).collect();
    let stored = history(&client);
    let by_text: BTreeMap<&str, &Value> =
        stored.iter().map(|delta| (delta["value"].as_str().expect("a text"), delta)).collect();
    assert_eq!(by_text.len(), stored.len(), "a text is stored twice");
    // Every writer waited for its last reply, so what is stored is what was acknowledged.
    assert_eq!(
        by_text.keys().copied().collect::<BTreeSet<_>>(),
        acknowledged.keys().map(String::as_str).collect::<BTreeSet<_>>()
    );
    for (text, id) in &acknowledged {
        let delta = by_text[text.as_str()];
        assert_eq!(*id, format!("{}:{}", delta["agent_id"].as_str().unwrap_or(""), delta["seq"]));
    }
    let document = client.get("/crdt/contended").ok();
    let text = document["value"].as_str().expect("a text");
    let found: BTreeSet<&str> = text.split_inclusive('>').collect();
    assert_eq!((found.len(), text.matches('<').count()), (acknowledged.len(), acknowledged.len()));
    assert_eq!(found, acknowledged.keys().map(String::as_str).collect::<BTreeSet<_>>());
    println!("{} operations of {CLIENTS} clients, {retries} requests repeated", acknowledged.len());
}
