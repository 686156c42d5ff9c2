//! Bad input is answered with a precise problem document and leaves the stored state as it was.
//!
//! Each kind of bad input goes to crdt-service itself and through a stream, because either may be asked.

use std::sync::Arc;
use std::thread;

use ramanujan_tests::replay::events;
use ramanujan_tests::{Client, Network, Reply};
use serde_json::{Value, json};

/// Where an insertion can be sent.
const DOORS: [&str; 2] = ["/crdt/apply", "/stream/red/apply"];

/// A document with some text, and everything the network says about it.
struct Fixture {
    client: Client,
    document: String,
    before: Vec<Value>,
    _network: Arc<Network>,
}

impl Fixture {
    /// `document` must be new.
    fn new(document: &str) -> Self {
        let network = Network::shared();
        let client = network.client();
        let first = json!({"operation": "insert", "document_id": document, "agent_id": "alice", "seq": 1,
            "parents": [], "position": 0, "value": "añ🎉語"});
        client.post("/stream/red/apply", &first).ok();
        let mut fixture =
            Fixture { client, document: document.to_owned(), before: Vec::new(), _network: network };
        fixture.before = fixture.state();
        assert_eq!(fixture.before[0]["value"], "añ🎉語");
        fixture
    }

    /// The document, its history and its events.
    fn state(&self) -> Vec<Value> {
        let document = self.client.get(&format!("/crdt/{}", self.document)).ok();
        let history = self.client.get(&format!("/crdt/{}/history?limit=100", self.document)).ok();
        let mut state = vec![document, history["items"].clone()];
        state.extend(events(&self.client, &self.document));
        state
    }

    fn assert_unchanged(&self) {
        assert_eq!(self.state(), self.before);
    }

    /// A legal second operation of alice, with `changes` made to it.
    fn operation(&self, changes: Value) -> Value {
        let mut operation = json!({"operation": "insert", "document_id": self.document, "agent_id": "alice", "seq": 2,
            "parents": ["alice:1"], "position": 4, "value": "!"});
        for (name, value) in changes.as_object().expect("changes are an object") {
            operation[name] = value.clone();
        }
        operation
    }

