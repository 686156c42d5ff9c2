//! Saturating a term with rules of the library, and checking every proof that this gives.

use proptest::prelude::*;
use ramanujan_core::Color;
use ramanujan_egraph::check::check;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::{EGraph, Id};
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::proof::{NoProof, Proof, prove, term_of};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, Run, run};
use ramanujan_egraph::vocabulary::Vocabulary;

pub(crate) const LIMITS: Limits = Limits { iterations: 30, nodes: 1_500 };

/// A vocabulary with all languages.
pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap())
}

/// The named library rules, or all of them where none is named, and further ones.
pub(crate) fn rule_set(vocabulary: &mut Vocabulary, rules: &[&str], custom: &[CustomRule]) -> RuleSet {
    let names: Vec<String> = rules.iter().map(|name| (*name).to_owned()).collect();
    let chosen = if rules.is_empty() { Chosen::All } else { Chosen::Named(&names) };
    RuleSet::new(vocabulary, &chosen, custom, &Color::ALL).unwrap()
}

pub(crate) struct Saturated {
    pub(crate) egraph: EGraph,
    pub(crate) rules: RuleSet,
    pub(crate) root: Id,
    pub(crate) form: String,
    pub(crate) cost: u64,
    pub(crate) run: Run,
    pub(crate) nodes: usize,
}

/// Saturates in a mode, with the rules' rewrites in another order.
pub(crate) fn saturate_in(
    mode: Mode,
    text: &str,
    rules: &[&str],
    limits: Limits,
    expired: &mut dyn FnMut(usize) -> bool,
    order: impl FnOnce(&mut RuleSet),
) -> Saturated {
    let mut vocabulary = vocabulary();
    let term = s_expression(&mut vocabulary, text, 100_000).unwrap();
    let mut rules = rule_set(&mut vocabulary, rules, &[]);
    order(&mut rules);
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).unwrap();
    let run = run(&mut egraph, &rules, limits, mode, expired);
    let (best, cost) = extract(&egraph, root, &Cost::ast_size()).unwrap().unwrap();
    let form = best.print(egraph.vocabulary());
    let nodes = egraph.node_count();
    Saturated { egraph, rules, root, form, cost, run, nodes }
}

/// Saturates without heed of colours.
pub(crate) fn saturate_with(
    text: &str,
    rules: &[&str],
    limits: Limits,
    expired: &mut dyn FnMut(usize) -> bool,
    order: impl FnOnce(&mut RuleSet),
) -> Saturated {
    saturate_in(Mode::Report, text, rules, limits, expired, order)
}

pub(crate) fn saturate(text: &str, rules: &[&str]) -> Saturated {
    saturate_with(text, rules, LIMITS, &mut |_| false, |_| ())
}

/// Proves that the terms of two nodes are equal and has the proof checked; `None` if it would be too long.
pub(crate) fn proved(egraph: &EGraph, rules: &RuleSet, a: Id, b: Id) -> Option<Proof> {
    let proof = match prove(egraph, rules, a, b) {
        Err(NoProof::TooLong) => return None,
        proof => proof.unwrap(),
    };
    let (left, right) = (term_of(egraph, a).unwrap(), term_of(egraph, b).unwrap());
    let checked = check(egraph.vocabulary(), &rules.rewrites, &[], &left, &right, &proof);
    assert_eq!(checked, Ok(()));
    Some(proof)
}

/// Terms over all languages whose operators have a model in common.
pub(crate) fn any_term() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["a", "b", "c", "id", "0", "1"]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 14, 2, |inner| {
        let binary = prop::sample::select(vec!["merge", "compose", "+", "-", "*", "g"]);
        prop_oneof![
            4 => (binary, inner.clone(), inner.clone()).prop_map(|(op, a, b)| format!("({op} {a} {b})")),
            1 => inner.clone().prop_map(|a| format!("(inv {a})")),
            1 => inner.prop_map(|a| format!("(f {a})")),
        ]
    })
}
