//! `/egraph/verify` and `/egraph/explain`: three answers, and steps that a reader can follow.

use egraph_service::service;
use http::Method;
use ramanujan_shell::native::{media_type, send};
use serde_json::{Value, json};

fn post(path: &str, body: Value) -> Value {
    let reply = send(&service(), Method::POST, path, body.to_string());
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!("ok")), "{body}: {}", reply.json);
    reply.json
}

#[test]
fn equal_terms_are_proved_step_by_step() {
    let reply = post("/egraph/verify", json!({"lhs": "(merge (merge b a) a)", "rhs": "(merge a b)"}));
    assert_eq!((&reply["result"], &reply["equal"]), (&json!("equal"), &json!(true)));
    assert_eq!(
        (&reply["stop_reason"], &reply["explanation_checked"]),
        (&json!("goal_reached"), &json!(true))
    );
    let steps = reply["explanation"].as_array().unwrap();
    assert!(!steps.is_empty() && reply["steps"] == steps.len());
    // Steps at the root hang together: each begins with what the one before made.
    let at_root: Vec<_> = steps.iter().filter(|step| step["position"] == json!([])).collect();
    assert!(at_root.iter().all(|step| step["from"] != step["to"] && step["rule"].is_string()));

    let one = post("/egraph/verify", json!({"lhs": "(f (+ 1 2))", "rhs": "(f 3)", "rules": ["fold"]}));
    assert_eq!(
        one["explanation"],
        json!([{
            "rule": "fold", "direction": "forward", "position": [0], "from": "(+ 1 2)", "to": "3",
            "substitution": {"?a": "1", "?b": "2"},
        }])
    );
    let same = post("/egraph/verify", json!({"lhs": "(f x)", "rhs": "(f x)"}));
    assert_eq!((&same["result"], &same["explanation"]), (&json!("equal"), &json!([])));
}

#[test]
fn other_terms_are_refuted_by_a_model_or_not_proved() {
    let reply =
        post("/egraph/verify", json!({"lhs": "(compose a b)", "rhs": "(compose b a)", "max_nodes": 500}));
    assert_eq!((&reply["result"], &reply["equal"]), (&json!("refuted"), &json!(false)));
    let model = &reply["model"];
    assert_ne!(model["lhs"], model["rhs"]);
    assert!(model["operators"].as_array().unwrap().iter().any(|op| op["symbol"] == "compose"));
    // True for all numbers but 0, of which nothing is known: no rule proves it, and no model is looked for.
    let open = post(
        "/egraph/verify",
        json!({"lhs": "(/ (* a b) b)", "rhs": "a", "rules": ["cancel", "fold", "identity"]}),
    );
    assert_eq!(
        (&open["result"], &open["equal"], &open["model"]),
        (&json!("not_proved"), &Value::Null, &Value::Null)
    );
    assert_eq!(open["stop_reason"], "saturated");
    let cancelled = post("/egraph/verify", json!({"lhs": "(/ (* a 3) 3)", "rhs": "a", "rules": ["cancel"]}));
    assert_eq!(cancelled["explanation"][0]["substitution"], json!({"?a": "3", "?b": "a"}));
}

/// All of x = (f x) = (f y) = y are equal, so no pair of them may be refuted, whichever rules can apply to the two.
#[test]
fn what_is_equal_through_another_term_is_not_refuted() {
    let rules = json!([
        {"name": "drop", "left": "(f ?a)", "right": "?a"},
        {"name": "constant", "left": "(f ?a)", "right": "c"},
    ]);
    for (lhs, rhs, result) in [
        ("x", "(f x)", "equal"),
        ("(f x)", "(f y)", "equal"),
        ("(f y)", "y", "equal"),
        ("x", "y", "not_proved"),
    ] {
        let body = json!({"lhs": lhs, "rhs": rhs, "rules": rules, "language": []});
        assert_eq!(post("/egraph/verify", body)["result"], result, "{lhs} = {rhs}");
    }
    let one = json!({"lhs": "x", "rhs": "y", "rules": [rules[0]], "language": []});
    let reply = post("/egraph/verify", one);
    assert_eq!((&reply["result"], &reply["model"]["domain"]), (&json!("refuted"), &json!("finite")));
}

#[test]
fn terms_of_numbers_are_told_apart_by_the_rational_numbers() {
    let model = &post("/egraph/verify", json!({"lhs": "(/ a 2)", "rhs": "a", "max_nodes": 500}))["model"];
    assert_eq!((&model["size"], &model["domain"]), (&Value::Null, &json!("rational numbers")));
    assert_eq!((&model["symbols"], &model["lhs"], &model["rhs"]), (&json!({"a": 2}), &json!(1), &json!(2)));
}

