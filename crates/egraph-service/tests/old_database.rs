//! A database that revision 80a519f made opens, and what is in it is answered.

use egraph_service::service;
use http::Method;
use ramanujan_shell::native::{answered, database_copy};
use serde_json::{Value, json};

fn get(path: &str) -> Value {
    answered(&service(), Method::GET, path, &Value::Null)
}

fn post(path: &str, body: &Value) -> Value {
    answered(&service(), Method::POST, path, body)
}

#[test]
fn facts_and_counters_of_an_older_revision_are_read_and_added_to() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/80a519f.sqlite3");
    let _database = database_copy(fixture, concat!(env!("CARGO_TARGET_TMPDIR"), "/egraph-80a519f.sqlite3"));
    assert_eq!(get("/egraph/health")["schema_version"], 11);
    let shared = get("/egraph/graphs/shared");
    let facts = shared["facts"].as_array().unwrap();
    assert_eq!(facts.len(), 4);
    assert!(
        facts.contains(&json!({"left": "(f c)", "right": "d"})) && facts.contains(&json!({"term": "(f a)"}))
    );
    let known = post("/egraph/merge", &json!({"graph": "shared"}));
    assert_eq!(known["fingerprint"], "2209c3804fd5585828bc79c6c21503e04a28d8d7033e32e30675eae45266d3e6");
    let more =
        json!({"graph": "shared", "graphs": [[{"left": "d", "right": "e"}, {"left": "a", "right": "b"}]]});
    assert_eq!(post("/egraph/merge", &more)["added"], 1);
    assert_eq!(post("/egraph/merge", &json!({"graph": "shared"}))["facts"], 5);
    assert_eq!(post("/egraph/merge", &json!({"graph": "other"}))["facts"], 1);

    // Remembered replies are those of that revision's rules: they are counted, and not given.
    let stats = get("/egraph/cache/stats");
    assert_eq!((&stats["hits"], &stats["stored"], &stats["entries"]), (&json!(1), &json!(1), &json!(1)));
    let history = (1..12).fold("x0".to_owned(), |term, i| format!("(merge {term} x{i})"));
    let body = json!({"expression": history, "rules": ["assoc", "identity"]});
    assert_eq!(post("/egraph/saturate", &body)["cached"], false);
    assert_eq!(post("/egraph/saturate", &body)["cached"], true);
    assert_eq!(get("/egraph/cache/stats")["entries"], 2);
}
