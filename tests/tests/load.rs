//! The load generator against the real network: what it reports is what happened.

use std::process::Child;
use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::load::spawn;
use ramanujan_tests::network::{eventually, signal};
use ramanujan_tests::replay::{outcome, stored};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn end(child: Child) -> (i32, Value) {
    outcome(&child.wait_with_output().expect("the load ends"))
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"))
}

/// Nothing is lost, doubled, or seen differently by two agents.
fn assert_converged(report: &Value) {
    for fault in ["diverged", "lost", "wrong", "unread"] {
        assert_eq!(report["convergence"][fault], json!([]), "{report}");
    }
}

#[test]
fn a_short_load_converges_without_errors_and_can_be_continued() {
    let network = Network::start();
    let args =
        ["--agents", "4", "--documents", "6", "--reads", "50", "--rate", "100", "--duration", "2", "--zipf"];
    let (code, report) = end(spawn(&network.url(), &args));
    assert_eq!((code, &report["status"]), (0, &json!("ok")), "{report}");
    assert_converged(&report);
    assert_eq!(
        (&report["errors"], &report["convergence"]["undecided"]),
        (&json!([]), &json!([])),
        "{report}"
    );
    assert_eq!((number(&report, "failed"), number(&report, "unsent")), (0, 0), "{report}");
    let writes = number(&report, "writes");
    assert!(writes > 0 && number(&report, "reads") > 0 && number(&report, "merges") > 0, "{report}");
    assert_eq!(number(&report, "operations"), writes + number(&report, "reads") + number(&report, "merges"));
    let latencies = report["latency_ms"].as_array().expect("latencies");
    assert_eq!((&latencies[0]["kind"], &latencies[0]["count"]), (&json!("all"), &report["operations"]));
    let convergence = &report["convergence"];
    assert_eq!((number(convergence, "readers"), number(convergence, "documents")), (4, 6));
    assert_eq!(number(convergence, "operations"), writes, "each acknowledged write is there, and once");
    let held: u64 = ["text-0", "text-1", "json-0", "json-1", "set-0", "counter-0"]
        .map(|name| stored(&network.client(), &format!("load-{name}")))
        .iter()
        .sum();
    assert_eq!(held, writes);

    let (code, second) = end(spawn(&network.url(), &args));
    assert_eq!(code, 0, "{second}");
    assert_converged(&second);
    assert_eq!(number(&second["convergence"], "operations"), writes + number(&second, "writes"));
}

#[test]
fn ctrl_c_prints_the_report_so_far() {
    let network = Network::start();
    let child = spawn(&network.url(), &["--mix", "text:1", "--documents", "1", "--duration", "600"]);
    eventually("operations arrive", LIMIT, || (stored(&network.client(), "load-text-0") > 10).then_some(()));
    signal(&child, "INT");
    let (code, report) = end(child);
    assert_eq!((code, &report["interrupted"]), (0, &json!(true)), "{report}");
    assert_converged(&report);
    assert!(number(&report, "writes") > 10 && number(&report, "unsent") > 1000, "{report}");
    assert_eq!(number(&report["convergence"], "operations"), number(&report, "writes"));
}

#[test]
fn kill_9_of_the_host_loses_no_acknowledged_operation() {
    let network = Network::start();
    let args = [
        "--mix",
        "text:40,counter:20,set:20,json:20",
        "--documents",
        "4",
        "--reads",
        "20",
        "--duration",
        "8",
    ];
    let child = spawn(&network.url(), &args);
    eventually("operations arrive", LIMIT, || (stored(&network.client(), "load-text-0") > 20).then_some(()));
    let network = network.kill_and_restart();
    let (_, report) = end(child);
    assert_converged(&report);
    let lost = report["errors"].as_array().expect("errors").iter().find(|error| error["status"] == 0);
    assert!(lost.is_some() && number(&report, "retries") > 0, "the host was gone for a while: {report}");
    assert!(number(&report["convergence"], "operations") >= number(&report, "writes"), "{report}");
    drop(network);
}

#[test]
fn what_the_network_refuses_is_counted_by_code() {
    let network = Network::shared();
    // Another type under the names that the load uses.
    let taken = json!({"operation": "increment", "document_id": "taken-text-0", "agent_id": "somebody"});
    network.client().post("/stream/red/apply", &taken).ok();
    let args =
        ["--prefix", "taken", "--mix", "text:1", "--documents", "1", "--reads", "0", "--duration", "1"];
    let (code, report) = end(spawn(&network.url(), &args));
    assert_eq!((code, &report["status"]), (1, &json!("failures")), "{report}");
    let errors = report["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{report}");
    assert_eq!((&errors[0]["status"], &errors[0]["code"]), (&json!(409), &json!("type-conflict")));
    assert_eq!(errors[0]["count"], report["failed"], "a refusal is not repeated");
}

#[test]
fn nobody_listening_is_said_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    drop(listener);
    let (code, report) = end(spawn(&url, &[]));
    assert_eq!((code, &report["status"]), (2, &json!("error")), "{report}");
    assert!(
        report["detail"].as_str().is_some_and(|detail| detail.contains("no network answers")),
        "{report}"
    );
}
