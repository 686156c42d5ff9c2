//! What holds for every route of every component, taken from their own tables: nothing that a client sends is answered
//! with a server error, and what is not there is said to be not there.

use ramanujan_core::splitmix::SplitMix64;
use ramanujan_tests::routes::{self, Route};
use ramanujan_tests::{Client, Network, Reply};
use serde_json::{Value, json};

/// Routes that need no body, and so do their work whatever it is.
const WITHOUT_BODY: [&str; 1] = ["/crdt/cache/drain"];

/// That a reply is a refusal of what the client sent, or says that the route is not built.
fn assert_refused(route: &Route, reply: &Reply, sent: &str) {
    let shown =
        format!("{} {} answers {} to {sent}: {}", route.method, route.pattern, reply.status, reply.body);
    if reply.status == 501 {
        assert_eq!(reply.any_problem()["code"], "not-implemented", "{shown}");
    } else {
        assert!(matches!(reply.status, 400 | 404 | 409 | 413 | 415 | 422), "{shown}");
        reply.any_problem();
    }
}

fn with_method(client: &Client, method: &str) -> Vec<Route> {
    let mut routes = routes::all(client);
    routes.retain(|route| route.method == method);
    routes
}

#[test]
fn the_tables_name_the_routes_of_all_components() {
    let network = Network::shared();
    let client = network.client();
    let all = routes::all(&client);
    assert!(all.len() > 100, "{} routes", all.len());
    for known in ["POST /crdt/apply", "POST /stream/red/apply", "GET /timeline/query", "DELETE /agents/{id}"]
    {
        assert!(all.iter().any(|route| format!("{} {}", route.method, route.pattern) == known), "{known}");
    }
    for (component, base) in routes::bases() {
        let own = all.iter().filter(|route| route.component == component);
        assert!(own.clone().any(|route| route.pattern == format!("{base}/health")), "{component}");
        for route in own {
            assert!(matches!(route.method.as_str(), "GET" | "POST" | "DELETE" | "PUT"), "{route:?}");
        }
    }
}

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
    for route in with_method(&client, "POST") {
        for body in bodies {
            let reply = client.post_any(&route.path(), body);
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            if WITHOUT_BODY.contains(&route.pattern.as_str()) && reply.status == 200 {
                continue;
            }
            assert_refused(&route, &reply, &shown);
        }
    }
}

#[test]
fn no_route_answers_a_bad_query_with_a_server_error() {
    let network = Network::shared();
    let client = network.client();
    let long = format!("limit={}", "9".repeat(2000));
    let queries = [
        "limit=-1",
        "limit=1e9",
        "limit=18446744073709551616",
        "limit=%ff",
        "cursor=%00",
        "cursor=-1.-1.-1",
        "after=x&from=yesterday&to=%F0%9F%A6%86&wait_ms=-1",
        "format=nothing&order=nothing&depth=-1&at=%22",
        "no-such-parameter=1",
        "%%%&&==&=%",
        long.as_str(),
    ];
    for route in with_method(&client, "GET") {
        for query in queries {
            let reply = client.get(&format!("{}?{query}", route.path()));
            // A route may have no use for a parameter, or answer with a page.
            if !matches!(reply.status, 200 | 302 | 304) {
                assert_refused(&route, &reply, query);
            }
        }
    }
    for route in with_method(&client, "DELETE") {
        let reply = client.delete(&route.path().replace("/0", "/nobody"));
        if reply.status != 200 {
            assert_refused(&route, &reply, "nothing");
        }
    }
}

#[test]
fn paths_and_methods_that_are_not_there() {
    let network = Network::shared();
    let client = network.client();
    for (component, base) in routes::bases() {
        let reply = client.get(&format!("{base}/no/such/route/at/all"));
        assert_eq!(reply.any_problem()["status"], 404, "{component}");
        let reply = client.delete(&format!("{base}/health"));
        assert_eq!(reply.any_problem()["status"], 405, "{component}");
    }
}

/// Bodies that look like those of the routes: their members, with values that are now and then right.
struct Bodies(SplitMix64);

impl Bodies {
    const MEMBERS: [&str; 24] = [
        "document_id",
        "agent_id",
        "operation",
        "value",
        "position",
        "length",
        "seq",
        "parents",
        "crdt_type",
        "left",
        "right",
        "deltas",
        "type",
        "timestamp",
        "payload",
        "expression",
        "rules",
        "source_pattern",
        "target_pattern",
        "target",
        "embedding",
        "items",
        "name",
        "dimension",
    ];

    fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound as u64) as usize
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 12 } else { 16 }) {
            0 => Value::Null,
            1 => (self.below(2) == 0).into(),
            2 => (self.below(3) as i64 - 1).into(),
            3 => u64::MAX.into(),
            4 => json!(1e308),
            5 => json!(-0.5),
            6 => "".into(),
            7 => "insert".into(),
            8 => "alice:1".into(),
            9 => "(merge ?x (f ?x))".into(),
            10 => "2026-01-02T03:04:05Z".into(),
            11 => "\u{0}\u{10ffff}\u{202e}".into(),
            12 | 13 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
            _ => self.object(depth + 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let members = (0..self.below(6)).map(|_| {
            let name = Self::MEMBERS[self.below(Self::MEMBERS.len())];
            (name.to_owned(), self.value(depth + 1))
        });
        Value::Object(members.collect())
    }
}

#[test]
fn no_route_answers_likely_looking_bodies_with_a_server_error() {
    let network = Network::shared();
    let client = network.client();
    let mut bodies = Bodies(SplitMix64::new(1069));
    for route in with_method(&client, "POST") {
        for _ in 0..40 {
            let body = bodies.object(0);
            let reply = client.post(&route.path(), &body);
            if reply.status != 200 {
                assert_refused(&route, &reply, &body.to_string());
            }
        }
    }
}
