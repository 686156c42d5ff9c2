//! Saturations beside egg and egglog: the same rules, terms and limits, in turns, medians.
//!
//! `egraph-bench` prints figures of what can run where it is, as lines of JSON: natively all, inside Wasm ours and egg's.
//! `egraph-bench network` starts the host and prints what requests to the built component take. With `--quick` the
//! cases that take long are left out, and samples are fewer.

#[cfg(not(target_family = "wasm"))]
mod network;

use std::hint::black_box;
use std::time::{Duration, Instant};

use egg::{AstSize, Extractor, RecExpr, Rewrite, Runner, SimpleScheduler, SymbolLang};
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::signature;
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, run};
use ramanujan_egraph::vocabulary::Vocabulary;

const NODES: usize = 100_000;

/// A term and the rules by which its graph saturates.
struct Case {
    name: &'static str,
    term: String,
    rules: &'static [(&'static str, &'static str)],
}

const SUM: &[(&str, &str)] =
    &[("(+ ?a ?b)", "(+ ?b ?a)"), ("(+ ?a (+ ?b ?c))", "(+ (+ ?a ?b) ?c)"), ("(+ ?a zero)", "?a")];
const HISTORY: &[(&str, &str)] =
    &[("(merge (merge ?a ?b) ?c)", "(merge ?a (merge ?b ?c))"), ("(merge ?a ?a)", "?a")];
const PROP: &[(&str, &str)] = &[
    ("(imp ?a ?b)", "(or (not ?a) ?b)"),
    ("(not (not ?a))", "?a"),
    ("(or ?a ?b)", "(or ?b ?a)"),
    ("(and ?a ?b)", "(and ?b ?a)"),
    ("(or ?a (not ?a))", "true"),
    ("(and ?a (not ?a))", "false"),
    ("(not (and ?a ?b))", "(or (not ?a) (not ?b))"),
    ("(not (or ?a ?b))", "(and (not ?a) (not ?b))"),
    ("(and ?a (or ?b ?c))", "(or (and ?a ?b) (and ?a ?c))"),
];
const IDEM: &[(&str, &str)] = &[("(merge ?a ?a)", "?a")];

fn chain(op: &str, n: usize) -> String {
    (1..n).fold("x0".to_owned(), |term, i| format!("({op} {term} x{i})"))
}

fn quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// Prints a figure of a saturation, as `scripts/bench/*.sh` read it, with that of a peer.
fn figure(row: &str, measure: &str, value: f64, unit: &str, peer: Option<(&str, f64)>) {
    let (name, theirs) = match peer {
        Some((name, theirs)) => (format!("{name:?}"), theirs.to_string()),
        None => ("null".to_owned(), "null".to_owned()),
    };
    println!(
        r#"{{"row":{row:?},"measure":{measure:?},"value":{value},"unit":{unit:?},"peer":{name},"peer_value":{theirs}}}"#
    );
}

fn cases() -> Vec<Case> {
    let mut cases = all_cases();
    cases.retain(|case| !quick() || !matches!(case.name, "sum of 8, any order" | "20,000 deep"));
    cases
}

fn all_cases() -> Vec<Case> {
    let deep = |n: usize| format!("{}(merge a a){}", "(f ".repeat(n), ")".repeat(n));
    vec![
        Case { name: "sum of 6, any order", term: chain("+", 6), rules: SUM },
        Case { name: "sum of 8, any order", term: chain("+", 8), rules: SUM },
        Case { name: "history of 16", term: chain("merge", 16), rules: HISTORY },
        Case { name: "history of 32", term: chain("merge", 32), rules: HISTORY },
        Case {
            name: "proposition",
            term: "(imp (and (imp x y) (imp y z)) (imp x (or z w)))".into(),
            rules: PROP,
        },
        Case { name: "2,000 deep", term: deep(2_000), rules: IDEM },
        Case { name: "20,000 deep", term: deep(20_000), rules: IDEM },
    ]
}

/// The median of some runs, in nanoseconds, and what the last one gave.
fn median(mut once: impl FnMut() -> (u64, usize)) -> (f64, (u64, usize)) {
    let (mut times, mut last) = (Vec::new(), (0, 0));
    let begun = Instant::now();
    let budget = if quick() { 200 } else { 1_500 };
    while times.len() < 3 || times.len() < 51 && begun.elapsed().as_millis() < budget {
        let start = Instant::now();
        last = black_box(once());
        times.push(start.elapsed().as_secs_f64() * 1e9);
        if begun.elapsed().as_secs() > 20 {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], last)
}

