//! A fleet of three real sites: cut, healed, killed and started under load, they end up with the same, and with all that
//! any of them acknowledged. A fleet leaves nothing behind, however it ends.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use ramanujan_tests::fleet::{Fleet, can_be_joined};
use ramanujan_tests::network::{binary, eventually, resident};
use ramanujan_tests::replay::outcome;
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

fn runs(process: u64) -> bool {
    // A process that nobody waits for is a zombie, and does not run.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[test]
fn three_sites_that_are_cut_and_killed_under_load_end_up_with_the_same() {
    if !can_be_joined() {
        return;
    }
    let fleet = Fleet::start(3, "ring");
    let mut load = Command::new(binary());
    load.args(["load", "--json", "--quiet", "--agents", "6", "--documents", "8", "--reads", "30"])
        .args(["--duration", "12", "--within", "60s", "--fleet"])
        .arg(fleet.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let load = load.spawn().expect("the load can be started");
    thread::sleep(Duration::from_secs(2));
    assert!(fleet.done(&["cut", "0", "1"]).contains("site-0 – site-1"));
    assert!(fleet.done(&["cut", "site-0", "site-2"]).starts_with("cut: "));
    let cut = fleet.status();
    assert_eq!(cut[0]["cut_from"].as_array().map(Vec::len), Some(2), "{cut:?}");
    thread::sleep(Duration::from_secs(2));
    fleet.done(&["kill", "2"]);
    assert_eq!(fleet.status()[2]["state"], "killed");
    thread::sleep(Duration::from_secs(1));
    fleet.done(&["start", "2"]);
    thread::sleep(Duration::from_secs(2));
    fleet.done(&["heal"]);
    let (code, report) = outcome(&load.wait_with_output().expect("the load ends"));
    for fault in ["diverged", "lost", "wrong", "unread"] {
        assert_eq!(report["convergence"][fault], json!([]), "{report}");
    }
    assert!(code == 0 || report["status"] == "failures", "{report}");
    let record = fleet.folder().join("acknowledged.ndjson");
    let record = record.to_str().expect("a path in UTF-8");
    let check = fleet.run(&["check", "--json", "--within", "60s", "--acknowledged", record]);
    let (code, checked) = outcome(&check);
    assert_eq!((code, &checked["findings"]), (0, &json!([])), "{checked}");
    assert_eq!((&checked["sites"], &checked["documents"]), (&json!(3), &json!(8)));
    let acknowledged = checked["acknowledged"].as_u64().expect("a number");
    assert!(acknowledged > 50 && checked["operations"].as_u64() >= Some(acknowledged), "{checked}");
}

#[test]
fn a_site_that_lacks_something_is_named() {
    if !can_be_joined() {
        return;
    }
    let fleet = Fleet::start(3, "ring");
    fleet.done(&["cut", "2"]);
    let operation =
        json!({"operation": "increment", "document_id": "counter", "agent_id": "ada", "seq": 1, "value": 1});
    fleet.client(2).post("/stream/red/apply", &operation).ok();
    let (code, report) = outcome(&fleet.run(&["check", "--json", "--within", "1s"]));
    let findings = report["findings"].to_string();
    assert!(code == 1 && findings.contains("counter: not there at site-0, site-1"), "{report}");
    assert!(findings.contains("counter: site-0 lacks ada:1..1"), "{report}");
    let refused = fleet.run(&["cut", "2", "2"]);
    assert_eq!(refused.status.code(), Some(2));
    fleet.done(&["heal", "2"]);
    fleet.done(&["check", "--within", "60s"]);
}

#[test]
fn a_fleet_leaves_no_site_behind_however_it_ends() {
    if !can_be_joined() {
        return;
    }
    let mut fleet = Fleet::start(3, "ring");
    let sites = fleet.processes();
    assert!(sites.len() == 3 && sites.iter().all(|site| runs(*site)));
    let memory: u64 = sites.iter().map(|site| resident(u32::try_from(*site).expect("a process"))).sum();
    assert!(memory > 0);
    // A second one in the same folder is refused and does the first no harm.
    let second = fleet.run(&["up", "--sites", "3", "--topology", "ring", "--manifest", "../spin.toml"]);
    assert_eq!(second.status.code(), Some(2), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("a fleet runs in"), "{second:?}");
    assert!(sites.iter().all(|site| runs(*site)));
    fleet.kill();
    eventually("the sites of a killed fleet end", LIMIT, || {
        sites.iter().all(|site| !runs(*site)).then_some(())
    });

    let mut fleet = Fleet::start(3, "ring");
    let sites = fleet.processes();
    assert_eq!(fleet.interrupt(), Some(0));
    assert!(sites.iter().all(|site| !runs(*site)), "Ctrl-C waits for them");
    assert!(!Path::new(&fleet.folder().join("control.sock")).exists());

    let fleet = Fleet::start(3, "ring");
    let sites = fleet.processes();
    fleet.done(&["down"]);
    assert!(sites.iter().all(|site| !runs(*site)), "and so does down");
}
