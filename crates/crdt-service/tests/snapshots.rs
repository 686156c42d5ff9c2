//! States that the service keeps for itself: where they lie, and that no answer depends on them.

mod common;

use common::{apply, get, post, sql};
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// More than two of the places that are kept for good.
const OPERATIONS: u64 = 9_000;

fn fill(document: &str, operation: impl Fn(u64) -> Value) {
    let one = |nth| {
        let mut one = operation(nth);
        one["document_id"] = document.into();
        one["agent_id"] = if nth % 70 < 35 { "ann" } else { "ben" }.into();
        one
    };
    let all: Vec<Value> = (0..OPERATIONS).map(one).collect();
    all.chunks(1000).for_each(|batch| drop(apply(batch.into())));
}

fn kept(document: &str, deltas: u64) -> bool {
    let kept = format!("document_id = '{document}' AND ordinal = 0 AND deltas = {deltas}");
    sql(&format!("SELECT 1 FROM crdt_snapshots WHERE {kept}")) == 1
}

#[test]
fn an_old_version_is_built_from_a_state_nearby() {
    let _db = fresh_database();
    fill("text", |nth| json!({"operation": "insert", "position": nth / 2, "value": "x"}));
    fill("set", |nth| json!({"operation": if nth % 3 == 0 { "remove" } else { "add" }, "value": nth % 400}));
    for (document, first) in [("text", 0), ("set", OPERATIONS)] {
        let read = |at: u64| {
            // As an instance that has never seen the document.
            post("/crdt/cache/invalidate", json!({"all": true}));
            get(&format!("/crdt/{document}?at={}", first + at)).json["value_digest"].clone()
        };
        let read_all = || [5_000, 8_500, OPERATIONS].map(read);
        let values = read_all();
        assert!(kept(document, 4_096), "{document}");
        assert_eq!(read_all(), values);
        // From snapshots that are kept for good alone, from none, and from those that an early version left behind.
        sql("DELETE FROM crdt_snapshots WHERE ordinal <> 0");
        assert_eq!(read_all(), values);
        sql("DELETE FROM crdt_snapshots");
        assert_eq!(read(OPERATIONS), values[2]);
        assert!(kept(document, 4_096) && kept(document, 8_192), "{document}");
        sql("DELETE FROM crdt_snapshots WHERE deltas = 4096");
        assert_eq!(read(5_000), values[0]);
        assert!(kept(document, 4_096), "an early version fills the gap of {document}");
        // What is read is what is stored: a changed one shows.
        sql(
            "UPDATE crdt_snapshots SET content = (SELECT content FROM crdt_snapshots WHERE deltas = 8192) WHERE deltas = 4096",
        );
        assert_ne!(read(5_000), values[0]);
    }
}

/// They are as far apart as they are large: a short document has none.
#[test]
fn states_that_are_kept_for_good_lie_far_apart() {
    let _db = fresh_database();
    let long = "x".repeat(200_000);
    fill(
        "text",
        |nth| json!({"operation": "insert", "position": 0, "value": if nth == 0 { &long } else { "y" }}),
    );
    for at in [4_500, 8_500, 9_000] {
        assert_eq!(get(&format!("/crdt/text?at={at}")).status, 200);
    }
    // 200,000 bytes are 32 for each of 6,250 deltas.
    assert!(!kept("text", 4_096));
    assert_eq!(sql("SELECT 1 FROM crdt_snapshots WHERE ordinal = 0"), 1);
    for nth in 0..20 {
        apply(
            json!({"operation": "insert", "document_id": "short", "position": 0, "value": format!("{nth}")}),
        );
        get("/crdt/short");
    }
    assert_eq!(sql("SELECT 1 FROM crdt_snapshots WHERE document_id = 'short'"), 0);
}
