//! Documents as large as they may be, in instances of the size that they have in operation: whatever was accepted is read,
//! verified, frozen, brought back and deleted.

use ramanujan_tests::{Client, Network, Reply};
use serde_json::{Value, json};

/// So many numbers, each `depth` lists deep.
fn nested(depth: usize, items: usize) -> Value {
    let deep = (0..depth).fold(json!(1), |value, _| json!([value]));
    Value::Array(vec![deep; items])
}

/// Writes until no more is taken, by smaller and smaller operations; says how many were.
fn fill(
    client: &Client,
    document: &str,
    sizes: &[usize],
    operation: impl Fn(usize, usize) -> Value,
) -> usize {
    let mut stored = 0;
    for size in sizes {
        loop {
            let mut operation = operation(stored, *size);
            operation["document_id"] = document.into();
            operation["agent_id"] = "a".into();
            let reply = client.post("/crdt/apply", &operation);
            match reply.status {
                200 => stored += 1,
                422 => break,
                _ => panic!("{document}: {} {}", reply.status, reply.body),
            }
        }
    }
    stored
}

fn well(what: &str, reply: &Reply) {
    let told: String = reply.body.chars().take(300).collect();
    assert_eq!(reply.status, 200, "{what}: {told}");
}

#[test]
fn a_document_as_large_as_it_may_be_is_served_by_any_instance() {
    let network = Network::start();
    let client = network.client();
    type Form = (&'static str, &'static [usize], fn(usize, usize) -> Value, Value);
    let forms: [Form; 5] = [
        (
            "control",
            &[600_000, 60_000],
            |_, size| json!({"operation": "insert", "position": 0, "value": "\u{1}".repeat(size)}),
            json!({"operation": "delete", "position": 0, "length": 600_000}),
        ),
        (
            "deep",
            &[50, 10],
            |n, size| json!({"operation": "set", "path": [format!("k{n}")], "value": nested(60, size)}),
            json!({"operation": "delete", "path": ["k0"]}),
        ),
        (
            "flat",
            &[20_000, 2_000],
            |n, size| json!({"operation": "set", "path": [format!("k{n}")], "value": vec![7; size]}),
            json!({"operation": "delete", "path": ["k0"]}),
        ),
        (
            "quotes",
            &[1_500_000, 150_000],
            |n, size| json!({"operation": "set", "path": [format!("k{n}")], "value": "\"".repeat(size)}),
            json!({"operation": "delete", "path": ["k0"]}),
        ),
        (
            "set",
            &[20_000, 2_000],
            |n, size| json!({"operation": "add", "value": [[n], vec![7; size]]}),
            json!({"operation": "remove", "value": [[0], vec![7; 20_000]]}),
        ),
    ];
    for (name, sizes, operation, shrink) in &forms {
        let stored = fill(&client, name, sizes, operation);
        assert!(stored > 3, "{name}: {stored}");
        let path = format!("/crdt/{name}");
        let heads = client.get(&path).json()["heads"].clone();
        for target in ["", "", "/history?limit=1000", "/diff?limit=1000", "?at=%7B%22a%22%3A2%7D"] {
            well(&format!("{name}{target}"), &client.get(&format!("{path}{target}")));
        }
        well(name, &client.post("/stream/green/verify", &json!({"document_id": name})));
        well(name, &client.post(&format!("{path}/freeze"), &json!({})));
        let mut smaller = shrink.clone();
        smaller["document_id"] = (*name).into();
        smaller["agent_id"] = "b".into();
        well(name, &client.post("/crdt/apply", &smaller));
        for at in [&heads, &json!({"a": 1})] {
            let back = json!({"at": at, "restore": true, "agent_id": "r"});
            well(&format!("{name} restored"), &client.post(&format!("{path}/recover"), &back));
        }
        well(name, &client.get(&path));
        well("list", &client.get("/crdt"));
        well(name, &client.delete(&path));
    }
}

/// Lists that lost against a newer scalar are shown among the conflicts.
#[test]
fn what_is_hidden_in_conflicts_is_bounded_too() {
    let network = Network::start();
    let client = network.client();
    let set = |agent: &str, seq: usize, parents: Value, value: Value| {
        json!({"operation": "set", "document_id": "hidden", "agent_id": agent, "seq": seq, "parents": parents,
            "path": ["x"], "value": value})
    };
    well("first", &client.post("/crdt/apply", &set("z", 1, json!([]), json!("s"))));
    let lists = (0..40).take_while(|n| {
        let newer = set("z", n + 2, json!([format!("z:{}", n + 1)]), json!("s"));
        well("scalar", &client.post("/crdt/apply", &newer));
        let list = set(&format!("c{n}"), 1, json!(["z:1"]), json!(vec![7; 10_000]));
        let reply = client.post("/crdt/apply", &list);
        assert!(matches!(reply.status, 200 | 422), "{} {}", reply.status, reply.body);
        reply.status == 200
    });
    assert!((5..20).contains(&lists.count()));
    for _ in 0..2 {
        let read = client.get("/crdt/hidden");
        well("read", &read);
        assert_eq!(read.json()["value"], json!({"x": "s"}));
    }
    well("green", &client.post("/stream/green/verify", &json!({"document_id": "hidden"})));
}
