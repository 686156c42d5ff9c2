//! What a model refutes no saturation proves, and the other way round.

use proptest::prelude::*;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::model::{Refutation, refute};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::CustomRule;
use ramanujan_egraph::saturate::{StopReason, run_until};

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
        gadget: ramanujan_core::Color::Green,
    };
    assert_eq!(refuted("(f a b)", "(f b a)", &[], std::slice::from_ref(&rule)), None);
    let found = refuted("(f a b)", "(f a a)", &[], &[rule]).unwrap();
    assert_ne!(found.values.0, found.values.1);
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
