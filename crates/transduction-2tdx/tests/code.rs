//! `POST /skill/generate` and `/skill/patterns/{id}/transduce`; what the texts do is tested in `generated`.

use http::Method;
use ramanujan_shell::Service;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send};
use serde_json::{Value, json};

fn post(service: &Service, path: &str, body: &Value) -> Reply {
    send(service, Method::POST, path, body.to_string())
}

fn idem() -> Value {
    json!({"pattern_name": "idem", "source_pattern": "(merge ?x ?x)", "target_pattern": "?x"})
}

#[test]
fn one_pattern_or_several_become_code_in_the_order_of_their_schedule() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let stored = post(&service, "/skill/patterns", &idem()).json;
    for (target, mark) in [
        ("rust", "fn rule_0("),
        ("llvm", "define i64 @rewrite("),
        ("qasm", "OPENQASM 3.0;"),
        ("QASM", "qubit[1] q_matched;"),
    ] {
        let mut alone = idem();
        alone["target"] = target.into();
        let alone = post(&service, "/skill/generate", &alone);
        assert_eq!(alone.status, 200, "{}", alone.json);
        assert!(alone.json["code"].as_str().is_some_and(|code| code.contains(mark)), "{target}");
        assert_eq!(alone.json["target"], json!(target.to_lowercase()));
        let by_name =
            post(&service, "/skill/generate", &json!({"target": target, "patterns": ["idem"]})).json;
        assert_eq!(by_name["code"], alone.json["code"]);
        assert_eq!(
            by_name["rules"],
            json!([{"pattern_name": "idem", "pattern_id": stored["id"], "rule": "(merge ?x ?x) => ?x"}])
        );
        let transduced = post(&service, "/skill/patterns/idem/transduce", &json!({"target": target})).json;
        assert_eq!(transduced["code"], alone.json["code"]);
    }
    let first = json!({"source_pattern": "(inv ?x)", "target_pattern": "?x", "priority": 11,
                       "constraints": ["(ColorNot ?x RED)", "(ColorNot ?x BLUE)"]});
    let several =
        post(&service, "/skill/generate", &json!({"target": "rust", "patterns": ["idem", first]})).json;
    let rules: Vec<&str> =
        several["rules"].as_array().unwrap().iter().map(|rule| rule["rule"].as_str().unwrap()).collect();
    let inv = "(inv ?x) => ?x if (ColorNot ?x BLUE) and (ColorNot ?x RED)";
    assert_eq!(rules, [inv, "(merge ?x ?x) => ?x"]);
}

#[test]
fn a_pattern_is_shown_as_a_rule() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let stored = post(&service, "/skill/patterns", &idem()).json;
    for body in ["", "{}"] {
        let reply = send(&service, Method::POST, "/skill/patterns/idem/transduce", body);
        assert_eq!(reply.status, 200, "{}", reply.json);
        assert_eq!(reply.json["rule"], json!("(merge ?x ?x) => ?x"));
        assert_eq!(
            (&reply.json["pattern"]["id"], &reply.json["pattern"]["complexity"]),
            (&stored["id"], &json!(2))
        );
        assert_eq!(reply.json.get("code"), None);
    }
}

#[test]
fn an_expression_is_given_back_as_the_code_takes_it() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let input = |target: &str| {
        let mut body = json!({
            "source_pattern": "(merge ?x (inv ?x))", "target_pattern": "id", "constraints": ["(ColorNot ?x RED)"],
        });
        body["target"] = target.into();
        body["expression"] = "(merge (insert a) (inv (insert b)))".into();
        let reply = post(&service, "/skill/generate", &body);
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json["input"].clone()
    };
    assert_eq!(input("rust"), json!("(merge (insert a) (inv (insert b)))"));
    assert_eq!(
        input("llvm"),
        json!({
            "symbols": ["merge", "inv", "id", "insert", "a", "b"],
            "nodes": [[0, 2, 6, 2], [3, 1, 2, 2], [4, 0, 1, 0], [1, 1, 3, 1], [3, 1, 2, 2], [5, 0, 1, 0]],
        })
    );
    // Heads: 0 merge/2, 1 inv/1, 2 id/0. The terms at the two places of ?x differ, the first of them is RED.
    let qasm = input("qasm");
    let places: Vec<(&String, &Value)> = qasm.as_object().unwrap().iter().collect();
    let starting = |prefix: &str| -> Vec<&str> {
        let of = places.iter().filter(|(name, _)| name.starts_with(prefix));
        of.map(|(_, bits)| bits.as_str().unwrap()).collect()
    };
    assert_eq!((starting("head_"), starting("color_")), (vec!["00", "01"], vec!["10"]));
    let terms = starting("term_");
    assert!(terms.len() == 2 && terms[0] != terms[1], "{qasm}");
}

#[test]
fn what_cannot_be_generated_is_refused() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let generate = |body: Value| post(&service, "/skill/generate", &body);
    for (body, status, code) in [
        (json!({"target": "java", "patterns": [idem()]}), 422, "invalid-target"),
        (json!({"patterns": [idem()]}), 422, "invalid-json"),
        (json!({"target": "rust"}), 422, "invalid-patterns"),
        (
            json!({"target": "rust", "patterns": [idem()], "source_pattern": "(f ?x)"}),
            422,
            "invalid-patterns",
        ),
        (json!({"target": "rust", "source_pattern": "(f ?x)"}), 422, "invalid-json"),
        (json!({"target": "rust", "patterns": ["nobody"]}), 404, "no-such-pattern"),
        (json!({"target": "rust", "patterns": [idem()], "expression": "(f"}), 422, "invalid-expression"),
        (
            json!({"target": "rust", "source_pattern": "(f ?x)", "target_pattern": "?y"}),
            422,
            "unbound-variable",
        ),
    ] {
        let reply = generate(body.clone());
        assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{body}: {}", reply.json);
        assert_eq!(media_type(&reply), "application/problem+json");
    }
    post(&service, "/skill/patterns", &idem());
    for (body, code) in
        [(json!({"target": 7}), "invalid-json"), (json!({"expression": "a"}), "invalid-target")]
    {
        let reply = post(&service, "/skill/patterns/idem/transduce", &body);
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{body}");
    }
    let compile = post(&service, "/skill/compile", &json!({"llvm_ir": ""}));
    assert_eq!((compile.status, &compile.json["code"]), (404, &json!("no-such-route")));
}
