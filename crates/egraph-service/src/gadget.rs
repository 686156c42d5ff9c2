//! What the WIT interface `gadgets` computes: canonical forms and verdicts, with neither clock nor store.

use ramanujan_core::Color;
use ramanujan_egraph::check::check;
use ramanujan_egraph::colors::{Mode, violations};
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::model::refute;
use ramanujan_egraph::proof::{NoProof, prove};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, RuleSet};
use ramanujan_egraph::saturate::{self, StopReason, run, run_until};
pub use ramanujan_egraph::steps::StepText as Step;
use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, Term};
use ramanujan_egraph::vocabulary::Vocabulary;

const DEFAULT_ITERATIONS: u64 = 30;
const MAX_ITERATIONS: u64 = 1_000;
const DEFAULT_NODES: u32 = 10_000;
const MAX_NODES: u32 = 100_000;
/// Most nodes of a term within a step.
const MAX_SHOWN: u64 = 500;

/// Bounds of one run; 0 stands for the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub iterations: u64,
    pub nodes: u32,
}

/// What a term becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    pub form: String,
    /// Its nodes.
    pub cost: u64,
    pub saturated: bool,
    pub color_conflicts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Equal,
    Refuted,
    NotProved,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub verdict: Verdict,
    pub steps: Vec<Step>,
}

struct Theory {
    vocabulary: Vocabulary,
    rules: RuleSet,
    limits: saturate::Limits,
}

fn theory(rules: &[String], limits: Limits) -> Result<Theory, String> {
    let iterations = if limits.iterations == 0 { DEFAULT_ITERATIONS } else { limits.iterations };
    let nodes = if limits.nodes == 0 { DEFAULT_NODES } else { limits.nodes };
    if iterations > MAX_ITERATIONS || nodes > MAX_NODES {
        return Err(format!("limits are at most {MAX_ITERATIONS} iterations and {MAX_NODES} nodes"));
    }
    let signature = signature(&Language::ALL, Vec::new()).map_err(|bad| bad.to_string())?;
    let mut vocabulary = Vocabulary::new(signature);
    let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(rules), &[], &Color::ALL)
        .map_err(|refused| refused.to_string())?;
    Ok(Theory { vocabulary, rules, limits: saturate::Limits { iterations, nodes: nodes as usize } })
}

fn read(vocabulary: &mut Vocabulary, text: &str) -> Result<Term, String> {
    s_expression(vocabulary, text, DEFAULT_MAX_DEPTH).map_err(|error| error.to_string())
}

fn check_graph(egraph: &EGraph, limits: saturate::Limits) -> Result<(), String> {
    if egraph.node_count() > limits.nodes {
        return Err(format!("the terms have more than {} nodes", limits.nodes));
    }
    if violations(egraph, 1).is_empty() { Ok(()) } else { Err("a term has RED next to BLUE".into()) }
}

/// The canonical form of an expression under library rules.
///
/// # Errors
/// With what is wrong with the expression, the rules or the limits.
pub fn canonicalize(expression: &str, rules: &[String], limits: Limits) -> Result<Canonical, String> {
    let Theory { mut vocabulary, rules, limits } = theory(rules, limits)?;
    let term = read(&mut vocabulary, expression)?;
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term).ok_or("the expression is empty")?;
    check_graph(&egraph, limits)?;
    let run = run(&mut egraph, &rules, limits, Mode::Block, &mut |_| false);
    let (best, cost) = extract(&egraph, root, &Cost::ast_size())
        .ok_or("the graph lost the expression")?
        .map_err(|illegal| illegal.0)?;
    best.check(u64::MAX).map_err(|illegal| illegal.0)?;
    Ok(Canonical {
        form: best.print(egraph.vocabulary()),
        cost,
        saturated: run.stop_reason == StopReason::Saturated,
        color_conflicts: run.conflicts.total(),
    })
}

/// Whether two expressions are equal under library rules. A proof is checked; one too long to write has no steps.
///
/// # Errors
/// With what is wrong with the expressions, the rules or the limits.
pub fn verify(left: &str, right: &str, rules: &[String], limits: Limits) -> Result<Verification, String> {
    let Theory { mut vocabulary, rules, limits } = theory(rules, limits)?;
    let (left, right) = (read(&mut vocabulary, left)?, read(&mut vocabulary, right)?);
    let mut egraph = EGraph::new(vocabulary);
    let empty = "an expression is empty";
    let (start, end) = (egraph.add_term(&left).ok_or(empty)?, egraph.add_term(&right).ok_or(empty)?);
    check_graph(&egraph, limits)?;
    run_until(&mut egraph, &rules, limits, Mode::Block, Some((start, end)), &mut |_| false);
    match prove(&egraph, &rules, start, end) {
        Ok(proof) => {
            check(egraph.vocabulary(), &rules.rewrites, &[], &left, &right, &proof)
                .map_err(|wrong| wrong.to_string())?;
            let steps = proof.texts(egraph.vocabulary(), &rules, MAX_SHOWN).collect();
            Ok(Verification { verdict: Verdict::Equal, steps })
        }
        Err(NoProof::TooLong) => Ok(Verification { verdict: Verdict::Equal, steps: Vec::new() }),
        Err(NoProof::NotEqual) => {
            let model = refute(egraph.vocabulary(), &rules, &[], &left, &right);
            let verdict = if model.is_some() { Verdict::Refuted } else { Verdict::NotProved };
            Ok(Verification { verdict, steps: Vec::new() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn two_orders_of_one_join_are_proved_equal_and_have_one_form() {
        let rules = rules(&["assoc", "comm", "idem", "identity"]);
        let (left, right) = ("(merge (merge d1 d2) d3)", "(merge d3 (merge d2 (merge d1 d2)))");
        let form = |text: &str| canonicalize(text, &rules, Limits::default()).unwrap();
        assert_eq!(form(left), form(right));
        assert!(form(left).saturated && form(left).color_conflicts == 0);
        let found = verify(left, right, &rules, Limits::default()).unwrap();
        assert_eq!(found.verdict, Verdict::Equal);
        assert!(!found.steps.is_empty());
        let other = verify(left, "(merge d1 d2)", &rules, Limits::default()).unwrap();
        assert_eq!(other.verdict, Verdict::Refuted);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let rules = rules(&["comm"]);
        let refused = |text: &str, limits| canonicalize(text, &rules, limits).unwrap_err();
        assert!(refused("(merge a", Limits::default()).contains("never closed"));
        assert!(refused("(merge a (inv b))", Limits::default()).contains("RED"));
        assert!(refused("a", Limits { iterations: 0, nodes: 100_001 }).contains("100000"));
        assert!(refused("(f (f a))", Limits { iterations: 0, nodes: 2 }).contains("2 nodes"));
        assert!(verify("a", "b", &["magic".into()], Limits::default()).unwrap_err().contains("unknown rule"));
    }
}