/// Reads term and rules anew each time, as a request would: the cost of the cheapest term, and the nodes.
/// The graph keeps the reason of each equality: it has no other way.
fn ours(case: &Case) -> (u64, usize) {
    let mut vocabulary = Vocabulary::new(signature(&[], Vec::new()).expect("no operators"));
    let term = s_expression(&mut vocabulary, &case.term, 100_000).expect("a term");
    let custom = case.rules.iter().enumerate().map(|(number, (left, right))| CustomRule {
        name: format!("r{number}"),
        left: (*left).into(),
        right: (*right).into(),
        both_ways: false,
        conditions: Vec::new(),
        gadget: Color::Green,
    });
    let custom: Vec<CustomRule> = custom.collect();
    let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(&[]), &custom, &Color::ALL).expect("rules");
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).expect("a root");
    run(&mut egraph, &rules, Limits { iterations: 1_000, nodes: NODES }, Mode::Block, &mut |_| false);
    let cost = extract(&egraph, root, &Cost::ast_size()).and_then(Result::ok).map_or(0, |(_, cost)| cost);
    (cost, egraph.node_count())
}

fn eggs(case: &Case, proofs: bool) -> (u64, usize) {
    eggs_within(case, proofs, NODES)
}

fn eggs_within(case: &Case, proofs: bool, nodes: usize) -> (u64, usize) {
    let term: RecExpr<SymbolLang> = case.term.parse().expect("a term");
    let rules = case.rules.iter().enumerate().map(|(number, (left, right))| {
        let (left, right): (egg::Pattern<SymbolLang>, egg::Pattern<SymbolLang>) =
            (left.parse().expect("a pattern"), right.parse().expect("a pattern"));
        Rewrite::new(format!("r{number}"), left, right).expect("a rule")
    });
    let rules: Vec<Rewrite<SymbolLang, ()>> = rules.collect();
    // Ours ends at no time of its own, so egg must not end at its default of five seconds either.
    let mut runner = Runner::default()
        .with_scheduler(SimpleScheduler)
        .with_iter_limit(1_000)
        .with_node_limit(nodes)
        .with_time_limit(Duration::from_secs(600));
    if proofs {
        runner = runner.with_explanations_enabled();
    }
    let runner = runner.with_expr(&term).run(&rules);
    let cost = Extractor::new(&runner.egraph, AstSize).find_best(runner.roots[0]).0;
    (cost as u64, runner.egraph.total_number_of_nodes())
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use super::Case;
    use egraph_service::service;
    use http::Method;
    use ramanujan_shell::native::send;
    use serde_json::{Value, json};

    pub(crate) fn body(case: &Case, nodes: u64) -> String {
        let rules = case.rules.iter().enumerate();
        let rules: Vec<Value> = rules
            .map(
                |(number, (left, right))| json!({"name": format!("r{number}"), "left": left, "right": right}),
            )
            .collect();
        let operators: Vec<Value> = ["merge", "+", "or", "and", "not"]
            .iter()
            .map(|symbol| {
                let arity = if *symbol == "not" { 1 } else { 2 };
                json!({"symbol": symbol, "arity": arity, "color": "GREEN"})
            })
            .collect();
        json!({
            "expression": case.term, "language": [], "operators": operators, "rules": rules, "max_iterations": 1000,
            "max_nodes": nodes,
        })
        .to_string()
    }

    /// One request through the routes, and whether the memo answered.
    pub(crate) fn request(case: &Case) -> (u64, usize, bool) {
        let reply = send(&service(), Method::POST, "/egraph/saturate", body(case, 100_000)).json;
        let number = |name: &str| reply[name].as_u64().unwrap_or_default();
        (number("cost"), number("nodes") as usize, reply["cached"] == true)
    }

    fn name(symbol: &str) -> String {
        let upper = match symbol {
            "+" => "Plus",
            other => other,
        };
        format!("T{upper}")
    }

    /// An S-expression in egglog's spelling, constants as calls.
    fn spell(text: &str) -> String {
        let mut out = String::new();
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut head = false;
        for word in spaced.split_whitespace() {
            match word {
                "(" => {
                    out.push_str(" (");
                    head = true;
                    continue;
                }
                ")" => out.push(')'),
                variable if variable.starts_with('?') => {
                    out.push(' ');
                    out.push_str(&variable[1..]);
                }
                operator if head => out.push_str(&name(operator)),
                symbol => out.push_str(&format!(" ({})", name(symbol))),
            }
            head = false;
        }
        out
    }

    fn symbols(case: &Case) -> Vec<(String, usize)> {
        let mut found = std::collections::BTreeMap::new();
        let texts = case.rules.iter().flat_map(|(left, right)| [*left, *right]).chain([case.term.as_str()]);
        for text in texts {
            let spaced = text.replace('(', " ( ").replace(')', " ) ");
            let mut open: Vec<(String, usize)> = Vec::new();
            let mut head = false;
            for word in spaced.split_whitespace() {
                match word {
                    "(" => {
                        if let Some((_, arguments)) = open.last_mut() {
                            *arguments += 1;
                        }
                        head = true;
                        continue;
                    }
                    ")" => {
                        if let Some((symbol, arguments)) = open.pop() {
                            found.insert(symbol, arguments);
                        }
                    }
                    operator if head => open.push((operator.to_owned(), 0)),
                    leaf => {
                        if let Some((_, arguments)) = open.last_mut() {
                            *arguments += 1;
                        }
                        if !leaf.starts_with('?') {
                            found.insert(leaf.to_owned(), 0);
                        }
                    }
                }
                head = false;
            }
        }
        found.into_iter().collect()
    }

    /// The same by egglog; the program is parsed anew each time, as the others' terms and rules are.
    pub(crate) fn egglogs(case: &Case) -> (u64, usize) {
        let mut program = "(datatype T".to_owned();
        for (symbol, arity) in symbols(case) {
            program.push_str(&format!(" ({}{})", name(&symbol), " T".repeat(arity)));
        }
        program.push_str(")\n");
        for (left, right) in case.rules {
            program.push_str(&format!("(rewrite {} {})\n", spell(left), spell(right)));
        }
        program.push_str(&format!(
            "(let $root {})\n(run-schedule (saturate (run)))\n(extract $root)\n",
            spell(&case.term)
        ));
        let mut egraph = egglog::EGraph::default();
        let outputs = egraph.parse_and_run_program(None, &program).expect("an egglog program");
        let cost = outputs.iter().find_map(|output| match output {
            egglog::CommandOutput::ExtractBest(_, cost, _) => Some(*cost),
            _ => None,
        });
        (cost.unwrap_or_default(), egraph.num_tuples())
    }
}

