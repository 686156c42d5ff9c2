//! What a model refutes no saturation proves, and the other way round.

use proptest::prelude::*;
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::model::{Refutation, refute};
use ramanujan_egraph::operators::{Law, Operator, Signature};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, StopReason, run_until};
use ramanujan_egraph::vocabulary::Vocabulary;

use super::common::{LIMITS, any_term, proved, rule_set, saturate, vocabulary};

fn refuted(left: &str, right: &str, rules: &[&str], custom: &[CustomRule]) -> Option<Refutation> {
    let mut vocabulary = vocabulary();
    let left = s_expression(&mut vocabulary, left, 100).unwrap();
    let right = s_expression(&mut vocabulary, right, 100).unwrap();
    let rules = rule_set(&mut vocabulary, rules, custom);
    refute(&vocabulary, &rules, &[], &left, &right)
}

#[test]
fn what_is_not_so_is_refuted() {
    for (left, right, rules) in [
        ("a", "b", vec![]),
        ("(merge a b)", "(merge a a)", vec![]),
        ("(compose a b)", "(compose b a)", vec![]),
        ("(+ a b)", "(- a b)", vec![]),
        ("(* a (+ b c))", "(+ (* a b) c)", vec![]),
        ("(and a b)", "(or a b)", vec![]),
        ("(implies a b)", "(implies b a)", vec![]),
        ("(xor a a)", "true", vec![]),
        ("(f a b)", "(f b a)", vec![]),
        ("(f a)", "a", vec![]),
        ("(merge a b)", "(merge b a)", vec!["assoc", "identity"]),
        ("(union a b)", "(intersect a b)", vec![]),
        ("3", "5", vec!["fold"]),
        ("(+ 1 2)", "(neg 3)", vec![]),
    ] {
        assert!(refuted(left, right, &rules, &[]).is_some(), "{left} = {right}");
    }
}

#[test]
fn what_is_so_is_not_refuted() {
    for (left, right) in [
        ("(merge a (merge b a))", "(merge b a)"),
        ("(compose a (inv a))", "(compose b (inv b))"),
        ("(+ a (- b a))", "b"),
        ("(not (and a b))", "(or (not a) (not b))"),
        ("(implies a a)", "true"),
        ("(+ 2 (* 3 4))", "14"),
        ("(/ a 3)", "(/ a 3)"),
    ] {
        assert_eq!(refuted(left, right, &[], &[]), None, "{left} = {right}");
    }
    let rule = CustomRule {
        name: "swap".into(),
        left: "(f ?a ?b)".into(),
        right: "(f ?b ?a)".into(),
        both_ways: false,
        conditions: Vec::new(),
        gadget: Color::Green,
    };
    assert_eq!(refuted("(f a b)", "(f b a)", &[], std::slice::from_ref(&rule)), None);
    let found = refuted("(f a b)", "(f a a)", &[], &[rule]).unwrap();
    assert_ne!(found.values.0, found.values.1);
}

fn custom(rules: &[(&str, &str)]) -> Vec<CustomRule> {
    let rule = |(number, (left, right)): (usize, &(&str, &str))| CustomRule {
        name: format!("r{number}"),
        left: (*left).into(),
        right: (*right).into(),
        both_ways: false,
        conditions: Vec::new(),
        gadget: Color::Green,
    };
    rules.iter().enumerate().map(rule).collect()
}

/// Whether a model of the user's rules alone, without any of the library, tells the terms apart.
fn refuted_by(signature: Signature, left: &str, right: &str, rules: &[(&str, &str)], laws: bool) -> bool {
    let mut vocabulary = Vocabulary::new(signature);
    let left = s_expression(&mut vocabulary, left, 100).unwrap();
    let right = s_expression(&mut vocabulary, right, 100).unwrap();
    let chosen = if laws { Chosen::All } else { Chosen::Named(&[]) };
    let rules = RuleSet::new(&mut vocabulary, &chosen, &custom(rules), &Color::ALL).unwrap();
    refute(&vocabulary, &rules, &[], &left, &right).is_some()
}