    /// Both doors refuse `body` in this way, and nothing changes.
    fn refuses(&self, body: &[u8], status: u16, code: &str, says: &str) {
        for door in DOORS {
            let problem = self.client.post_any(door, body).problem(status, code);
            let detail = problem["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(says), "{door} does not say {says:?}: {detail}");
        }
        self.assert_unchanged();
    }

    fn refuses_operation(&self, changes: Value, status: u16, code: &str, says: &str) {
        self.refuses(self.operation(changes).to_string().as_bytes(), status, code, says);
    }
}

#[test]
fn malformed_json() {
    let fixture = Fixture::new("bad-malformed");
    let whole = fixture.operation(json!({})).to_string();
    fixture.refuses(&whole.as_bytes()[..whole.len() - 1], 400, "malformed-json", "line 1 column");
    fixture.refuses(format!("{whole}}}").as_bytes(), 400, "malformed-json", "trailing characters");
    fixture.refuses(b"", 400, "malformed-json", "needs a JSON body");
    fixture.refuses(b"operation=insert", 400, "malformed-json", "line 1 column 1");
}

#[test]
fn wrong_types() {
    let fixture = Fixture::new("bad-types");
    for changes in [
        json!({"position": "4"}),
        json!({"position": 4.5}),
        json!({"seq": true}),
        json!({"parents": "alice:1"}),
        json!({"parents": [1]}),
        json!({"document_id": 7}),
        json!({"agent_id": null}),
        json!({"operation": ["insert"]}),
    ] {
        fixture.refuses_operation(changes, 422, "invalid-json", "");
    }
    for changes in
        [json!({"value": 5}), json!({"value": ""}), json!({"operation": "upsert"}), json!({"seq": 0})]
    {
        fixture.refuses_operation(changes, 422, "invalid-operation", "");
    }
    for body in ["null", "true", "5", "\"insert\""] {
        fixture.refuses(body.as_bytes(), 422, "invalid-json", "");
    }
    fixture.refuses(b"[]", 422, "empty-batch", "no operation");
}

#[test]
fn unknown_fields() {
    let fixture = Fixture::new("bad-unknown");
    fixture.refuses_operation(json!({"postion": 1}), 422, "invalid-json", "`postion`");
    let batch = json!([fixture.operation(json!({})), fixture.operation(json!({"seq": 3, "sequence": 3}))]);
    fixture.refuses(batch.to_string().as_bytes(), 422, "invalid-json", "`sequence`");
}

#[test]
fn huge_bodies() {
    let fixture = Fixture::new("bad-huge");
    let huge = fixture.operation(json!({"value": "x".repeat(64 << 20)})).to_string();
    fixture.refuses(huge.as_bytes(), 413, "body-too-large", "");
    let many: Vec<Value> = (0..5000).map(|i| fixture.operation(json!({"seq": i + 2}))).collect();
    fixture.refuses(Value::Array(many).to_string().as_bytes(), 413, "batch-too-large", "");
}

#[test]
fn deep_nesting() {
    let fixture = Fixture::new("bad-deep");
    for depth in [200, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for door in DOORS {
            let problem = fixture.client.post_bytes(door, nested.as_bytes()).any_problem();
            assert!(matches!(problem["status"].as_u64(), Some(400 | 422)), "{problem}");
            let inside =
                format!(r#"{{"operation": "insert", "document_id": "bad-deep", "value": {nested}}}"#);
            let problem = fixture.client.post_bytes(door, inside.as_bytes()).any_problem();
            assert!(matches!(problem["status"].as_u64(), Some(400 | 422)), "{problem}");
        }
    }
    fixture.assert_unchanged();
}

#[test]
fn bad_utf8() {
    let fixture = Fixture::new("bad-utf8");
    let text = fixture.operation(json!({"value": "QQQQ"})).to_string();
    for bad in [b"\xff\xfe\xfd\xfc".as_slice(), b"\xed\xa0\x80x", b"\xc0\xafxy", b"x\xf0\x9f\x8e"] {
        let at = text.find("QQQQ").expect("the value is in the text");
        let mut body = text.clone().into_bytes();
        body.splice(at..at + 4, bad.iter().copied());
        fixture.refuses(&body, 400, "malformed-json", "UTF-8");
    }
    // Half a surrogate pair is legal grammar (RFC 8259 §8.2), but no text.
    fixture.refuses(text.replace("QQQQ", "\\ud83c").as_bytes(), 422, "invalid-json", "");
}

#[test]
fn negative_positions() {
    let fixture = Fixture::new("bad-negative");
    fixture.refuses_operation(json!({"position": -1}), 422, "invalid-json", "-1");
    let delete = json!({"operation": "delete", "document_id": "bad-negative", "agent_id": "alice", "seq": 2,
        "parents": ["alice:1"], "position": 1, "length": -1});
    for door in ["/crdt/apply", "/stream/blue/apply"] {
        let problem = fixture.client.post(door, &delete).problem(422, "invalid-json");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("-1")), "{problem}");
    }
    fixture.assert_unchanged();
}

#[test]
fn positions_past_the_end() {
    let fixture = Fixture::new("bad-position");
    // The text has four code points, eleven bytes and five UTF-16 units.
    fixture.refuses_operation(json!({"position": 5}), 422, "position-out-of-range", "4 code points");
    fixture.refuses_operation(
        json!({"position": 9_007_199_254_740_991_u64}),
        422,
        "position-out-of-range",
        "",
    );
    fixture.refuses_operation(json!({"position": u64::MAX}), 422, "position-out-of-range", "");
    // Relative to the parents, not to the whole document: at the empty document only 0 fits.
    let elsewhere = json!({"agent_id": "bob", "seq": 1, "parents": [], "position": 1});
    fixture.refuses_operation(elsewhere, 422, "position-out-of-range", "0 code points");
    for (position, length) in [(0, 5), (4, 1), (1, u64::MAX)] {
        let delete = json!({"operation": "delete", "document_id": "bad-position", "agent_id": "alice", "seq": 2,
            "parents": ["alice:1"], "position": position, "length": length});
        for door in ["/crdt/apply", "/stream/blue/apply"] {
            fixture.client.post(door, &delete).problem(422, "position-out-of-range");
        }
    }
    fixture.assert_unchanged();
}

