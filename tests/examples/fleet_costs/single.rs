//! Figures of the network that stand alone.

use std::time::Instant;

use ramanujan_replay::generate::Options;
use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::replay::{recorded, run};
use serde_json::{Value, json};

use crate::ours::{fill, in_query};
use crate::times::Times;

/// All figures stand in one column.
const MEASURED: &str = "measured";
const OPERATIONS: u64 = 100_000;
const AGENTS: u64 = 4;
/// Versions asked for.
const VERSIONS: [usize; 2] = [7, 3];
const DOCUMENT: &str = "long";

/// A recorded session, one small batch after another.
pub(crate) fn replay(quick: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let transactions = if quick { 4_000 } else { 18_000 };
    let like_it = Options { seed: 7, transactions, agents: 1, non_ascii: false, self_concurrent: false };
    let (path, recording) = recorded(folder.path(), "sveltecomponent", &like_it);
    let network = Network::start();
    let (code, report) = run(&network, &path, &[]);
    assert_eq!(code, 0, "as recorded: {report}");
    let rate = report["operations_per_second"].as_f64().expect("a rate");
    // Only a recording has more transactions than were made up.
    let made_up =
        if recording.transactions.len() == transactions { ", a generated session like it" } else { "" };
    Figure::new(&format!("replay of sveltecomponent{made_up}"), MEASURED, rate, "operations/s").print();
}

/// An earlier version of a long text, and its verification.
pub(crate) fn history(quick: bool) {
    let mut network = Network::start();
    let heads = fill(&network.client(), 0..OPERATIONS, insert);
    let client = network.client();
    let verify = |before: u64| {
        let started = Instant::now();
        let body = json!({"operation": "verify", "document_id": DOCUMENT, "incremental": true});
        let verdict = client.post("/stream/green/verify", &body).ok();
        let time = started.elapsed().as_nanos() as f64;
        assert_eq!(verdict["verified"], true, "{verdict}");
        assert_eq!(verdict["witness"]["recomputed_before"], before, "{verdict}");
        time
    };
    Figure::new(&format!("GREEN on {OPERATIONS} operations"), MEASURED, verify(0), "ns").print();
    client.post("/crdt/apply", &insert(OPERATIONS)).ok();
    let row = "GREEN again, `incremental`, after one more operation";
    Figure::new(row, MEASURED, verify(OPERATIONS), "ns").print();
    let mut times = Vec::new();
    // The latest first, each from a fresh host: nothing that was made before can be added to.
    for version in (0..VERSIONS[usize::from(quick)]).rev() {
        network = network.kill_and_restart();
        let client = network.client();
        client.get("/crdt/health").ok();
        let at = in_query(&heads[heads.len() / 2 + version]);
        let started = Instant::now();
        let state = client.get(&format!("/crdt/{DOCUMENT}?at={at}")).ok();
        times.push(started.elapsed());
        assert!(state["operations"].as_u64().is_some_and(|held| held > 0 && held < OPERATIONS), "{state}");
    }
    let times: Times = times.into_iter().collect();
    let row = format!("`?at=` in the middle of {OPERATIONS} operations, uncached");
    Figure::new(&row, MEASURED, times.median(), "ns").print();
}

/// Insertions everywhere, by agents that take turns.
fn insert(number: u64) -> Value {
    json!({"operation": "insert", "document_id": DOCUMENT, "agent_id": format!("agent-{}", number / 25 % AGENTS),
        "position": number * 7919 % (number + 1), "value": "x"})
}