/// A rule whose operator stands in neither term may still make them equal: x = (f x) = c = (f y) = y.
#[test]
fn a_rule_that_cannot_apply_to_the_terms_counts() {
    let rules = [("(f ?a)", "?a"), ("(f ?a)", "c")];
    for (left, right) in [("x", "(f x)"), ("(f x)", "(f y)"), ("(f y)", "y"), ("x", "y"), ("(g x)", "(g y)")]
    {
        assert!(!refuted_by(Signature::default(), left, right, &rules, false), "{left} = {right}");
    }
    // One of the two rules alone leaves them apart.
    assert!(refuted_by(Signature::default(), "x", "y", &rules[..1], false));
    assert!(refuted_by(Signature::default(), "x", "y", &rules[1..], false));
    assert!(!refuted_by(Signature::default(), "(f x)", "(f y)", &rules[1..], false));
    // Beside the library, whose rules have a model, they say the same.
    assert_eq!(refuted("x", "y", &[], &custom(&rules)), None);
    assert!(refuted("x", "y", &[], &custom(&rules[..1])).is_some());
}

/// Declared laws alone: where they leave room for one element only, nothing is refuted.
#[test]
fn declared_laws_that_leave_one_element_refute_nothing() {
    let operator = |symbol: &str, laws: &[Law]| Operator {
        laws: laws.to_vec(),
        identity: Some("e".into()),
        ..Operator::new(symbol, 2, Color::Green)
    };
    let p = Operator { inverse: Some("back".into()), ..operator("p", &[Law::Identity, Law::Inverse]) };
    let back = Operator::new("back", 1, Color::Green);
    let m = |annihilator: &str, laws: &[Law]| Operator {
        annihilator: Some(annihilator.into()),
        ..operator("m", laws)
    };
    let both = [Law::Identity, Law::Annihilator];
    let signature = |m: Operator| Signature::of(vec![p.clone(), back.clone(), m]).unwrap();
    // Addition modulo 2 is such a p, the larger of 0 and 1 such an m.
    assert!(refuted_by(signature(m("z", &both)), "x", "y", &[], true));
    // z = e by the rule, so x = (m x e) = (m x z) = z for every x.
    let collapse = [("(p ?a z)", "?a")];
    assert!(!refuted_by(signature(m("z", &both)), "x", "y", &collapse, true));
    assert!(!refuted_by(signature(m("z", &both)), "(p x y)", "(p y x)", &collapse, true));
    assert!(refuted_by(signature(m("z", &[Law::Annihilator])), "x", "y", &collapse, true));
}

/// No finite algebra has all of arithmetic: the rational numbers do.
#[test]
fn numbers_are_told_apart_by_the_rational_numbers() {
    for (left, right) in [
        ("(+ a b)", "(- a b)"),
        ("(max a b)", "a"),
        ("(max a 0)", "a"),
        ("(max (- 2 7) 0)", "-5"),
        ("(/ a 2)", "a"),
        ("(f (+ 1 2))", "(f 4)"),
        ("(+ (f a) 1)", "(f a)"),
        ("1/2", "1/3"),
    ] {
        let found = refuted(left, right, &[], &[]).unwrap_or_else(|| panic!("{left} = {right}"));
        assert_eq!(found.size, None, "{left} = {right}");
        assert_ne!(found.values.0, found.values.1);
    }
    // Where other operators hold numbers, these are computed first.
    for (left, right) in [("(merge (+ 1 2) x)", "(merge 4 x)"), ("(and (* 2 a) b)", "(and (* a 3) b)")] {
        assert!(refuted(left, right, &[], &[]).is_some_and(|found| found.size.is_some()), "{left} = {right}");
    }
    assert_eq!(refuted("(merge (+ 1 a) x)", "(merge (+ a 1) x)", &[], &[]), None);
    // A rule of the user may hold of numbers, or not: then it can make all of them equal.
    assert!(refuted("(+ a b)", "a", &[], &custom(&[("(+ ?a ?a)", "(* 2 ?a)")])).is_some());
    // (* 2 2) would be 2 and 4, so 2 were 0 and all were (/ 0 0).
    for (left, right) in [("a", "b"), ("(+ a b)", "a"), ("1", "2")] {
        assert_eq!(refuted(left, right, &[], &custom(&[("(* ?a ?a)", "?a")])), None, "{left} = {right}");
    }
}

