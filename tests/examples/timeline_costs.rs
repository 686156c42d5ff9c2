//! How fast events are appended durably: `scripts/bench.sh timeline`.
//!
//! In one run, in turns, on the same disk, with the same events, and all fsynced before it counts: the append library on
//! a native store beside plain SQLite inserts, one writer each; the network over HTTP beside JetStream of the
//! nats-server named in NATS_SERVER with file storage and `sync_interval: always`, each with the same numbers of
//! connections, and who loads them beside it. `--quick` is one round of shorter turns.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use interaction_timeline::store::append::{IfTaken, append};
use interaction_timeline::store::{ids, schema};
use ramanujan_shell::{Store, native};
use ramanujan_tests::Network;
use ramanujan_tests::connection::Connection;
use ramanujan_tests::figures::Figure;
use ramanujan_timeline::{Event, Posted, hash};
use serde_json::{Value, json};

/// Events that one writer within this process appends one by one, and in batches, in each turn; and in a quick run.
const SINGLES: [u64; 2] = [2000, 300];
const IN_BATCHES: [u64; 2] = [30_000, 3000];
const BATCH: u64 = 100;
/// Turns; the best one counts, since a slow one tells about the neighbours.
const ROUNDS: [usize; 2] = [2, 1];
/// How long a server is loaded in each way.
const LOAD: [Duration; 2] = [Duration::from_secs(4), Duration::from_millis(500)];
/// The ways: connections, and events of one request.
const WAYS: [(u64, u64); 4] = [(1, 1), (24, 1), (1, BATCH), (4, BATCH)];

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    singles: u64,
    in_batches: u64,
    load: Duration,
}

/// Events per second of a contestant, by the way of appending.
type Rates = Vec<((u64, u64), f64)>;

const SQLITE: &str = "SQLite, the same tables and indexes";
const JETSTREAM: &str = "JetStream, file, sync always";

/// Everybody's rows, and whom each is compared with: who does the same under the same conditions.
const CONTESTANTS: [(&str, Option<&str>); 5] = [
    ("SQLite, one table of the bytes", None),
    (SQLITE, None),
    ("append library, native store", Some(SQLITE)),
    (JETSTREAM, None),
    ("network over HTTP", Some(JETSTREAM)),
];

