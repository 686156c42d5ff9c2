//! Hostile terms and rules end in bounded time and memory, with a precise answer.

use proptest::prelude::*;
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::pattern::{Pattern, Variables};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, Refused, RuleSet};
use ramanujan_egraph::saturate::{Limits, Run, StopReason, run};
use ramanujan_egraph::term::MAX_TERM_NODES;

use super::common::{rule_set, vocabulary};

fn rule(name: &str, left: &str, right: &str) -> CustomRule {
    CustomRule {
        name: name.into(),
        left: left.into(),
        right: right.into(),
        both_ways: false,
        conditions: Vec::new(),
        gadget: Color::Green,
    }
}

fn saturated(term: &str, rules: &[CustomRule], limits: Limits) -> (EGraph, Run) {
    let mut vocabulary = vocabulary();
    let term = s_expression(&mut vocabulary, term, 100_000).unwrap();
    let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(&[]), rules, &Color::ALL).unwrap();
    let mut egraph = EGraph::new(vocabulary);
    egraph.add_term(&term).unwrap();
    // Looks at the clock are counted instead of time.
    let mut looks = 0;
    let run = run(&mut egraph, &rules, limits, Mode::Block, &mut |_| {
        looks += 1;
        looks > 20_000
    });
    (egraph, run)
}

#[test]
fn rules_that_grow_by_themselves_end_at_the_node_limit() {
    for (term, left, right) in [
        ("(f x)", "(f ?a)", "(f (f ?a))"),
        ("(f x)", "(f ?a)", "(g (f (h ?a)) (f (k ?a)))"),
        ("(p x y)", "(p ?a ?b)", "(p (p ?a ?b) (p ?b ?a))"),
        ("(f x)", "(f ?a)", "(f (g ?a ?a ?a ?a ?a ?a ?a ?a))"),
    ] {
        let limits = Limits { iterations: 1_000, nodes: 2_000 };
        let (egraph, run) = saturated(term, &[rule("grow", left, right)], limits);
        assert!(egraph.node_count() <= limits.nodes, "{left} => {right}");
        let ended = [StopReason::NodeLimit, StopReason::IterationLimit, StopReason::Saturated];
        assert!(ended.contains(&run.stop_reason), "{left} => {right}: {:?}", run.stop_reason);
    }
    let limits = Limits { iterations: 1_000, nodes: 2_000 };
    let (_, run) = saturated("(f x)", &[rule("grow", "(f ?a)", "(g (f (h ?a)))")], limits);
    assert_eq!(run.stop_reason, StopReason::NodeLimit);
}

#[test]
fn a_thousand_rules_are_taken_and_more_rewrites_than_the_limit_refused() {
    let chain = |n: usize| -> Vec<CustomRule> {
        (0..n).map(|i| rule(&format!("r{i}"), &format!("(s{i} ?a)"), &format!("(s{} ?a)", i + 1))).collect()
    };
    let limits = Limits { iterations: 1_000, nodes: 10_000 };
    let (egraph, run) = saturated("(s0 x)", &chain(1_000), limits);
    assert_eq!(
        (run.stop_reason, egraph.node_count(), egraph.class_count()),
        (StopReason::Saturated, 1_002, 2)
    );
    assert_eq!(run.applied, vec![1; 1_000]);
    let mut both = chain(1_001);
    both.iter_mut().for_each(|rule| rule.both_ways = true);
    let refused = RuleSet::new(&mut vocabulary(), &Chosen::Named(&[]), &both, &Color::ALL).unwrap_err();
    assert_eq!(refused, Refused::TooMany);
}

