//! Whether two terms are equal, and why: `equal` with a proof that was checked, `refuted` with a model of the rules in
//! which the terms differ, or `not_proved` within the limits.

use ramanujan_core::{Code, MAX_SAFE_INTEGER, Problem};
use ramanujan_egraph::check::check;
use ramanujan_egraph::egraph::{EGraph, Id};
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::model::{Refutation, refute};
use ramanujan_egraph::number::Number;
use ramanujan_egraph::proof::{MAX_STEPS, NoProof, Proof, prove};
use ramanujan_egraph::rules::RuleSet;
use ramanujan_egraph::saturate::{Run, run, run_until};
use ramanujan_egraph::term::Term;
use serde_json::{Map, Value, json};

use crate::bounds::Bounds;
use crate::theory::{self, Theory};
use crate::view;

/// Most nodes of a term within a step.
const MAX_SHOWN: u64 = 500;
/// Most bytes of all steps together.
const MAX_EXPLANATION_BYTES: usize = 4 << 20;

/// How far the answer to one question may go.
pub(crate) struct Question {
    pub(crate) bounds: Bounds,
    pub(crate) max_steps: usize,
}

/// The canonical form of a term, and the steps to it.
pub(crate) fn canonical(
    theory: Theory,
    question: &Question,
    term: &Term,
    cost: &Cost,
) -> Result<Map<String, Value>, Problem> {
    let Theory { vocabulary, rules, .. } = theory;
    let Bounds { limits, mode, .. } = question.bounds;
    let mut egraph = EGraph::new(vocabulary);
    let root = theory::add(&mut egraph, "the expression", term, limits, mode)?;
    let expired = &mut |nodes| question.bounds.expired(nodes);
    let run = run(&mut egraph, &rules, limits, mode, expired);
    let lost = || Problem::new(Code::Extraction, "the graph lost the expression");
    let (best, best_cost) = extract(&egraph, root, cost).ok_or_else(lost)?.map_err(view::too_large)?;
    best.check(u64::MAX).map_err(view::too_large)?;
    let end = egraph.represent(&best).ok_or_else(lost)?;
    let mut reply = Map::new();
    reply.insert("canonical_form".into(), best.print(egraph.vocabulary()).into());
    reply.insert("cost".into(), best_cost.into());
    describe_run(&mut reply, &egraph, &rules, &run);
    explanation(&mut reply, &egraph, &rules, [(root, term), (end, &best)], question.max_steps)?;
    Ok(reply)
}

/// Whether two terms are equal.
pub(crate) fn compare(
    theory: Theory,
    question: &Question,
    left: &Term,
    right: &Term,
) -> Result<Map<String, Value>, Problem> {
    let Theory { vocabulary, rules, .. } = theory;
    let Bounds { limits, mode, .. } = question.bounds;
    let mut egraph = EGraph::new(vocabulary);
    let start = theory::add(&mut egraph, "lhs", left, limits, mode)?;
    let end = theory::add(&mut egraph, "rhs", right, limits, mode)?;
    let expired = &mut |nodes| question.bounds.expired(nodes);
    let run = run_until(&mut egraph, &rules, limits, mode, Some((start, end)), expired);
    let mut reply = Map::new();
    describe_run(&mut reply, &egraph, &rules, &run);
    if egraph.find(start) == egraph.find(end) {
        reply.insert("result".into(), "equal".into());
        reply.insert("equal".into(), true.into());
        explanation(&mut reply, &egraph, &rules, [(start, left), (end, right)], question.max_steps)?;
        return Ok(reply);
    }
    let model = refute(egraph.vocabulary(), &rules, &[], left, right);
    reply.insert("result".into(), if model.is_some() { "refuted" } else { "not_proved" }.into());
    // What is not proved may still be equal.
    reply.insert("equal".into(), model.as_ref().map_or(Value::Null, |_| false.into()));
    reply.insert("explanation".into(), Value::Null);
    reply.insert("model".into(), model.map_or(Value::Null, |model| show_model(&model)));
    Ok(reply)
}

