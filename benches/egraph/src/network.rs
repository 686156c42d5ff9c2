//! The built component in the host, over HTTP, with its store in a file: what a request costs beside the library alone,
//! what a remembered one costs, and how far limits of time and nodes are overrun.

use std::time::Instant;

use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

use crate::{Case, NODES, cases, chain, figure, median, native, ours, quick};

/// Requests with a limit of time, of each kind.
const TIMED: usize = 7;

pub(crate) fn tables() {
    let network = Network::start();
    let client = network.client();
    costs(&client);
    if !quick() {
        time_limits(&client);
    }
    node_limits(&client);
}

/// Sends a body and gives the reply with the milliseconds that it took.
fn ask(client: &Client, body: &str) -> (Value, f64) {
    let begun = Instant::now();
    let reply = client.post_bytes("/egraph/saturate", body.as_bytes());
    let took = begun.elapsed().as_secs_f64() * 1e3;
    (reply.ok(), took)
}

fn costs(client: &Client) {
    for case in cases() {
        let (library, _) = median(|| ours(&case));
        let mut run = 0u64;
        // A limit of its own makes each request another one, so that nothing is remembered.
        let (fresh, _) = median(|| {
            run += 1;
            let (reply, _) = ask(client, &native::body(&case, NODES as u64 - run));
            assert_eq!(reply["cached"], false);
            (0, 0)
        });
        let body = native::body(&case, NODES as u64);
        ask(client, &body);
        let (hit, (_, all)) = median(|| (0, usize::from(ask(client, &body).0["cached"] == true)));
        let row = format!("{}, over HTTP", case.name);
        figure(&row, "request", fresh, "ns", Some(("the library natively", library)));
        if all == 1 {
            figure(&row, "remembered", hit, "ns", None);
        }
    }
}

/// Terms that need more time than they get.
fn endless() -> Vec<(&'static str, Value)> {
    let all = |names: &[&str]| json!(names);
    let clauses: Vec<String> = (0..12).map(|i| format!("(or p{i} (and q{i} r{i}))")).collect();
    let conjunction =
        clauses.iter().skip(1).fold(clauses[0].clone(), |term, clause| format!("(and {term} {clause})"));
    let inverses = (0..40).fold("x".to_owned(), |term, i| format!("(+ (- {term} y{i}) z{i})"));
    vec![
        (
            "history of 200",
            json!({"expression": chain("merge", 200), "rules": all(&["assoc", "assoc_rev", "comm", "idem"])}),
        ),
        (
            "history of 5,000",
            json!({"expression": chain("merge", 5_000), "rules": all(&["assoc", "assoc_rev"])}),
        ),
        ("sum of 40", json!({"expression": chain("+", 40), "rules": all(&["assoc", "assoc_rev", "comm"])})),
        ("conjunction of 12", json!({"expression": conjunction, "language": "boolean"})),
        ("sums and differences", json!({"expression": inverses, "language": "arithmetic"})),
    ]
}

fn time_limits(client: &Client) {
    for (name, body) in endless() {
        for limit in [100u64, 500, 1000] {
            let mut body = body.clone();
            let members = body.as_object_mut().expect("an object");
            members.extend([
                ("timeout_ms".to_owned(), limit.into()),
                ("max_nodes".to_owned(), NODES.into()),
                ("max_iterations".to_owned(), 1_000.into()),
            ]);
            let body = body.to_string();
            let mut times = Vec::new();
            for _ in 0..TIMED {
                let (reply, took) = ask(client, &body);
                if reply["stop_reason"] == "time_limit" {
                    times.push(took);
                }
            }
            times.sort_by(f64::total_cmp);
            let row = format!("{name}, ended at its limit of time, {limit} ms");
            if let (Some(middle), Some(worst)) = (times.get(times.len() / 2), times.last()) {
                figure(&row, "median", *middle, "ms", Some(("the limit", limit as f64)));
                figure(&row, "worst", *worst, "ms", Some(("the limit", limit as f64)));
            }
        }
    }
}

fn node_limits(client: &Client) {
    let sum = Case { name: "sum of 12, any order", term: chain("+", 12), rules: crate::SUM };
    let history = Case { name: "history of 100", term: chain("merge", 100), rules: crate::HISTORY };
    for case in [sum, history] {
        for limit in [1_000, 10_000, 50_000] {
            let (reply, _) = ask(client, &native::body(&case, limit as u64));
            let egg = crate::eggs_within(&case, false, limit).1;
            let row = format!("{}, limit of {limit} nodes", case.name);
            figure(&row, "nodes", reply["nodes"].as_f64().unwrap_or(f64::NAN), "", Some(("egg", egg as f64)));
        }
    }
}
