//! `POST /crdt/apply`: one operation, an array of them, lines of them, or deltas, encoded or as a page of them.

use ramanujan_core::{Code, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::negotiate::{DELTA_TYPE, LINES_TYPE};
use super::page::DeltaPage;
use super::stored::{Applied, Tally, store};
use super::{encoded, lines, posted};
use crate::memo::tier1;
use crate::settings::MAX_BATCH;

/// What became of the operations of an array, in their order.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "AppliedBatch"))]
pub(crate) struct BatchReply<'a> {
    /// What became of each.
    results: Vec<Applied<'a>>,
    #[serde(flatten)]
    tally: Tally,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let media_type =
        request.header("content-type")?.and_then(|value| value.split(';').next()).unwrap_or_default();
    let query = request.query();
    query.only(&["document", "causes"])?;
    let document: Option<DocumentId> = query.parse("document")?;
    let causes = query.parse::<usize>("causes")?;
    let for_operations = || {
        let detail = "causes is for one operation or an array of them; leave it out";
        Problem::new(Code::InvalidParameter, detail)
    };
    tier1::make_room_for(request.body.len());
    match media_type.trim() {
        LINES_TYPE | "application/jsonl" | DELTA_TYPE if causes.is_some() => return Err(for_operations()),
        LINES_TYPE | "application/jsonl" => return lines::post(&request, document.as_ref()),
        DELTA_TYPE => return encoded::apply(&request, document),
        _ => {}
    }
    if let Some(page) = DeltaPage::of(&request.body)? {
        if causes.is_some() {
            return Err(for_operations());
        }
        if document.is_some_and(|document| document != *page.document()) {
            let detail = format!("the page is of {}, by its document_id", page.document());
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
        check_size(page.len())?;
        return page.apply();
    }
    let (operations, is_batch) = posted::read(&request.body, document.as_ref())?;
    if operations.is_empty() {
        return Err(Problem::new(Code::EmptyBatch, "the batch holds no operation"));
    }
    check_size(operations.len())?;
    let key = request.idempotency_key()?;
    let blame = |index, problem: Problem| if is_batch { problem.with("index", index) } else { problem };
    let done = store(operations, key, causes.unwrap_or(0), blame)?;
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