fn main() {
    let quick = usize::from(std::env::args().any(|argument| argument == "--quick"));
    let size = Size { singles: SINGLES[quick], in_batches: IN_BATCHES[quick], load: LOAD[quick] };
    let folder = tempfile::tempdir_in(std::env::current_dir().expect("a current folder")).expect("a folder");
    let mut best: BTreeMap<&str, Rates> = BTreeMap::new();
    for round in 0..ROUNDS[quick] {
        eprintln!("round {} of {}", round + 1, ROUNDS[quick]);
        for (name, _) in CONTESTANTS {
            let path = folder.path().join(format!("{}-{round}", name.replace([' ', ','], "-")));
            let rates = match name {
                SQLITE => plain(&path, true, size),
                "append library, native store" => library(&path, size),
                JETSTREAM => match std::env::var("NATS_SERVER") {
                    Ok(server) => jetstream(&server, &path, size),
                    Err(_) => continue,
                },
                "network over HTTP" => network(size),
                _ => plain(&path, false, size),
            };
            eprintln!("  {name}: {rates:.0?}");
            let known = best.entry(name).or_insert_with(|| rates.clone());
            for ((_, best), (_, rate)) in known.iter_mut().zip(&rates) {
                *best = best.max(*rate);
            }
        }
    }
    for (name, peer) in CONTESTANTS {
        for (way, rate) in best.get(name).into_iter().flatten() {
            let (writers, batch) = way;
            let how = if *batch == 1 { "one by one".to_owned() } else { format!("batches of {batch}") };
            let many = if *writers == 1 { "writer" } else { "writers" };
            let figure = Figure::new(name, &format!("{how}, {writers} {many}"), *rate, "events/s");
            let theirs = peer.and_then(|peer| {
                let rates = best.get(peer)?;
                Some((peer, rates.iter().find(|(other, _)| other == way)?.1))
            });
            match theirs {
                Some((peer, theirs)) => figure.beside(peer, theirs).print(),
                None => figure.print(),
            }
        }
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

fn checked(range: Range<u64>) -> Vec<Event> {
    let read =
        |n| serde_json::from_value::<Posted>(event(n)).expect("an event").check().expect("a valid event");
    range.map(read).collect()
}

/// Prepared inserts by rusqlite, a transaction each or one for a batch.
fn plain(path: &Path, indexed: bool, size: Size) -> Rates {
    let events = checked(0..size.singles + size.in_batches);
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
    // The row as the timeline stores it, which is found by the beginning of its id in a table of its own; without its tallies.
    let row = match indexed {
        true => {
            "INSERT INTO timeline_events
             (seq, event_id, id, timestamp, received, origin_seq, agent, type, document, color, body)
             VALUES (?4, ?4, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
        false => {
            "INSERT INTO timeline_events (event_id, timestamp, received, origin_seq, agent, type, document, color, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
    };
    let mut number = 0i64;
    let mut insert = |connection: &rusqlite::Connection, event: &Event| {
        number += 1;
        let document = event.document.as_ref().map(|document| document.as_str());
        connection
            .prepare_cached(row)
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
        if indexed {
            connection
                .prepare_cached("INSERT INTO timeline_ids_new (key, seq) VALUES (substr(?1, 1, 6), ?2)")
                .and_then(|mut statement| {
                    statement.execute(rusqlite::params![event.event_id.as_bytes(), number])
                })
                .expect("an insert");
        }
    };
    let (singles, batches) = events.split_at(size.singles as usize);
    // The row and what it is found by are one transaction.
    let single = rate(size.singles, || {
        for event in singles {
            let transaction = connection.transaction().expect("a transaction");
            insert(&transaction, event);
            transaction.commit().expect("a commit");
        }
    });
    let batched = rate(size.in_batches, || {
        for batch in batches.chunks(BATCH as usize) {
            let transaction = connection.transaction().expect("a transaction");
            batch.iter().for_each(|event| insert(&transaction, event));
            transaction.commit().expect("a commit");
        }
    });
    vec![((1, 1), single), ((1, BATCH), batched)]
}

fn library(path: &Path, size: Size) -> Rates {
    let events = checked(0..size.singles + size.in_batches);
    let _database = native::database_file(path);
    let store = Store::open(schema::SCHEMA).expect("a store");
    let run = |events: &[Event], batch: u64| {
        rate(events.len() as u64, || {
            for batch in events.chunks(batch as usize) {
                let appended = append(&store, batch, IfTaken::Refuse, 1_700_000_000_000).expect("appended");
                // What the component does after each post belongs to it.
                ids::keep_up(&store, appended.last().expect("an event").seq, appended.len() as u64);
            }
        })
    };
    let (singles, batches) = events.split_at(size.singles as usize);
    vec![((1, 1), run(singles, 1)), ((1, BATCH), run(batches, BATCH))]
}

/// Loads a server in every way: `open` makes a connection, which then sends the events in a range and waits until they
/// are acknowledged. Returns the rates and how many events were sent.
fn load<C>(
    size: Size,
    open: impl Fn() -> C + Sync,
    send: impl Fn(&mut C, Range<u64>) + Sync,
) -> (Rates, u64) {
    let next = AtomicU64::new(0);
    let rate = |(connections, batch): (u64, u64)| {
        let first = next.load(Relaxed);
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| {
                    let mut connection = open();
                    while started.elapsed() < size.load {
                        let from = next.fetch_add(batch, Relaxed);
                        send(&mut connection, from..from + batch);
                    }
                });
            }
        });
        (next.load(Relaxed) - first) as f64 / started.elapsed().as_secs_f64()
    };
    let rates = WAYS.map(|way| (way, rate(way))).to_vec();
    (rates, next.load(Relaxed))
}

fn network(size: Size) -> Rates {
    let network = Network::start();
    let url = network.url();
    let (rates, sent) = load(
        size,
        || Connection::open(&url),
        |connection, range| {
            let single = range.end - range.start == 1;
            let body = if single { event(range.start) } else { range.map(event).collect() };
            connection.post("/timeline/events", body.to_string().as_bytes());
        },
    );
    let summary = network.client().get("/timeline/summary").ok();
    assert_eq!(summary["events"], sent, "every acknowledged event is there");
    rates
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Publishes with acknowledgements: one after the other, or a hundred on their way.
fn jetstream(server: &str, store: &Path, size: Size) -> Rates {
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
    let (rates, _) = load(
        size,
        || Nats::connect(&address),
        |connection, range| {
            let count = (range.end - range.start) as usize;
            range.for_each(|n| connection.publish("bench.events", event(n).to_string().as_bytes()));
            connection.acknowledged(count);
        },
    );
    rates
}

/// The few verbs of the NATS client protocol that publishing needs.
struct Nats {
    stream: BufReader<TcpStream>,
    pending: Vec<u8>,
    /// The subject of its acknowledgements.
    acks: String,
}

impl Nats {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("nats-server listens");
        stream.set_nodelay(true).expect("no delay");
        let mut client = Nats { stream: BufReader::new(stream), pending: Vec::new(), acks: String::new() };
        client.pending.extend_from_slice(b"CONNECT {\"verbose\":false}\r\n");
        // Acknowledgements of its own, or every connection would hear those of all.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        client.acks = format!("acks.{}", COUNT.fetch_add(1, Relaxed));
        client.pending.extend_from_slice(format!("SUB {} 1\r\n", client.acks).as_bytes());
        client
    }

    fn publish(&mut self, subject: &str, body: &[u8]) {
        self.pending.extend_from_slice(format!("PUB {subject} {} {}\r\n", self.acks, body.len()).as_bytes());
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
