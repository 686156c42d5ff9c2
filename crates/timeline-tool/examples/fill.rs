//! Fills a network's timeline with made-up events: nine agents change twenty documents, each event with the document's
//! clock and depending on the one before it in its document, every hundredth on one of another document.
//!
//! `cargo run --release -p ramanujan-timeline-tool --example fill -- URL EVENTS`

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use ramanujan_client::{Client, Options};
use ramanujan_core::Digest;
use ramanujan_core::time::format_rfc3339;
use serde_json::{Value, json};

const AGENTS: usize = 9;
const DOCUMENTS: usize = 20;
const BATCH: usize = 1000;

fn id(n: usize) -> Digest {
    Digest::of(&n.to_be_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (url, events) = (args.next().ok_or("URL?")?, args.next().ok_or("EVENTS?")?.parse::<usize>()?);
    let client = Client::new(Options::new(&url).retry_for(Duration::from_secs(60)))?;
    let started = Instant::now();
    let mut clocks = vec![BTreeMap::<String, usize>::new(); DOCUMENTS];
    for first in (0..events).step_by(BATCH) {
        let batch: Vec<Value> = (first..events.min(first + BATCH))
            .map(|n| {
                let document = n % DOCUMENTS;
                let agent = format!("agent-{}", (n / DOCUMENTS + n / 7) % AGENTS);
                *clocks[document].entry(agent.clone()).or_default() += 1;
                let mut depends = Vec::new();
                if n >= DOCUMENTS {
                    depends.push(id(n - DOCUMENTS));
                }
                if n > 0 && n.is_multiple_of(100) {
                    depends.push(id(n - 1));
                }
                json!({"event_id": id(n), "type": (["operation", "MessageSent", "HeartbeatSent"][n % 3]), "agent_id": agent,
                    "timestamp": format_rfc3339(1_767_225_600_000 + n as u64 * 20), "operation": "insert",
                    "document_id": format!("document-{document}"), "vector_clock": clocks[document],
                    "fingerprint": format!("{n:016x}"), "color": (["RED", "BLUE", "GREEN"][n % 3]), "payload_size": n % 512,
                    "depends_on": depends})
            })
            .collect();
        client.post("/timeline/events", &serde_json::to_vec(&batch)?).idempotent().done()?;
    }
    println!("{events} events in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
