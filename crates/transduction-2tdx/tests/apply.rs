//! `POST /skill/apply`: strategies, steps, bounds.

use http::Method;
use proptest::prelude::*;
use ramanujan_shell::Service;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send};
use serde_json::{Value, json};

fn post(service: &Service, path: &str, body: &Value) -> Reply {
    send(service, Method::POST, path, body.to_string())
}

/// The reply to a request that must succeed.
fn apply(body: &Value) -> Value {
    let _database = fresh_database();
    let reply = post(&transduction_2tdx::service(), "/skill/apply", body);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

fn rule(source: &str, target: &str, constraints: &[&str]) -> Value {
    json!({"source_pattern": source, "target_pattern": target, "constraints": constraints})
}

#[test]
fn the_strategies_differ_in_where_they_look() {
    let twice = rule("(inv (inv ?x))", "?x", &[]);
    let expression = "(f (inv (inv (inv (inv a)))) (inv (inv b)))";
    for (strategy, expected, steps) in [
        ("root", expression, 0),
        // Innermost first: the inner pair goes, then the outer one, which has come together.
        ("everywhere", "(f a b)", 3),
        ("fixpoint", "(f a b)", 3),
    ] {
        let reply = apply(&json!({"patterns": [twice], "expression": expression, "strategy": strategy}));
        assert_eq!(
            (&reply["expression"], &reply["steps"], &reply["changed"], &reply["stop_reason"]),
            (&json!(expected), &json!(steps), &json!(steps > 0), &json!("complete")),
            "{strategy}"
        );
    }
    // A result is visited again by fixpoint only.
    let unfold = rule("(g ?x (s ?n))", "(g (k ?x) ?n)", &[]);
    for (strategy, expected) in [
        ("root", "(g (k a) (s (s z)))"),
        ("everywhere", "(g (k a) (s (s z)))"),
        ("fixpoint", "(g (k (k (k a))) z)"),
    ] {
        let body = json!({"patterns": [unfold], "expression": "(g a (s (s (s z))))", "strategy": strategy});
        assert_eq!(apply(&body)["expression"], json!(expected), "{strategy}");
    }
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let body = json!({"patterns": [unfold], "expression": "(g a (s z))"});
    let by_query = post(&service, "/skill/apply?strategy=fixpoint", &body);
    assert_eq!((by_query.status, &by_query.json["strategy"]), (200, &json!("fixpoint")));
    assert_eq!(post(&service, "/skill/apply", &body).json["strategy"], json!("root"));
}

#[test]
fn constraints_decide() {
    for (constraint, holds, not) in [
        ("(ColorMustBe ?x RED)", "(f (insert a) b)", "(f (delete a) b)"),
        ("(ColorMustBe ?x GREEN)", "(f a b)", "(f (insert a) b)"),
        ("(ColorNot ?x BLUE)", "(f (insert a) b)", "(f (delete a) b)"),
        ("(NotEqual ?x ?y)", "(f (g a) (g b))", "(f (g a) (g a))"),
        ("(ParentOf ?x ?y)", "(f (h a (g b)) (g b))", "(f (h a (k (g b))) (g b))"),
    ] {
        let rule = rule("(f ?x ?y)", "done", &[constraint]);
        let changed = |expression: &str| {
            apply(&json!({"patterns": [rule], "expression": expression}))["changed"].clone()
        };
        assert_eq!((changed(holds), changed(not)), (json!(true), json!(false)), "{constraint}");
    }
}

#[test]
fn the_schedule_decides_which_of_several_rules_is_taken() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let named = |name: &str, target: &str, priority: u64, constraints: &[&str]| {
        json!({"pattern_name": name, "source_pattern": "(f ?x)", "target_pattern": target, "priority": priority,
               "constraints": constraints})
    };
    let stored = post(&service, "/skill/patterns", &named("stored", "(s (s ?x))", 5, &[])).json;
    let taken = |patterns: Value| {
        let reply = post(&service, "/skill/apply", &json!({"patterns": patterns, "expression": "(f a)"}));
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json["trace"][0].clone()
    };
    let id = &stored["id"];
    assert_eq!(
        taken(json!([named("low", "l", 4, &[]), "stored"])),
        json!({"pattern_name": "stored", "pattern_id": id, "at": 0, "path": []})
    );
    assert_eq!(taken(json!([named("high", "h", 6, &[]), id]))["pattern_name"], json!("high"));
    // As urgent, but simpler: source and target are of one depth.
    let simple = named("zero", "(g ?x)", 5, &[]);
    assert_eq!(taken(json!(["stored", simple]))["pattern_name"], json!("zero"));
    // As urgent and as complex: by name.
    assert_eq!(
        taken(json!(["stored", named("other", "(o (o ?x))", 5, &[])]))["pattern_name"],
        json!("other")
    );
    assert_eq!(taken(json!([rule("(f ?x)", "r", &[])]))["pattern_id"], Value::Null);
}

