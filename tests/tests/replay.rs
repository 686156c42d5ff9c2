//! The main job: a recorded session goes through the network and ends with the recorded text, whatever interrupts it.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use ramanujan_replay::generate::Options;
use ramanujan_replay::recording::Recording;
use ramanujan_tests::network::{binary, eventually, signal, wait};
use ramanujan_tests::replay::{command, events, generated, notice, outcome, recorded, run, spawn, stored};
use ramanujan_tests::{Client, Network};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(120);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The report says that all went well, and the network says the same.
fn assert_as_recorded(client: &Client, (code, report): &(i32, Value), end_content: &str) {
    assert_eq!(*code, 0, "{report}");
    let document = report["document_id"].as_str().expect("the report names the document");
    for (name, value) in [("status", json!("ok")), ("verified", json!(true)), ("text_equal", json!(true))] {
        assert_eq!(report[name], value, "{report}");
    }
    let state = client.get(&format!("/crdt/{document}")).ok();
    assert_eq!(state["value"], end_content);
    assert_eq!(state["operations"], report["operations"]);
    // Every operation has its event, once; and GREEN's finding has one.
    let events = events(client, document);
    let (operations, findings): (Vec<&Value>, Vec<&Value>) =
        events.iter().partition(|event| event["type"] == "operation");
    let ids: HashSet<&str> = operations.iter().filter_map(|event| event["event_id"].as_str()).collect();
    assert_eq!((json!(operations.len()), ids.len()), (report["operations"].clone(), operations.len()));
    assert!(findings.iter().all(|event| event["color"] == "GREEN") && !findings.is_empty(), "{findings:?}");
}

#[test]
fn generated_sessions_end_as_recorded() {
    let network = Network::shared();
    let folder = folder();
    let kinds = [
        ("alone", Options { seed: 1, transactions: 400, agents: 1, non_ascii: true, self_concurrent: false }),
        ("pair", Options { seed: 2, transactions: 600, agents: 2, non_ascii: true, self_concurrent: false }),
        ("crowd", Options { seed: 3, transactions: 600, agents: 5, non_ascii: true, self_concurrent: true }),
    ];
    for (name, options) in kinds {
        let (path, recording) = generated(folder.path(), name, &options);
        let result = run(&network, &path, &[]);
        assert_as_recorded(&network.client(), &result, &recording.end_content);
        let report = &result.1;
        assert_eq!((&report["document_id"], &report["agents"]), (&json!(name), &json!(options.agents)));
        assert_eq!((&report["skipped"], &report["duplicates"]), (&json!(0), &json!(0)), "{report}");
        assert!(report["latency_ms"]["p50"].as_f64() <= report["latency_ms"]["p99"].as_f64(), "{report}");
        assert_eq!(report["unregistered"], json!([]), "{report}");
        for agent in 0..options.agents {
            network.client().get(&format!("/agents/{name}-{agent}")).ok();
        }
    }
}

#[test]
fn a_newcomer_needs_no_recording() {
    let network = Network::start();
    let report = |document: &str| {
        let output = Command::new(binary())
            .args(["replay", "--generate", "7", "--json", "--document", document, "--url", &network.url()])
            .output()
            .expect("the replay can be started");
        outcome(&output)
    };
    let (first, second) = (report("one"), report("two"));
    assert_eq!((first.0, second.0), (0, 0), "{} {}", first.1, second.1);
    let text = |document: &str| network.client().get(&format!("/crdt/{document}")).ok()["value"].clone();
    assert_eq!(text("one"), text("two"));
    let neither = Command::new(binary()).arg("replay").output().expect("the replay can be started");
    assert_eq!(neither.status.code(), Some(2));
}

#[test]
fn both_formats_and_small_batches_give_one_document() {
    let network = Network::shared();
    let folder = folder();
    let options = Options { seed: 4, transactions: 150, non_ascii: true, ..Options::default() };
    let (concurrent, recording) = generated(folder.path(), "as-concurrent", &options);
    let sequential = folder.path().join("as-sequential.json");
    let text = recording.to_sequential_json().expect("one agent's chain is sequential").to_string();
    std::fs::write(&sequential, text).expect("the recording can be written");
    let first = run(&network, &concurrent, &["--agents-prefix", "writer"]);
    let second = run(&network, &sequential, &["--agents-prefix", "writer", "--batch", "1"]);
    assert_as_recorded(&network.client(), &first, &recording.end_content);
    assert_as_recorded(&network.client(), &second, &recording.end_content);
    assert_eq!(second.1["batches"], second.1["operations"], "one operation each");
    assert_eq!(first.1["digest"], second.1["digest"], "the same deltas, however they came");
}

