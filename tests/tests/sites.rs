//! Fleets of real sites: cut, healed, killed and started under load, they end up with the same, and with all that
//! any of them acknowledged. A fleet leaves nothing behind, however it ends.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ramanujan_tests::fleet::Fleet;
use ramanujan_tests::network::{binary, eventually};
use ramanujan_tests::replay::outcome;
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

fn runs(process: u64) -> bool {
    // A process that nobody waits for is a zombie, and does not run.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// One fleet at a time: each takes the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes at all sites for so many seconds; meanwhile two sites are cut off and healed, and a third is killed and started.
fn end_up_with_the_same(sites: u16, topology: &str, seconds: u64, args: &[&str]) {
    let fleet = Fleet::start(sites, topology);
    let mut load = Command::new(binary());
    load.args([
        "load",
        "--json",
        "--quiet",
        "--within",
        "60s",
        "--duration",
        &seconds.to_string(),
        "--fleet",
    ])
    .arg(fleet.folder())
    .args(args)
    .stdin(Stdio::null())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped());
    let load = load.spawn().expect("the load can be started");
    // Six steps, and the rest of the time to itself.
    let step = || thread::sleep(Duration::from_secs(seconds) / 8);
    let last = (sites - 1).to_string();
    step();
    assert!(fleet.done(&["cut", "0"]).starts_with("cut: site-0 – site-1"));
    fleet.done(&["cut", "site-1"]);
    let cut = fleet.status();
    assert!(cut[0]["cut_from"].as_array().is_some_and(|from| from.len() >= 2), "{cut:?}");
    step();
    fleet.done(&["kill", &last]);
    assert_eq!(fleet.status()[usize::from(sites - 1)]["state"], "killed");
    step();
    fleet.done(&["start", &last]);
    step();
    fleet.done(&["heal", "0"]);
    step();
    fleet.done(&["heal"]);
    let (code, report) = outcome(&load.wait_with_output().expect("the load ends"));
    for fault in ["diverged", "lost", "wrong", "unread"] {
        assert_eq!(report["convergence"][fault], json!([]), "{report}");
    }
    // What a killed site did not take in time was given up, and not acknowledged.
    assert!(code == 0 || report["status"] == "failures", "{report}");
    let record = fleet.folder().join("acknowledged.ndjson");
    let record = record.to_str().expect("a path in UTF-8");
    let check = fleet.run(&["check", "--json", "--within", "60s", "--acknowledged", record]);
    let (code, checked) = outcome(&check);
    assert_eq!((code, &checked["findings"]), (0, &json!([])), "{checked}");
    assert_eq!((&checked["sites"], &checked["documents"]), (&json!(sites), &report["documents"]));
    let acknowledged = checked["acknowledged"].as_u64().expect("a number");
    assert!(acknowledged >= seconds * u64::from(sites), "{checked}");
    assert!(checked["operations"].as_u64() >= Some(acknowledged), "{checked}");
}

#[test]
fn three_sites_that_are_cut_and_killed_under_load_end_up_with_the_same() {
    let _alone = alone();
    end_up_with_the_same(3, "ring", 12, &["--agents", "6", "--documents", "8", "--reads", "30"]);
}

#[test]
fn nine_sites_do_so_after_a_minute_of_load() {
    let _alone = alone();
    end_up_with_the_same(9, "ramanujan-3d", 60, &["--agents", "18", "--rate", "90", "--reads", "50"]);
}

#[test]
fn a_site_that_lacks_something_is_named() {
    let _alone = alone();
    let fleet = Fleet::start(3, "ring");
    // Each knows which one it is.
    assert_eq!(fleet.client(2).get("/health").ok()["agent_id"], 2);
    assert_eq!(fleet.client(2).get("/agents").ok()["region"], "eu-west");
    fleet.done(&["cut", "2"]);
    let operation =
        json!({"operation": "increment", "document_id": "counter", "agent_id": "ada", "seq": 1, "value": 1});
    // A site that has just started may ask for patience, as any may at any time.
    eventually("site 2 takes an operation", LIMIT, || {
        let reply = fleet.client(2).post("/stream/red/apply", &operation);
        if reply.status == 503 {
            eprintln!("refused for now: {}", reply.body);
            fleet.print_logs();
            return None;
        }
        Some(reply.ok())
    });
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
    let _alone = alone();
    let mut fleet = Fleet::start(3, "ring");
    let sites = fleet.processes();
    assert!(sites.len() == 3 && sites.iter().all(|site| runs(*site)));
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
