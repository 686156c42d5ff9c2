//! What holds for every route: nothing that a client sends is answered with a server error, and what is not there is
//! said to be not there.

use ramanujan_tests::Network;

/// Every route that takes JSON, of every component that has one.
const POSTS: [&str; 36] = [
    "/crdt/apply",
    "/crdt/merge",
    "/crdt/compare",
    "/crdt/verify",
    "/crdt/cache/invalidate",
    "/crdt/nothing/freeze",
    "/crdt/nothing/recover",
    "/stream/red/apply",
    "/stream/red/insert",
    "/stream/red/merge",
    "/stream/blue/apply",
    "/stream/blue/delete",
    "/stream/blue/rollback",
    "/stream/green/apply",
    "/stream/green/verify",
    "/stream/green/check",
    "/stream/green/canonicalize",
    "/timeline/events",
    "/timeline/freeze",
    "/timeline/archive",
    "/egraph/saturate",
    "/agents/register",
    "/agents/0/heartbeat",
    "/agent/0/message",
    "/agent/0/heartbeat",
    "/nats/webhook/agent.0.state",
    "/skill/patterns",
    "/skill/patterns/nothing/transduce",
    "/skill/generate",
    "/skill/apply",
    "/verify/analyze",
    "/verify/batch",
    "/verify/similarity",
    "/verify/collections/nothing",
    "/verify/collections/nothing/embeddings",
    "/verify/votes",
];

#[test]
fn no_route_answers_bad_input_with_a_server_error() {
    let network = Network::shared();
    let client = network.client();
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(50_000);
    let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(64 << 20));
    let bodies: [&[u8]; 12] = [
        b"{",
        b"\xff\xfe",
        b"{\"a\": \"\xed\xa0\x80\"}",
        deep.as_bytes(),
        deep_object.as_bytes(),
        b"null",
        b"-1",
        b"1e999",
        b"\"text\"",
        b"[[]]",
        b"{\"no-such-field\": 1}",
        huge.as_bytes(),
    ];
    for path in POSTS {
        for body in bodies {
            let reply = client.post_any(path, body);
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!(
                matches!(reply.status, 400 | 409 | 413 | 415 | 422),
                "{path} answers {} to {shown}: {}",
                reply.status,
                reply.body
            );
            reply.any_problem();
        }
    }
}

#[test]
fn paths_and_methods_that_are_not_there() {
    let network = Network::shared();
    let client = network.client();
    let bases =
        ["/stream/red", "/stream/blue", "/stream/green", "/crdt", "/egraph", "/verify", "/agents", "/colors"];
    for base in bases.into_iter().chain(["/sync", "/timeline", "/dashboard"]) {
        let reply = client.get(&format!("{base}/no/such/route"));
        assert_eq!(reply.any_problem()["status"], 404, "{base}");
        let reply = client.delete(&format!("{base}/health"));
        assert_eq!(reply.any_problem()["status"], 405, "{base}");
    }
}