#[test]
fn steps_say_which_rule_where() {
    let reply = apply(&json!({
        "patterns": [{"pattern_name": "up", "source_pattern": "(s ?n)", "target_pattern": "(f ?n ?n)"}],
        "expression": "(h (s a) (g (s b)))", "strategy": "everywhere",
    }));
    let at =
        |at: u64, path: &[usize]| json!({"pattern_name": "up", "pattern_id": null, "at": at, "path": path});
    // The second step's place is counted after the first has added a node before it.
    assert_eq!(reply["trace"], json!([at(1, &[0]), at(5, &[1, 0])]));
    assert_eq!((&reply["nodes"], &reply["depth"]), (&json!(8), &json!(4)));
    let deep = format!("{}(s a){}", "(g ".repeat(40), ")".repeat(40));
    let reply = apply(&json!({
        "patterns": [{"pattern_name": "up", "source_pattern": "(s ?n)", "target_pattern": "(f ?n ?n)"}],
        "expression": deep, "strategy": "everywhere", "trace_limit": 1,
    }));
    assert_eq!(reply["trace"], json!([{"pattern_name": "up", "pattern_id": null, "at": 40, "path": null}]));
}

#[test]
fn bounds_stop_rewriting_and_say_which() {
    let swap = rule("(f ?x ?y)", "(f ?y ?x)", &[]);
    let body = |member: &str, value: u64| {
        let mut body = json!({"patterns": [swap], "expression": "(f a b)", "strategy": "fixpoint"});
        body[member] = value.into();
        body
    };
    let stopped = apply(&body("max_steps", 7));
    assert_eq!(
        (&stopped["stop_reason"], &stopped["steps"], &stopped["expression"]),
        (&json!("step_limit"), &json!(7), &json!("(f b a)"))
    );
    assert_eq!(apply(&body("max_steps", 0))["expression"], json!("(f a b)"));
    assert_eq!(apply(&body("trace_limit", 3))["trace"].as_array().map(Vec::len), Some(3));
    let double = rule("(g ?x)", "(f (g ?x) (g ?x))", &[]);
    let grown = apply(&json!({
        "patterns": [double], "expression": "(g (h a b))", "strategy": "fixpoint", "max_steps": 10_000, "max_nodes": 1000,
    }));
    assert_eq!(grown["stop_reason"], json!("node_limit"));
    assert!(grown["nodes"].as_u64().is_some_and(|nodes| (900..=1000).contains(&nodes)), "{}", grown["nodes"]);
    // Time that is up before it began: a term with enough places for a look at the clock.
    let wide = format!("(h{})", " (f a b)".repeat(60));
    let late = apply(&json!({
        "patterns": [rule("(k ?x)", "?x", &[])], "expression": wide, "strategy": "everywhere", "timeout_ms": 0,
    }));
    assert_eq!((&late["stop_reason"], &late["expression"]), (&json!("time_limit"), &json!(wide)));
    let deep = format!("{}a{}", "(s ".repeat(30_000), ")".repeat(30_000));
    let answer = apply(&json!({
        "patterns": [rule("(s (s ?x))", "(t ?x)", &[])], "expression": deep, "strategy": "everywhere",
        "max_steps": 10_000, "timeout_ms": 1000, "trace_limit": 0,
    }));
    // 15,000 places where the rule applies: one bound or the other ends it.
    assert!(
        ["step_limit", "time_limit"].contains(&answer["stop_reason"].as_str().unwrap()),
        "{}",
        answer["stop_reason"]
    );
    assert_eq!(answer["nodes"].as_u64(), Some(30_001 - answer["steps"].as_u64().unwrap()));
}

