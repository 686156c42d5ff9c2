//! `/agent/{id}/egraph`: the agent's latest operations as one term, and what equality saturation makes of it.
//!
//! The operations are read from the timeline, the canonical form comes from egraph-service; nothing is kept but the
//! size of the graph. If either refuses, its problem is the reply.

use http::Method;
use ramanujan_core::Problem;
use ramanujan_shell::history::TIMELINE;
use ramanujan_shell::{Request, Response, call_json, ok};
use serde::Deserialize;
use serde_json::{Value, json};

use super::path_agent;
use crate::agent::number_or_name;
use crate::settings::Context;
use crate::store::Database;
use crate::terms::{self, Operation};

/// Operations in a term unless asked otherwise.
const DEFAULT_OPERATIONS: u64 = 16;

/// Most operations in a term. Associativity leaves n³/6 nodes of n operations, but many times as many on the way
/// there: with more than these the default node limit of egraph-service stops it before the form is canonical.
const MAX_OPERATIONS: u64 = 20;

#[derive(Deserialize)]
struct Page {
    events: Vec<Value>,
    #[serde(default)]
    next_cursor: Option<Value>,
}

pub(crate) async fn egraph(_: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_OPERATIONS, MAX_OPERATIONS)?;
    let before = query.parse::<u64>("cursor")?;
    let agent = Database::open()?.known_agent(path_agent(&request)?.as_str())?.agent_id;

    // Every character of an agent's name may stand in a query as it is.
    let mut target = format!("/timeline/query?agent={agent}&type=operation&order=newest&limit={limit}");
    if let Some(before) = before {
        target.push_str(&format!("&cursor={before}"));
    }
    let page: Page = call_json(TIMELINE, Method::GET, &target, None::<&Value>).await?;
    let mut operations: Vec<Operation> =
        page.events.iter().filter_map(|event| Operation::of_event(&agent, event)).collect();
    operations.reverse();

    let term = terms::join(operations.iter().map(|operation| operation.term.as_str()));
    let saturated: Option<Value> = match &term {
        None => None,
        Some(term) => {
            let body = json!({"operation": "saturate", "expression": term, "rules": terms::RULES, "color_mode": "report"});
            Some(call_json("egraph-service", Method::POST, "/egraph/saturate", Some(&body)).await?)
        }
    };
    let member = |name: &str| saturated.as_ref().and_then(|reply| reply.get(name)).cloned();
    let nodes = member("nodes").and_then(|nodes| nodes.as_u64()).unwrap_or(0);
    if before.is_none() {
        Database::open()?.remember_egraph(&agent, nodes)?;
    }
    ok(&json!({
        "agent_id": number_or_name(&agent),
        "operations": operations,
        "term": term,
        "rules": terms::RULES,
        "canonical_form": member("canonical_form"),
        "color": member("color"),
        "egraph_nodes": nodes,
        "egraph_classes": member("classes"),
        "cost": member("cost"),
        "stop_reason": member("stop_reason"),
        "saturation_iterations": member("saturation_iterations"),
        "rewrites_applied": member("rewrites_applied"),
        "verified": member("verified"),
        "next_cursor": page.next_cursor,
    }))
}
