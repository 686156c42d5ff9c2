//! What requests to crdt-service cost end to end, on a network of its own: `scripts/bench.sh service`.
//!
//! Every figure is the median of interleaved requests over one kept connection, with the spread beside it.

use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

/// Operations of the long document: as many as the longest of the recordings has, and in a quick run.
const LONG: [u64; 2] = [260_000, 20_000];
/// Operations in one request while it is made.
const BATCH: u64 = 1000;
/// Measured requests of each kind, and in a quick run.
const ROUNDS: [usize; 2] = [400, 60];
/// Requests before that, which fill caches on both sides alike.
const WARM_UP: usize = 40;

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    long: u64,
    rounds: usize,
}

fn main() {
    let quick = usize::from(std::env::args().any(|argument| argument == "--quick"));
    let size = Size { long: LONG[quick], rounds: ROUNDS[quick] };
    let network = Network::start();
    let client = network.client();
    eprintln!("making a document of {} operations", size.long);
    let started = Instant::now();
    make_long(&client, size.long);
    eprintln!("made in {:.1} s; measuring", started.elapsed().as_secs_f64());
    writes(&client, size);
    reads(&client, size.rounds);
    merges(&client, size.rounds);
}

/// A text that is typed and corrected, up to 100,000 code points.
fn make_long(client: &Client, operations: u64) {
    let mut length = 0u64;
    let mut next = 0u64;
    while next < operations {
        let batch: Vec<Value> = (0..BATCH.min(operations - next))
            .map(|index| {
                let number = next + index;
                if length > 100_000 || (number % 5 == 4 && length > 0) {
                    length -= 1;
                    json!({"operation": "delete", "document_id": "long", "agent_id": "typist",
                           "position": number % (length + 1), "length": 1})
                } else {
                    length += 1;
                    json!({"operation": "insert", "document_id": "long", "agent_id": "typist",
                           "position": number % length, "value": "x"})
                }
            })
            .collect();
        next += batch.len() as u64;
        client.post("/crdt/apply", &Value::Array(batch)).ok();
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

/// Median, tenth and ninetieth percentile.
fn row(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    for percent in [50, 10, 90] {
        let time = times[times.len() * percent / 100].as_nanos() as f64;
        Figure::new(what, &format!("p{percent}"), time, "ns").print();
    }
}

fn insert(document: &str) -> Value {
    json!({"operation": "insert", "document_id": document, "agent_id": "typist", "position": 0, "value": "y"})
}

fn writes(client: &Client, size: Size) {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + size.rounds {
        let empty = format!("empty-{round}");
        let one = time(|| drop(client.post("/crdt/apply", &insert(&empty)).ok()));
        let other = time(|| drop(client.post("/crdt/apply", &insert("long")).ok()));
        if round >= WARM_UP {
            short.push(one);
            long.push(other);
        }
    }
    row("write one operation to an empty text", &mut short);
    row(&format!("the same to a text of {} operations", size.long), &mut long);
}

fn reads(client: &Client, rounds: usize) {
    client.get("/crdt/long").ok();
    let (mut quiet, mut after_write, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + rounds {
        client.post("/crdt/apply", &insert("long")).ok();
        let changed = time(|| drop(client.get("/crdt/long").ok()));
        let again = time(|| drop(client.get("/crdt/long").ok()));
        let compare = time(|| drop(client.get("/crdt/long/history?limit=1").ok()));
        if round >= WARM_UP {
            after_write.push(changed);
            quiet.push(again);
            unchanged.push(compare);
        }
    }
    row("read that text, nothing written since", &mut quiet);
    row("read it after each write", &mut after_write);
    row("for comparison: one row of its history", &mut unchanged);
}

/// A set of 48 elements as its deltas.
fn set(agent: &str, first: usize) -> Value {
    let deltas: Vec<Value> = (1..=48)
        .map(|seq| {
            let parents = if seq == 1 { vec![] } else { vec![format!("{agent}:{}", seq - 1)] };
            json!({"agent_id": agent, "seq": seq, "operation": "add", "parents": parents,
                   "value": format!("element-{}", first + seq), "crdt_type": "or-set"})
        })
        .collect();
    json!({"deltas": deltas})
}

fn merges(client: &Client, rounds: usize) {
    let mut times = Vec::new();
    let mut repeated = Vec::new();
    for round in 0..WARM_UP + rounds {
        // Another agent each time, so that no memo answers.
        let right = set(&format!("right-{round}"), 24);
        let request = json!({"crdt_type": "or-set", "left": set("left", 0), "right": right});
        let fresh = time(|| {
            let reply = client.post("/crdt/merge", &request).ok();
            assert_eq!(reply["result"]["value"].as_array().map(Vec::len), Some(72), "{reply}");
        });
        let again = time(|| drop(client.post("/crdt/merge", &request).ok()));
        if round >= WARM_UP {
            times.push(fresh);
            repeated.push(again);
        }
    }
    row("merge two OR-sets of 48 elements, as deltas in JSON", &mut times);
    row("the same request again", &mut repeated);
    merges_encoded(client, rounds);
}

/// The same sets as encoded states.
fn merges_encoded(client: &Client, rounds: usize) {
    let encode = |state: Value| {
        let request = json!({"crdt_type": "or-set", "left": state, "right": {"deltas": []}});
        let merged = client.post("/crdt/merge?state=encoded", &request).ok();
        json!({"encoded": merged["result"]["encoded"]})
    };
    let left = encode(set("left", 0));
    let mut times = Vec::new();
    for round in 0..WARM_UP + rounds {
        let right = encode(set(&format!("other-{round}"), 24));
        let request = json!({"crdt_type": "or-set", "left": left, "right": right});
        let fresh = time(|| {
            let reply = client.post("/crdt/merge", &request).ok();
            assert_eq!(reply["result"]["value"].as_array().map(Vec::len), Some(72), "{reply}");
        });
        if round >= WARM_UP {
            times.push(fresh);
        }
    }
    row("merge them as encoded states", &mut times);
}
