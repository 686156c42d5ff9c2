//! What egraph-service and transduction-2tdx read: terms, patterns, rules and facts.

use egraph_service::service;
use ramanujan_core::{Color, json};
use ramanujan_egraph::check::check;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::pattern::{MAX_PATTERN_NODES, MAX_VARIABLES, Pattern, Variables};
use ramanujan_egraph::proof::prove;
use ramanujan_egraph::read::{expression, s_expression};
use ramanujan_egraph::rewrite::Right;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, run};
use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, MAX_TERM_NODES};
use ramanujan_egraph::vocabulary::Vocabulary;
use ramanujan_shell::native::send;
use serde_json::{Value, json};

use crate::memory::Bound;

/// A node of a term takes two bytes in a list and a path that says where it is.
const TERM: Bound = Bound { floor: 64 << 10, per_byte: 256 };
/// A pattern has few places, but it is read as JSON first.
const PATTERN: Bound = Bound { floor: 64 << 10, per_byte: 128 };
/// A graph that a rule of the request makes grow, to its bounds.
const LIMITS: Limits = Limits { iterations: 5, nodes: 300 };

fn vocabulary() -> Vocabulary {
    Vocabulary::new(signature(&Language::ALL, Vec::new()).expect("the languages agree"))
}

/// Read as JSON if it is, else as a text.
fn value(data: &[u8]) -> Value {
    match json::from_slice::<Value>(data) {
        Ok(value) => value,
        Err(_) => Value::String(String::from_utf8_lossy(data).into_owned()),
    }
}

/// Refused, or printed and read again as the same term.
pub fn term(data: &[u8]) {
    let value = value(data);
    let mut names = vocabulary();
    let read = TERM.hold(data.len(), || expression(&mut names, &value, DEFAULT_MAX_DEPTH));
    let Ok(term) = read else { return };
    let (size, depth) = term.measure();
    assert!((1..=MAX_TERM_NODES).contains(&size) && depth <= DEFAULT_MAX_DEPTH);
    let printed = term.print(&names);
    let mut names = vocabulary();
    let again = expression(&mut names, &Value::String(printed.clone()), DEFAULT_MAX_DEPTH).expect("printed");
    assert_eq!(again.print(&names), printed);
    assert_eq!(again.measure(), (size, depth));
}

/// Refused, or within the bounds on patterns, and printed and read again as the same.
pub fn pattern(data: &[u8]) {
    let value = value(data);
    let (mut names, mut variables) = (vocabulary(), Variables::default());
    let read = PATTERN.hold(data.len(), || Pattern::of_json(&mut names, &mut variables, &value));
    let Ok(pattern) = read else { return };
    assert!((1..=MAX_PATTERN_NODES).contains(&pattern.places().len()) && variables.0.len() <= MAX_VARIABLES);
    let printed = pattern.print(&names, &variables);
    let mut known = Variables::default();
    let again = Pattern::read(&mut names, &mut known, &printed).expect("printed");
    assert_eq!((again, known), (pattern, variables));
}

/// Refused, or a rule whose rewrites are read again the same, under which a graph stays within its bounds; whatever
/// becomes cheaper has a proof that the checker takes.
pub fn rule(data: &[u8]) {
    let Value::Object(members) = value(data) else { return };
    let texts = members.get("conditions").and_then(Value::as_array).into_iter().flatten();
    let custom = CustomRule {
        name: "r".into(),
        left: members.get("left").cloned().unwrap_or_default(),
        right: members.get("right").cloned().unwrap_or_default(),
        both_ways: members.get("both_ways").is_some_and(|both| both == true),
        conditions: texts.filter_map(Value::as_str).map(str::to_owned).collect(),
        gadget: Color::Green,
    };
    let read = |custom: &CustomRule| {
        let mut names = vocabulary();
        let rules = RuleSet::new(&mut names, &Chosen::Named(&[]), std::slice::from_ref(custom), &Color::ALL)?;
        Ok::<_, ramanujan_egraph::rules::Refused>((names, rules))
    };
    let Ok((mut names, rules)) = PATTERN.hold(data.len(), || read(&custom)) else { return };
    let print = |names: &Vocabulary, rules: &RuleSet| {
        let rewrites = rules.rewrites.iter().map(|rewrite| {
            let right = match &rewrite.right {
                Right::Pattern(right) => right.print(names, &rewrite.variables),
                Right::Value => unreachable!("a request has no such rule"),
            };
            let conditions = rewrite.conditions.iter().map(|c| c.print(&rewrite.variables));
            (rewrite.left.print(names, &rewrite.variables), right, conditions.collect::<Vec<_>>())
        });
        rewrites.collect::<Vec<_>>()
    };
    let printed = print(&names, &rules);
    let (left, right, conditions) = printed[0].clone();
    let again = CustomRule { left: left.clone().into(), right: right.into(), conditions, ..custom };
    let (other, same) = read(&again).expect("printed");
    assert_eq!(print(&other, &same), printed);

    // Its own left side, the variables as symbols, is a term that it matches.
    let Ok(term) = s_expression(&mut names, &left.replace('?', ""), DEFAULT_MAX_DEPTH) else { return };
    let mut graph = EGraph::new(names);
    let root = graph.add_term(&term).expect("it has a root");
    let given = graph.node_count();
    let mut looks = 0;
    run(&mut graph, &rules, LIMITS, Mode::Block, &mut |_| {
        looks += 1;
        looks > 200
    });
    assert!(graph.node_count() <= given.max(LIMITS.nodes));
    let (best, _) = extract(&graph, root, &Cost::ast_size()).expect("a finite term").expect("a small one");
    let end = graph.represent(&best).expect("it is in the graph");
    if let Ok(proof) = prove(&graph, &rules, root, end) {
        check(graph.vocabulary(), &rules.rewrites, &[], &term, &best, &proof).expect("a proof");
    }
}

/// Facts of two replicas through the route: refused, or joined to the same in either order and when one comes twice.
pub fn facts(data: &[u8]) {
    let Value::Array(replicas) = value(data) else { return };
    let ask = |replicas: Vec<Value>| {
        let body = json!({"graphs": replicas, "max_nodes": 2_000});
        send(&service(), http::Method::POST, "/egraph/merge", body.to_string())
    };
    let reply = ask(replicas.clone());
    assert!(matches!(reply.status, 200 | 400 | 422), "{}", reply.json);
    if reply.status != 200 {
        return;
    }
    let mut other = replicas;
    other.reverse();
    other.extend(other.first().cloned());
    let again = ask(other);
    // The same facts, but there may now be too many of them in one request.
    if again.status == 200 {
        for member in ["fingerprint", "facts", "classes", "nodes", "equal"] {
            assert_eq!(again.json[member], reply.json[member], "{member}");
        }
    }
}
