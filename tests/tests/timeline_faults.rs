//! What the timeline keeps when the host is killed, the disk is full, or someone edits the database.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ramanujan_tests::Client;
use ramanujan_tests::single::Timeline;
use ramanujan_timeline::hash::leaf_hash;
use serde_json::{Value, json};

/// How often the host is killed while it appends.
const KILLS: u64 = 200;
/// Senders at once, so that statements share a commit.
const SENDERS: u64 = 3;

fn event(n: u64, padding: usize) -> Value {
    json!({"event_id": leaf_hash(&n.to_be_bytes()).to_string(), "type": "operation", "agent_id": format!("agent-{}", n % 4),
           "document_id": "d", "payload": {"n": n, "padding": "x".repeat(padding)}})
}

/// Every event of the log, by pages.
fn all(client: &Client) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(0, |event: &Value| event["seq"].as_u64().expect("a seq"));
        let page = client.get(&format!("/api/timeline?after={after}&limit=1000")).json();
        let page = page.as_array().expect("an array");
        if page.is_empty() {
            return events;
        }
        events.extend(page.iter().cloned());
    }
}

/// The log verifies from the first event to the last, over all pages of the check.
fn assert_verifies(client: &Client) -> Value {
    let reply = client.get("/timeline/verify").ok();
    assert_eq!((&reply["verified"], &reply["complete"]), (&json!(true), &json!(true)), "{reply}");
    reply
}

#[test]
fn nothing_acknowledged_is_lost_when_the_host_is_killed_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicU64::new(0);
    // Event number and the seq under which it was acknowledged.
    let acknowledged: Mutex<HashMap<u64, u64>> = Mutex::default();
    // Sent when the host died: perhaps stored, perhaps not. Sent again after the restart.
    let unanswered: Mutex<Vec<Vec<u64>>> = Mutex::default();
    for round in 0..KILLS {
        let mut host = Timeline::start(folder.path());
        let client = host.client();
        let answered = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (client, answered, next, acknowledged, unanswered) =
                    (client.clone(), &answered, &next, &acknowledged, &unanswered);
                scope.spawn(move || {
                    // One by one, and in batches of different sizes.
                    let size = [1, 7, 40][usize::try_from((round + sender) % 3).expect("small")];
                    loop {
                        let again = unanswered.lock().expect("no panic").pop();
                        let numbers = again.unwrap_or_else(|| {
                            let first = next.fetch_add(size, Relaxed);
                            (first..first + size).collect()
                        });
                        let batch: Vec<Value> = numbers.iter().map(|n| event(*n, 50)).collect();
                        let sent =
                            client.try_post("/timeline/events", None, &json!(batch), Duration::from_secs(20));
                        let Ok(reply) = sent else {
                            unanswered.lock().expect("no panic").push(numbers);
                            return;
                        };
                        let reply = reply.ok();
                        let mut acknowledged = acknowledged.lock().expect("no panic");
                        for (n, event) in numbers.iter().zip(reply["events"].as_array().expect("events")) {
                            acknowledged.insert(*n, event["seq"].as_u64().expect("a seq"));
                        }
                        answered.fetch_add(1, Relaxed);
                    }
                });
            }
            // Killed after a different number of answers each time, so in different states of the work under way.
            while answered.load(Relaxed) < 1 + round % 7 {
                std::thread::yield_now();
            }
            host.kill();
        });
    }
    let host = Timeline::start(folder.path());
    let client = host.client();
    let events = all(&client);
    let acknowledged = acknowledged.into_inner().expect("no panic");
    assert!(acknowledged.len() as u64 > KILLS);
    let mut seqs = HashMap::new();
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event["seq"], json!(seq), "no gap");
        let n = event["payload"]["n"].as_u64().expect("a number");
        assert_eq!(seqs.insert(n, seq), None, "event {n} is doubled");
    }
    for (n, seq) in &acknowledged {
        assert_eq!(seqs.get(n), Some(seq), "event {n} was acknowledged as {seq}");
    }
    let verified = assert_verifies(&client);
    assert_eq!(verified["gaps"], json!([]));
    let summary = client.get("/timeline/summary").ok();
    assert_eq!(summary["events"], json!(events.len()));
}

