//! `/agents/topology` and `/agents/route`: the shape of the network and where a document's operations go.

use ramanujan_core::{Code, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde_json::json;

use crate::routing;
use crate::settings::Context;
use crate::store::Database;
use crate::topology::{Kind, Report};

pub(crate) async fn topology(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["kind", "n"])?;
    let kind = match query.parse::<Kind>("kind")? {
        Some(kind) => kind,
        None => context.settings()?.topology,
    };
    let n = match query.parse::<usize>("n")? {
        Some(n) => n,
        None => {
            let vertices = Database::open()?.greatest_vertex()?.map_or(0, |vertex| vertex + 1);
            kind.size_for(vertices)
        }
    };
    let report = Report::compute(kind, n).map_err(|error| {
        Problem::new(Code::UnsupportedSize, error.to_string()).with("sizes", kind.sizes())
    })?;
    ok(&report)
}

pub(crate) async fn route(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["document_id", "operation"])?;
    let missing = |name: &str| Problem::new(Code::MissingParameter, format!("give {name}=…"));
    let document: DocumentId = query.parse("document_id")?.ok_or_else(|| missing("document_id"))?;
    let operation = query.get("operation").ok_or_else(|| missing("operation"))?;
    let polarity = routing::polarity_of(operation).ok_or_else(|| {
        let known: Vec<&str> = routing::operations().collect();
        let cut: String = operation.chars().take(40).collect();
        let detail = format!("{cut:?} is no operation; known: {}", known.join(", "));
        Problem::new(Code::UnknownOperation, detail).with("allowed", known)
    })?;
    let settings = context.settings()?;
    let database = Database::open()?;
    let since = context.now().saturating_sub(settings.health_timeout);
    let active = database.active_names(polarity, since)?;
    let Some(chosen) = routing::choose(document.as_str(), active.iter().map(String::as_str)) else {
        let detail = format!(
            "no {polarity} agent is active; one becomes so by POST /agents/register or a heartbeat within {} ms",
            settings.health_timeout
        );
        return Err(Problem::new(Code::NoActiveAgent, detail).with("polarity", polarity.as_str()));
    };
    // It may have left in the meantime; the choice among those seen stands.
    let agent = database.agent(chosen)?;
    ok(&json!({
        "document_id": document,
        "operation": operation,
        "agent_id": chosen,
        "mathematician": agent.as_ref().and_then(|agent| agent.mathematician.clone()),
        "agent_address": agent.as_ref().and_then(|agent| agent.address.clone()),
        "polarity": polarity,
        "color": polarity.color(),
        "trit_address": routing::trit_address(document.as_str()),
        "score": format!("{:016x}", routing::score(document.as_str(), chosen)),
        "candidates": active,
    }))
}
