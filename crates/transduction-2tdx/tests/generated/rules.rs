//! Rule sets of the tests: chosen ones and random ones, as `patterns` of a request; and what the service makes of them.

use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ramanujan_shell::native::{Reply, fresh_database, send};
use serde_json::{Value, json};

use crate::term::any_pattern;

fn pattern(name: &str, source: &str, target: &str, constraints: &[&str]) -> Value {
    json!({"pattern_name": name, "source_pattern": source, "target_pattern": target, "constraints": constraints})
}

/// Chosen rule sets: each kind of constraint, several at once, priorities, growth without end, hostile names.
pub(crate) fn chosen() -> Vec<Vec<Value>> {
    let first = |mut pattern: Value, priority: u64| {
        pattern["priority"] = priority.into();
        pattern
    };
    vec![
        vec![
            pattern("idem", "(merge ?x ?x)", "?x", &[]),
            pattern("right", "(merge ?x id)", "?x", &[]),
            pattern("left", "(merge id ?x)", "?x", &[]),
            pattern("twice", "(inv (inv ?x))", "?x", &[]),
        ],
        vec![
            pattern("must", "(f ?x ?y)", "(g ?y)", &["(ColorMustBe ?x RED)", "(ColorMustBe ?y GREEN)"]),
            pattern(
                "not",
                "(f ?x ?y)",
                "(f (g ?y) ?x)",
                &["(ColorNot ?x BLUE)", "(ColorNot ?y RED)", "(NotEqual ?x ?y)"],
            ),
            first(pattern("parent", "(f ?x ?y)", "?x", &["(ParentOf ?x ?y)", "(NotEqual ?x ?y)"]), 20),
        ],
        vec![
            pattern("grow", "(g ?x)", "(f (g ?x) (h ?x ?x ?x))", &["(ColorNot ?x BLUE)"]),
            first(pattern("fall", "(f (g ?x) ?y)", "b", &["(ParentOf ?y ?x)", "(ColorMustBe ?x GREEN)"]), 11),
        ],
        vec![
            pattern("swap", "(f ?x ?y)", "(f ?y ?x)", &["(NotEqual ?x ?y)"]),
            pattern("constant", "(h a ?x ?x)", "(delete ?x a)", &[]),
        ],
        vec![
            pattern("double", "(g ?x)", "(merge ?x (f ?x ?x))", &[]),
            pattern("triple", "(insert ?x)", "(h ?x (g ?x) ?x)", &[]),
            pattern("widen", "(delete ?x ?y)", "(merge (merge ?x ?y) (merge ?y ?x))", &[]),
        ],
        vec![
            pattern(
                "quote",
                "(fn ?self ?\\)",
                "(%{x} ?\\ ?self)",
                &["(NotEqual ?self ?\\)", "(ColorNot ?self RED)"],
            ),
            pattern("end", "(\\n (*/ ?%))", "(\u{202e}ö// ?%)", &["(ColorNot ?% BLUE)", "(ColorNot ?% RED)"]),
            pattern("shell", "(@s0\\22 ?type)", "\\", &["(ColorMustBe ?type GREEN)"]),
            pattern("braces", "(%{x} ?{} ?{})", "(*/ (\\n ?{}))", &[]),
        ],
    ]
}

/// Random rule sets that the service accepts.
pub(crate) fn random(count: usize) -> Vec<Vec<Value>> {
    let variable = || prop::sample::select(vec!["?x", "?y", "?type", "?\\"]);
    let color = || prop::sample::select(vec!["RED", "BLUE", "GREEN"]);
    let constraint = prop_oneof![
        (variable(), color()).prop_map(|(x, c)| format!("(ColorMustBe {x} {c})")),
        (variable(), color()).prop_map(|(x, c)| format!("(ColorNot {x} {c})")),
        (variable(), variable()).prop_map(|(x, y)| format!("(NotEqual {x} {y})")),
        (variable(), variable()).prop_map(|(x, y)| format!("(ParentOf {x} {y})")),
    ];
    let rule = (any_pattern(), any_pattern(), prop::collection::vec(constraint, 0..3), 0u64..4).prop_map(
        |(source, target, constraints, priority)| {
            json!({"source_pattern": source.text(), "target_pattern": target.text(), "constraints": constraints,
                   "priority": priority})
        },
    );
    let mut runner = TestRunner::deterministic();
    let mut legal = || loop {
        let mut rule = rule.new_tree(&mut runner).expect("a rule").current();
        // A random target has variables of its own: those that the source lacks become a name.
        let source = rule["source_pattern"].as_str().unwrap_or_default().to_owned();
        let mut target = rule["target_pattern"].as_str().unwrap_or_default().to_owned();
        for variable in ["?x", "?y", "?type", "?\\"] {
            if !source.contains(variable) {
                target = target.replace(variable, "b");
            }
        }
        rule["target_pattern"] = target.into();
        if request("/skill/generate", &json!({"target": "rust", "patterns": [rule]})).status == 200 {
            break rule;
        }
    };
    (0..count)
        .map(|set| {
            let name = |rule: &mut Value, number: usize| rule["pattern_name"] = format!("r{number}").into();
            let mut rules: Vec<Value> = (0..1 + set % 4).map(|_| legal()).collect();
            rules.iter_mut().enumerate().for_each(|(number, rule)| name(rule, number));
            rules
        })
        .collect()
}

pub(crate) fn request(path: &str, body: &Value) -> Reply {
    let _database = fresh_database();
    send(&transduction_2tdx::service(), Method::POST, path, body.to_string())
}

/// What `POST /skill/generate` gives for a rule set.
pub(crate) fn generate(target: &str, patterns: &[Value], expression: Option<&str>) -> Value {
    let mut body = json!({"target": target, "patterns": patterns});
    if let Some(expression) = expression {
        body["expression"] = expression.into();
    }
    let reply = request("/skill/generate", &body);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

pub(crate) fn code(target: &str, patterns: &[Value]) -> String {
    generate(target, patterns, None)["code"].as_str().expect("a text").to_owned()
}

/// What `POST /skill/apply` gives.
pub(crate) fn apply(body: &Value) -> Value {
    let reply = request("/skill/apply", body);
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}
