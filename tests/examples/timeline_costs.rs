//! How fast events are appended durably: `scripts/bench.sh timeline`.
//!
//! In one run, in turns, on the same disk: plain SQLite inserts of the same bytes, the append library on a native
//! store, the network over HTTP with its load generator beside it, and JetStream of the nats-server named in
//! NATS_SERVER with file storage and `sync_interval: always`. Everything is fsynced before it counts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use interaction_timeline::store::append::append;
use interaction_timeline::store::schema;
use ramanujan_shell::{Store, native};
use ramanujan_tests::Network;
use ramanujan_timeline::{Event, Posted, hash};
use serde_json::{Value, json};

/// Events appended one by one, and in batches, in each turn.
const SINGLES: u64 = 2000;
const IN_BATCHES: u64 = 30_000;
const BATCH: u64 = 100;
/// Turns; the best one counts, since a slow one tells about the neighbours.
const ROUNDS: usize = 2;
/// How long the network is loaded, and by how many connections for single events and for batches.
const LOAD: Duration = Duration::from_secs(6);
const SINGLE_CONNECTIONS: u64 = 24;
const BATCH_CONNECTIONS: u64 = 4;

fn main() {
    let folder = tempfile::tempdir_in(std::env::current_dir().expect("a current folder")).expect("a folder");
    let mut best: Vec<(&str, [f64; 2])> = Vec::new();
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        let path = |name: &str| folder.path().join(format!("{name}-{round}.db"));
        let mut results = vec![
            ("SQLite, one table of the bytes", plain(&path("plain"), false)),
            ("SQLite, the same tables and indexes", plain(&path("indexed"), true)),
            ("append library, native store", library(&path("library"))),
        ];
        if let Ok(server) = std::env::var("NATS_SERVER") {
            let store = folder.path().join(format!("nats-{round}"));
            results.push(("JetStream, file, sync always", jetstream(&server, &store)));
        }
        for (name, rates) in results {
            eprintln!("  {name}: {:.0} one by one, {:.0} in batches", rates[0], rates[1]);
            match best.iter_mut().find(|(known, _)| *known == name) {
                Some((_, best)) => (0..2).for_each(|i| best[i] = best[i].max(rates[i])),
                None => best.push((name, rates)),
            }
        }
    }
    best.push(("network over HTTP, load beside it", network()));
    let [single, batch] = best[0].1;
    println!("| what | one by one, events/s | of the first | batches of {BATCH}, events/s | of the first |");
    println!("|---|---:|---:|---:|---:|");
    for (name, rates) in best {
        let (a, b) = (rates[0] / single, rates[1] / batch);
        println!("| {name} | {:.0} | {a:.2} | {:.0} | {b:.2} |", rates[0], rates[1]);
    }
}

/// Event number `n`, about as large as those of the streams.
fn event(n: u64) -> Value {
    let id = event_id(n);
    json!({"event_id": id, "type": "operation", "agent_id": format!("agent-{}", n % 9), "operation": "insert",
        "document_id": format!("paper-{}", n % 5), "vector_clock": {"agent-0": n, "agent-1": n / 2},
        "fingerprint": "0123456789abcdef", "color": "RED", "payload_size": 1,
        "timestamp": "2026-01-02T03:04:05.678Z"})
}

fn event_id(n: u64) -> String {
    hash::leaf_hash(&n.to_be_bytes()).to_string()
}

fn rate(count: u64, run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    count as f64 / started.elapsed().as_secs_f64()
}

fn checked(range: std::ops::Range<u64>) -> Vec<Event> {
    let read =
        |n| serde_json::from_value::<Posted>(event(n)).expect("an event").check().expect("a valid event");
    range.map(read).collect()
}

