//! `POST /crdt/apply`: one operation, an array of them, lines of them, or encoded deltas.

use ramanujan_core::{Code, Problem, json};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::negotiate::{DELTA_TYPE, LINES_TYPE};
use super::stored::{Applied, Tally, store};
use super::{encoded, lines};
use crate::settings::MAX_BATCH;

#[derive(Serialize)]
struct BatchReply<'a> {
    results: Vec<Applied<'a>>,
    #[serde(flatten)]
    tally: Tally,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let media_type =
        request.header("content-type")?.and_then(|value| value.split(';').next()).unwrap_or_default();
    match media_type.trim() {
        LINES_TYPE | "application/jsonl" => return lines::post(&request),
        DELTA_TYPE => return encoded::apply(&request),
        _ => {}
    }
    request.query().only(&[])?;
    let (requests, is_batch) = json::one_or_many::<OperationRequest>(&request.body)?;
    if requests.is_empty() {
        return Err(Problem::new(Code::EmptyBatch, "the batch holds no operation"));
    }
    check_size(requests.len())?;
    let key = request.idempotency_key()?;
    let blame = |index, problem: Problem| if is_batch { problem.with("index", index) } else { problem };
    let done = store(requests, key, blame)?;
    let results: Vec<_> = done.iter().map(Applied::of).collect();
    if is_batch {
        let mut tally = Tally::default();
        results.iter().for_each(|result| tally.count(result.duplicate));
        return ok(&BatchReply { results, tally });
    }
    match results.first() {
        Some(single) => ok(single),
        None => Err(Problem::new(Code::NoResult, "the operation left no result")),
    }
}

fn check_size(operations: usize) -> Result<(), Problem> {
    let limit = MAX_BATCH.read()?.max(1);
    if operations > limit {
        let detail = format!("{operations} operations in one batch; the limit is {limit}");
        return Err(Problem::new(Code::BatchTooLarge, detail).with("limit", limit));
    }
    Ok(())
}
