//! `POST /skill/apply`: rewrites a term with stored patterns or with such as the request brings along.

use std::time::{Duration, Instant};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::name::Illegal;
use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::term::MAX_TERM_NODES;
use ramanujan_shell::page::PAGE_LIMIT_MAX;
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{self, Recorded, Rewriting};
use super::{choose, expression};
use crate::settings::{MAX_NODES, MAX_STEPS, REWRITE_TIMEOUT_MS};
use crate::skill::rewrite::{Limits, Strategy, rewrite};
use crate::skill::version::scheduled;
use crate::store::usage;

/// Steps where a request does not say.
const DEFAULT_STEPS: u64 = 1_000;
/// Steps that are listed in a reply where the request does not say.
const DEFAULT_TRACE: u64 = 100;

/// A term, and the rules to rewrite it with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct ApplyRequest {
    /// The term.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::skill::forms::Expression"))]
    expression: Value,
    /// 1 to MAX_BATCH (100) patterns, by id or name, or as the rules themselves.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(with = "Vec<crate::skill::version::Given>", length(min = 1))
    )]
    patterns: Vec<Value>,
    /// Where rules are tried: `root` where none is given, here or in the query.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Strategy>"))]
    strategy: Option<String>,
    /// Most steps: 0 to MAX_STEPS (10000); 1000 where none is given.
    #[serde(default)]
    max_steps: Option<u64>,
    /// Most nodes of the term, written out as a tree, before and after each step: up to MAX_NODES (100000), which is it
    /// where none is given.
    #[serde(default)]
    max_nodes: Option<u64>,
    /// Longest time in milliseconds: up to REWRITE_TIMEOUT_MS (1000), which is it where none is given.
    #[serde(default)]
    timeout_ms: Option<u64>,
    /// Most steps that the reply lists: up to PAGE_LIMIT_MAX (1000); 100 where none is given.
    #[serde(default)]
    trace_limit: Option<u64>,
}

/// A step.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "RewriteStep"))]
struct Traced<'a> {
    /// The rule that applied; `pattern-N` for the N-th of the request, from 0, if it has no name.
    pattern_name: &'a str,
    /// Null for a pattern that the request brought along.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<ramanujan_core::Digest>"))]
    pattern_id: Option<&'a str>,
    /// The number of the node in the term before this step: the root is 0, each node comes before its arguments.
    at: u64,
    /// Numbers of arguments from the root; null where they are more than 32.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = crate::skill::rewrite::MAX_PATH)))]
    path: Option<Vec<usize>>,
}

/// What became of the term.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Rewritten"))]
pub(crate) struct ApplyReply<'a> {
    /// The term after the last step, as an S-expression.
    expression: String,
    /// Where rules were tried.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Strategy"))]
    strategy: &'static str,
    /// Whether the term is another one.
    changed: bool,
    /// Steps that were taken.
    steps: u64,
    /// Why it ended.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::skill::rewrite::StopReason"))]
    stop_reason: &'static str,
    /// Nodes of the result, written out as a tree.
    nodes: u64,
    /// Its depth: 1 for a name alone.
    depth: u64,
    /// The first steps.
    trace: Vec<Traced<'a>>,
    #[serde(flatten)]
    event: Recorded,
}

/// A number of a request, from 0 to what the operator allows.
fn up_to(member: &str, given: Option<u64>, default: u64, most: u64) -> Result<u64, Problem> {
    match given {
        None => Ok(default.min(most)),
        Some(value) if value <= most => Ok(value),
        Some(_) => Err(Problem::new(Code::InvalidLimit, format!("{member} is at most {most}"))),
    }
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let started = Instant::now();
    let query = request.query();
    query.only(&["strategy"])?;
    let given: ApplyRequest = request.json()?;
    let strategy: Strategy = match (query.get("strategy"), given.strategy.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(Problem::new(Code::InvalidStrategy, "strategy is given twice"));
        }
        (Some(text), None) | (None, Some(text)) => text
            .parse()
            .map_err(|error| Problem::new(Code::InvalidStrategy, format!("strategy must be {error}")))?,
        (None, None) => Strategy::default(),
    };
    let most_nodes = MAX_NODES.read()?.min(MAX_TERM_NODES);
    let limits = Limits {
        steps: up_to("max_steps", given.max_steps, DEFAULT_STEPS, MAX_STEPS.read()?)?,
        nodes: up_to("max_nodes", given.max_nodes, most_nodes, most_nodes)?,
    };
    let longest = REWRITE_TIMEOUT_MS.read()?;
    let time = Duration::from_millis(up_to("timeout_ms", given.timeout_ms, longest, longest)?);
    let most_listed = PAGE_LIMIT_MAX.read()?;
    let listed = up_to("trace_limit", given.trace_limit, DEFAULT_TRACE, most_listed)?;

    let (mut vocabulary, chosen) = choose(&given.patterns)?;
    let term = expression(&mut vocabulary, &given.expression)?;
    let (size, _) = term.measure();
    if size > limits.nodes {
        let detail = format!("the expression has {size} nodes and max_nodes is {}", limits.nodes);
        return Err(Problem::new(Code::TooManyNodes, detail));
    }
    let (rules, ids) = scheduled(&vocabulary, chosen);
    let mut graph = TermGraph::default();
    let empty = || Problem::new(Code::InvalidExpression, "the expression is empty");
    let root = graph.add_term(&term).ok_or_else(empty)?;
    let mut expired = || started.elapsed() >= time;
    let done = rewrite(&vocabulary, &rules, &mut graph, root, strategy, limits, &mut expired);
    // A tree within the limit of nodes has no more different ones than a term may have.
    let result = graph.term(done.place).map_err(|Illegal(reason)| {
        Problem::new(Code::ResultTooLarge, format!("the result cannot be written: {reason}"))
    })?;
    let (nodes, depth) = result.measure();
    let steps = done.steps.len() as u64;
    usage::count(&[(usage::APPLIED, 1), (usage::STEPS, steps)]);
    let listed = usize::try_from(listed).unwrap_or(usize::MAX);
    let (expression, stop_reason) = (result.print(&vocabulary), done.stop_reason.as_str());
    let texts: Vec<String> = rules.iter().map(|rule| rule.text(&vocabulary)).collect();
    let event = event::applied(&Rewriting {
        rules: &texts,
        pattern_ids: ids.iter().flatten().map(String::as_str).collect(),
        strategy: strategy.as_str(),
        before: term.print(&vocabulary),
        after: &expression,
        steps,
        stop_reason,
    })
    .await;
    let trace = done.steps.into_iter().take(listed).map(|step| Traced {
        pattern_name: &rules[step.rule].name,
        pattern_id: ids[step.rule].as_deref(),
        at: step.at,
        path: step.path,
    });
    ok(&ApplyReply {
        expression,
        strategy: strategy.as_str(),
        changed: done.place != root,
        steps,
        stop_reason,
        nodes,
        depth,
        trace: trace.collect(),
        event,
    })
}