#[test]
fn what_cannot_be_applied_is_refused() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let good = || json!({"patterns": [rule("(f ?x)", "?x", &[])], "expression": "(f a)"});
    let with = |member: &str, value: Value| {
        let mut body = good();
        body[member] = value;
        body
    };
    for (body, status, code) in [
        (with("expression", json!("(f a")), 422, "invalid-expression"),
        (with("expression", json!("(f ?x)")), 422, "invalid-expression"),
        (with("expression", json!(["f", true])), 422, "invalid-expression"),
        (with("strategy", json!("sideways")), 422, "invalid-strategy"),
        (with("patterns", json!([])), 422, "invalid-patterns"),
        (with("patterns", json!([7])), 422, "invalid-patterns"),
        (with("patterns", json!(vec!["p"; 101])), 422, "invalid-patterns"),
        (with("patterns", json!(["a b"])), 422, "invalid-pattern-reference"),
        (with("patterns", json!(["nobody"])), 404, "no-such-pattern"),
        (with("patterns", json!(["0".repeat(64)])), 404, "no-such-pattern"),
        (with("patterns", json!([rule("(f ?x)", "?y", &[])])), 422, "unbound-variable"),
        (with("patterns", json!([{"source_pattern": "(f ?x)"}])), 422, "invalid-json"),
        (with("max_steps", json!(10_001)), 422, "invalid-limit"),
        (with("max_nodes", json!(100_001)), 422, "invalid-limit"),
        (with("max_nodes", json!(1)), 422, "too-many-nodes"),
        (with("timeout_ms", json!(1_001)), 422, "invalid-limit"),
        (with("trace_limit", json!(1_001)), 422, "invalid-limit"),
        (with("max_steps", json!(-1)), 422, "invalid-json"),
        (with("graph", json!(1)), 422, "invalid-json"),
        (json!({"expression": "a"}), 422, "invalid-json"),
    ] {
        let reply = post(&service, "/skill/apply", &body);
        assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{body}: {}", reply.json);
        assert_eq!(media_type(&reply), "application/problem+json");
    }
    let twice = post(&service, "/skill/apply?strategy=root", &with("strategy", json!("root")));
    assert_eq!((twice.status, &twice.json["code"]), (422, &json!("invalid-strategy")));
    let indexed = with("patterns", json!([rule("(f ?x)", "?x", &[]), rule("(f ?x)", "?y", &[])]));
    assert_eq!(post(&service, "/skill/apply", &indexed).json["index"], json!(1));
    assert_eq!(send(&service, Method::POST, "/skill/apply", "{").status, 400);
    assert_eq!(post(&service, "/skill/apply", &good()).status, 200);
}

fn any_term() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "id"]).prop_map(str::to_owned).prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(merge {a} {b})")),
            inner.prop_map(|a| format!("(inv {a})")),
        ]
    })
}

fn any_rules() -> impl Strategy<Value = Vec<Value>> {
    let rules = vec![
        rule("(merge ?x ?x)", "?x", &[]),
        rule("(merge ?x id)", "?x", &[]),
        rule("(inv (inv ?x))", "?x", &[]),
        rule("(merge (merge ?x ?y) ?z)", "(merge ?x (merge ?y ?z))", &[]),
        rule("(inv (merge ?x ?y))", "(merge (inv ?y) (inv ?x))", &["(ColorNot ?x BLUE)"]),
        rule("(merge ?x ?y)", "?y", &["(ParentOf ?y ?x)"]),
    ];
    prop::sample::subsequence(rules, 1..=6)
}

/// The subterm of `term` at `path`, and `term` with `put` there.
fn replaced(term: &str, path: &[Value], put: &mut dyn FnMut(&str) -> String) -> String {
    let Some((index, rest)) = path.split_first() else {
        return put(term);
    };
    let index = index.as_u64().unwrap() as usize;
    let inner = &term[1..term.len() - 1];
    let mut parts: Vec<String> = Vec::new();
    let mut depth = 0;
    for word in inner.split(' ') {
        if depth == 0 {
            parts.push(word.to_owned())
        } else {
            *parts.last_mut().unwrap() += &format!(" {word}")
        }
        depth += word.matches('(').count() as i32 - word.matches(')').count() as i32;
    }
    parts[index + 1] = replaced(&parts[index + 1], rest, put);
    format!("({})", parts.join(" "))
}

proptest! {
    /// Taking the listed steps one by one, each at the root of its subterm, leads to the answer.
    #[test]
    fn the_listed_steps_lead_to_the_result(term in any_term(), rules in any_rules(), fixpoint: bool) {
        let strategy = if fixpoint { "fixpoint" } else { "everywhere" };
        let patterns: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                let mut rule = rule.clone();
                rule["pattern_name"] = format!("r{number}").into();
                rule
            })
            .collect();
        let reply = apply(&json!({"patterns": patterns, "expression": term, "strategy": strategy, "max_steps": 60}));
        let mut at = term.clone();
        for step in reply["trace"].as_array().unwrap() {
            let only: Vec<&Value> =
                patterns.iter().filter(|pattern| pattern["pattern_name"] == step["pattern_name"]).collect();
            let path = step["path"].as_array().unwrap().clone();
            at = replaced(&at, &path, &mut |subterm| {
                let reply = apply(&json!({"patterns": only, "expression": subterm}));
                assert_eq!(reply["steps"], json!(1), "{step} does not apply to {subterm}");
                reply["expression"].as_str().unwrap().to_owned()
            });
        }
        prop_assert_eq!(&reply["expression"], &json!(at));
        if fixpoint && reply["stop_reason"] == "complete" {
            let again = apply(&json!({"patterns": patterns, "expression": at, "strategy": "everywhere"}));
            prop_assert_eq!(&again["changed"], &json!(false));
        }
    }
}
