//! What the rule half tells the timeline: each effect once, after it, and again if it was missed.

use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, mount, send};
use serde_json::{Value, json};

fn post(path: &str, body: &Value) -> Reply {
    let reply = send(&transduction_2tdx::service(), Method::POST, path, body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply
}

fn events() -> Vec<Value> {
    let reply = send(&interaction_timeline::service(), Method::GET, "/api/timeline", "");
    reply.json.as_array().unwrap().clone()
}

fn idem() -> Value {
    json!({"pattern_name": "idem", "source_pattern": "(merge ?x ?x)", "target_pattern": "?x"})
}

#[test]
fn patterns_and_rewritings_are_recorded_once() {
    let _database = fresh_database();
    mount("interaction-timeline", interaction_timeline::service());
    let (first, again) = (post("/skill/patterns", &idem()).json, post("/skill/patterns", &idem()).json);
    assert_eq!((&first["recorded"], &first["event_id"]), (&json!(true), &again["event_id"]));
    let apply = |term: &str| {
        post("/skill/apply", &json!({"patterns": ["idem"], "expression": term, "strategy": "fixpoint"})).json
    };
    let done = apply("(f (merge a a))");
    assert_eq!((&done["expression"], &done["recorded"]), (&json!("(f a)"), &json!(true)));
    assert_eq!(apply("(f (merge a a))")["event_id"], done["event_id"]);
    assert_ne!(apply("(g (merge a a))")["event_id"], done["event_id"]);
    let events = events();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "pattern-stored").count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "pattern-applied").count(), 2, "{kinds:?}");
    let stored = events.iter().find(|event| event["type"] == "pattern-stored").unwrap();
    assert_eq!(stored["event_id"], first["event_id"]);
    assert_eq!(
        (&stored["payload"]["pattern_id"], &stored["agent_id"]),
        (&first["id"], &json!("transduction-2tdx"))
    );
    let applied = events.iter().find(|event| event["event_id"] == done["event_id"]).unwrap();
    assert_eq!(
        (&applied["payload"]["steps"], &applied["payload"]["pattern_ids"]),
        (&json!(1), &json!([first["id"]]))
    );
    assert_eq!(applied["depends_on"], json!([stored["event_id"]]), "it came after the pattern that it used");
}

/// What happened has happened, whether the timeline hears of it or not; the same request again tells it.
#[test]
fn a_timeline_that_does_not_answer_fails_nothing_and_is_told_later() {
    let _database = fresh_database();
    mount("interaction-timeline", transduction_2tdx::service());
    let stored = post("/skill/patterns", &idem()).json;
    let body = json!({"patterns": ["idem"], "expression": "(merge a a)"});
    let applied = post("/skill/apply", &body).json;
    assert_eq!((&stored["recorded"], &applied["recorded"]), (&json!(false), &json!(false)));
    assert_eq!((&stored["created"], &applied["expression"]), (&json!(true), &json!("a")));
    mount("interaction-timeline", interaction_timeline::service());
    assert!(events().is_empty());
    let again = post("/skill/patterns", &idem()).json;
    assert_eq!((&again["created"], &again["recorded"]), (&json!(false), &json!(true)));
    assert_eq!(again["event_id"], stored["event_id"]);
    assert_eq!(post("/skill/apply", &body).json["event_id"], applied["event_id"]);
    assert_eq!(events().len(), 2);
}

/// A hundred patterns fit into an event.
#[test]
fn an_event_of_many_patterns_is_taken() {
    let _database = fresh_database();
    mount("interaction-timeline", interaction_timeline::service());
    let mut names = Vec::new();
    for number in 0..100 {
        let name = format!("{}{number}", "n".repeat(100));
        let mut body = idem();
        body["pattern_name"] = json!(name);
        post("/skill/patterns", &body);
        names.push(name);
    }
    let applied = post("/skill/apply", &json!({"patterns": names, "expression": "(merge a a)"})).json;
    assert_eq!(applied["recorded"], true);
}
