//! `scripts/verify_deployment.sh` tells a running network from one that is not.

use std::process::{Command, Output};

use ramanujan_tests::Network;
use ramanujan_tests::network::root;
use ramanujan_tests::skip::{self, CURL};

const COMPONENTS: [&str; 11] = [
    "stream-red",
    "stream-blue",
    "stream-green",
    "crdt-service",
    "egraph-service",
    "skill-verification",
    "agent-orchestrator",
    "duck-colors",
    "transduction-2tdx",
    "interaction-timeline",
    "dashboard",
];

fn verify(args: &[&str]) -> Output {
    Command::new(root().join("scripts/verify_deployment.sh")).args(args).output().expect("the script runs")
}

#[test]
fn a_running_network_passes() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    let network = Network::shared();
    for args in [vec![], vec!["--deep"]] {
        let url = network.url();
        let output = verify(&[vec![url.as_str()], args.clone()].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        for component in COMPONENTS {
            assert!(text.contains(&format!("✓ {component}: 200 OK")), "{component} in {text}");
        }
        assert!(!text.contains('✗'), "{text}");
        assert!(text.contains("All 11 components verified") && !text.contains(": 501"), "{text}");
    }
}

#[test]
fn where_nothing_listens_all_eleven_fail() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    // Free a moment ago, so most likely still.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let output = verify(&[&format!("http://{address}")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for component in COMPONENTS {
        assert!(text.contains(&format!("✗ {component}")), "{component} in {text}");
    }
}