#[test]
fn rules_and_operators_of_the_request_are_used_and_shown() {
    let body = json!({
        "lhs": "(twice (twice x))", "rhs": "(join x x)",
        "operators": [
            {"symbol": "join", "arity": 2, "color": "RED", "laws": ["comm", "idem", "assoc"]},
            {"symbol": "twice", "arity": 1, "color": "GREEN"},
        ],
        "rules": ["comm", "idem", {"name": "double", "left": "(twice ?x)", "right": "(join ?x ?x)", "both_ways": true}],
    });
    let reply = post("/egraph/verify", body);
    assert_eq!(reply["result"], "equal");
    let rules: Vec<&str> =
        reply["explanation"].as_array().unwrap().iter().map(|step| step["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"double") && rules.contains(&"idem"), "{rules:?}");
}

#[test]
fn a_canonical_form_is_explained() {
    let reply =
        post("/egraph/explain", json!({"expression": "(+ (* a b) (* a c))", "rules": ["distribute"]}));
    assert_eq!((&reply["canonical_form"], &reply["steps"]), (&json!("(* a (+ b c))"), &json!(1)));
    assert_eq!(reply["explanation"][0]["to"], "(* a (+ b c))");
    let both = post("/egraph/explain", json!({"lhs": "(merge a a)", "rhs": "a"}));
    assert_eq!((&both["result"], &both["explanation"][0]["rule"]), (&json!("equal"), &json!("idem")));
    let cut = post(
        "/egraph/explain",
        json!({"expression": "(+ 1 (+ 2 (+ 3 4)))", "rules": ["fold"], "max_steps": 2}),
    );
    assert_eq!(
        (&cut["canonical_form"], &cut["explanation"], &cut["steps"]),
        (&json!("10"), &Value::Null, &json!(3))
    );
    assert!(cut["explanation_omitted"].as_str().unwrap().contains("max_steps is 2"));
}

#[test]
fn a_proof_too_long_to_write_is_left_out_and_said_to_be() {
    let mut nodes = vec![json!({"op": "a"}), json!({"op": "merge", "children": [0, 0]})];
    nodes.extend((0..14).map(|i| json!({"op": "f", "children": [i + 1, i + 1]})));
    let reply = post("/egraph/explain", json!({"expression": {"nodes": nodes}, "rules": ["idem"]}));
    assert_eq!((&reply["explanation"], &reply["stop_reason"]), (&Value::Null, &json!("saturated")));
    assert!(reply["explanation_omitted"].as_str().unwrap().contains("10000 steps"));
}

#[test]
fn bad_questions_are_problem_documents() {
    for (path, body, code, word) in [
        ("verify", json!({"lhs": "a"}), "invalid-expression", "lhs and rhs"),
        ("verify", json!({"expression": "a"}), "invalid-expression", "lhs and rhs"),
        ("explain", json!({"lhs": "a", "expression": "a"}), "invalid-expression", "either"),
        ("verify", json!({"lhs": "a", "rhs": "(f"}), "invalid-expression", "rhs, character 0"),
        ("verify", json!({"lhs": "a", "rhs": "(merge a (inv b))"}), "color-conflict", "rhs"),
        ("verify", json!({"lhs": "a", "rhs": "b", "operation": "saturate"}), "invalid-operation", "verify"),
        ("verify", json!({"lhs": "a", "rhs": "b", "max_steps": 10_001}), "invalid-limit", "10000"),
        ("verify", json!({"lhs": "a", "rhs": "b", "x": 1}), "invalid-json", "`x`"),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "r", "left": "(f ?a)", "right": "?b"}]}),
            "invalid-rule",
            "does not bind ?b",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "r", "left": "?a", "right": "b"}]}),
            "invalid-rule",
            "single variable",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "r", "left": "(+ ?a)", "right": "?a"}]}),
            "invalid-rule",
            "takes 2 arguments",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "comm", "left": "(f ?a)", "right": "?a"}]}),
            "invalid-rule",
            "another rule",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "r", "left": "(f ?a)"}]}),
            "invalid-json",
            "`right`",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "rules": [{"name": "r", "left": "(f ?a)", "right": "?a", "conditions": ["odd ?a"]}]}),
            "invalid-rule",
            "is no condition",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "operators": [
                {"symbol": "op", "arity": 2, "color": "RED", "laws": ["idem", "inverse", "identity"], "identity": "e", "inverse": "un"},
                {"symbol": "un", "arity": 1, "color": "BLUE"}]}),
            "invalid-operator",
            "prove all terms equal",
        ),
        (
            "verify",
            json!({"lhs": "a", "rhs": "b", "operators": [{"symbol": "op", "arity": 2, "color": "RED", "laws": ["magic"]}]}),
            "invalid-operator",
            "magic",
        ),
    ] {
        let reply = send(&service(), Method::POST, &format!("/egraph/{path}"), body.to_string());
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{body}: {}", reply.json);
        assert_eq!(media_type(&reply), "application/problem+json");
        assert!(reply.json["detail"].as_str().unwrap().contains(word), "{body}: {}", reply.json);
    }
}
