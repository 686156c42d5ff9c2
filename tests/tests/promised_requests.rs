//! The requests that were promised when the network was planned, as the curl lines that users have: verbatim but for
//! scheme, host and base path. What was promised must be part of the reply.

use std::collections::BTreeSet;
use std::process::Command;

use ramanujan_tests::skip::{self, CURL};
use ramanujan_tests::{Network, routes};
use serde_json::{Value, json};

/// What a line is checked for, beyond success.
type Check = fn(&Value);

/// A line, and what its reply is promised to have.
struct Line {
    text: &'static str,
    check: Check,
}

const LINES: [Line; 21] = [
    Line { text: "curl https://crdt-agents-network.fermyon.app/health", check: is_healthy_agent_zero },
    Line {
        text: "curl https://crdt-agents-network.fermyon.app/agent/0/state",
        check: is_state_of_agent_zero,
    },
    Line { text: "time curl https://app.fermyon.app/health", check: is_healthy_agent_zero },
    Line { text: "curl https://app.fermyon.app/agent/0/state", check: is_state_of_agent_zero },
    Line { text: "curl https://app.fermyon.app/agent/0/messages", check: has_messages },
    Line { text: "curl https://app.fermyon.app/api/metrics | jq .performance", check: is_performance },
    Line { text: "curl https://app.fermyon.app/api/timeline > timeline.json", check: is_list_of_events },
    Line { text: "curl -v https://app.fermyon.app/health", check: is_healthy_agent_zero },
    Line { text: "curl http://localhost:3000/stream/red/test", check: is_red },
    Line { text: "curl http://localhost:3000/crdt/merge", check: is_crdt_service },
    Line { text: "curl http://localhost:3000/dashboard/", check: is_page },
    Line { text: "curl https://stream-red.worm.sex/", check: is_red_root },
    Line { text: "curl https://stream-blue.worm.sex/", check: |reply| is_root(reply, "color", "BLUE") },
    Line { text: "curl https://stream-green.worm.sex/", check: |reply| is_root(reply, "color", "GREEN") },
    Line { text: "curl https://crdt-service.worm.sex/", check: is_crdt_root },
    Line { text: "curl https://egraph-service.worm.sex/", check: is_ok },
    Line {
        text: "curl https://skill-verification.worm.sex/",
        check: |reply| assert_eq!(reply["agents_total"], 17),
    },
    Line { text: "curl https://agent-orchestrator.worm.sex/", check: is_orchestrator_root },
    Line { text: "curl https://duck-colors.worm.sex/", check: is_colors_root },
    Line { text: "curl https://transduction-2tdx.worm.sex/", check: is_ok },
    Line { text: "curl https://interaction-timeline.worm.sex/", check: is_ok },
];

/// Answers with a page, so it stands apart from those that answer with JSON.
const DASHBOARD: &str = "curl https://dashboard.worm.sex/";

fn is_ok(reply: &Value) {
    assert_eq!(reply["status"], "ok", "{reply}");
}

/// `expected` is a subset of `reply`.
fn includes(reply: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object is expected") {
        assert_eq!(&reply[name], value, "{name} in {reply}");
    }
}

fn is_root(reply: &Value, name: &str, value: &str) {
    is_ok(reply);
    includes(reply, &json!({name: value, "path": "/", "request_size": 0}));
}

fn is_healthy_agent_zero(reply: &Value) {
    includes(reply, &json!({"status": "ok", "agent_id": 0}));
    assert!(is_time(&reply["timestamp"]), "{reply}");
}

/// An RFC 3339 time in UTC.
fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z'))
}

fn is_state_of_agent_zero(reply: &Value) {
    includes(
        reply,
        &json!({"agent_id": 0, "egraph_nodes": 0, "messages_received": 0, "messages_sent": 0, "syncs_completed": 0}),
    );
    let uuid = reply["node_id"].as_str().unwrap_or_default();
    assert_eq!((uuid.len(), uuid.matches('-').count()), (36, 4), "{reply}");
    assert!(reply["uptime_seconds"].is_f64(), "{reply}");
    let neighbors = reply["neighbors"].as_array().expect("neighbors are a list");
    assert!(!neighbors.is_empty() && neighbors.iter().all(Value::is_u64), "{reply}");
}

fn has_messages(reply: &Value) {
    assert!(reply["messages"].is_array(), "{reply}");
}

fn is_performance(reply: &Value) {
    assert!(reply.as_object().is_some_and(|members| !members.is_empty()), "{reply}");
}

/// What programs read of it: every event's `timestamp` and `type`.
fn is_list_of_events(reply: &Value) {
    let events = reply.as_array().expect("the timeline is a list");
    assert!(!events.is_empty(), "an event was recorded before");
    for event in events {
        assert!(is_time(&event["timestamp"]) && event["type"].is_string(), "{event}");
    }
}