#[test]
fn rules_that_are_none_are_refused_with_the_reason() {
    let refused = |rule: CustomRule| match RuleSet::new(
        &mut vocabulary(),
        &Chosen::Named(&[]),
        &[rule],
        &[Color::Green],
    ) {
        Err(Refused::Invalid { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(refused(rule("r", "(f ?a)", "(g ?a ?b)")).contains("does not bind ?b"));
    assert!(refused(rule("r", "?a", "(f ?a)")).contains("single variable"));
    assert!(refused(rule("r", "(inv ?a ?b)", "?a")).contains("takes 1"));
    assert!(refused(rule("r", "(f ?a", "?a")).contains("left, character 0"));
    assert!(refused(rule("r", "(f ?a)", "(?g ?a)")).contains("right, character 1"));
    assert!(refused(rule("r r", "(f ?a)", "?a")).contains("' '"));
    assert!(
        refused(CustomRule { both_ways: true, ..rule("r", "(f ?a ?b)", "?a") }).contains("single variable")
    );
    let with = |conditions: &[&str]| CustomRule {
        conditions: conditions.iter().map(|text| (*text).to_owned()).collect(),
        ..rule("r", "(f ?a)", "?a")
    };
    assert!(refused(with(&["nonzero ?b"])).contains("no variable"));
    assert!(refused(with(&["color ?a PINK"])).contains("PINK"));
    assert!(refused(with(&["literal ?a", "nonzero ?a"])).contains("one of the conditions"));
    let red = CustomRule { gadget: Color::Red, ..rule("r", "(f ?a)", "?a") };
    let disabled = RuleSet::new(&mut vocabulary(), &Chosen::Named(&[]), &[red], &[Color::Green]).unwrap_err();
    assert!(matches!(disabled, Refused::GadgetDisabled { .. }));
}

#[test]
fn conditions_keep_rules_from_applying() {
    for (conditions, term, applied) in [
        (vec!["nonzero ?b"], "(div x 3)", 1),
        (vec!["nonzero ?b"], "(div x 0)", 0),
        (vec!["nonzero ?b"], "(div x y)", 0),
        (vec!["literal ?b"], "(div x 0)", 1),
        (vec!["color ?a RED"], "(div (merge x y) 0)", 1),
        (vec!["color ?a RED"], "(div (inv x) 0)", 0),
        (vec!["differ ?a ?b"], "(div x y)", 1),
        (vec!["differ ?a ?b"], "(div x x)", 0),
        (vec!["differ ?a ?b", "literal ?b"], "(div x y)", 0),
    ] {
        let conditions: Vec<String> = conditions.into_iter().map(str::to_owned).collect();
        let rule = CustomRule { conditions, ..rule("r", "(div ?a ?b)", "(done ?a)") };
        let (_, run) = saturated(term, std::slice::from_ref(&rule), Limits { iterations: 10, nodes: 100 });
        assert_eq!(run.applied, [applied], "{:?} {term}", rule.conditions);
    }
}

#[test]
fn large_and_deep_terms_are_read_within_the_limits_or_refused() {
    let mut vocabulary = vocabulary();
    let deep = |n: usize| format!("{}x{}", "(f ".repeat(n), ")".repeat(n));
    assert!(s_expression(&mut vocabulary, &deep(32_767), 32_768).is_ok());
    let refused = s_expression(&mut vocabulary, &deep(100_000), 32_768).unwrap_err();
    assert!(refused.reason.contains("deeper than 32768"), "{refused}");
    let wide = format!("(merge{})", " x".repeat(5_000_000));
    assert_eq!(wide.len(), 10_000_007);
    let refused = s_expression(&mut vocabulary, &wide, 32_768).unwrap_err();
    assert!(refused.reason.contains(&MAX_TERM_NODES.to_string()), "{refused}");
    assert!(s_expression(&mut vocabulary, &"(".repeat(10_000_000), 32_768).is_err());
}

#[test]
fn a_term_20000_deep_is_extracted_from_a_graph_with_choices() {
    // Every level has two spellings, one of them cheaper by a node.
    let n = 20_000;
    let text = format!("{}x{}", "(merge (f y) ".repeat(n), ")".repeat(n));
    let mut vocabulary = vocabulary();
    let term = s_expression(&mut vocabulary, &text, 100_000).unwrap();
    let chosen = Chosen::Named(&[]);
    let rules = RuleSet::new(&mut vocabulary, &chosen, &[rule("drop", "(f ?a)", "?a")], &Color::ALL).unwrap();
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).unwrap();
    run(&mut egraph, &rules, Limits { iterations: 5, nodes: 50_000 }, Mode::Block, &mut |_| false);
    let (tree, cost) = extract(&egraph, root, &Cost::ast_size()).unwrap().unwrap();
    assert_eq!(cost, 2 * n as u64 + 1);
    assert_eq!(Cost::ast_size().of_dag(egraph.vocabulary(), &tree), n as u64 + 2);
    let (_, depth) = extract(&egraph, root, &Cost::Depth).unwrap().unwrap();
    assert_eq!(depth, n as u64 + 1);
}

#[test]
fn equal_requests_give_equal_graphs() {
    let once = || {
        let mut vocabulary = vocabulary();
        let text = "(+ (* a (+ b c)) (- d (+ (* a b) e)))";
        let term = s_expression(&mut vocabulary, text, 100).unwrap();
        let rules = rule_set(&mut vocabulary, &[], &[]);
        let mut egraph = EGraph::new(vocabulary);
        egraph.add_term(&term).unwrap();
        run(&mut egraph, &rules, Limits { iterations: 4, nodes: 3_000 }, Mode::Block, &mut |_| false);
        let nodes = egraph
            .class_ids()
            .map(|class| egraph.nodes(class).map(|n| egraph.children(n).to_vec()).collect());
        nodes.collect::<Vec<Vec<_>>>()
    };
    let first = once();
    assert!((0..3).all(|_| once() == first));
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_refused(text in "[()ab ?+\\PC]{0,40}") {
        let mut variables = Variables::default();
        let mut vocabulary = vocabulary();
        if let Ok(pattern) = Pattern::read(&mut vocabulary, &mut variables, &text) {
            let printed = pattern.print(&vocabulary, &variables);
            let again = Pattern::read(&mut vocabulary, &mut Variables::default(), &printed).unwrap();
            prop_assert_eq!(pattern, again);
        }
    }
}
