//! Every equality of a saturated graph has a proof, and the checker, which knows terms and rules only, replays it.

use proptest::prelude::*;
use ramanujan_egraph::check::{Wrong, check};
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::proof::{NoProof, Reason, prove, term_of};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::saturate::{Limits, run};

use super::common::{any_term, proved, rule_set, saturate, vocabulary};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_equality_is_proved(text in any_term(), picks in prop::collection::vec(any::<prop::sample::Index>(), 12)) {
        let mut result = saturate(&text, &[]);
        let (best, _) = extract(&result.egraph, result.root, &Cost::ast_size()).unwrap().unwrap();
        let output = result.egraph.represent(&best).unwrap();
        prop_assert!(proved(&result.egraph, &result.rules, result.root, output).is_some());
        let classes: Vec<_> = result.egraph.class_ids().collect();
        for pair in picks.chunks_exact(3) {
            let members: Vec<_> = result.egraph.nodes(*pair[0].get(&classes)).collect();
            let (a, b) = (*pair[1].get(&members), *pair[2].get(&members));
            proved(&result.egraph, &result.rules, a, b);
        }
    }

    #[test]
    fn a_proof_that_was_tampered_with_is_refused(text in any_term(), pick in any::<prop::sample::Index>(), what in 0..4) {
        let mut result = saturate(&text, &[]);
        let (best, _) = extract(&result.egraph, result.root, &Cost::ast_size()).unwrap().unwrap();
        let output = result.egraph.represent(&best).unwrap();
        let good = proved(&result.egraph, &result.rules, result.root, output).unwrap();
        prop_assume!(!good.steps.is_empty());
        let mut bad = good.clone();
        let at = pick.index(bad.steps.len());
        match what {
            0 => drop(bad.steps.remove(at)),
            1 => bad.steps[at].forward = !bad.steps[at].forward,
            2 => bad.steps[at].position.push(7),
            _ => {
                if let Reason::Rewrite { rewrite, .. } = &mut bad.steps[at].reason {
                    *rewrite = u32::MAX;
                }
            }
        }
        let (left, right) = (term_of(&result.egraph, result.root).unwrap(), term_of(&result.egraph, output).unwrap());
        let rewrites = &result.rules.rewrites;
        let checked = check(result.egraph.vocabulary(), rewrites, &[], &left, &right, &bad);
        // A step left out, or taken the other way, may by chance have been one that changes nothing.
        let idle = bad.steps.len() < good.steps.len() || what == 1;
        prop_assert!(checked.is_err() || idle, "{:?}", checked);
        prop_assert!(check(result.egraph.vocabulary(), rewrites, &[], &left, &right, &good).is_ok());
    }
}

#[test]
fn a_proof_ends_where_it_should() {
    let mut result = saturate("(merge a (merge b a))", &[]);
    let other = s_expression(result.egraph.vocabulary_mut(), "(merge b b)", 10).unwrap();
    let node = result.egraph.add_term(&other).unwrap();
    result.egraph.rebuild();
    assert_eq!(prove(&result.egraph, &result.rules, result.root, node), Err(NoProof::NotEqual));
    let best = s_expression(result.egraph.vocabulary_mut(), "(merge a b)", 10).unwrap();
    let end = result.egraph.represent(&best).unwrap();
    let proof = proved(&result.egraph, &result.rules, result.root, end).unwrap();
    let start = term_of(&result.egraph, result.root).unwrap();
    let checked = check(result.egraph.vocabulary(), &result.rules.rewrites, &[], &start, &other, &proof);
    assert_eq!(checked, Err(Wrong::Ends));
}

#[test]
fn neither_deep_terms_nor_deep_proofs_overflow_the_stack() {
    let n = 20_000;
    let text = format!("{}(merge a a){}", "(f ".repeat(n), ")".repeat(n));
    let mut vocabulary = vocabulary();
    let term = s_expression(&mut vocabulary, &text, 100_000).unwrap();
    let rules = rule_set(&mut vocabulary, &["idem"], &[]);
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).unwrap();
    run(&mut egraph, &rules, Limits { iterations: 5, nodes: 50_000 }, Mode::Block, &mut |_| false);
    let (best, cost) = extract(&egraph, root, &Cost::ast_size()).unwrap().unwrap();
    assert_eq!(cost, n as u64 + 1);
    let output = egraph.represent(&best).unwrap();
    let proof = proved(&egraph, &rules, root, output).unwrap();
    assert_eq!((proof.steps.len(), proof.steps[0].position.len()), (1, n));
}

#[test]
fn proofs_that_would_be_too_long_are_refused() {
    // 2^14 leaves that are each to be rewritten, in 15 nodes.
    let mut vocabulary = vocabulary();
    let mut term = ramanujan_egraph::term::Term::default();
    let a = term.add(&mut vocabulary, "a", &[]).unwrap();
    let mut top = term.add(&mut vocabulary, "merge", &[a, a]).unwrap();
    for _ in 0..14 {
        top = term.add(&mut vocabulary, "f", &[top, top]).unwrap();
    }
    let rules = rule_set(&mut vocabulary, &["idem"], &[]);
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).unwrap();
    run(&mut egraph, &rules, Limits { iterations: 5, nodes: 100 }, Mode::Block, &mut |_| false);
    let (best, _) = extract(&egraph, root, &Cost::ast_size()).unwrap().unwrap();
    let output = egraph.represent(&best).unwrap();
    assert_eq!(prove(&egraph, &rules, root, output), Err(NoProof::TooLong));
}
