//! `/egraph/…`: reads requests and settings, keeps the time, runs the library, writes JSON.

use std::time::{Duration, Instant};

use ramanujan_core::{Color, Problem};
use ramanujan_egraph::extract::{Cost, MAX_WEIGHT, extract};
use ramanujan_egraph::graph;
use ramanujan_egraph::operators::{Names, OPERATORS};
use ramanujan_egraph::read::{self, Place};
use ramanujan_egraph::rules::{RULES, Refused, Selection};
use ramanujan_egraph::saturate::{self, Limits};
use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, Illegal};
use ramanujan_shell::{Info, Request, Response, Service, ok, setting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Longest and default time of a saturation in ms where `SATURATION_TIMEOUT_MS` is not set.
const DEFAULT_TIMEOUT_MS: u64 = 5_000;
const DEFAULT_ITERATIONS: u64 = 100;
const MAX_ITERATIONS: u64 = 1_000;
/// Nodes of the graph where a request does not say: a history of 64 merged operations needs 44,000.
const DEFAULT_NODES: usize = 50_000;
/// Most nodes that a request may ask for where `MAX_NODES` is not set: about 60 MB.
const DEFAULT_MAX_NODES: usize = 100_000;
/// Most entries in `rules`.
const MAX_RULES: usize = 100;

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "egraph-service",
        message: "E-graph operation received",
        base: "/egraph",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .post("/egraph/saturate", async |request| saturate(&request))
    .get("/egraph/rules", async |_| rules())
    .post("/egraph/verify", async |_| Err(unbuilt("verify")))
    .post("/egraph/merge", async |_| Err(unbuilt("merge")))
    .post("/egraph/explain", async |_| Err(unbuilt("explain")))
}

fn unbuilt(operation: &str) -> Problem {
    Problem::not_implemented(format!("{operation} is not built yet; POST /egraph/saturate is"))
}

fn constants() -> Map<String, Value> {
    let gadgets = gadgets().unwrap_or_default();
    let gadgets: Vec<Value> = gadgets.iter().map(|g| g.as_str().to_ascii_lowercase().into()).collect();
    let mut members = Map::new();
    members.insert("service".into(), "E-Graph Saturation".into());
    members.insert("gadgets_enabled".into(), gadgets.into());
    // Classes are coloured, and unions that bring RED next to BLUE are made all the same.
    members.insert("constraint_enforcement".into(), "none".into());
    members
}

