//! `GET /timeline/convergence?document=`: which agents have seen what of a document.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Value, json};

use crate::convergence::Convergence;
use crate::routes::query::DEFAULT_LIMIT;
use crate::store::{causal, replicas};

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let pager = query.only(&["document", "limit", "cursor"])?.pager(DEFAULT_LIMIT)?;
    let document: DocumentId = query
        .parse("document")?
        .ok_or_else(|| Problem::new(Code::MissingParameter, "give document=…: of which one?"))?;
    let (store, reach) = causal::open()?;
    let replicas = replicas::replicas(&store, &document)?;
    if replicas.is_empty() {
        let detail = format!("no event on {document} has a clock and a fingerprint");
        return Err(Problem::new(Code::NoSuchDocument, detail));
    }
    let Convergence { outcome, join, up_to_date, fingerprints } = Convergence::of(&replicas);
    let after = query.get("cursor").unwrap_or_default();
    let rest = replicas.iter().filter(|replica| replica.agent.as_str() > after);
    let page = pager.cut(rest.take(usize::try_from(pager.fetch()).unwrap_or(usize::MAX)).collect());
    let next_cursor = page.next(|replica| replica.agent.clone());
    let agents: Vec<Value> = page
        .items
        .into_iter()
        .map(|replica| {
            json!({
                "agent_id": replica.agent,
                "up_to_date": replica.clock == join,
                "behind": join.total() - replica.clock.total(),
                "vector_clock": replica.clock,
                "fingerprint": replica.fingerprint,
                "seq": replica.seq,
                "timestamp": format_rfc3339(replica.timestamp),
            })
        })
        .collect();
    ok(&json!({
        "document_id": document,
        "convergence": outcome,
        "agents_total": replicas.len(),
        "up_to_date": up_to_date,
        "vector_clock": join,
        "fingerprints": fingerprints,
        "agents": agents,
        "indexed_until": reach.indexed_until,
        "last_seq": reach.last_seq,
        "next_cursor": next_cursor,
    }))
}
