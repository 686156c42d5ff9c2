//! `POST /egraph/saturate`: one expression or a batch, each in a graph of its own.

use std::time::Instant;

use ramanujan_core::{Code, Color, Digest, Problem};
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::read;
use ramanujan_egraph::saturate::{self, Run, StopReason};
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::graph::{self, Part};
use crate::memo::{self, Key, Spelling};
use crate::settings::{Bounds, Settings, With};
use crate::theory::{self, Theory};
use crate::{gadgets, show};

/// Most expressions of a batch.
const MAX_BATCH: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaturateRequest {
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    expression: Option<Value>,
    #[serde(default)]
    expressions: Option<Vec<Value>>,
    #[serde(default)]
    form: Form,
    #[serde(default)]
    include: Vec<Part>,
    #[serde(default)]
    max_shown: Option<usize>,
}

/// How the canonical form is written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// As an S-expression.
    #[default]
    Tree,
    /// As a list of nodes in which common parts stand once.
    Dag,
}

#[derive(Serialize)]
struct SaturateReply {
    operation: &'static str,
    canonical_form: Value,
    color: Color,
    equivalence_classes: usize,
    rewrites_applied: Map<String, Value>,
    saturation_iterations: u64,
    stop_reason: &'static str,
    cost: u64,
    dag_cost: u64,
    input_cost: u64,
    nodes: usize,
    classes: usize,
    color_mode: &'static str,
    color_conflicts: Vec<Value>,
    color_conflict_count: u64,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<Value>,
}

/// What one saturation needs besides the term.
struct Job {
    theory: Theory,
    bounds: Bounds,
    cost: Cost,
    form: Form,
    /// Most nodes of the graph that the reply shows.
    shown: Option<usize>,
    key: Key,
}

pub(crate) fn saturate(request: &Request) -> Result<Response, Problem> {
    let started = Instant::now();
    let spelling = Spelling::of(&request.body)?;
    if let Some(reply) = spelling.as_ref().and_then(Spelling::recall) {
        return Ok(reply);
    }
    let With { settings, own } = request.json()?;
    let SaturateRequest { operation, expression, expressions, form, include, max_shown } = own;
    if operation.as_deref().is_some_and(|operation| operation != "saturate") {
        let detail = "operation must be saturate; /egraph/verify, /egraph/merge and /egraph/explain have their own routes";
        return Err(Problem::new(Code::InvalidOperation, detail));
    }
    let shown = graph::shown(&include, max_shown)?;
    let bounds = settings.bounds(started)?;
    let Settings { language, operators, rules, cost, .. } = settings;
    let mut theory = Theory::read(language, operators.unwrap_or_default(), rules, &gadgets()?)?;
    let cost = theory::cost(&mut theory.vocabulary, cost.as_ref())?;
    // A run that the time did not end is the same with more of it, so the time is no part of the key.
    let Bounds { limits, mode, .. } = bounds;
    let decides = format!("{limits:?} {mode:?} {form:?} {shown:?} {}", spell(&theory.vocabulary, &cost));
    let key = Key::new(&theory, &decides);
    let mut job = Job { theory, bounds, cost, form, shown, key };
    match (expression, expressions) {
        (Some(expression), None) => {
            let term = job.theory.term("expression", &expression)?;
            let key = job.key.of_term(&job.theory, &term);
            let reply = one(&job, &term, &key)?;
            if let Some(spelling) = spelling.filter(|_| reply.get("cached") == Some(&Value::Bool(true))) {
                spelling.learn(&key);
            }
            ok(&reply)
        }
        (None, Some(expressions)) if (1..=MAX_BATCH).contains(&expressions.len()) => {
            let mut terms = Vec::with_capacity(expressions.len());
            for (index, expression) in expressions.iter().enumerate() {
                let name = format!("expressions[{index}]");
                terms.push(
                    job.theory.term(&name, expression).map_err(|problem| problem.with("index", index))?,
                );
            }
            let results = terms.iter().enumerate().map(|(index, term)| {
                let key = job.key.of_term(&job.theory, term);
                one(&job, term, &key).map_err(|problem| problem.with("index", index))
            });
            let results = results.collect::<Result<Vec<_>, _>>()?;
            ok(&json!({"operation": "saturate", "results": results}))
        }
        _ => {
            let detail = format!("give either expression or expressions, a list of 1 to {MAX_BATCH}");
            Err(Problem::new(Code::InvalidExpression, detail))
        }
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

/// The reply for one term, from the memo where it is there.
fn one(job: &Job, term: &Term, key: &Digest) -> Result<Map<String, Value>, Problem> {
    if let Some(mut reply) = memo::find(key)? {
        reply.insert("cached".into(), true.into());
        return Ok(reply);
    }
    let found = compute(job, term)?;
    let (stop_reason, nodes) = (found.stop_reason, found.nodes);
    let Ok(Value::Object(mut reply)) = serde_json::to_value(found) else {
        return Err(Problem::new(Code::Reply, "the reply cannot be written"));
    };
    if stop_reason != StopReason::TimeLimit.as_str() {
        memo::keep(key, nodes, &reply)?;
    }
    reply.insert("cached".into(), false.into());
    Ok(reply)
}

fn compute(job: &Job, term: &Term) -> Result<SaturateReply, Problem> {
    let Job { theory, bounds, cost, form, shown, .. } = job;
    let Bounds { limits, mode, .. } = *bounds;
    let mut egraph = EGraph::new(theory.vocabulary.clone());
    let root = theory::add(&mut egraph, "the expression", term, limits, mode)?;
    let run = saturate::run(&mut egraph, &theory.rules, limits, mode, &mut |nodes| bounds.expired(nodes));
    let lost = || Problem::new(Code::Extraction, "the graph lost the expression");
    let (best, best_cost) = extract(&egraph, root, cost).ok_or_else(lost)?.map_err(show::too_large)?;
    if matches!(form, Form::Tree) {
        best.check(u64::MAX).map_err(show::too_large)?;
    }
    let (nodes, classes) = (egraph.node_count(), egraph.class_count());
    let canonical_form = match form {
        Form::Tree => best.print(egraph.vocabulary()).into(),
        Form::Dag => show::node_list(egraph.vocabulary(), &best),
    };
    // The reply is checked as its reader gets it: read again, is it in the class of what was asked?
    let color = egraph.known(root).color;
    let output = read::expression(egraph.vocabulary_mut(), &canonical_form, u64::MAX).ok();
    let output = output.and_then(|term| egraph.find_term(&term));
    let verified = output.is_some_and(|output| egraph.find(output) == egraph.find(root));

    let Run { stop_reason, iterations, applied, conflicts } = run;
    let rules = theory.rules.rules.iter().zip(applied);
    let rewrites_applied = rules.map(|(rule, count)| (rule.name.clone(), count.into())).collect();
    let refused = conflicts.first().iter().map(|conflict| show::conflict(&egraph, &theory.rules, conflict));
    Ok(SaturateReply {
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
        color_mode: match mode {
            Mode::Block => "block",
            Mode::Report => "report",
        },
        color_conflicts: refused.collect(),
        color_conflict_count: conflicts.total(),
        verified,
        graph: shown.map(|most| graph::show(&egraph, root, most)),
        canonical_form,
    })
}