fn describe_run(reply: &mut Map<String, Value>, egraph: &EGraph, rules: &RuleSet, run: &Run) {
    let conflicts = run.conflicts.first().iter().map(|conflict| view::conflict(egraph, rules, conflict));
    reply.insert("color_conflicts".into(), conflicts.collect());
    reply.insert("color_conflict_count".into(), run.conflicts.total().into());
    reply.insert("stop_reason".into(), run.stop_reason.as_str().into());
    reply.insert("saturation_iterations".into(), run.iterations.into());
    reply.insert("nodes".into(), egraph.node_count().into());
    reply.insert("classes".into(), egraph.class_count().into());
}

/// Adds the steps between two nodes, checked, or the reason why they are left out.
fn explanation(
    reply: &mut Map<String, Value>,
    egraph: &EGraph,
    rules: &RuleSet,
    ends: [(Id, &Term); 2],
    max_steps: usize,
) -> Result<(), Problem> {
    let [(start, left), (end, right)] = ends;
    let omitted = |reply: &mut Map<String, Value>, reason: String| {
        reply.insert("explanation".into(), Value::Null);
        reply.insert("explanation_omitted".into(), reason.into());
    };
    let proof = match prove(egraph, rules, start, end) {
        Ok(proof) => proof,
        Err(NoProof::TooLong) => {
            omitted(reply, format!("it has more than {MAX_STEPS} steps, or too long positions"));
            return Ok(());
        }
        Err(NoProof::NotEqual) => return Err(Problem::new(Code::Proof, "equal terms have no proof")),
    };
    check(egraph.vocabulary(), &rules.rewrites, &[], left, right, &proof)
        .map_err(|wrong| Problem::new(Code::Proof, wrong.to_string()))?;
    reply.insert("explanation_checked".into(), true.into());
    reply.insert("steps".into(), proof.steps.len().into());
    if proof.steps.len() > max_steps {
        omitted(reply, format!("it has {} steps; max_steps is {max_steps}", proof.steps.len()));
        return Ok(());
    }
    match steps(egraph, rules, &proof) {
        Some(steps) => {
            reply.insert("explanation".into(), steps.into());
        }
        None => omitted(reply, format!("it is longer than {MAX_EXPLANATION_BYTES} bytes")),
    }
    Ok(())
}

fn steps(egraph: &EGraph, rules: &RuleSet, proof: &Proof) -> Option<Vec<Value>> {
    let mut bytes = 0;
    let mut steps = Vec::with_capacity(proof.steps.len());
    for step in proof.texts(egraph.vocabulary(), rules, MAX_SHOWN) {
        let of_bindings: usize = step.bindings.iter().map(|(name, term)| name.len() + term.len()).sum();
        bytes += step.from.len() + step.to.len() + of_bindings + 7 * step.position.len() + 100;
        if bytes > MAX_EXPLANATION_BYTES {
            return None;
        }
        let substitution: Map<String, Value> =
            step.bindings.into_iter().map(|(name, term)| (format!("?{name}"), term.into())).collect();
        steps.push(json!({
            "rule": step.rule,
            "direction": if step.forward { "forward" } else { "backward" },
            "position": step.position,
            "from": step.from,
            "to": step.to,
            "substitution": substitution,
        }));
    }
    Some(steps)
}

fn show_model(model: &Refutation) -> Value {
    let operators = model
        .operators
        .iter()
        .map(|(symbol, arity, meaning)| json!({"symbol": symbol, "arity": arity, "meaning": meaning}));
    let symbols: Map<String, Value> =
        model.symbols.iter().map(|(symbol, element)| (symbol.clone(), number(*element))).collect();
    json!({
        "size": model.size,
        "domain": if model.size.is_some() { "finite" } else { "rational numbers" },
        "operators": operators.collect::<Vec<_>>(),
        "symbols": symbols,
        "lhs": number(model.values.0),
        "rhs": number(model.values.1),
    })
}

/// A number, as text where not every reader of JSON would read it exactly.
fn number(number: Number) -> Value {
    match number.integer() {
        Some(integer) if integer.unsigned_abs() <= MAX_SAFE_INTEGER => integer.into(),
        _ => number.to_string().into(),
    }
}