fn is_red(reply: &Value) {
    includes(reply, &json!({"status": "ok", "color": "RED"}));
}

fn is_red_root(reply: &Value) {
    includes(
        reply,
        &json!({"status": "ok", "message": "RED stream received", "color": "RED", "polarity": "positive",
            "path": "/", "request_size": 0}),
    );
}

fn is_crdt_service(reply: &Value) {
    is_ok(reply);
    assert!(reply["service"].is_string(), "service metadata: {reply}");
}

fn is_crdt_root(reply: &Value) {
    is_root(reply, "service", "CRDT Memoization");
    assert_eq!(reply["cached"], false);
}

fn is_orchestrator_root(reply: &Value) {
    is_root(reply, "topology", "ramanujan-3d");
    assert_eq!(reply["max_agents"], 48);
}

fn is_colors_root(reply: &Value) {
    is_root(reply, "algorithm", "gay-jl-golden-spiral");
}

fn is_page(reply: &Value) {
    let page = reply.as_str().expect("a page, not JSON");
    assert!(page.trim_start().to_ascii_lowercase().starts_with("<!doctype html"), "{page:.80}");
}

/// The path below which a component lies when all share one host, and not one each.
fn base_path(component: &str) -> &'static str {
    match component {
        "stream-red" => "/stream/red",
        "stream-blue" => "/stream/blue",
        "stream-green" => "/stream/green",
        "crdt-service" => "/crdt",
        "egraph-service" => "/egraph",
        "skill-verification" => "/verify",
        "agent-orchestrator" => "/agents",
        "duck-colors" => "/colors",
        "transduction-2tdx" => "/sync",
        "interaction-timeline" => "/timeline",
        "dashboard" => "/dashboard",
        _ => "",
    }
}

/// The line with scheme, host and base path of the network under test.
fn here(line: &str, network: &Network) -> String {
    let at = line.find("http").expect("the line has a URL");
    let (before, url) = line.split_at(at);
    let (url, after) =
        url.split_once(' ').map_or((url, String::new()), |(url, after)| (url, format!(" {after}")));
    let (_, rest) = url.split_once("://").expect("the URL has a scheme");
    let (host, path) = rest.split_once('/').expect("the URL has a path");
    let component = host.strip_suffix(".worm.sex").unwrap_or("");
    format!("{before}{}{}/{path}{after}", network.url(), base_path(component))
}

/// Runs the line in a shell and returns what it gave: JSON, or else text.
fn run(line: &str, network: &Network) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut line = here(line, network);
    // The member that jq would print is taken here, so that jq need not be installed.
    let member = line.split_once(" | jq .").map(|(curl, member)| (curl.to_owned(), member.to_owned()));
    if let Some((curl, _)) = &member {
        line.clone_from(curl);
    }
    let output = Command::new("bash")
        .args(["-c", &line])
        .current_dir(folder.path())
        .output()
        .expect("bash can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {errors} (curl must be installed)");
    let file = folder.path().join("timeline.json");
    let bytes =
        if file.exists() { std::fs::read(file).expect("the file is readable") } else { output.stdout };
    let text = String::from_utf8(bytes).expect("the reply is UTF-8");
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    assert!(value["code"].is_null(), "{line}: {value}");
    member.map_or(value.clone(), |(_, member)| value[&member].clone())
}

#[test]
fn every_line_gives_what_was_promised() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    let network = Network::shared();
    let insert =
        json!({"operation": "insert", "document_id": "promised", "agent_id": "reader", "value": "Hi"});
    network.client().post("/stream/red/apply", &insert).ok();
    for Line { text, check } in &LINES {
        println!("{text}");
        check(&run(text, &network));
    }
    is_page(&run(DASHBOARD, &network));
}

/// `neighbors: [1, 3]` was promised for a grid of three by three.
#[test]
fn agent_zero_has_two_neighbours_on_the_grid() {
    let network = Network::shared();
    let topology = network.client().get("/agents/topology?kind=grid-3x3&n=9").ok();
    assert_eq!(topology["adjacency"]["0"], json!([1, 3]), "{topology}");
}

/// The lines ask every component, so that none could be built without keeping its promises.
#[test]
fn every_component_is_asked() {
    let asked: BTreeSet<String> = LINES
        .iter()
        .map(|line| line.text)
        .chain([DASHBOARD])
        .filter_map(|line| line.split_once("://")?.1.split_once(".worm.sex/"))
        .map(|(component, _)| component.to_owned())
        .collect();
    assert_eq!(asked, routes::packages().into_iter().collect());
}
