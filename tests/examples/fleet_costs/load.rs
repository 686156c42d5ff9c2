//! `ramanujan load` as fast as it goes, and at half of what was reached.

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::load::spawn;
use ramanujan_tests::replay::outcome;
use serde_json::Value;

/// Agents, and requests of one instance.
const WAYS: [(u32, u32); 4] = [(9, 128), (48, 128), (200, 128), (9, 1)];
/// Seconds in which operations become due; agents that lag behind have ten more. And in a quick run.
const SECONDS: [&str; 2] = ["20", "1"];
/// The same at half of the rate, where nobody lags behind.
const HALF_SECONDS: [&str; 2] = ["20", "4"];
/// More than any network takes.
const ALL: &str = "100000";

pub(crate) fn measure(quick: bool) {
    let quick = usize::from(quick);
    for (agents, reuse) in WAYS {
        let row = match reuse {
            1 => format!("load, {agents} agents, fresh instances"),
            _ => format!("load, {agents} agents"),
        };
        eprintln!("  {row}");
        let network = Network::start_with_reuse(reuse);
        let saturated = run(&network, agents, ALL, SECONDS[quick], "full");
        let reached = number(&saturated, "operations_per_second");
        Figure::new(&row, "operations/s", reached, "").print();
        reply_time(&saturated, &row, "reply time, p99", "p99");
        // Documents and agents of its own, as empty as the first ones were.
        let rate = format!("{:.1}", reached / 2.0);
        let half = run(&network, agents, &rate, HALF_SECONDS[quick], "half");
        reply_time(&half, &row, "at half of it, p50", "p50");
        reply_time(&half, &row, "at half of it, p99", "p99");
    }
}

/// The report of a load after which all agents agree, with every acknowledged operation there once.
fn run(network: &Network, agents: u32, rate: &str, seconds: &str, prefix: &str) -> Value {
    let agents = agents.to_string();
    let arguments = [
        ["--agents", &agents],
        ["--documents", "100"],
        ["--reads", "30"],
        ["--rate", rate],
        ["--duration", seconds],
        ["--prefix", prefix],
    ];
    let mut arguments = arguments.concat();
    arguments.push("--zipf");
    let load = spawn(&network.url(), &arguments);
    let (code, report) = outcome(&load.wait_with_output().expect("the load ends"));
    assert_eq!(code, 0, "all agents agree and nothing was given up: {report}");
    report
}

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("{name} in {report}"))
}

fn reply_time(report: &Value, row: &str, measure: &str, quantile: &str) {
    Figure::new(row, measure, number(&report["service_ms"], quantile) * 1e6, "ns").print();
}
