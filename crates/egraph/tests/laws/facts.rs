//! The set of facts is a join semilattice, and what follows from it depends on it alone.

use proptest::prelude::*;
use ramanujan_egraph::check::check;
use ramanujan_egraph::colors::{Mode, violations};
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::facts::{Derived, Fact, Facts, derive};
use ramanujan_egraph::proof::{NoProof, prove};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::RuleSet;
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;

use super::common::vocabulary;

fn any_small_term() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned);
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (prop::sample::select(vec!["f", "inv", "assoc"]), inner.clone())
                .prop_map(|(op, a)| format!("({op} {a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(g {a} {b})")),
        ]
    })
}

fn any_facts() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((any_small_term(), any_small_term()), 0..8)
}

fn set(facts: &[(String, String)]) -> Facts {
    let mut set = Facts::default();
    for (a, b) in facts {
        set.insert(Fact::new(a.clone(), b.clone()));
    }
    set
}

fn terms(vocabulary: &mut Vocabulary, facts: &Facts) -> Vec<(Term, Term)> {
    let mut read = |text: &str| s_expression(vocabulary, text, 100).unwrap();
    facts.iter().map(|fact| (read(fact.left()), read(fact.right()))).collect()
}

/// Which of the terms of the facts are equal.
fn equalities(facts: &Facts) -> Vec<bool> {
    let mut vocabulary = vocabulary();
    let terms = terms(&mut vocabulary, facts);
    let mut egraph = EGraph::new(vocabulary);
    let Derived { nodes, .. } = derive(&mut egraph, &terms, Mode::Block).unwrap();
    let nodes: Vec<_> = nodes.into_iter().flat_map(|(a, b)| [a, b]).collect();
    nodes.iter().flat_map(|a| nodes.iter().map(|b| egraph.find(*a) == egraph.find(*b))).collect()
}

proptest! {
    #[test]
    fn join_is_commutative_associative_and_idempotent(a in any_facts(), b in any_facts(), c in any_facts()) {
        let (a, b, c) = (set(&a), set(&b), set(&c));
        let ab = a.clone().join(b.clone());
        prop_assert_eq!(&ab, &b.clone().join(a.clone()));
        prop_assert_eq!(ab.clone().join(c.clone()), a.clone().join(b.clone().join(c)));
        prop_assert_eq!(&ab.clone().join(ab.clone()), &ab);
        prop_assert_eq!(ab.fingerprint(), b.clone().join(a.clone()).fingerprint());
        prop_assert_eq!(a == b, a.fingerprint() == b.fingerprint());
    }

    #[test]
    fn the_graph_depends_on_the_set_alone(facts in any_facts(), shuffled in any_facts().prop_shuffle(), cut in any::<prop::sample::Index>()) {
        let all: Vec<_> = facts.iter().chain(&shuffled).cloned().collect();
        let turned: Vec<_> = all.iter().rev().map(|(a, b)| (b.clone(), a.clone())).collect();
        let (left, right) = turned.split_at(cut.index(turned.len() + 1));
        prop_assert_eq!(equalities(&set(&all)), equalities(&set(right).join(set(left))));
    }

    #[test]
    fn blocking_leaves_out_what_clashes_and_the_rest_is_proved(facts in any_facts()) {
        let mut vocabulary = vocabulary();
        let facts = set(&facts);
        let terms = terms(&mut vocabulary, &facts);
        let mut egraph = EGraph::new(vocabulary);
        for (a, b) in &terms {
            egraph.add_term(a).unwrap();
            egraph.add_term(b).unwrap();
        }
        prop_assume!(violations(&egraph, 1).is_empty());
        let Derived { nodes, clashes } = derive(&mut egraph, &terms, Mode::Block).unwrap();
        prop_assert!(violations(&egraph, 1).is_empty());
        let rules = RuleSet::default();
        for (number, (a, b)) in nodes.iter().enumerate() {
            match prove(&egraph, &rules, *a, *b) {
                Ok(proof) => {
                    let (left, right) = &terms[number];
                    prop_assert_eq!(check(egraph.vocabulary(), &[], &terms, left, right, &proof), Ok(()));
                }
                Err(NoProof::NotEqual) => prop_assert!(clashes.iter().any(|clash| clash.fact == number)),
                Err(NoProof::TooLong) => prop_assert!(false, "ten facts have short proofs"),
            }
        }
    }
}
