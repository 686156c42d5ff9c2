//! `POST /egraph/merge` and `GET /egraph/graphs/{graph}`: sets of facts joined, stored, and what follows from them.

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::facts::{Fact, Facts};
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{allowed, check_operation, most};
use crate::bounds;
#[cfg(not(target_family = "wasm"))]
use crate::entries::MAX_OPERATORS;
use crate::entries::{Names, OperatorEntry};
use crate::settings::{MAX_GRAPH_FACTS, MAX_GRAPHS};
use crate::shared::{self, FactEntry};
use crate::store::facts;
use crate::theory::Theory;

/// Facts of a page where the request does not say.
const DEFAULT_PAGE: u64 = 100;

#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRequest {
    /// The name of the route, if it is given.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["merge", null])))]
    operation: Option<String>,
    /// The name under which the facts are stored; without it nothing is.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,128}$")))]
    graph: Option<String>,
    /// Sets of facts, together at most 1000 facts.
    #[serde(default)]
    graphs: Vec<Vec<FactEntry>>,
    /// The languages whose operators are declared; all of them where it is left out.
    #[serde(default)]
    language: Option<Names>,
    /// Operators that the request declares besides. They are not stored with the facts.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_OPERATORS)))]
    operators: Vec<OperatorEntry>,
    /// Most nodes of the graph, up to `MAX_NODES` (100000).
    #[serde(default)]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(range(min = 1), extend("default" = bounds::DEFAULT_NODES))
    )]
    max_nodes: Option<usize>,
    /// `block` where it is left out.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::ColorMode>"))]
    color_mode: Option<String>,
}

pub(crate) async fn merge(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let MergeRequest { operation, graph, graphs, language, operators, max_nodes, color_mode } =
        request.json()?;
    check_operation(operation.as_deref(), "merge")?;
    let mode = bounds::mode(color_mode.as_deref())?;
    let limits = bounds::limits(None, max_nodes, most()?.nodes)?;
    let mut theory = Theory::read(language, operators, Some(Vec::new()), &allowed()?)?;
    let given = shared::read(&mut theory, graphs)?;
    let stored = match &graph {
        Some(name) => facts::load(check_name(name)?)?,
        None => Facts::default(),
    };
    let new: Vec<&Fact> = given.iter().filter(|fact| !stored.contains(fact)).collect();
    let added = new.len();
    // What would not fit, or has RED next to BLUE, is refused before it is stored.
    let mut reply = shared::describe(theory, &stored.clone().join(given.clone()), limits, mode)?;
    if let Some(name) = &graph {
        facts::insert(name, &new, MAX_GRAPH_FACTS.read()?, MAX_GRAPHS.read()?)?;
        reply.insert("graph".into(), name.as_str().into());
    }
    reply.insert("added".into(), added.into());
    reply.insert("operation".into(), "merge".into());
    ok(&reply)
}

/// `GET /egraph/graphs/{graph}?limit=&cursor=`: its facts, by content address.
pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let name = check_name(request.param("graph"))?;
    let after = query.get("cursor").unwrap_or_default();
    let page = facts::page(name, after, pager)?;
    if page.items.is_empty() && after.is_empty() {
        let detail = format!("no facts are stored for the graph {name}");
        return Err(Problem::new(Code::NoSuchGraph, detail));
    }
    let next = page.next(|last| last.digest.clone());
    let listed = page.items.iter().map(|fact| {
        if fact.left == fact.right {
            json!({"term": fact.left})
        } else {
            json!({"left": fact.left, "right": fact.right})
        }
    });
    ok(&json!({"graph": name, "facts": listed.collect::<Vec<Value>>(), "next_cursor": next}))
}

fn check_name(name: &str) -> Result<&str, Problem> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=128).contains(&name.len()) && name.bytes().all(legal) {
        return Ok(name);
    }
    Err(Problem::new(Code::InvalidGraph, "a graph's name is 1 to 128 of A-Z a-z 0-9 . _ -"))
}