/// Prepared inserts by rusqlite, a transaction each or one for a batch.
fn plain(path: &Path, indexed: bool) -> [f64; 2] {
    let events = checked(0..SINGLES + IN_BATCHES);
    let mut connection = rusqlite::Connection::open(path).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
    if indexed {
        for statement in schema::SCHEMA.statements {
            connection.execute_batch(statement).expect("the schema");
        }
    } else {
        let sql = "CREATE TABLE timeline_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id BLOB, timestamp INTEGER,
                   received INTEGER, origin_seq INTEGER, agent TEXT, type TEXT, document TEXT, color INTEGER, body TEXT)";
        connection.execute_batch(sql).expect("a table");
    }
    let mut number = 0i64;
    let mut insert = |connection: &rusqlite::Connection, event: &Event| {
        number += 1;
        let document = event.document.as_ref().map(|document| document.as_str());
        connection
            .prepare_cached(
                "INSERT INTO timeline_events (event_id, timestamp, received, origin_seq, agent, type, document, color, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut statement| {
                statement.execute(rusqlite::params![
                    event.event_id.as_bytes(),
                    event.timestamp.map(|time| time as i64),
                    1_700_000_000_000i64,
                    number,
                    event.agent.as_str(),
                    event.kind,
                    document,
                    1,
                    event.body
                ])
            })
            .expect("an insert");
    };
    let (singles, batches) = events.split_at(SINGLES as usize);
    let single = rate(SINGLES, || singles.iter().for_each(|event| insert(&connection, event)));
    let batched = rate(IN_BATCHES, || {
        for batch in batches.chunks(BATCH as usize) {
            let transaction = connection.transaction().expect("a transaction");
            batch.iter().for_each(|event| insert(&transaction, event));
            transaction.commit().expect("a commit");
        }
    });
    [single, batched]
}

fn library(path: &Path) -> [f64; 2] {
    let events = checked(0..SINGLES + IN_BATCHES);
    let _database = native::database_file(path);
    let store = Store::open(schema::SCHEMA).expect("a store");
    let run = |events: &[Event], batch: u64| {
        rate(events.len() as u64, || {
            for batch in events.chunks(batch as usize) {
                append(&store, batch, 1_700_000_000_000).expect("appended");
            }
        })
    };
    let (singles, batches) = events.split_at(SINGLES as usize);
    [run(singles, 1), run(batches, BATCH)]
}

