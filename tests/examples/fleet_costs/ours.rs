//! The network as a contestant: agents that append to texts through a stream.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::connection::Connection;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

use crate::times::Times;

/// Where operations go that are to have their event.
pub(crate) const APPLY: &str = "/stream/red/apply";
/// Operations in one request while a document is filled.
const BATCH: u64 = 500;

/// What a contestant did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) times: Times,
    pub(crate) seconds: f64,
}

impl Done {
    pub(crate) fn rate(&self) -> f64 {
        self.times.count() as f64 / self.seconds
    }
}

/// An agent with a connection and a document of its own.
pub(crate) struct Writer {
    connection: Connection,
    document: String,
    written: usize,
}

impl Writer {
    pub(crate) fn new(url: &str, document: &str) -> Self {
        Writer { connection: Connection::open(url), document: document.to_owned(), written: 0 }
    }

    /// Appends a character; returns when it is acknowledged, so stored and synced.
    pub(crate) fn write(&mut self) {
        let body = format!(
            "{{\"operation\":\"insert\",\"document_id\":\"{0}\",\"agent_id\":\"{0}\",\"position\":{1},\"value\":\"x\"}}",
            self.document, self.written
        );
        // The others' acknowledgements say no more than this.
        self.connection.post_with(APPLY, "prefer: return=minimal\r\n", body.as_bytes());
        self.written += 1;
    }
}

/// Writes as fast as it is acknowledged, or so many operations per second of all agents together; times from sending.
pub(crate) fn load(url: &str, prefix: &str, agents: u32, limit: Duration, rate: Option<f64>) -> Done {
    let interval = rate.map(|rate| Duration::from_secs_f64(f64::from(agents) / rate));
    let mut writers: Vec<Writer> =
        (0..agents).map(|agent| Writer::new(url, &format!("{prefix}-{agent}"))).collect();
    let began = Instant::now();
    let write = |agent: usize, writer: &mut Writer| {
        let mut times = Vec::new();
        let mut due = began + interval.unwrap_or_default().mul_f64(agent as f64 / f64::from(agents));
        loop {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = Instant::now();
            if sent >= began + limit {
                return times;
            }
            writer.write();
            times.push(sent.elapsed());
            due += interval.unwrap_or_default();
        }
    };
    let times: Vec<Duration> = thread::scope(|scope| {
        let spawn = |(agent, writer)| scope.spawn(move || write(agent, writer));
        let threads: Vec<_> = writers.iter_mut().enumerate().map(spawn).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a writer ends")).collect()
    });
    Done { times: times.into_iter().collect(), seconds: began.elapsed().as_secs_f64() }
}

/// Operations that the network holds of all documents of a load.
pub(crate) fn held(network: &Network, prefix: &str, agents: u32) -> u64 {
    let client = network.client();
    (0..agents).map(|agent| ramanujan_tests::replay::stored(&client, &format!("{prefix}-{agent}"))).sum()
}

/// Heads as a query names them.
pub(crate) fn in_query(heads: &Value) -> String {
    heads.to_string().replace('"', "%22").replace('[', "%5B").replace(']', "%5D")
}

/// Waits for a change of a document from a version on; returns the version it then has, by its heads.
pub(crate) fn wait_for_change(connection: &mut Connection, document: &str, since: &Value) -> Value {
    let path = format!("/crdt/{document}/diff?since={}", in_query(since));
    let reply = connection.get(&path, "prefer: wait=10\r\n");
    let reply: Value = serde_json::from_slice(&reply).expect("JSON");
    assert!(reply["items"].as_array().is_some_and(|items| !items.is_empty()), "a change within ten seconds");
    reply["heads"].clone()
}

/// Writes these operations in batches, without events; gives the heads after each batch.
pub(crate) fn fill(client: &Client, numbers: Range<u64>, operation: impl Fn(u64) -> Value) -> Vec<Value> {
    let write = |from: u64| {
        let batch: Vec<Value> = (from..numbers.end.min(from + BATCH)).map(&operation).collect();
        let reply = client.post("/crdt/apply", &Value::Array(batch)).ok();
        reply["results"]
            .as_array()
            .and_then(|results| results.last())
            .map_or(Value::Null, |last| json!([last["operation_id"]]))
    };
    numbers.clone().step_by(BATCH as usize).map(write).collect()
}
