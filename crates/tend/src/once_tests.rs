//! A pass over a network on a real socket.

use clap::Parser as _;
use serde_json::json;

use super::*;
use crate::test_server::{Server, ok, refuse};

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn pass_over(url: &str, more: &[&str]) -> Report {
    let args = ["tend", "--once", "--url", url];
    run(&Cli::parse_from(args.iter().chain(more)).args).unwrap()
}

const INDEXED: &str = r#"{"complete":true,"indexed_until":9,"last_seq":9,"unsettled":0}"#;

#[test]
fn each_job_is_done_to_its_end() {
    let drained = |remaining| ok(&format!(r#"{{"processed":100,"remaining":{remaining}}}"#));
    let server = Server::start([
        ("/sync", vec![ok(r#"{"degraded":true,"next_ms":1}"#)]),
        ("/timeline/index", vec![ok(INDEXED)]),
        ("/crdt/cache/drain", vec![drained(150), drained(50), drained(0)]),
    ]);
    let report = pass_over(&server.url(), &[]);
    assert!(report.is_ok(), "{report}");
    let calls = ["/sync", "/timeline/index", "/crdt/cache/drain"].map(|path| server.calls(path));
    assert_eq!(calls, [1, 1, 3], "a degraded round goes on with the next pass");
    let lines = report.to_string();
    assert!(
        lines.starts_with("tend: sync degraded") && lines.contains("\ntend: drain works (3 calls"),
        "{lines}"
    );
}

#[test]
fn what_is_not_built_is_no_failure_and_a_refusal_is() {
    let server = Server::start([("/sync", vec![refuse(501)]), ("/timeline/index", vec![refuse(401)])]);
    assert!(pass_over(&server.url(), &["--jobs", "sync,drain"]).is_ok());
    let report = pass_over(&server.url(), &[]);
    assert_eq!((report.is_ok(), server.calls("/timeline/index")), (false, 1), "not repeated");
    let states: Vec<_> = report.jobs.iter().map(|event| json!(event.state)).collect();
    assert_eq!(states, [json!("not-built"), json!("refused"), json!("absent")]);
}

#[test]
fn a_network_that_is_busy_for_a_moment_is_waited_for() {
    let server = Server::start([("/timeline/index", vec![refuse(503), refuse(503), ok(INDEXED)])]);
    let report = pass_over(&server.url(), &["--jobs", "index"]);
    assert!(report.is_ok() && server.calls("/timeline/index") == 3, "{report}");
}

#[test]
fn one_that_stays_away_is_given_up() {
    let server = Server::start([("/timeline/index", vec![refuse(503)])]);
    let began = Instant::now();
    let report = pass_over(&server.url(), &["--jobs", "index", "--retry-seconds", "1"]);
    assert!(!report.is_ok() && began.elapsed() < Duration::from_secs(4), "{report}");
    assert_eq!(json!(report)["jobs"][0]["detail"], "503 busy: try again");
}
