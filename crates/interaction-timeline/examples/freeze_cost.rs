//! Prints what freezing and recovering cost on 1,000,000 events, on SQLite in memory: the first freeze, which seals and
//! checks all of them in several requests, one after 1000 events more, and states at places all over the log.
//!
//! `cargo run --release -p interaction-timeline --example freeze_cost`

use std::error::Error;
use std::time::Instant;

use http::Method;
use interaction_timeline::service;
use interaction_timeline::store::schema;
use ramanujan_core::Digest;
use ramanujan_shell::native::{Reply, fresh_database, send};
use ramanujan_shell::{Service, Store};

const EVENTS: u64 = 1_000_000;
const MORE: u64 = 1000;
const STATES: u64 = 100;

/// Appends events `from` to `to`: 40 agents, 200 documents, each event caused by the one 40 before it.
fn fill(store: &Store, from: u64, to: u64) -> Result<(), Box<dyn Error>> {
    let id = |n: u64| Digest::of(&n.to_be_bytes());
    for n in (from..to).step_by(1000) {
        let ids: Vec<u8> = (n..n + 1000).flat_map(|n| *id(n).as_bytes()).collect();
        let bodies: Vec<String> = (n..n + 1000)
            .map(|n| {
                let cause =
                    if n < 40 { String::new() } else { format!(r#""depends_on":["{}"],"#, id(n - 40)) };
                format!(
                    r#"{{{cause}"fingerprint":"{:016x}","operation":"insert","vector_clock":{{"a":{n}}}}}"#,
                    n % 7
                )
            })
            .collect();
        store.execute(
            "INSERT INTO timeline_events
                 (event_id, timestamp, received, origin_seq, agent, type, document, color, body)
             SELECT substr(?2, 1 + 32 * key, 32), 1700000000000 + ?3 + key, 1700000000000 + ?3 + key,
                    (?3 + key) / 40 + 1, 'agent-' || ((?3 + key) % 40), 'operation', 'paper-' || ((?3 + key) % 200),
                    (?3 + key) % 3 - 1, value
             FROM json_each(?1)",
            [serde_json::to_string(&bodies)?.into(), ids.into(), n.into()],
        )?;
    }
    Ok(())
}

fn timed(service: &Service, method: Method, target: &str, body: &str) -> (Reply, f64) {
    let started = Instant::now();
    let reply = send(service, method, target, body);
    (reply, started.elapsed().as_secs_f64() * 1e3)
}

/// Freezes under `name`, as often as it takes.
fn freeze(service: &Service, name: &str) -> Result<(), Box<dyn Error>> {
    loop {
        let body = format!(r#"{{"name":"{name}"}}"#);
        let (reply, ms) = timed(service, Method::POST, "/timeline/freeze", &body);
        println!("freeze {name}: {} in {ms:.0} ms", reply.status);
        match reply.status {
            200 => return Ok(()),
            503 => {}
            _ => return Err(reply.json.to_string().into()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let _database = fresh_database();
    let service = service();
    let store = Store::open(schema::SCHEMA)?;
    let started = Instant::now();
    fill(&store, 0, EVENTS)?;
    println!("{EVENTS} events appended in {:.1} s", started.elapsed().as_secs_f64());
    freeze(&service, "first")?;
    fill(&store, EVENTS, EVENTS + MORE)?;
    freeze(&service, "second")?;
    for what in ["", "&list=origins", "&list=documents", "&list=types"] {
        let mut times = Vec::new();
        for n in 0..STATES {
            let at = (n * 7_919_431) % EVENTS;
            let (reply, ms) = timed(&service, Method::GET, &format!("/timeline/recover?at={at}{what}"), "");
            if reply.status != 200 {
                return Err(reply.json.to_string().into());
            }
            times.push(ms);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "recover?at=…{what}: median {:.1} ms, longest {:.1} ms of {STATES}",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    Ok(())
}
