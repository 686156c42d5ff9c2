//! A database that revision 80a519f made opens, and what is in it is answered.

use http::Method;
use ramanujan_shell::native::{answered, database_copy};
use serde_json::{Value, json};
use transduction_2tdx::service;

fn get(path: &str) -> Value {
    answered(&service(), Method::GET, path, &Value::Null)
}

fn post(path: &str, body: &Value) -> Value {
    answered(&service(), Method::POST, path, body)
}

#[test]
fn patterns_of_an_older_revision_are_read_applied_and_versioned() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/80a519f.sqlite3");
    let _database =
        database_copy(fixture, concat!(env!("CARGO_TARGET_TMPDIR"), "/transduction-80a519f.sqlite3"));
    assert_eq!(get("/sync/health")["schema_version"], 13);
    let versions = get("/skill/patterns/idem/versions");
    let ids: Vec<&str> = versions["patterns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "c4fd196354d76bbabe5b6a8aae00442aca265de573ebdb2040e88756c1e39ec0",
            "d870973c7d18a13899e174a5f85b0f2e47bab947fa6904f996e2c6eed501a1f5",
        ]
    );
    let listed = get("/skill/patterns?order=schedule");
    let names: Vec<_> =
        listed["patterns"].as_array().unwrap().iter().map(|pattern| &pattern["pattern_name"]).collect();
    assert_eq!(names, ["idem", "twice"]);
    let twice = get("/skill/patterns/twice");
    assert_eq!(twice["operators"][1], json!({"symbol": "twice", "arity": 1, "color": "RED"}));
    assert_eq!(twice["created_at"], "2026-11-29T20:46:23.937Z");

    let body = json!({
        "patterns": [ids[0], "twice"], "expression": "(f (merge a a) (twice (twice b)))", "strategy": "fixpoint",
    });
    assert_eq!(post("/skill/apply", &body)["expression"], "(f a (four b))");
    let again = json!({"pattern_name": "idem", "source_pattern": "(merge ?x ?x)", "target_pattern": "?x"});
    let again = post("/skill/patterns", &again);
    assert_eq!(
        (&again["created"], &again["id"], &again["version"]),
        (&json!(false), &json!(ids[0]), &json!(1))
    );
    let next = json!({"pattern_name": "idem", "source_pattern": "(join ?x ?x)", "target_pattern": "?x"});
    assert_eq!(post("/skill/patterns", &next)["version"], 3);
    let stats = get("/skill/stats");
    let counted = ["applied", "steps", "transduced", "versions"].map(|name| stats[name].as_u64().unwrap());
    assert_eq!(counted, [2, 4, 1, 4]);
}