#[test]
fn a_recording_without_edits_and_one_with_a_start() {
    let network = Network::shared();
    let folder = folder();
    let write = |name: &str, text: Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, text.to_string()).expect("the recording can be written");
        path
    };
    let nothing =
        write("nothing.json", json!({"startContent": "", "endContent": "", "txns": [{"patches": []}]}));
    let (code, report) = run(&network, &nothing, &[]);
    assert_eq!((code, &report["operations"]), (0, &json!(0)), "{report}");
    let start = json!({"startContent": "añ🎉", "endContent": "a🎉語", "txns": [
        {"patches": [[1, 1, ""], [2, 0, "語"]]}]});
    let result = run(&network, &write("start.json", start), &[]);
    assert_as_recorded(&network.client(), &result, "a🎉語");
}

#[test]
fn a_difference_is_shown_and_ends_with_1() {
    let network = Network::shared();
    let folder = folder();
    let (path, mut recording) =
        generated(folder.path(), "altered", &Options { transactions: 60, ..Options::default() });
    recording.end_content.push('!');
    std::fs::write(&path, recording.to_json().to_string()).expect("the recording can be written");
    let (code, report) = run(&network, &path, &[]);
    assert_eq!((code, &report["status"]), (1, &json!("different")), "{report}");
    assert_eq!((&report["verified"], &report["text_equal"]), (&json!(true), &json!(false)));
    let length = recording.end_content.chars().count();
    assert_eq!(report["difference"]["position"], length - 1, "{report}");
    assert_eq!(
        (&report["difference"]["expected"], &report["difference"]["found"]),
        (&json!("!"), &json!(""))
    );
}

#[test]
fn what_cannot_be_done_ends_with_2_and_says_why() {
    let network = Network::shared();
    let folder = folder();
    let options = Options { transactions: 60, ..Options::default() };
    let (path, _) = generated(folder.path(), "first", &options);
    assert_eq!(run(&network, &path, &[]).0, 0);
    let (other, _) = generated(folder.path(), "second", &Options { seed: 99, ..options });
    let says = |args: &[&str], file: &Path, wanted: &str| {
        let (code, report) = run(&network, file, args);
        assert_eq!(code, 2, "{report}");
        let detail = report["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(wanted), "{detail:?} does not say {wanted:?}");
    };
    let before = network.client().get("/crdt/first").ok();
    says(&["--document", "first", "--agents-prefix", "first"], &other, "choose another with --document");
    says(&["--document", "first", "--agents-prefix", "stranger"], &other, "not an agent of this recording");
    assert_eq!(network.client().get("/crdt/first").ok(), before, "a refused replay changes nothing");
    says(&["--document", "a/b"], &path, "[A-Za-z0-9._-]");
    says(&["--url", "http://127.0.0.1:9"], &path, "./scripts/up.sh");
    says(&["--url", "https://127.0.0.1:9"], &path, "http://");
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"endContent\": ").expect("the file can be written");
    says(&[], &broken, "not a recording");
}

#[test]
fn a_second_run_changes_nothing() {
    let network = Network::shared();
    let folder = folder();
    let options = Options { seed: 5, transactions: 1500, agents: 2, ..Options::default() };
    let (path, recording) = generated(folder.path(), "twice", &options);
    let first = run(&network, &path, &[]);
    assert_as_recorded(&network.client(), &first, &recording.end_content);
    let second = run(&network, &path, &[]);
    assert_as_recorded(&network.client(), &second, &recording.end_content);
    assert_eq!(first.1["digest"], second.1["digest"]);
    let known = second.1["skipped"].as_u64().zip(second.1["duplicates"].as_u64()).map(|(a, b)| a + b);
    assert_eq!(known, second.1["operations"].as_u64(), "{}", second.1);
}

/// The text does not depend on the registration of agents, so a full network still takes them.
#[test]
fn more_agents_than_the_network_registers() {
    let network = Network::start();
    let folder = folder();
    let options =
        Options { seed: 10, transactions: 400, agents: 60, non_ascii: false, self_concurrent: false };
    let (path, recording) = generated(folder.path(), "throng", &options);
    let result = run(&network, &path, &[]);
    assert_as_recorded(&network.client(), &result, &recording.end_content);
    let unregistered = result.1["unregistered"].as_array().expect("a list");
    let full = unregistered.iter().all(|reason| reason.to_string().contains("429 too-many-agents"));
    assert!(!unregistered.is_empty() && full, "{unregistered:?}");
}

