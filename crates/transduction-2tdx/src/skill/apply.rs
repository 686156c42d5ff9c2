//! `POST /skill/apply`: rewrites a term with stored patterns or with such as the request brings along.

use std::time::{Duration, Instant};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::read::{self, Place};
use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, Illegal, MAX_TERM_NODES, Term};
use ramanujan_egraph::vocabulary::Vocabulary;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{self, Recorded, Rewriting};
use super::library::{self, Chosen, SCHEMA};
use super::rewrite::{Limits, Strategy, rewrite};
use super::rule::Rule;
use super::usage;

/// Steps where a request does not say.
const DEFAULT_STEPS: u64 = 1_000;
/// Most steps that a request may ask for where `MAX_STEPS` is not set.
const DEFAULT_MAX_STEPS: u64 = 10_000;
/// Longest and default time in ms where `REWRITE_TIMEOUT_MS` is not set.
const DEFAULT_TIMEOUT_MS: u64 = 1_000;
/// Steps that are listed in a reply where the request does not say.
const DEFAULT_TRACE: u64 = 100;
/// Most steps that are listed in a reply where `PAGE_LIMIT_MAX` is not set.
const DEFAULT_MAX_TRACE: u64 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyRequest {
    expression: Value,
    patterns: Vec<Value>,
    #[serde(default)]
    strategy: Option<String>,
    #[serde(default)]
    max_steps: Option<u64>,
    #[serde(default)]
    max_nodes: Option<u64>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    trace_limit: Option<u64>,
}

#[derive(Serialize)]
struct Traced<'a> {
    pattern_name: &'a str,
    /// Null for a pattern that the request brought along.
    pattern_id: Option<&'a str>,
    at: u64,
    path: Option<Vec<usize>>,
}

#[derive(Serialize)]
struct ApplyReply<'a> {
    expression: String,
    strategy: &'static str,
    changed: bool,
    steps: u64,
    stop_reason: &'static str,
    nodes: u64,
    depth: u64,
    trace: Vec<Traced<'a>>,
    #[serde(flatten)]
    event: Recorded,
}

/// Rules in the order in which they are tried, with the ids of those that are stored. Among equals the order in which
/// they were given decides.
pub(super) fn scheduled(
    vocabulary: &Vocabulary,
    mut chosen: Vec<Chosen>,
) -> (Vec<Rule>, Vec<Option<String>>) {
    chosen.sort_by_cached_key(|chosen| chosen.rule.rank(vocabulary));
    chosen.into_iter().map(|chosen| (chosen.rule, chosen.stored.map(|stored| stored.id))).unzip()
}

/// The term of a request.
pub(super) fn expression(vocabulary: &mut Vocabulary, value: &Value) -> Result<Term, Problem> {
    let max_depth = setting::number("MAX_TERM_DEPTH", DEFAULT_MAX_DEPTH)?;
    read::expression(vocabulary, value, max_depth).map_err(|error| {
        let problem = Problem::new(Code::InvalidExpression, error.to_string());
        match &error.place {
            Place::Position(position) => problem.with("position", *position),
            Place::Path(path) => problem.with("path", format!("expression{path}")),
        }
    })
}

/// A number of a request, from 0 to what the operator allows.
fn up_to(member: &str, given: Option<u64>, default: u64, most: u64) -> Result<u64, Problem> {
    match given {
        None => Ok(default.min(most)),
        Some(value) if value <= most => Ok(value),
        Some(_) => Err(Problem::new(Code::InvalidLimit, format!("{member} is at most {most}"))),
    }
}

pub(super) async fn post(request: Request) -> Result<Response, Problem> {
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
    let most_nodes = setting::number("MAX_NODES", MAX_TERM_NODES)?.min(MAX_TERM_NODES);
    let limits = Limits {
        steps: up_to(
            "max_steps",
            given.max_steps,
            DEFAULT_STEPS,
            setting::number("MAX_STEPS", DEFAULT_MAX_STEPS)?,
        )?,
        nodes: up_to("max_nodes", given.max_nodes, most_nodes, most_nodes)?,
    };
    let longest = setting::number("REWRITE_TIMEOUT_MS", DEFAULT_TIMEOUT_MS)?;
    let time = Duration::from_millis(up_to("timeout_ms", given.timeout_ms, longest, longest)?);
    let most_listed = setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_TRACE)?;
    let listed = up_to("trace_limit", given.trace_limit, DEFAULT_TRACE, most_listed)?;

    let store = Store::open(SCHEMA)?;
    let (mut vocabulary, chosen) = library::choose(&store, &given.patterns)?;
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
    let result = graph
        .term(done.place)
        .map_err(|Illegal(reason)| Problem::new(Code::ResultTooLarge, format!("the result: {reason}")))?;
    let (nodes, depth) = result.measure();
    let steps = done.steps.len() as u64;
    usage::count(&store, &[(usage::APPLIED, 1), (usage::STEPS, steps)]);
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