#[test]
fn a_full_disk_refuses_and_keeps_what_there_is_until_there_is_room_again() {
    let folder = tempfile::tempdir().expect("a folder");
    // Files may grow to 3 MiB; writing beyond is an error, as on a full disk, and not a signal.
    let host = Timeline::start_with(folder.path(), "trap '' XFSZ; ulimit -S -f 3072;");
    let client = host.client();
    let mut stored = 0;
    let refused = (0..4000).step_by(20).find_map(|first| {
        let batch: Vec<Value> = (first..first + 20).map(|n| event(n, 3000)).collect();
        let reply = client.post("/timeline/events", &json!(batch));
        if reply.status == 200 {
            stored = first + 20;
            return None;
        }
        Some(reply)
    });
    let refused = refused.expect("the disk is full at some time");
    refused.problem(503, "store-unavailable");
    assert!(stored > 0);
    // Still full, still refusing, still reading what was acknowledged and nothing else.
    client
        .post("/timeline/events", &json!((stored..stored + 20).map(|n| event(n, 3000)).collect::<Vec<_>>()))
        .problem(503, "store-unavailable");
    assert_eq!(all(&client).len() as u64, stored);
    let room = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &host.id().to_string()]).status();
    assert!(room.is_ok_and(|status| status.success()), "prlimit (Debian: util-linux) works");
    let batch: Vec<Value> = (stored..stored + 20).map(|n| event(n, 3000)).collect();
    assert_eq!(client.post("/timeline/events", &json!(batch)).ok()["appended"], json!(20));
    let events = all(&client);
    assert_eq!(events.len() as u64, stored + 20);
    assert_verifies(&client);
    drop(host);
    let host = Timeline::start(folder.path());
    assert_eq!(all(&host.client()), events);
    assert_verifies(&host.client());
}

/// The database of the host whose state is in `folder`.
fn database(folder: &Path) -> rusqlite::Connection {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("state")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "db") {
                found.push(path);
            }
        }
    }
    let tables = |path: &Path| {
        let connection = rusqlite::Connection::open(path).ok()?;
        connection.table_exists(None, "timeline_events").ok()?.then_some(connection)
    };
    found.iter().find_map(|path| tables(path)).expect("a database with the timeline's tables")
}

#[test]
fn what_is_done_to_the_file_while_the_host_is_stopped_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Timeline::start(folder.path());
    for first in (0..3000).step_by(1000) {
        let batch: Vec<Value> = (first..first + 1000).map(|n| event(n, 0)).collect();
        host.client().post("/timeline/events", &json!(batch)).ok();
    }
    assert_verifies(&host.client());
    drop(host);
    // From the last to the first, because the first damage is the one that is named.
    for (sql, seq, reason) in [
        ("DELETE FROM timeline_events WHERE seq > 2990", 2991, "missing"),
        ("UPDATE timeline_seals SET root = zeroblob(32) WHERE size = 2048", 1025, "seal"),
        ("UPDATE timeline_events SET agent = 'mallory' WHERE seq = 900", 900, "changed"),
        (
            "UPDATE timeline_events SET body = replace(body, 'padding', 'nothing') WHERE seq = 700",
            700,
            "changed",
        ),
        (
            "UPDATE timeline_events SET seq = -seq WHERE seq IN (500, 600);
             UPDATE timeline_events SET seq = iif(seq = -500, 600, 500) WHERE seq < 0",
            500,
            "reordered",
        ),
        ("DELETE FROM timeline_events WHERE seq = 77", 77, "missing"),
    ] {
        database(folder.path()).execute_batch(sql).expect("an intruder's statement");
        let host = Timeline::start(folder.path());
        let reply = host.client().get("/timeline/verify").ok();
        assert_eq!(
            (&reply["verified"], &reply["first_bad_seq"], &reply["reason"]),
            (&json!(false), &json!(seq), &json!(reason)),
            "{sql}"
        );
    }
}