#[test]
fn two_replays_at_once_do_not_disturb_each_other() {
    let network = Network::shared();
    let folder = folder();
    // The agents have the same names in both documents.
    let sessions: Vec<_> = [("left", 6), ("right", 7)]
        .map(|(name, seed)| {
            let options =
                Options { seed, transactions: 800, agents: 2, non_ascii: true, self_concurrent: false };
            let (path, recording) = generated(folder.path(), name, &options);
            (spawn(&network, &path, &["--agents-prefix", "both"]), recording)
        })
        .into_iter()
        .collect();
    for (child, recording) in sessions {
        let result = outcome(&child.wait_with_output().expect("the replay ends"));
        assert_as_recorded(&network.client(), &result, &recording.end_content);
    }
}

/// A session long enough to be interrupted, and a replay of it that has come some way.
fn under_way(
    network: &Network,
    folder: &Path,
    name: &str,
    args: &[&str],
) -> (std::path::PathBuf, Recording, Child) {
    let options = Options { seed: 8, transactions: 2500, agents: 2, non_ascii: true, self_concurrent: false };
    let (path, recording) = generated(folder, name, &options);
    let child = spawn(network, &path, &[&["--batch", "5"], args].concat());
    let client = network.client();
    eventually("the replay comes some way", LIMIT, || (stored(&client, name) > 300).then_some(()));
    (path, recording, child)
}

/// The digest that an undisturbed replay ends with.
fn undisturbed(path: &Path) -> Value {
    let network = Network::start();
    let (code, report) = run(&network, path, &[]);
    assert_eq!(code, 0, "{report}");
    report["digest"].clone()
}

#[test]
fn ctrl_c_and_run_again() {
    let network = Network::start();
    let folder = folder();
    let (path, recording, mut child) = under_way(&network, folder.path(), "interrupted", &[]);
    signal(&child, "INT");
    let status = wait(&mut child, LIMIT);
    assert!(!status.success(), "{status}");
    let result = run(&network, &path, &[]);
    assert_as_recorded(&network.client(), &result, &recording.end_content);
    let known = result.1["skipped"].as_u64().zip(result.1["duplicates"].as_u64()).map_or(0, |(a, b)| a + b);
    assert!(known > 300, "it went on where it was: {}", result.1);
    assert!(Some(known) < result.1["operations"].as_u64(), "it was interrupted in the middle: {}", result.1);
    assert_eq!(result.1["digest"], undisturbed(&path));
}

#[test]
fn kill_9_of_the_host_and_run_again() {
    let mut network = Network::start();
    let folder = folder();
    let (path, recording, child) = under_way(&network, folder.path(), "killed", &["--retry-seconds", "1"]);
    network.kill();
    let (code, report) = outcome(&child.wait_with_output().expect("the replay ends"));
    assert_eq!(code, 2, "{report}");
    assert!(
        report["detail"].as_str().is_some_and(|detail| detail.contains("run the same command again")),
        "{report}"
    );
    let network = network.kill_and_restart();
    let held = stored(&network.client(), "killed");
    assert!(held > 300, "what was acknowledged is there: {held}");
    let result = run(&network, &path, &[]);
    assert_as_recorded(&network.client(), &result, &recording.end_content);
    assert!(Some(held) < result.1["operations"].as_u64(), "it was killed in the middle: {}", result.1);
    assert_eq!(result.1["digest"], undisturbed(&path));
}

#[test]
fn kill_9_and_a_quick_restart_are_bridged() {
    let network = Network::start();
    let folder = folder();
    let (path, recording, child) = under_way(&network, folder.path(), "bridged", &["--retry-seconds", "120"]);
    let network = network.kill_and_restart();
    let result = outcome(&child.wait_with_output().expect("the replay ends"));
    assert_as_recorded(&network.client(), &result, &recording.end_content);
    assert_eq!(result.1["digest"], undisturbed(&path));
}

/// Replays one of the recordings, or a generated session of as many agents where they are not here.
fn long(name: &str, agents: usize, transactions: usize) {
    let folder = folder();
    let options = Options { seed: 11, transactions, agents, non_ascii: true, self_concurrent: false };
    let (path, recording) = recorded(folder.path(), name, &options);
    let network = Network::start();
    let output = command(&network, &path, &["--quiet"]).output().expect("the replay can be started");
    let result = outcome(&output);
    assert_as_recorded(&network.client(), &result, &recording.end_content);
    let figure = |name: &str| result.1[name].as_f64().unwrap_or(f64::NAN);
    notice(&format!(
        "{name}: {:.1} s, {:.0} operations/s, {} requests, last tenth costs {:.2} × the first",
        figure("seconds"),
        figure("operations_per_second"),
        result.1["batches"],
        figure("cost_ratio")
    ));
}

#[test]
fn friendsforever() {
    long("friendsforever", 2, 2000);
}

#[test]
fn sveltecomponent() {
    long("sveltecomponent", 1, 2000);
}

#[test]
fn automerge_paper() {
    long("automerge-paper", 1, 4000);
}
