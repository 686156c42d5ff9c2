//! The colour rule: in mode `Block` no RED class ever has a BLUE child, or the reverse; every conflict is reported.

use std::collections::HashSet;

use proptest::prelude::*;
use ramanujan_core::Color;
use ramanujan_egraph::colors::{Mode, conflict, violations};
use ramanujan_egraph::egraph::{EGraph, Id, Justification};
use ramanujan_egraph::languages::signature;
use ramanujan_egraph::operators::{Operator, Signature};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, StopReason, run};
use ramanujan_egraph::vocabulary::Vocabulary;

/// r and s are RED, b and c BLUE, g and h GREEN; each with one and with two arguments.
fn coloured() -> Signature {
    let operators =
        [("r", Color::Red), ("b", Color::Blue), ("g", Color::Green)].into_iter().flat_map(|(name, color)| {
            (1..=2).map(move |arity| Operator::new(&format!("{name}{arity}"), arity, color))
        });
    signature(&[], operators.collect()).unwrap()
}

fn any_side(leaves: Vec<&'static str>) -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (prop::sample::select(vec!["r1", "b1", "g1"]), inner.clone())
                .prop_map(|(op, a)| format!("({op} {a})")),
            (prop::sample::select(vec!["r2", "b2", "g2"]), inner.clone(), inner)
                .prop_map(|(op, a, b)| format!("({op} {a} {b})")),
        ]
    })
}

/// Rules whose right sides use what the left sides bind.
fn any_rules() -> impl Strategy<Value = Vec<CustomRule>> {
    let rule = (any_side(vec!["?a", "?b", "x"]), any_side(vec!["?a", "?b", "x", "y"])).prop_filter_map(
        "the left side is an operator and binds what the right side uses",
        |(left, right)| {
            let bound = ["?a", "?b"].iter().all(|v| left.contains(v) || !right.contains(v));
            (left.starts_with('(') && bound).then_some((left, right))
        },
    );
    prop::collection::vec(rule, 1..6).prop_map(|rules| {
        let rules = rules.into_iter().enumerate();
        rules
            .map(|(number, (left, right))| CustomRule {
                name: format!("rule-{number}"),
                left: left.into(),
                right: right.into(),
                both_ways: false,
                conditions: Vec::new(),
                gadget: Color::Green,
            })
            .collect()
    })
}

