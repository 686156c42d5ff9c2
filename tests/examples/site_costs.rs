//! What two sites cost that are written to at once: how long a write takes to the other site, and how much of the
//! processor both take beside one site with the same load and a copy of it afterwards. `scripts/bench.sh sync sites`.
//!
//! `site_costs [--quick]`. The lag of a write is the time between the moments at which the two sites recorded its event:
//! the events have the same ids at both, and both clocks are the one of this machine, in milliseconds.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use ramanujan_tests::figures::Figure;
use ramanujan_tests::fleet::Fleet;
use ramanujan_tests::network::binary;
use ramanujan_tests::replay::outcome;
use ramanujan_tests::sites::recorded;
use serde_json::Value;

/// Operations per second at each of the two sites.
const RATES: [u32; 3] = [50, 200, 500];
/// Seconds of load, and in a quick run.
const SECONDS: [u32; 2] = [30, 8];
/// What `/proc` counts processor time in: USER_HZ, which Linux fixes at 100 on all machines this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let seconds = SECONDS[usize::from(std::env::args().any(|argument| argument == "--quick"))];
    for rate in RATES {
        let row = format!("two sites, {rate} operations/s each");
        eprintln!("{row}");
        let (both, reached) = both_written(&row, rate, seconds);
        let one = one_copied(rate, seconds);
        Figure::new(&row, "operations/s of both", reached, "").print();
        Figure::new(&row, "processor of both sites, per operation", both, "ms")
            .beside("one site, then a copy", one)
            .print();
    }
}

/// Writes at two sites that are joined; gives processor milliseconds per operation until both hold the same, and the
/// operations per second that were taken.
fn both_written(row: &str, rate: u32, seconds: u32) -> (f64, f64) {
    let fleet = Fleet::start(2, "complete");
    let before = processor(&fleet);
    let folder = fleet.folder().to_string_lossy().into_owned();
    let report = load(&["--fleet", &folder, "--within", "300s"], 2 * rate, seconds);
    let took = processor(&fleet) - before;
    let lags = lags(&recorded(&fleet.client(0), millis), &recorded(&fleet.client(1), millis));
    let at = |share: f64| lags[((lags.len() - 1) as f64 * share) as usize] as f64;
    Figure::new(row, "lag, p50", at(0.5), "ms").print();
    Figure::new(row, "lag, p99", at(0.99), "ms").print();
    (1000.0 * took / lags.len() as f64, number(&report, "operations_per_second"))
}

/// Writes as much at one site alone and copies it to the other afterwards; processor milliseconds per operation.
fn one_copied(rate: u32, seconds: u32) -> f64 {
    let fleet = Fleet::start(2, "complete");
    fleet.done(&["cut", "0", "1"]);
    let before = processor(&fleet);
    load(&["--url", &fleet.url(0)], 2 * rate, seconds);
    fleet.done(&["heal"]);
    fleet.done(&["check", "--within", "300s"]);
    let took = processor(&fleet) - before;
    1000.0 * took / recorded(&fleet.client(0), millis).len() as f64
}

/// Runs a load that only writes; its report. All agents agree at its end, and nothing was given up.
fn load(target: &[&str], rate: u32, seconds: u32) -> Value {
    let (rate, seconds) = (rate.to_string(), seconds.to_string());
    let mut command = Command::new(binary());
    command.args(["load", "--json", "--quiet", "--agents", "32", "--documents", "100", "--reads", "0"]);
    command.args(["--rate", &rate, "--duration", &seconds]).args(target);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let (code, report) = outcome(&command.output().expect("the load can be started"));
    assert_eq!(code, 0, "{report}");
    report
}

/// Milliseconds of an RFC 3339 time as the timeline writes it.
fn millis(time: &str) -> u64 {
    ramanujan_core::time::parse_rfc3339(time).expect("a time")
}

/// For each event the time between its recordings, shortest first.
fn lags(one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>) -> Vec<u64> {
    assert_eq!(one.len(), other.len(), "both sites have all events");
    let mut lags: Vec<u64> = one.iter().map(|(id, time)| time.abs_diff(other[id])).collect();
    lags.sort_unstable();
    lags
}

/// Seconds of processor time that all sites have taken.
fn processor(fleet: &Fleet) -> f64 {
    // What was just answered may still be written.
    std::thread::sleep(Duration::from_millis(500));
    let of = |process: u64| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the site runs");
        let after_name = stat.rsplit(')').next().expect("fields");
        // utime and stime are the fields 14 and 15, of which two stand before the end of the name.
        after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<f64>().expect("ticks"))
            .sum::<f64>()
    };
    fleet.processes().into_iter().map(of).sum::<f64>() / TICKS_PER_SECOND
}

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("{name} in {report}"))
}
