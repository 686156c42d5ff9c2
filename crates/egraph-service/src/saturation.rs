//! One saturation: a term in a graph of its own, and what is said of it.

use ramanujan_core::{Code, Color, Problem};
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::read;
use ramanujan_egraph::saturate::{self, Run, StopReason};
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounds::Bounds;
use crate::key::Key;
use crate::theory::{self, Theory};
use crate::{graph, view};

/// How the canonical form is written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// As an S-expression.
    #[default]
    Tree,
    /// As a list of nodes in which common parts stand once.
    Dag,
}

/// What one saturation needs besides the term.
pub(crate) struct Job {
    pub(crate) theory: Theory,
    pub(crate) bounds: Bounds,
    cost: Cost,
    form: Form,
    /// Most nodes of the graph that the reply shows.
    shown: Option<usize>,
    pub(crate) key: Key,
}

impl Job {
    pub(crate) fn new(theory: Theory, bounds: Bounds, cost: Cost, form: Form, shown: Option<usize>) -> Job {
        // A run that the time did not end is the same with more of it, so the time is no part of the key.
        let Bounds { limits, mode, .. } = bounds;
        let decides = format!("{limits:?} {mode:?} {form:?} {shown:?} {}", spell(&theory.vocabulary, &cost));
        let key = Key::new(&theory, &decides);
        Job { theory, bounds, cost, form, shown, key }
    }
}

/// A cost in one spelling.
fn spell(vocabulary: &Vocabulary, cost: &Cost) -> String {
    match cost {
        Cost::Depth => "depth".to_owned(),
        Cost::Size { red, blue, green, operators } => {
            let mut weights: Vec<_> =
                operators.iter().map(|(name, weight)| (vocabulary.text(*name), weight)).collect();
            weights.sort_unstable();
            format!("{red} {blue} {green} {weights:?}")
        }
    }
}

/// What came of a saturation, as its reply has it.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Saturated {
    /// The route's name.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("const" = "saturate")))]
    operation: &'static str,
    /// The cheapest term found that is equal to the expression, in the form asked for.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::CanonicalForm"))]
    canonical_form: Value,
    /// The colour of the expression's class.
    color: Color,
    /// Classes of the graph; the same as `classes`.
    equivalence_classes: usize,
    /// For each rule of the run how many times it united two classes.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "std::collections::BTreeMap<String, u64>"))]
    rewrites_applied: Map<String, Value>,
    /// Sweeps over the graph, the last one included.
    saturation_iterations: u64,
    /// Why the run ended.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::StopReasonName"))]
    stop_reason: &'static str,
    /// The cost of the canonical form as a tree.
    cost: u64,
    /// The cost of the canonical form where common parts count once.
    dag_cost: u64,
    /// The cost of the expression as it was given.
    input_cost: u64,
    /// Nodes of the graph.
    pub(crate) nodes: usize,
    /// Classes of the graph.
    classes: usize,
    /// The colour mode of the run.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::ColorMode"))]
    color_mode: &'static str,
    /// The first 50 steps that the colour rule forbids.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::shapes::ColorConflict>"))]
    color_conflicts: Vec<Value>,
    /// How many steps the colour rule forbids.
    color_conflict_count: u64,
    /// Whether the canonical form, read again from this reply, is in the class of the expression.
    verified: bool,
    /// The graph, where `include` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::ShownGraph"))]
    graph: Option<Value>,
}

impl Saturated {
    /// Whether the same would come of the same request at another time.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.stop_reason != StopReason::TimeLimit.as_str()
    }
}

/// Saturates a term.
pub(crate) fn saturate(job: &Job, term: &Term) -> Result<Saturated, Problem> {
    let Job { theory, bounds, cost, form, shown, .. } = job;
    let Bounds { limits, mode, .. } = *bounds;
    let mut egraph = EGraph::new(theory.vocabulary.clone());
    let root = theory::add(&mut egraph, "the expression", term, limits, mode)?;
    let run = saturate::run(&mut egraph, &theory.rules, limits, mode, &mut |nodes| bounds.expired(nodes));
    let lost = || Problem::new(Code::Extraction, "the graph lost the expression");
    let (best, best_cost) = extract(&egraph, root, cost).ok_or_else(lost)?.map_err(view::too_large)?;
    if matches!(form, Form::Tree) {
        best.check(u64::MAX).map_err(view::too_large)?;
    }
    let (nodes, classes) = (egraph.node_count(), egraph.class_count());
    let canonical_form = match form {
        Form::Tree => best.print(egraph.vocabulary()).into(),
        Form::Dag => view::node_list(egraph.vocabulary(), &best),
    };
    // The reply is checked as its reader gets it: read again, is it in the class of what was asked?
    let color = egraph.known(root).color;
    let output = read::expression(egraph.vocabulary_mut(), &canonical_form, u64::MAX).ok();
    let output = output.and_then(|term| egraph.find_term(&term));
    let verified = output.is_some_and(|output| egraph.find(output) == egraph.find(root));

    let Run { stop_reason, iterations, applied, conflicts } = run;
    let rules = theory.rules.rules.iter().zip(applied);
    let rewrites_applied = rules.map(|(rule, count)| (rule.name.clone(), count.into())).collect();
    let refused = conflicts.first().iter().map(|conflict| view::conflict(&egraph, &theory.rules, conflict));
    Ok(Saturated {
        operation: "saturate",
        color,
        equivalence_classes: classes,
        rewrites_applied,
        saturation_iterations: iterations,
        stop_reason: stop_reason.as_str(),
        cost: best_cost,
        dag_cost: cost.of_dag(egraph.vocabulary(), &best),
        input_cost: cost.of_term(egraph.vocabulary(), term),
        nodes,
        classes,
        color_mode: mode.as_str(),
        color_conflicts: refused.collect(),
        color_conflict_count: conflicts.total(),
        verified,
        graph: shown.map(|most| graph::show(&egraph, root, most)),
        canonical_form,
    })
}