/// Terms over f, g, the constants c and d, and what `leaves` names.
fn side(leaves: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(leaves.to_vec()).prop_map(str::to_owned).prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("(f {a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(g {a} {b})")),
        ]
    })
}

/// All terms over x, y, c, d that are three deep in f and two deep in g.
fn every_term() -> Vec<String> {
    let leaves = ["x", "y", "c", "d"].map(str::to_owned);
    let unary = |terms: &[String]| terms.iter().map(|a| format!("(f {a})")).collect::<Vec<_>>();
    let (once, twice) = (unary(&leaves), unary(&unary(&leaves)));
    let pairs = leaves.iter().chain(&once);
    let binary =
        pairs.clone().flat_map(|a| pairs.clone().map(move |b| format!("(g {a} {b})"))).collect::<Vec<_>>();
    let above = unary(&binary[..32]);
    [&leaves[..], &once, &twice, &unary(&twice), &binary, &above].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is refuted is not equal through any term: all small terms are in the graph, so that equalities that go
    /// through some of them are found.
    #[test]
    fn what_random_rules_prove_through_any_term_is_not_refuted(
        rules in prop::collection::vec((side(&["?a", "?b", "c", "d"]), side(&["?a", "c", "d", "x"])), 1..4)
    ) {
        let rules: Vec<(&str, &str)> = rules.iter().map(|(left, right)| (left.as_str(), right.as_str())).collect();
        let bound = |(left, right): &&(&str, &str)| {
            left.starts_with('(') && left.contains("?a") || !left.starts_with('?') && !right.contains("?a")
        };
        let rules: Vec<(&str, &str)> = rules.iter().filter(bound).copied().collect();
        let mut vocabulary = Vocabulary::new(Signature::default());
        let set = RuleSet::new(&mut vocabulary, &Chosen::Named(&[]), &custom(&rules), &Color::ALL).unwrap();
        let terms: Vec<_> =
            every_term().iter().map(|text| s_expression(&mut vocabulary, text, 100).unwrap()).collect();
        let mut egraph = EGraph::new(vocabulary.clone());
        let nodes: Vec<_> = terms.iter().map(|term| egraph.add_term(term).unwrap()).collect();
        let limits = Limits { iterations: 20, nodes: 3_000 };
        run_until(&mut egraph, &set, limits, Mode::Report, None, &mut |_| false);
        let pairs = (0..12).flat_map(|a| (0..a).map(move |b| (a, b)));
        for (a, b) in pairs.filter(|(a, b)| egraph.find(nodes[*a]) == egraph.find(nodes[*b])).take(4) {
            let refuted = refute(&vocabulary, &set, &[], &terms[a], &terms[b]);
            prop_assert_eq!(refuted, None, "{:?}: {} = {}", rules, terms[a].print(&vocabulary), terms[b].print(&vocabulary));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_two_terms_are_both_proved_equal_and_refuted(left in any_term(), right in any_term()) {
        let mut vocabulary = vocabulary();
        let left = s_expression(&mut vocabulary, &left, 100).unwrap();
        let right = s_expression(&mut vocabulary, &right, 100).unwrap();
        let rules = rule_set(&mut vocabulary, &[], &[]);
        let refuted = refute(&vocabulary, &rules, &[], &left, &right);
        let mut egraph = EGraph::new(vocabulary);
        let ends = (egraph.add_term(&left).unwrap(), egraph.add_term(&right).unwrap());
        let run = run_until(&mut egraph, &rules, LIMITS, Mode::Report, Some(ends), &mut |_| false);
        if run.stop_reason == StopReason::GoalReached {
            prop_assert_eq!(refuted, None);
            proved(&egraph, &rules, ends.0, ends.1);
        }
    }

    #[test]
    fn a_term_and_its_canonical_form_are_never_refuted(text in any_term()) {
        let result = saturate(&text, &[]);
        prop_assert_eq!(refuted(&text, &result.form, &[], &[]), None);
    }
}
