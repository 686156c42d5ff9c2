//! `POST /sync/rollback`: documents show again what they showed. Operations are appended that lead there; nothing is erased,
//! and peers get them as they get any others. With a peer as the target, histories that have parted fit together again
//! (`mend`).

use http::Method;
use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, MAX_SAFE_INTEGER, Problem};
use ramanujan_shell::fetch::{call, pass_on, read_reply};
use ramanujan_shell::{Request, Response};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Look, Question};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{SyncRequest, invalid};
use super::mend;
use super::neighbours::{self, CRDT_SERVICE};
use super::pages::{self, Documents};
use super::rolled::{RolledBack, reply};
use crate::settings::{self, MAX_LATENCY_MS};
use crate::sites::event;
use crate::sites::ledger::Budget;
use crate::sites::operations;
use crate::store::due::{self, Due};

#[derive(Deserialize)]
struct Recovered {
    #[serde(default)]
    operation_ids: Vec<Dot>,
    value_digest: Digest,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let wanted: SyncRequest = request.json()?;
    run(wanted).await
}

pub(super) async fn run(wanted: SyncRequest) -> Result<Response, Problem> {
    if let Some(peer) = wanted.target.clone().filter(|target| target != "local") {
        return mend::run(&peer, wanted).await;
    }
    let (Some(at), Some(agent)) = (&wanted.at, &wanted.agent_id) else {
        return Err(invalid(
            "rollback needs at, a log position, an RFC 3339 time, heads or a version vector, and agent_id, in whose \
             name operations are appended",
        ));
    };
    if wanted.recompute.is_some() {
        return Err(invalid("recompute belongs to verify"));
    }
    if wanted.documents.is_none() && !(at.is_u64() || at.is_string()) {
        return Err(invalid(
            "heads and version vectors are of one document: name documents, or give a position or a time",
        ));
    }
    let limit = pages::limit(&wanted)?;
    let place = pages::place(wanted.cursor.as_deref())?;
    let budget = Budget::of(MAX_LATENCY_MS.read()?);
    let own = settings::engine()?.site;
    let Documents { documents, mut next } = match &wanted.documents {
        Some(named) => pages::of_named(named, place, limit),
        None => pages::of_all(&Shared::default(), place, limit).await?,
    };
    let mut done = Vec::new();
    for (document, after) in documents {
        done.push(one(own.as_str(), &document, at, agent).await?);
        // At least one, whatever the budget is.
        if budget.is_over() {
            next = after;
            break;
        }
    }
    let detail = json!({"at": at, "agent_id": agent});
    reply(done, next, None, detail, &budget)
}

/// The operations that the agent would append: all past those it has.
async fn announced(document: &DocumentId, agent: &AgentId) -> Result<Option<Due>, Problem> {
    let look = Look { document: document.clone(), agents: vec![agent.clone()], dots: Vec::new() };
    let Answer::Seen(seen) = neighbours::answer(&Question::Look(vec![look])).await? else {
        return Err(Problem::new(Code::ComponentReply, "crdt-service answers another question"));
    };
    let held = seen.first().and_then(|seen| seen.held.first()).copied().unwrap_or(0);
    let ranges = vec![Range::new(agent.clone(), held + 1, MAX_SAFE_INTEGER)];
    let due = operations::Due { document_id: document.clone(), ranges };
    Ok((held < MAX_SAFE_INTEGER).then_some(Due::Operations(due)))
}

async fn one(own: &str, document: &DocumentId, at: &Value, agent: &AgentId) -> Result<RolledBack, Problem> {
    let body = serde_json::to_vec(&json!({"at": at, "restore": true, "agent_id": agent}))?;
    let path = format!("/crdt/{document}/recover");
    // Written down before anything is appended, so that a call that is cut off is made up for; what is not there in a minute
    // was never stored.
    let announced = due::insert(announced(document, agent).await?.into_iter().collect())?;
    let announced: Vec<u64> = announced.iter().map(|row| row.id).collect();
    let reply = call(CRDT_SERVICE, Method::POST, &path, body).await?;
    let left = |code: String, detail: String| RolledBack {
        document_id: document.clone(),
        operation_ids: Vec::new(),
        value_digest: None,
        withdrawn: None,
        open: None,
        code: Some(code),
        detail: Some(detail),
    };
    if !reply.status().is_success() {
        let problem = pass_on(CRDT_SERVICE, &reply);
        if problem.status >= 500 && problem.status != 501 {
            return Err(problem);
        }
        due::delete(&announced)?;
        let code = problem.extra.get("code").and_then(Value::as_str).unwrap_or(problem.code.as_str());
        return Ok(left(code.to_owned(), problem.detail.clone()));
    }
    let recovered: Recovered = read_reply(CRDT_SERVICE, &reply)
        .map_err(|problem| Problem::new(Code::ComponentReply, problem.detail))?;
    if !recovered.operation_ids.is_empty() {
        let dots = recovered.operation_ids.iter().cloned();
        let events = vec![
            Due::Operations(operations::Due::of(document.clone(), dots)),
            Due::Event(event::rolled_back(own, document, agent.as_str(), &recovered.operation_ids)),
        ];
        neighbours::tell(&due::insert(events)?).await;
    }
    due::delete(&announced)?;
    Ok(RolledBack {
        document_id: document.clone(),
        operation_ids: recovered.operation_ids,
        value_digest: Some(recovered.value_digest),
        withdrawn: None,
        open: None,
        code: None,
        detail: None,
    })
}
