//! Prints what appending and indexing cost as the log grows, in a file of its own (WAL, FULL: fsynced before it counts):
//! microseconds per event in batches of 100 for the first 10,000 events and for each tenth of all, beside the same bytes in
//! one table without any index; then of the causal index of all of them, and how long its slowest step took. Beside the time
//! that passed stands that of the processor, where the system tells it (Linux): others who work there do not count in it.
//!
//! `cargo run --release -p interaction-timeline --example append_cost [EVENTS]`; 1,000,000 events if left out

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use interaction_timeline::store::append::{IfTaken, append};
use interaction_timeline::store::{causal, ids, schema};
use ramanujan_core::Digest;
use ramanujan_shell::{Store, Value, native};
use ramanujan_timeline::{Event, Posted};
use serde_json::json;

const AGENTS: usize = 9;
const DOCUMENTS: usize = 20;
const BATCH: usize = 100;
const FIRST: usize = 10_000;

/// Nine agents change twenty documents; each event has the document's clock and names the one before it there.
fn event(n: usize, clocks: &mut [BTreeMap<String, usize>]) -> Result<Event, Box<dyn Error>> {
    let id = |n: usize| Digest::of(&n.to_be_bytes());
    let document = n % DOCUMENTS;
    let agent = format!("agent-{}", (n / DOCUMENTS + n / 7) % AGENTS);
    *clocks[document].entry(agent.clone()).or_default() += 1;
    let depends: Vec<_> = n.checked_sub(DOCUMENTS).map(id).into_iter().collect();
    let posted = json!({"event_id": id(n), "type": "operation", "agent_id": agent, "operation": "insert",
        "timestamp": 1_767_225_600_000u64 + n as u64 * 20, "document_id": format!("document-{document}"),
        "vector_clock": clocks[document], "fingerprint": format!("{n:016x}"), "color": (["RED", "BLUE", "GREEN"][n % 3]),
        "payload_size": n % 512, "depends_on": depends});
    Ok(serde_json::from_value::<Posted>(posted)?.check()?)
}

/// The same bytes into one table, a transaction for each batch.
fn plain(store: &Store, batch: &[Event]) -> Result<(), Box<dyn Error>> {
    store.execute("BEGIN IMMEDIATE", [])?;
    for event in batch {
        let document = event.document.as_ref().map(|document| document.as_str());
        let row: [Value; 9] = [
            event.event_id.as_bytes().as_slice().into(),
            event.timestamp.into(),
            1_700_000_000_000u64.into(),
            0u64.into(),
            event.agent.as_str().into(),
            event.kind.as_str().into(),
            document.into(),
            1u64.into(),
            event.body.as_str().into(),
        ];
        store.execute("INSERT INTO plain VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", row)?;
    }
    store.execute("COMMIT", [])?;
    Ok(())
}

/// Time that passed, and that this thread had a processor.
#[derive(Clone, Copy, Default)]
struct Spent(Duration, Duration);

impl Spent {
    fn now(started: Instant) -> Self {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let nanos = told.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
        Spent(started.elapsed(), Duration::from_nanos(nanos))
    }

    fn add(&mut self, from: Spent, to: Spent) {
        self.0 += to.0.saturating_sub(from.0);
        self.1 += to.1.saturating_sub(from.1);
    }

    fn print(self, what: &str, events: usize) {
        let per = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
        println!("{what}  {:6.2} µs/event, {:6.2} of the processor", per(self.0), per(self.1));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let events = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse::<usize>())?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let mut clocks = vec![BTreeMap::new(); DOCUMENTS];
    let _database = native::database_file(&folder.path().join("log.sqlite3"));
    let store = Store::open(schema::SCHEMA)?;
    store.execute("SELECT 1", [])?;
    let start = Instant::now();
    let (mut spent, mut counted) = (Spent::default(), 0);
    for first in (0..events).step_by(BATCH) {
        let batch = (first..first + BATCH).map(|n| event(n, &mut clocks)).collect::<Result<Vec<_>, _>>()?;
        let before = Spent::now(start);
        let appended = append(&store, &batch, IfTaken::Refuse, 1_700_000_000_000)?;
        if let Some(last) = appended.last() {
            ids::keep_up(&store, last.seq, BATCH as u64);
        }
        spent.add(before, Spent::now(start));
        let done = first + BATCH;
        counted += BATCH;
        if done == FIRST || done.is_multiple_of(events / 10) {
            spent.print(&format!("append {done:>8}"), counted);
            (spent, counted) = (Spent::default(), 0);
        }
    }
    let before = Spent::now(start);
    let mut spent = Spent::default();
    let mut slowest = Duration::ZERO;
    loop {
        let step = Instant::now();
        let reach = causal::advance(&store, Duration::ZERO)?;
        slowest = slowest.max(step.elapsed());
        if reach.is_complete() {
            break;
        }
    }
    spent.add(before, Spent::now(start));
    spent.print(&format!("index  {events:>8}"), events);
    println!("slowest step of the index: {slowest:.1?}");
    drop(store);
    let mut clocks = vec![BTreeMap::new(); DOCUMENTS];
    let _database = native::database_file(&folder.path().join("plain.sqlite3"));
    let store = Store::open(schema::SCHEMA)?;
    store.execute(
        "CREATE TABLE plain (seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id BLOB, timestamp INTEGER, received INTEGER,
             origin_seq INTEGER, agent TEXT, type TEXT, document TEXT, color INTEGER, body TEXT)",
        [],
    )?;
    let (mut spent, count) = (Spent::default(), events.min(10 * FIRST));
    for first in (0..count).step_by(BATCH) {
        let batch = (first..first + BATCH).map(|n| event(n, &mut clocks)).collect::<Result<Vec<_>, _>>()?;
        let before = Spent::now(start);
        plain(&store, &batch)?;
        spent.add(before, Spent::now(start));
    }
    spent.print(&format!("plain  {count:>8}"), count);
    Ok(())
}
