//! The extracted term is in its class, costs what is said, and nothing in the class costs less.

use std::collections::HashMap;

use proptest::prelude::*;
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::{EGraph, Id};
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::saturate::{Limits, run};

use super::common::{any_term, rule_set, vocabulary};

/// The least cost of a class by going over all nodes until nothing changes.
fn least(egraph: &EGraph, root: Id, cost: impl Fn(Id, &[u64]) -> u64) -> u64 {
    let mut costs: HashMap<Id, u64> = HashMap::new();
    loop {
        let mut changed = false;
        for class in egraph.class_ids() {
            for node in egraph.nodes(class) {
                let children: Option<Vec<u64>> =
                    egraph.children(node).iter().map(|child| costs.get(child).copied()).collect();
                let Some(children) = children else { continue };
                let found = cost(node, &children);
                let best = costs.entry(class).or_insert(u64::MAX);
                if found < *best {
                    *best = found;
                    changed = true;
                }
            }
        }
        if !changed {
            return costs[&egraph.find(root)];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_cheapest_term_is_found(text in any_term(), weights in any::<[u8; 4]>()) {
        let mut vocabulary = vocabulary();
        let term = s_expression(&mut vocabulary, &text, 1000).unwrap();
        let rules = rule_set(&mut vocabulary, &[], &[]);
        let plus = vocabulary.intern("+");
        let mut egraph = EGraph::new(vocabulary);
        let root = egraph.add_term(&term).unwrap();
        run(&mut egraph, &rules, Limits { iterations: 4, nodes: 400 }, Mode::Report, &mut |_| false);
        let [red, blue, green, of_plus] = weights.map(|weight| u64::from(weight) + 1);
        let weighted = Cost::Size { red, blue, green, operators: HashMap::from([(plus, of_plus)]) };
        let weight = |node: Id| match egraph.node_color(node) {
            _ if egraph.name(node) == plus => of_plus,
            Color::Red => red,
            Color::Blue => blue,
            Color::Green => green,
        };
        for (cost, expected) in [
            (Cost::ast_size(), least(&egraph, root, |_, children| 1 + children.iter().sum::<u64>())),
            (Cost::Depth, least(&egraph, root, |_, children| 1 + children.iter().max().unwrap_or(&0))),
            (weighted, least(&egraph, root, |node, children| weight(node) + children.iter().sum::<u64>())),
        ] {
            let (best, total) = extract(&egraph, root, &cost).unwrap().unwrap();
            prop_assert_eq!(total, expected);
            prop_assert_eq!(cost.of_term(egraph.vocabulary(), &best), total);
            prop_assert!(total <= cost.of_term(egraph.vocabulary(), &term));
            prop_assert!(cost.of_dag(egraph.vocabulary(), &best) <= total);
            prop_assert_eq!(egraph.find_term(&best).map(|node| egraph.find(node)), Some(egraph.find(root)));
        }
    }
}