/// The pairs of classes of which one stands above the other and which the rule forbids, found without the library.
fn forbidden(egraph: &EGraph) -> HashSet<(Id, Id)> {
    let color = |class| egraph.nodes(class).map(|node| egraph.node_color(node)).max().unwrap();
    let mut found = HashSet::new();
    for class in egraph.class_ids() {
        assert_eq!(color(class), egraph.known(class).color);
        for node in egraph.nodes(class) {
            for child in egraph.given(node).iter().map(|child| egraph.find(*child)) {
                let colors = [color(class), color(child)];
                if colors.contains(&Color::Red) && colors.contains(&Color::Blue) {
                    found.insert((class, child));
                }
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn blocking_keeps_red_and_blue_apart(
        term in any_side(vec!["x", "y", "z"]), rules in any_rules(), iterations in 1u64..6,
    ) {
        let mut vocabulary = Vocabulary::new(coloured());
        let term = s_expression(&mut vocabulary, &term, 100).unwrap();
        let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(&[]), &rules, &Color::ALL).unwrap();
        let mut egraph = EGraph::new(vocabulary);
        egraph.add_term(&term).unwrap();
        prop_assume!(forbidden(&egraph).is_empty());
        prop_assert!(violations(&egraph, 1).is_empty());
        let limits = Limits { iterations, nodes: 120 };
        let mut free = egraph.clone();
        let blocked = run(&mut egraph, &rules, limits, Mode::Block, &mut |_| false);
        prop_assert_eq!(forbidden(&egraph), HashSet::new());
        // Without conflicts there is no difference to a run that does not block, and that one breaks nothing.
        let reported = run(&mut free, &rules, limits, Mode::Report, &mut |_| false);
        if blocked.conflicts.total() == 0 {
            prop_assert_eq!(reported.conflicts.total(), 0);
            prop_assert_eq!(free.node_count(), egraph.node_count());
            prop_assert_eq!(free.class_count(), egraph.class_count());
        }
        if reported.conflicts.total() == 0 {
            prop_assert_eq!(forbidden(&free), HashSet::new());
            prop_assert_eq!(blocked.conflicts.total(), 0);
        }
    }

    #[test]
    fn a_union_is_judged_with_all_that_congruence_draws_after_it(
        terms in prop::collection::vec(any_side(vec!["x", "y", "z", "w"]), 2..6),
        pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
    ) {
        let mut vocabulary = Vocabulary::new(coloured());
        let terms: Vec<_> = terms.iter().map(|text| s_expression(&mut vocabulary, text, 100).unwrap()).collect();
        let mut egraph = EGraph::new(vocabulary);
        let mut ids: Vec<Id> = terms.iter().map(|term| egraph.add_term(term).unwrap()).collect();
        ids.extend(egraph.class_ids().collect::<Vec<_>>());
        for (a, b) in pairs {
            let (a, b) = (*a.get(&ids), *b.get(&ids));
            let said = conflict(&egraph, a, b);
            let before = forbidden(&egraph);
            let mut after = egraph.clone();
            after.union(a, b, Justification::Fact(0));
            after.rebuild();
            let old: HashSet<_> = before.iter().map(|(a, b)| (after.find(*a), after.find(*b))).collect();
            let new = forbidden(&after).into_iter().filter(|pair| !old.contains(pair)).count();
            if before.is_empty() {
                prop_assert_eq!(said.is_some(), new > 0);
            }
            if let Some(pair) = said {
                prop_assert!(forbidden(&after).contains(&(after.find(pair.parent), after.find(pair.child))));
            }
            egraph = after;
        }
    }
}

fn rule(left: &str, right: &str) -> CustomRule {
    CustomRule {
        name: "rule".into(),
        left: left.into(),
        right: right.into(),
        both_ways: false,
        conditions: Vec::new(),
        gadget: Color::Green,
    }
}

#[test]
fn conflicts_are_reported_in_both_modes_and_unions_made_in_one() {
    for (term, rule, nodes_would_clash) in [
        // The class of (g1 x) becomes RED under a BLUE parent.
        ("(b1 (g1 x))", rule("(g1 ?a)", "(r1 ?a)"), false),
        // The right side itself is RED over BLUE.
        ("(g1 x)", rule("(g1 ?a)", "(r1 (b1 ?a))"), true),
    ] {
        for mode in [Mode::Block, Mode::Report] {
            let mut vocabulary = Vocabulary::new(coloured());
            let read = s_expression(&mut vocabulary, term, 100).unwrap();
            let rules =
                RuleSet::new(&mut vocabulary, &Chosen::Named(&[]), std::slice::from_ref(&rule), &Color::ALL)
                    .unwrap();
            let mut egraph = EGraph::new(vocabulary);
            egraph.add_term(&read).unwrap();
            let limits = Limits { iterations: 10, nodes: 100 };
            let run = run(&mut egraph, &rules, limits, mode, &mut |_| false);
            assert_eq!(
                (run.stop_reason, run.conflicts.total()),
                (StopReason::Saturated, 1),
                "{term} {mode:?}"
            );
            let first = &run.conflicts.first()[0];
            let colors =
                if nodes_would_clash { (Color::Red, Color::Blue) } else { (Color::Blue, Color::Red) };
            assert_eq!((first.parent_color, first.child_color), colors);
            assert_eq!(run.applied, [u64::from(mode == Mode::Report)]);
            assert_eq!(violations(&egraph, 10).len(), usize::from(mode == Mode::Report));
        }
    }
}
