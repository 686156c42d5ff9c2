//! What one document costs as the number of agents that ever wrote to it grows.
//!
//! Every figure is the median of requests over one kept connection, beside the same of the document with one agent.

use std::collections::BTreeMap;
use std::time::Instant;

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::network::written;
use serde_json::{Value, json};

use crate::ours::fill;
use crate::times::Times;

/// Numbers of agents, and in a quick run.
const AGENTS: [&[u64]; 2] = [&[1, 10, 100, 1_000, 10_000], &[1, 10, 100, 1_000]];
/// Measured requests of each kind.
const ROUNDS: u64 = 120;

pub(crate) fn measure(quick: bool) {
    let network = Network::start();
    let mut first = BTreeMap::new();
    let mut made = 0;
    for agents in AGENTS[usize::from(quick)] {
        eprintln!("  {agents} agents");
        fill(&network.client(), made..*agents, |agent| operation(agent, &json!({})));
        made = *agents;
        of_document(&network, *agents, &mut first);
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

/// A figure, beside that of one agent.
fn beside_one(agents: u64, what: &str, value: f64, unit: &str, first: &mut BTreeMap<String, f64>) {
    let one = *first.entry(what.to_owned()).or_insert(value);
    let figure = Figure::new(&format!("{agents} agents"), what, value, unit);
    if agents == 1 { figure.print() } else { figure.beside("one agent", one).print() }
}

/// The median of a kind of request.
fn row(agents: u64, what: &str, first: &mut BTreeMap<String, f64>, mut request: impl FnMut(u64)) {
    let timed = |round| {
        let started = Instant::now();
        // One agent after the other, in no order.
        request(round * 7919 % agents);
        started.elapsed()
    };
    let times: Times = (0..ROUNDS).map(timed).collect();
    beside_one(agents, what, times.median(), "ns", first);
}

fn of_document(network: &Network, agents: u64, first: &mut BTreeMap<String, f64>) {
    let client = network.client();
    let before = written(network.id());
    row(agents, "write", first, |agent| drop(client.post("/crdt/apply", &operation(agent, &json!({}))).ok()));
    let bytes = (written(network.id()) - before) as f64 / ROUNDS as f64;
    beside_one(agents, "written to disk", bytes, "B", first);
    let mut heads = client.get("/crdt/fleet").ok()["heads"].clone();
    row(agents, "write with parents", first, |agent| {
        let reply = client.post("/crdt/apply", &operation(agent, &json!({"parents": heads}))).ok();
        heads = json!([reply["operation_id"]]);
    });
    row(agents, "read", first, |_| drop(client.get("/crdt/fleet").ok()));
    let digest = client.get("/crdt/fleet").ok()["digest"].clone();
    let tag = format!("W/{digest}");
    row(agents, "304", first, |_| {
        let reply = client.send("GET", "/crdt/fleet", &[("if-none-match", &tag)], None);
        assert_eq!(reply.status, 304, "{reply:?}");
    });
    row(agents, "list of documents", first, |_| drop(client.get("/crdt").ok()));
    row(agents, "through a stream", first, |agent| {
        drop(client.post("/stream/red/apply", &operation(agent, &json!({}))).ok());
    });
}
