//! Prints what appending costs as the log grows: microseconds per event for each tenth of 260,000 events in batches
//! of 1000, then of sealing and verifying, on SQLite in memory.
//!
//! `cargo run --release -p interaction-timeline --example append_cost`

use std::error::Error;
use std::time::Instant;

use http::Method;
use interaction_timeline::service;
use ramanujan_core::Digest;
use ramanujan_shell::native::{fresh_database, send};
use serde_json::json;

const EVENTS: usize = 260_000;
const BATCH: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let _database = fresh_database();
    let service = service();
    let started = Instant::now();
    let mut tenth = Instant::now();
    for first in (0..EVENTS).step_by(BATCH) {
        let batch: Vec<_> = (first..first + BATCH)
            .map(|n| {
                json!({"event_id": Digest::of(&n.to_be_bytes()), "type": "operation", "agent_id": format!("agent-{}", n % 2),
                    "operation": "insert", "document_id": "paper", "vector_clock": {"agent-0": n, "agent-1": n / 2},
                    "fingerprint": "0123456789abcdef", "color": if n % 5 == 0 { "BLUE" } else { "RED" }, "payload_size": 1})
            })
            .collect();
        let body = serde_json::to_vec(&batch)?;
        let reply = send(&service, Method::POST, "/timeline/events", body);
        if reply.status != 200 {
            return Err(reply.json.to_string().into());
        }
        let done = first + BATCH;
        if done.is_multiple_of(EVENTS / 10) {
            let micros = tenth.elapsed().as_secs_f64() * 1e6 / (EVENTS / 10) as f64;
            println!("{done:>7} events  {micros:6.2} µs/event (with reading and writing JSON)");
            tenth = Instant::now();
        }
    }
    println!("all: {:.2} s", started.elapsed().as_secs_f64());
    for what in ["/timeline/verify", "/timeline/verify", "/timeline/summary", "/api/timeline"] {
        let started = Instant::now();
        let reply = send(&service, Method::GET, what, "");
        println!("{what}: {} in {:.2} ms", reply.status, started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}
