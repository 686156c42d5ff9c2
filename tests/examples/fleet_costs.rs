//! What one document costs as the number of agents that ever wrote to it grows, on a network of its own:
//! `scripts/bench.sh fleet`.
//!
//! Every figure is the median of requests over one kept connection, beside the same of the document with one agent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

/// Numbers of agents, and in a quick run.
const AGENTS: [&[u64]; 2] = [&[1, 10, 100, 1_000, 10_000], &[1, 10, 100, 1_000]];
/// Measured requests of each kind.
const ROUNDS: usize = 120;
/// Operations in one request while agents are made.
const BATCH: u64 = 500;

fn main() {
    let quick = usize::from(std::env::args().any(|argument| argument == "--quick"));
    let network = Network::start();
    let client = network.client();
    let mut first = BTreeMap::new();
    let mut made = 0;
    for agents in AGENTS[quick] {
        eprintln!("{agents} agents");
        while made < *agents {
            let next = (made + BATCH).min(*agents);
            let batch: Vec<Value> = (made..next).map(|agent| operation(agent, &json!({}))).collect();
            client.post("/crdt/apply", &Value::Array(batch)).ok();
            made = next;
        }
        measure(&client, *agents, &mut first);
    }
}

fn operation(agent: u64, more: &Value) -> Value {
    let mut operation =
        json!({"operation": "increment", "document_id": "fleet", "agent_id": format!("agent-{agent:05}")});
    operation
        .as_object_mut()
        .into_iter()
        .for_each(|members| members.extend(more.as_object().cloned().unwrap_or_default()));
    operation
}

/// The median, beside that of one agent.
fn row(agents: u64, what: &str, first: &mut BTreeMap<String, f64>, mut request: impl FnMut(u64)) {
    let mut times: Vec<Duration> = (0..ROUNDS as u64)
        .map(|round| {
            let started = Instant::now();
            // One agent after the other, in no order.
            request(round * 7919 % agents);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let median = times[times.len() / 2].as_nanos() as f64;
    let one = *first.entry(what.to_owned()).or_insert(median);
    let figure = Figure::new(&format!("{agents} agents"), what, median, "ns");
    if agents == 1 { figure.print() } else { figure.beside("one agent", one).print() }
}

fn measure(client: &Client, agents: u64, first: &mut BTreeMap<String, f64>) {
    row(agents, "write", first, |agent| drop(client.post("/crdt/apply", &operation(agent, &json!({}))).ok()));
    let mut heads = client.get("/crdt/fleet").ok()["heads"].clone();
    row(agents, "write with parents", first, |agent| {
        let reply = client.post("/crdt/apply", &operation(agent, &json!({"parents": heads}))).ok();
        heads = json!([reply["operation_id"]]);
    });
    row(agents, "read", first, |_| drop(client.get("/crdt/fleet").ok()));
    row(agents, "list of documents", first, |_| drop(client.get("/crdt").ok()));
    row(agents, "through a stream", first, |agent| {
        drop(client.post("/stream/red/apply", &operation(agent, &json!({}))).ok());
    });
}