fn main() {
    #[cfg(not(target_family = "wasm"))]
    if std::env::args().nth(1).as_deref() == Some("network") {
        return network::tables();
    }
    let place = if cfg!(target_family = "wasm") { "in Wasm" } else { "natively" };
    for case in cases() {
        // Explanations of egg recurse on the depth of terms.
        let deep = case.term.len() > 50_000;
        let row = format!("{}, {place}", case.name);
        let (saturated, found) = median(|| ours(&case));
        let (egg, egg_found) = median(|| eggs(&case, false));
        let egg_proofs = (!deep).then(|| median(|| eggs(&case, true)).0);
        figure(&row, "nodes", found.1 as f64, "", Some(("egg", egg_found.1 as f64)));
        figure(&row, "cost", found.0 as f64, "", Some(("egg", egg_found.0 as f64)));
        figure(&row, "saturated, with proofs", saturated, "ns", Some(("egg", egg)));
        let beside = egg_proofs.map(|egg| ("egg with explanations", egg));
        figure(&row, "saturated, with proofs", saturated, "ns", beside);
        around(&case, &row, saturated, deep);
    }
}

/// What only runs natively: the routes around the library, which make proofs; a memo hit; egglog.
#[cfg(not(target_family = "wasm"))]
fn around(case: &Case, row: &str, proofs: f64, deep: bool) {
    let (routes, _) = median(|| {
        // A fresh store each time, so that nothing is remembered.
        let _database = ramanujan_shell::native::fresh_database();
        let (cost, nodes, cached) = native::request(case);
        assert!(!cached);
        (cost, nodes)
    });
    let _database = ramanujan_shell::native::fresh_database();
    native::request(case);
    let (hit, (all, _)) = median(|| (u64::from(native::request(case).2), 0));
    figure(row, "through the routes", routes, "ns", Some(("the library", proofs)));
    if all == 1 {
        figure(row, "remembered", hit, "ns", None);
    }
    if !deep {
        figure(row, "egglog", median(|| native::egglogs(case)).0, "ns", None);
    }
}

#[cfg(target_family = "wasm")]
fn around(_: &Case, _: &str, _: f64, _: bool) {}
