//! Many writers at once on one text to which many agents wrote before; the host is killed with -9 in the middle.

use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

use crate::ours::{APPLY, fill};
use crate::times::Times;

const AGENTS: u64 = 10_000;
const WRITERS: usize = 64;
const LIMIT: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(10)];
const DOCUMENT: &str = "crash";

fn insert(agent: &str) -> Value {
    json!({"operation": "insert", "document_id": DOCUMENT, "agent_id": agent, "position": 0, "value": "x"})
}

fn writer(number: usize) -> String {
    format!("writer-{number:02}")
}

/// Writes until the time is over; the times from first sending to the acknowledgement.
fn write(url: &str, number: usize, end: Instant) -> Vec<Duration> {
    let (client, agent) = (Client::new(url), writer(number));
    let mut times = Vec::new();
    while Instant::now() < end {
        let key = format!("{agent}-{}", times.len());
        let sent = Instant::now();
        client.post_until_acknowledged(APPLY, Some(&key), &insert(&agent));
        times.push(sent.elapsed());
    }
    times
}

pub(crate) fn measure(quick: bool) {
    let limit = LIMIT[usize::from(quick)];
    let network = Network::start();
    let url = network.url();
    fill(&network.client(), 0..AGENTS, |agent| insert(&format!("agent-{agent:05}")));
    let began = Instant::now();
    let (network, times) = thread::scope(|scope| {
        let end = began + limit;
        let start = |number| {
            let url = &url;
            scope.spawn(move || write(url, number, end))
        };
        let writers: Vec<_> = (0..WRITERS).map(start).collect();
        thread::sleep(limit / 2);
        let network = network.kill_and_restart();
        let times = writers.into_iter().map(|writer| writer.join().expect("a writer ends"));
        (network, times.collect::<Vec<_>>())
    });
    let seconds = began.elapsed().as_secs_f64();
    every_operation_once(&network.client(), &times);
    let times: Times = times.into_iter().flatten().collect();
    let row = format!("{WRITERS} writers on one text of {AGENTS} agents, kill -9 in the middle");
    let rate = times.count() as f64 / seconds;
    Figure::new(&format!("{row}: acknowledged, each there once"), "measured", rate, "operations/s").print();
    Figure::new(&format!("{row}: p50"), "measured", times.median(), "ns").print();
    Figure::new(&format!("{row}: p99"), "measured", times.at(0.99), "ns").print();
}

/// Every writer went on until it was acknowledged, so what it counted is what must be there.
fn every_operation_once(client: &Client, times: &[Vec<Duration>]) {
    let state = client.get(&format!("/crdt/{DOCUMENT}?clock=full")).ok();
    for (number, times) in times.iter().enumerate() {
        assert_eq!(state["vector_clock"][writer(number)], times.len(), "operations of writer {number}");
    }
    let operations = AGENTS + times.iter().map(|times| times.len() as u64).sum::<u64>();
    assert_eq!((&state["operations"], &state["length"]), (&json!(operations), &json!(operations)));
}