/// One connection to an HTTP server, kept open; sends and reads as little as it may, to leave the processors to it.
struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    fn open(url: &str) -> Self {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).expect("the network listens");
        stream.set_nodelay(true).expect("no delay");
        Connection { stream: BufReader::new(stream), host }
    }

    fn post(&mut self, body: &[u8]) {
        let mut request = format!(
            "POST /timeline/events HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).expect("sent");
        let status = self.line();
        let mut length = None;
        loop {
            let line = self.line().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        match length {
            Some(length) => self.read(length, &mut body),
            None => loop {
                let size = usize::from_str_radix(&self.line(), 16).expect("the size of a chunk");
                self.read(size, &mut body);
                self.line();
                if size == 0 {
                    break;
                }
            },
        }
        assert!(status.contains(" 200 "), "{status}{}", String::from_utf8_lossy(&body));
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a reply");
        line.trim_end().to_owned()
    }

    fn read(&mut self, length: usize, body: &mut Vec<u8>) {
        let start = body.len();
        body.resize(start + length, 0);
        self.stream.read_exact(&mut body[start..]).expect("a body");
    }
}

fn network() -> [f64; 2] {
    let network = Network::start();
    let next = AtomicU64::new(0);
    let run = |connections: u64, batch: u64| {
        let first = next.load(Relaxed);
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| {
                    let mut connection = Connection::open(&network.url());
                    while started.elapsed() < LOAD {
                        let from = next.fetch_add(batch, Relaxed);
                        let body = match batch {
                            1 => event(from),
                            _ => (from..from + batch).map(event).collect(),
                        };
                        connection.post(body.to_string().as_bytes());
                    }
                });
            }
        });
        (next.load(Relaxed) - first) as f64 / started.elapsed().as_secs_f64()
    };
    let rates = [run(SINGLE_CONNECTIONS, 1), run(BATCH_CONNECTIONS, BATCH)];
    let summary = network.client().get("/timeline/summary").ok();
    assert_eq!(summary["events"], next.load(Relaxed), "every acknowledged event is there");
    rates
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Publishes with acknowledgements: one after the other, then with a hundred on their way.
fn jetstream(server: &str, store: &Path) -> [f64; 2] {
    std::fs::create_dir_all(store).expect("a folder");
    let config = store.join("nats.conf");
    let ports = store.join("ports");
    std::fs::create_dir_all(&ports).expect("a folder");
    let text = format!(
        "host: 127.0.0.1\nport: -1\nports_file_dir: {:?}\njetstream {{ store_dir: {:?}, sync_interval: always }}\n",
        ports.display().to_string(),
        store.display().to_string()
    );
    std::fs::write(&config, text).expect("a configuration");
    let child =
        Command::new(server).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _server = Server(child.expect("NATS_SERVER names a nats-server"));
    let address = ramanujan_tests::network::eventually("nats-server's port", Duration::from_secs(20), || {
        let file = std::fs::read_dir(&ports).ok()?.flatten().next()?;
        let ports: Value = serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()?;
        Some(ports["nats"][0].as_str()?.trim_start_matches("nats://").to_owned())
    });
    let mut client = Nats::connect(&address);
    let stream = json!({"name": "bench", "subjects": ["bench.>"], "storage": "file"});
    client.publish("$JS.API.STREAM.CREATE.bench", stream.to_string().as_bytes());
    client.acknowledged(1);
    let bodies: Vec<String> = (0..SINGLES + IN_BATCHES).map(|n| event(n).to_string()).collect();
    let (singles, batches) = bodies.split_at(SINGLES as usize);
    let single = rate(SINGLES, || {
        for body in singles {
            client.publish("bench.events", body.as_bytes());
            client.acknowledged(1);
        }
    });
    let batched = rate(IN_BATCHES, || {
        for batch in batches.chunks(BATCH as usize) {
            batch.iter().for_each(|body| client.publish("bench.events", body.as_bytes()));
            client.acknowledged(batch.len());
        }
    });
    [single, batched]
}

/// The few verbs of the NATS client protocol that publishing needs.
struct Nats {
    stream: BufReader<TcpStream>,
    pending: Vec<u8>,
}

impl Nats {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("nats-server listens");
        stream.set_nodelay(true).expect("no delay");
        let mut client = Nats { stream: BufReader::new(stream), pending: Vec::new() };
        client.pending.extend_from_slice(b"CONNECT {\"verbose\":false}\r\nSUB acks 1\r\n");
        client
    }

    fn publish(&mut self, subject: &str, body: &[u8]) {
        self.pending.extend_from_slice(format!("PUB {subject} acks {}\r\n", body.len()).as_bytes());
        self.pending.extend_from_slice(body);
        self.pending.extend_from_slice(b"\r\n");
    }

    /// Sends what is pending and waits for `count` replies without an error.
    fn acknowledged(&mut self, count: usize) {
        let pending = std::mem::take(&mut self.pending);
        self.stream.get_mut().write_all(&pending).expect("sent");
        let mut left = count;
        while left > 0 {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a line");
            if line.starts_with("PING") {
                self.stream.get_mut().write_all(b"PONG\r\n").expect("sent");
            }
            let Some(size) = line.strip_prefix("MSG ").and_then(|line| line.trim().rsplit(' ').next()) else {
                continue;
            };
            let mut body = vec![0; size.parse::<usize>().expect("a size") + 2];
            self.stream.read_exact(&mut body).expect("a reply");
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("\"error\""), "{text}");
            left -= 1;
        }
    }
}
