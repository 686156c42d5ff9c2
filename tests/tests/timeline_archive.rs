//! `ramanujan timeline archive`, `verify` and `import`, killed at any moment, beside a host that is killed too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use ramanujan_tests::Client;
use ramanujan_tests::network::binary;
use ramanujan_tests::single::Timeline;
use serde_json::{Value, json};

/// Events in the log, events in a segment, and newest ones that stay.
const EVENTS: u64 = 3000;
const SEGMENT: u64 = 80;
const KEEP: u64 = 100;
/// How often the tool or the host is killed.
const KILLS: u64 = 18;

fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("timeline").args(arguments).stdin(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the tool can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|end| end == "ndjson"));
    files.sort();
    files
}

/// Body of each event by its seq, from whole files.
fn in_files(folder: &Path) -> BTreeMap<u64, String> {
    let mut events = BTreeMap::new();
    for file in files(folder) {
        for line in std::fs::read_to_string(file).expect("a file").lines().skip(1) {
            let row: Value = serde_json::from_str(line).expect("a row");
            events.insert(
                row["seq"].as_u64().expect("a seq"),
                row["event_id"].as_str().expect("an id").to_owned(),
            );
        }
    }
    events
}

fn in_log(client: &Client) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event["seq"].as_u64().expect("a seq"));
        let page = client.get(&format!("/api/timeline?after={after}&limit=1000")).json();
        let page = page.as_array().expect("an array");
        if page.is_empty() {
            return events;
        }
        events.extend(page.iter().cloned());
    }
}

#[test]
fn archiving_killed_at_any_moment_loses_nothing_and_everything_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("archive");
    let dir = archive.to_str().expect("a path in UTF-8");
    Timeline::configure(
        folder.path(),
        &[("ARCHIVE_EVENTS", &SEGMENT.to_string()), ("ARCHIVE_KEEP", &KEEP.to_string())],
    );
    let mut host = Timeline::start(folder.path());
    for first in (0..EVENTS).step_by(1000) {
        let batch: Vec<Value> = (first..first + 1000)
            .map(
                |n| json!({"type": "operation", "agent_id": format!("agent-{}", n % 5), "payload": {"n": n}}),
            )
            .collect();
        host.client().post("/timeline/events", &json!(batch)).ok();
    }
    let before = in_log(&host.client());
    assert_eq!(before.len() as u64, EVENTS);
    let root = host.client().get("/timeline/verify").ok()["merkle_root"].clone();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        let url = host.url().to_owned();
        let arguments = ["archive", "--dir", dir, "--url", &url, "--segments", "4", "--retry-seconds", "0"];
        let mut child =
            tool(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the tool");
        std::thread::sleep(Duration::from_millis(1 + kill * 3 % 47));
        if kill % 3 == 2 {
            host.kill();
            let _ = child.wait();
            host = Timeline::start(folder.path());
        } else {
            interrupted += u64::from(child.try_wait().expect("its state").is_none());
            child.kill().expect("the tool can be killed");
            child.wait().expect("the tool ends");
        }
        // Every event is in the log or in a whole file, or both.
        let client = host.client();
        let (files, log) = (in_files(&archive), in_log(&client));
        for (seq, event) in (1..).zip(&before) {
            let id = event["event_id"].as_str().expect("an id");
            let first = log.first().map_or(u64::MAX, |event| event["seq"].as_u64().expect("a seq"));
            let found = match seq < first {
                true => files.get(&seq).map(String::as_str),
                false => log[usize::try_from(seq - first).expect("small")]["event_id"].as_str(),
            };
            assert_eq!(found, Some(id), "event {seq} after kill {kill}");
        }
        let verified = client.get("/timeline/verify").ok();
        assert_eq!((&verified["verified"], &verified["merkle_root"]), (&json!(true), &root));
    }
    assert!(interrupted > 0, "the tool was never caught at work");
    let url = host.url().to_owned();
    succeed(&mut tool(&["archive", "--dir", dir, "--url", &url]));
    let client = host.client();
    assert_eq!(client.get("/timeline/verify").ok()["archived_until"], json!(EVENTS - KEEP));
    assert_eq!(in_log(&client).len() as u64, KEEP);
    let paths = files(&archive);
    let named: Vec<&str> = paths.iter().map(|path| path.to_str().expect("a path in UTF-8")).collect();
    // An archived event is proven by the network as before, and by its file alone.
    let id = before[1234]["event_id"].as_str().expect("an id");
    let output = succeed(tool(&["verify", "--url", &url, "--event", id]).args(&named));
    let alone: Value = serde_json::from_slice(&output.stdout).expect("a proof");
    let size = alone["tree_size"].as_u64().expect("a size");
    let mut proof = client.get(&format!("/timeline/proof?event={id}&size={size}")).ok();
    for member in ["status", "archived", "chain"] {
        proof.as_object_mut().expect("an object").remove(member);
    }
    assert_eq!(proof, alone);
    // A changed file is refused by all of them, and the network stays as it is.
    let damaged = archive.join("damaged");
    let text = std::fs::read_to_string(&paths[3]).expect("a file");
    std::fs::write(&damaged, text.replacen("agent-1", "agent-2", 1)).expect("written");
    for command in ["verify", "import"] {
        let output =
            tool(&[command, damaged.to_str().expect("UTF-8"), "--url", &url]).output().expect("the tool");
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("damaged"), "{output:?}");
    }
    // Back, interrupted as well.
    let mut child =
        tool(&["import", "--url", &url]).args(&named).stdout(Stdio::null()).spawn().expect("the tool");
    std::thread::sleep(Duration::from_millis(60));
    child.kill().expect("the tool can be killed");
    child.wait().expect("the tool ends");
    let archived = client.get("/timeline/verify").ok();
    assert_eq!((&archived["verified"], &archived["merkle_root"]), (&json!(true), &root));
    succeed(tool(&["import", "--url", &url]).args(&named));
    assert_eq!(in_log(&client), before);
    let after = client.get("/timeline/verify").ok();
    assert_eq!(
        (&after["verified"], &after["archived_until"], &after["merkle_root"]),
        (&json!(true), &json!(0), &root)
    );
}