/// The gadgets that `GADGETS_ENABLED` names; all where it is not set.
fn gadgets() -> Result<Vec<Color>, Problem> {
    let Some(text) = setting::text("GADGETS_ENABLED") else {
        return Ok(Color::ALL.to_vec());
    };
    let parse = |word: &str| {
        word.trim().parse::<Color>().map_err(|error| {
            let detail = format!("the setting GADGETS_ENABLED={text:?} is not usable: {error}");
            Problem::new(500, "invalid-setting", detail)
        })
    };
    text.split(',').map(parse).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaturateRequest {
    #[serde(default)]
    operation: Option<String>,
    expression: Value,
    #[serde(default)]
    rules: Option<Vec<String>>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    max_iterations: Option<u64>,
    #[serde(default)]
    max_nodes: Option<usize>,
    #[serde(default)]
    cost: Option<Value>,
}

#[derive(Serialize)]
struct SaturateReply {
    operation: &'static str,
    canonical_form: String,
    color: Color,
    equivalence_classes: usize,
    rewrites_applied: Map<String, Value>,
    saturation_iterations: u64,
    stop_reason: &'static str,
    cost: u64,
    input_cost: u64,
    nodes: usize,
    classes: usize,
    verified: bool,
    cached: bool,
}

fn saturate(request: &Request) -> Result<Response, Problem> {
    let started = Instant::now();
    let SaturateRequest { operation, expression, rules, timeout_ms, max_iterations, max_nodes, cost } =
        request.json()?;
    match operation.as_deref() {
        None | Some("saturate") => {}
        Some(other @ ("verify" | "merge")) => return Err(unbuilt(other)),
        Some(_) => {
            let detail = "operation must be saturate (or verify, merge, which are not built yet)";
            return Err(Problem::invalid("invalid-operation", detail));
        }
    }
    let gadgets = gadgets()?;
    let longest = setting::number("SATURATION_TIMEOUT_MS", DEFAULT_TIMEOUT_MS)?;
    let time = Duration::from_millis(within("timeout_ms", timeout_ms, longest, longest)?);
    let most_nodes = setting::number("MAX_NODES", DEFAULT_MAX_NODES)?;
    let limits = Limits {
        iterations: within("max_iterations", max_iterations, DEFAULT_ITERATIONS, MAX_ITERATIONS)?,
        nodes: within("max_nodes", max_nodes, DEFAULT_NODES.min(most_nodes), most_nodes)?,
    };
    let cost = read_cost(cost.as_ref())?;
    let selection = select(rules.as_deref(), &gadgets)?;
    let max_depth = setting::number("MAX_TERM_DEPTH", DEFAULT_MAX_DEPTH)?;

    let mut names = Names::default();
    let term = read::expression(&mut names, &expression, max_depth).map_err(|error| {
        let problem = Problem::invalid("invalid-expression", error.to_string());
        match &error.place {
            Place::Position(position) => problem.with("position", *position),
            Place::Path(path) => problem.with("path", format!("expression{path}")),
        }
    })?;
    let rewrites = selection.rewrites(&mut names);
    let mut egraph = graph::empty(&names);
    let lost = || Problem::new(500, "extraction", "the graph lost the expression");
    let root = graph::add(&mut egraph, &term).ok_or_else(lost)?;
    egraph.rebuild();
    let given = egraph.total_number_of_nodes();
    if given > limits.nodes {
        let detail = format!("the expression has {given} different nodes and max_nodes is {}", limits.nodes);
        return Err(Problem::invalid("too-many-nodes", detail));
    }
    let run = saturate::run(&mut egraph, &rewrites, limits, &mut || started.elapsed() >= time);
    let too_large =
        |Illegal(reason)| Problem::invalid("result-too-large", format!("of the cheapest term: {reason}"));
    let (best, best_cost) = extract(&egraph, &names, root, cost).ok_or_else(lost)?.map_err(too_large)?;
    best.check(u64::MAX).map_err(too_large)?;
    let canonical_form = best.print(&names);
    // The reply is checked as its reader gets it: read again, is it in the class of what was asked?
    let (nodes, classes, color) =
        (egraph.total_number_of_nodes(), egraph.number_of_classes(), egraph[egraph.find(root)].data.color);
    let mut others = Names::default();
    let output = read::s_expression(&mut others, &canonical_form, u64::MAX).ok();
    let output = output.and_then(|read| graph::find(&egraph, &read, |name| names.get(others.text(name))));
    let verified = output.is_some() && output == graph::find(&egraph, &term, Some);

    let mut rewrites_applied = Map::new();
    for (rule, count) in RULES.iter().zip(run.applied) {
        if selection.names().contains(&rule.name) {
            rewrites_applied.insert(rule.name.to_owned(), count.into());
        }
    }
    ok(&SaturateReply {
        operation: "saturate",
        canonical_form,
        color,
        equivalence_classes: classes,
        rewrites_applied,
        saturation_iterations: run.iterations,
        stop_reason: run.stop_reason.as_str(),
        cost: best_cost,
        input_cost: cost.of_term(&names, &term),
        nodes,
        classes,
        verified,
        cached: false,
    })
}

/// A number of a request: from 1 to `most`, `default` where it is not given.
fn within<T: PartialOrd + From<u8> + std::fmt::Display>(
    name: &str,
    given: Option<T>,
    default: T,
    most: T,
) -> Result<T, Problem> {
    match given {
        None => Ok(default),
        Some(value) if value >= T::from(1) && value <= most => Ok(value),
        Some(_) => Err(Problem::invalid("invalid-limit", format!("{name} must be 1 to {most}"))),
    }
}

fn read_cost(cost: Option<&Value>) -> Result<Cost, Problem> {
    let invalid = || {
        let detail = format!(
            "cost must be \"ast-size\", \"ast-depth\" or an object with the weights red, blue, green, \
             each 1 to {MAX_WEIGHT} (1 where left out)"
        );
        Problem::invalid("invalid-cost", detail)
    };
    match cost {
        None | Some(Value::Null) => Ok(Cost::AST_SIZE),
        Some(Value::String(name)) if name == "ast-size" => Ok(Cost::AST_SIZE),
        Some(Value::String(name)) if name == "ast-depth" => Ok(Cost::Depth),
        Some(Value::Object(weights)) => {
            if weights.keys().any(|key| !matches!(key.as_str(), "red" | "blue" | "green")) {
                return Err(invalid());
            }
            let weight = |name: &str| match weights.get(name) {
                None => Ok(1),
                Some(value) => {
                    value.as_u64().filter(|weight| (1..=MAX_WEIGHT).contains(weight)).ok_or_else(invalid)
                }
            };
            Ok(Cost::Size { red: weight("red")?, blue: weight("blue")?, green: weight("green")? })
        }
        Some(_) => Err(invalid()),
    }
}

fn select(rules: Option<&[String]>, gadgets: &[Color]) -> Result<Selection, Problem> {
    let Some(rules) = rules else {
        return Ok(Selection::all(gadgets));
    };
    if rules.len() > MAX_RULES {
        return Err(Problem::invalid(
            "too-many-rules",
            format!("rules may hold at most {MAX_RULES} entries"),
        ));
    }
    Selection::of(rules, gadgets).map_err(|refused| {
        let code = match refused {
            Refused::Unknown(_) | Refused::UnknownOperator(_) => "unknown-rule",
            Refused::LawMissing { .. } => "law-missing",
            Refused::GadgetDisabled { .. } => "gadget-disabled",
        };
        Problem::invalid(code, refused.to_string())
    })
}

fn rules() -> Result<Response, Problem> {
    let gadgets = gadgets()?;
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            let equations: Vec<Value> = rule
                .operators()
                .flat_map(|op| rule.equations(op).into_iter().map(move |pair| (op.symbol, pair)))
                .map(|(symbol, (left, right))| json!({"operator": symbol, "left": left, "right": right}))
                .collect();
            json!({
                "name": rule.name,
                "aliases": rule.aliases,
                "gadget": rule.gadget,
                "color": rule.gadget,
                "priority": rule.priority,
                "law": rule.law.as_str(),
                "enabled": gadgets.contains(&rule.gadget),
                "equations": equations,
            })
        })
        .collect();
    let operators: Vec<Value> = OPERATORS
        .iter()
        .map(|op| {
            json!({
                "symbol": op.symbol,
                "arity": op.arity,
                "color": op.color,
                "laws": op.laws.iter().map(|law| law.as_str()).collect::<Vec<_>>(),
                "identity": op.identity,
                "inverse": op.inverse,
                "distributes_over": op.distributes_over,
                "meaning": op.meaning,
            })
        })
        .collect();
    ok(&json!({ "rules": rules, "operators": operators }))
}
