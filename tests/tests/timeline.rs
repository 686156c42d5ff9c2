//! The timeline over real HTTP: exported files, read by others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ramanujan_tests::Network;
use ramanujan_tests::network::{binary, root};
use ramanujan_tests::skip::{self, DUCKDB};
use serde_json::{Value, json};

/// Events of the export's test: several row pages of the export, not a multiple of one.
const EVENTS: usize = 2345;

fn event(n: usize) -> Value {
    let time = format!("2026-01-02T03:{:02}:{:02}.{:03}Z", n / 60 % 60, n % 60, n % 1000);
    let mut event = json!({
        "type": if n.is_multiple_of(3) { "MessageSent" } else { "operation" }, "agent_id": format!("agent-{}", n % 7),
        "timestamp": time, "payload": {"n": n, "text": "ü, \"x\"\n"},
    });
    if n.is_multiple_of(2) {
        event["document_id"] = format!("d{}", n % 4).into();
        event["color"] = "RED".into();
        event["vector_clock"] = json!({format!("agent-{}", n % 7): n + 1});
        event["payload_size"] = n.into();
        event["duration_ms"] = (n as f64 / 8.0).into();
    }
    event
}

fn export(network: &Network, format: &str, out: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .args(["timeline", "export", "--format", format, "--url", &network.url(), "--out"])
        .arg(out)
        .args(args);
    command.output().expect("the export can be started")
}

/// The Python that has DuckDB.
fn python() -> PathBuf {
    root().join("target/python/duckdb/bin/python")
}

/// Runs a query of DuckDB on a Parquet file and returns its rows.
fn duckdb(file: &Path, query: &str) -> Vec<Vec<Value>> {
    let program = "import sys, json, duckdb
rows = duckdb.sql(sys.argv[2].replace('FILE', repr(sys.argv[1]))).fetchall()
print(json.dumps([[value if isinstance(value, (int, float, str, type(None))) else str(value) for value in row] for row in rows]))";
    let output = Command::new(python()).args(["-c", program]).arg(file).arg(query).output();
    let output = output.expect("DuckDB is installed: scripts/python.sh duckdb");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A network with events, and what its route exports of them.
fn filled() -> (Network, Vec<Value>) {
    let network = Network::start();
    let client = network.client();
    for first in (0..EVENTS).step_by(500) {
        let batch: Vec<_> = (first..EVENTS.min(first + 500)).map(event).collect();
        client.post("/timeline/events", &json!(batch)).ok();
    }
    let body = client.get("/timeline/export?format=ndjson").body;
    let all: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(all.len(), EVENTS);
    (network, all)
}

#[test]
fn exported_files_hold_what_the_routes_answer() {
    let (network, all) = filled();
    let client = network.client();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    for (format, name) in
        [("ndjson", "a.ndjson"), ("json", "a.json"), ("csv", "a.csv"), ("parquet", "a.parquet")]
    {
        let output = export(&network, format, &file(name), &["--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(&format!("{EVENTS} events in ")));
    }
    let text = |name: &str| std::fs::read_to_string(file(name)).expect("the file");
    assert_eq!(text("a.ndjson"), client.get("/timeline/export?format=ndjson").body);
    assert_eq!(text("a.csv"), client.get("/timeline/export?format=csv").body);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&text("a.json")).expect("JSON"), all);
    // An export that fails leaves the older file as it was.
    let parquet = file("a.parquet");
    let before = std::fs::read(&parquet).expect("the file");
    let output = export(&network, "parquet", &parquet, &["--from", "yesterday", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("from: neither an RFC 3339"));
    assert_eq!(std::fs::read(&parquet).expect("the file"), before);
    let files = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(files, 4, "nothing half-written is left");
}

#[test]
fn another_reader_finds_the_same_in_a_parquet_file() {
    if !skip::has(DUCKDB, &[&python().to_string_lossy()]) {
        return;
    }
    let (network, all) = filled();
    let client = network.client();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let output = export(&network, "parquet", &file("a.parquet"), &["--quiet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let parquet = file("a.parquet");
    let types: BTreeMap<String, String> =
        duckdb(&parquet, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM FILE)")
            .into_iter()
            .map(|row| {
                (
                    row[0].as_str().unwrap_or_default().to_owned(),
                    row[1].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
    for (column, expected) in [
        ("seq", "BIGINT"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE"),
        ("agent_id", "VARCHAR"),
        ("duration_ms", "DOUBLE"),
        ("payload", "JSON"),
    ] {
        assert_eq!(types[column], expected, "{column}");
    }
    let counts = duckdb(
        &parquet,
        "SELECT COUNT(*), COUNT(document_id), SUM(seq), SUM(payload_size), SUM(duration_ms) FROM FILE",
    );
    let sum = |member: &str| all.iter().filter_map(|event| event[member].as_f64()).sum::<f64>();
    let documents = all.iter().filter(|event| !event["document_id"].is_null()).count();
    let expected = [EVENTS as f64, documents as f64, sum("seq"), sum("payload_size"), sum("duration_ms")];
    // A sum of integers may come as text, being wider than 64 bits.
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    assert_eq!(counts[0].iter().map(number).collect::<Vec<_>>(), expected.map(Some));
    let query = "SELECT seq, event_id, payload FROM FILE WHERE agent_id = 'agent-3'
        AND epoch_ms(timestamp) >= epoch_ms(TIMESTAMPTZ '2026-01-02 03:10:00+00') AND epoch_ms(timestamp) < epoch_ms(TIMESTAMPTZ '2026-01-02 03:20:00+00') ORDER BY seq";
    let answer = client
        .get("/timeline/query?agent=agent-3&from=2026-01-02T03:10:00Z&to=2026-01-02T03:20:00Z&order=seq&limit=1000")
        .ok();
    let rows: Vec<Vec<Value>> = answer["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| {
            vec![event["seq"].clone(), event["event_id"].clone(), event["payload"].to_string().into()]
        })
        .collect();
    assert!(rows.len() > 50);
    assert_eq!(duckdb(&parquet, query), rows);
    // Filters.
    let output = export(&network, "parquet", &parquet, &["--agent", "agent-3", "--quiet"]);
    assert!(output.status.success());
    let own = all.iter().filter(|event| event["agent_id"] == "agent-3").count();
    assert_eq!(duckdb(&parquet, "SELECT COUNT(*) FROM FILE"), [[json!(own)]]);
    let files = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(files, 1, "nothing half-written is left");
}
