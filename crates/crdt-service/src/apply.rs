//! `POST /crdt/apply`: checks operations against their parents' version and stores them, all or none.
//!
//! Everything a check relies on is immutable, so the only races are two writers taking one dot or one key, or giving
//! one document two types. The INSERT stores nothing if any of these holds, and the whole check is done again.

mod check;
mod insert;
mod known;
mod lines;
mod resolve;

use ramanujan_core::{Code, Digest, Dot, Fingerprint, Problem, VectorClock, json};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_crdt::{CrdtType, Delta};
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Serialize;

use crate::negotiate::DELTA_TYPE;
use crate::row::SCHEMA;
use crate::{deleted, encoded, snapshot};
pub(crate) use check::Checked;

/// Most operations in one request where `MAX_BATCH` is not set.
const DEFAULT_MAX_BATCH: usize = 1000;

/// How often a check is done again after losing a race: every round at least one other writer has succeeded.
const MAX_ROUNDS: usize = 200;

/// What the reply says of one operation.
#[derive(Serialize)]
struct Applied<'a> {
    operation_id: &'a Dot,
    document_id: &'a str,
    agent_id: &'a str,
    seq: u64,
    crdt_type: CrdtType,
    operation: &'static str,
    parents: &'a [Dot],
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    digest: Digest,
    fingerprint: Fingerprint,
    vector_clock: &'a VectorClock,
    duplicate: bool,
    cached: bool,
}

#[derive(Serialize)]
struct BatchReply<'a> {
    results: Vec<Applied<'a>>,
    applied: usize,
    duplicates: usize,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let media_type =
        request.header("content-type")?.and_then(|value| value.split(';').next()).unwrap_or_default();
    match media_type.trim() {
        "application/x-ndjson" | "application/jsonl" => return lines::post(&request),
        DELTA_TYPE => return encoded::apply(&request),
        _ => {}
    }
    request.query().only(&[])?;
    let (requests, is_batch) = json::one_or_many::<OperationRequest>(&request.body)?;
    if requests.is_empty() {
        return Err(Problem::new(Code::EmptyBatch, "the batch holds no operation"));
    }
    check_size(requests.len())?;
    let key = request.idempotency_key()?.map(str::to_owned);
    let done = apply(&requests, key.as_deref()).map_err(|(index, problem)| match index {
        Some(index) if is_batch => problem.with("index", index),
        _ => problem,
    })?;
    let results: Vec<Applied<'_>> =
        requests.iter().zip(&done).map(|(r, checked)| report(r, checked)).collect();
    if is_batch {
        let duplicates = results.iter().filter(|result| result.duplicate).count();
        return ok(&BatchReply { applied: results.len() - duplicates, duplicates, results });
    }
    match results.first() {
        Some(single) => ok(single),
        None => Err(Problem::new(Code::NoResult, "the operation left no result")),
    }
}

pub(crate) fn max_batch() -> Result<usize, Problem> {
    Ok(setting::number("MAX_BATCH", DEFAULT_MAX_BATCH)?.max(1))
}

fn check_size(operations: usize) -> Result<(), Problem> {
    let limit = max_batch()?;
    if operations > limit {
        let detail = format!("{operations} operations in one batch; the limit is {limit}");
        return Err(Problem::new(Code::BatchTooLarge, detail).with("limit", limit));
    }
    Ok(())
}

fn report<'a>(request: &'a OperationRequest, checked: &'a Checked) -> Applied<'a> {
    let Delta { dot, parents, op } = &checked.delta;
    Applied {
        operation_id: dot,
        document_id: request.document_id.as_str(),
        agent_id: dot.agent.as_str(),
        seq: dot.seq,
        crdt_type: op.crdt_type(),
        operation: op.name(),
        parents,
        length: (op.crdt_type() == CrdtType::Text).then_some(checked.size),
        digest: checked.digest,
        fingerprint: Fingerprint::of(checked.digest.as_bytes()),
        vector_clock: &checked.clock,
        duplicate: checked.duplicate,
        cached: false,
    }
}

/// A problem, with the index of the operation that it is about.
pub(crate) type Indexed = (Option<usize>, Problem);

/// Checks and stores operations, all or none.
pub(crate) fn apply(requests: &[OperationRequest], key: Option<&str>) -> Result<Vec<Checked>, Indexed> {
    let mut wanted = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        if request.polarity.is_some() {
            let detail = "polarity belongs to the streams; crdt-service takes operations of every colour";
            return Err((Some(index), Problem::new(Code::InvalidOperation, detail)));
        }
        wanted.push(request.wanted(None).map_err(|problem| (Some(index), problem))?);
    }
    let whole = |problem| (None, problem);
    let store = Store::open(SCHEMA).map_err(whole)?;
    for round in 0..MAX_ROUNDS {
        let checked = check::batch(&store, requests, &wanted, key, round > 0)?;
        if insert::all_new(&store, requests, &checked, key).map_err(whole)? {
            snapshot::ask_for(&store, requests, &checked);
            return Ok(checked);
        }
        for (index, request) in requests.iter().enumerate() {
            deleted::check(&store, &request.document_id).map_err(|problem| (Some(index), problem))?;
        }
    }
    Err((None, Problem::new(Code::TooMuchContention, "other writers were quicker every time: try again")))
}