#[test]
fn positions_past_the_end_of_a_merge() {
    let fixture = Fixture::new("bad-merge-position");
    let delete = |agent: &str| {
        json!({"operation": "delete", "document_id": "bad-merge-position", "agent_id": agent, "seq": 1,
            "parents": ["alice:1"], "position": 1, "length": 2})
    };
    fixture.client.post("/stream/blue/apply", &json!([delete("bob"), delete("carol")])).ok();
    let before = fixture.state();
    // Both deleted the same two: two are left, not zero.
    assert_eq!((&before[0]["value"], &before[0]["length"]), (&json!("a語"), &json!(2)));
    let at = |position: u64| {
        json!({"operation": "insert", "document_id": "bad-merge-position", "agent_id": "dave", "seq": 1,
            "parents": ["bob:1", "carol:1"], "position": position, "value": "!"})
    };
    for door in DOORS {
        fixture.client.post(door, &at(3)).problem(422, "position-out-of-range");
    }
    assert_eq!(fixture.state(), before);
    fixture.client.post("/stream/red/apply", &at(2)).ok();
    assert_eq!(fixture.state()[0]["value"], "a語!");
}

#[test]
fn unknown_parents() {
    let fixture = Fixture::new("bad-parent");
    fixture.refuses_operation(json!({"parents": ["alice:1", "bob:3"]}), 422, "unknown-parent", "bob:3");
    fixture.refuses_operation(json!({"parents": ["alice:9"]}), 422, "unknown-parent", "alice:9");
    fixture.refuses_operation(json!({"parents": ["alice:0"]}), 422, "invalid-json", "alice:0");
    // A parent that stands later in the same batch is not there yet.
    let later = json!([
        fixture.operation(json!({"agent_id": "bob", "seq": 1, "parents": ["carol:1"]})),
        fixture.operation(json!({"agent_id": "carol", "seq": 1})),
    ]);
    fixture.refuses(later.to_string().as_bytes(), 422, "unknown-parent", "carol:1");
}

#[test]
fn gaps_and_forks_of_one_agent() {
    let fixture = Fixture::new("bad-seq");
    fixture.refuses_operation(json!({"seq": 3}), 422, "seq-gap", "");
    // The second operation of alice must know the first.
    let forgets = fixture.operation(json!({"parents": [], "position": 0}));
    for door in DOORS {
        let problem = fixture.client.post(door, &forgets).any_problem();
        assert_eq!(problem["status"], 422, "{problem}");
    }
    fixture.assert_unchanged();
}

#[test]
fn other_content_under_one_dot() {
    let fixture = Fixture::new("bad-dot");
    let other = json!({"operation": "insert", "document_id": "bad-dot", "agent_id": "alice", "seq": 1,
        "parents": [], "position": 0, "value": "other"});
    fixture.refuses(other.to_string().as_bytes(), 409, "dot-conflict", "alice:1");
}

#[test]
fn an_operation_of_another_colour() {
    let fixture = Fixture::new("bad-colour");
    let insert = fixture.operation(json!({}));
    for (door, allowed) in [("/stream/blue/apply", "delete"), ("/stream/green/apply", "verify")] {
        let problem = fixture.client.post(door, &insert).problem(409, "wrong-color");
        let list = problem["allowed"].as_array().expect("the allowed operations are listed");
        assert!(list.contains(&json!(allowed)), "{problem}");
    }
    fixture.assert_unchanged();
}

