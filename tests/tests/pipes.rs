//! The programs when nobody reads what they print: they end quietly, as `… | true` expects of them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use ramanujan_tests::Network;
use ramanujan_tests::network::binary;
use serde_json::json;

/// Runs `ramanujan ARGS` with a standard output that is closed before anything is written.
fn unread(args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    command.spawn().and_then(|child| child.wait_with_output()).expect("the program runs")
}

fn assert_quiet(output: &Output, code: i32) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{said}");
    assert_eq!(output.status.code(), Some(code), "{said}");
}

#[test]
fn reports_that_nobody_reads() {
    let network = Network::shared();
    let url = network.url();
    for form in [&[][..], &["--json"]] {
        let replay = ["replay", "--generate", "3", "--document", "unread", "--url", &url];
        assert_quiet(&unread(&[&replay[..], form].concat()), 0);
        let load = ["load", "--prefix", "unread", "--agents", "1", "--documents", "4", "--duration", "1"];
        assert_quiet(&unread(&[&load[..], &["--url", &url], form].concat()), 0);
    }
}

#[test]
fn errors_that_nobody_reads() {
    for program in [&["replay", "--generate", "3"][..], &["load"]] {
        assert_quiet(&unread(&[program, &["--json", "--url", "http://127.0.0.1:9"]].concat()), 2);
    }
}

#[test]
fn an_export_whose_reader_goes_away() {
    let network = Network::shared();
    for first in (0..20_000).step_by(1000) {
        let batch: Vec<_> = (first..first + 1000)
            .map(|n| json!({"type": "MessageSent", "agent_id": "a", "payload": {"n": n}}))
            .collect();
        network.client().post("/timeline/events", &json!(batch)).ok();
    }
    let url = network.url();
    let export = ["timeline", "export", "--quiet", "--format", "ndjson", "--url", &url, "--out"];
    for out in ["-", "/dev/stdout"] {
        let args = [&export[..], &[out]].concat();
        assert_quiet(&unread(&args), 141);
        // One line is read, as `| head -1` does; the rest is more than a pipe holds.
        let mut command = Command::new(binary());
        command.args(&args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the export starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert!(line.starts_with('{') && line.ends_with("}\n"), "{line}");
        assert_quiet(&child.wait_with_output().expect("the export ends"), 141);
    }
    assert!(std::fs::symlink_metadata("/dev/stdout").expect("still there").file_type().is_symlink());
}