#[test]
fn a_batch_is_all_or_nothing_and_names_its_first_fault() {
    let fixture = Fixture::new("bad-batch");
    let good = fixture.operation(json!({}));
    let next = fixture.operation(json!({"seq": 3, "parents": ["alice:2"], "position": 5}));
    let bad = fixture.operation(json!({"seq": 4, "parents": ["alice:3"], "position": 99}));
    for door in DOORS {
        let problem =
            fixture.client.post(door, &json!([good, next, bad])).problem(422, "position-out-of-range");
        assert_eq!(problem["index"], 2, "{problem}");
    }
    fixture.assert_unchanged();
    let reply = fixture.client.post("/stream/red/apply", &json!([good, next])).ok();
    assert_eq!((&reply["applied"], &reply["duplicates"]), (&json!(2), &json!(0)));
    let again = fixture.client.post("/stream/red/apply", &json!([good, next])).ok();
    assert_eq!((&again["applied"], &again["duplicates"]), (&json!(0), &json!(2)));
}

#[test]
fn names_outside_the_grammar() {
    let fixture = Fixture::new("bad-names");
    for name in ["", "a b", "a/b", "ä", "a:b", &"x".repeat(129), "merge", "apply"] {
        fixture.refuses_operation(json!({"document_id": name}), 422, "invalid-json", "");
    }
    for name in ["", "a b", "a:b"] {
        fixture.refuses_operation(json!({"agent_id": name}), 422, "invalid-json", "");
    }
    let reply = fixture.client.get("/crdt/no-such-document");
    assert_eq!(reply.any_problem()["status"], 404);
    fixture.assert_unchanged();
}

/// Posts one body a hundred times at once; returns the replies.
fn hundred_at_once(client: &Client, door: &str, body: &Value) -> Vec<Reply> {
    thread::scope(|scope| {
        let posts: Vec<_> = (0..100).map(|_| scope.spawn(|| client.post(door, body))).collect();
        posts.into_iter().map(|post| post.join().expect("the request came back")).collect()
    })
}

#[test]
fn a_hundred_parallel_identical_posts_are_one_operation() {
    for (door, document) in DOORS.iter().zip(["bad-parallel-1", "bad-parallel-2"]) {
        let fixture = Fixture::new(document);
        let replies = hundred_at_once(&fixture.client, door, &fixture.operation(json!({})));
        let mut new = 0;
        for reply in &replies {
            let reply = reply.ok();
            let result = if *door == "/crdt/apply" { &reply } else { &reply["result"] };
            assert_eq!(result["operation_id"], "alice:2");
            new += u32::from(result["duplicate"] == false);
        }
        assert_eq!(new, 1, "exactly one of them was new");
        let state = fixture.state();
        assert_eq!((&state[0]["value"], &state[0]["operations"]), (&json!("añ🎉語!"), &json!(2)));
        let recorded = if *door == "/crdt/apply" { 1 } else { 2 };
        assert_eq!(events(&fixture.client, document).len(), recorded, "one event each through the stream");
    }
}

#[test]
fn a_hundred_parallel_identical_batches_are_one_batch() {
    let fixture = Fixture::new("bad-parallel-batch");
    let batch: Vec<Value> = (2..12)
        .map(|seq| {
            fixture.operation(
                json!({"seq": seq, "parents": [format!("alice:{}", seq - 1)], "position": seq + 2}),
            )
        })
        .collect();
    let replies = hundred_at_once(&fixture.client, "/stream/red/apply", &Value::Array(batch));
    let applied: u64 = replies.iter().map(|reply| reply.ok()["applied"].as_u64().expect("a number")).sum();
    assert_eq!(applied, 10);
    assert_eq!(fixture.state()[0]["value"], "añ🎉語!!!!!!!!!!");
    assert_eq!(events(&fixture.client, "bad-parallel-batch").len(), 11);
}

#[test]
fn a_hundred_parallel_identical_events_are_one_event() {
    let network = Network::shared();
    let client = network.client();
    let event = json!({"type": "note", "agent_id": "parallel-noter", "document_id": "bad-parallel-events",
        "timestamp": "2026-01-01T00:00:00Z", "payload": {"text": "once"}});
    let replies = hundred_at_once(&client, "/timeline/events", &event);
    let appended: u64 = replies.iter().map(|reply| reply.ok()["appended"].as_u64().expect("a number")).sum();
    assert_eq!(appended, 1);
    assert_eq!(events(&client, "bad-parallel-events").len(), 1);
}
