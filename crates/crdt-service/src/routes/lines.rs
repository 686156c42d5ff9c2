//! `POST /crdt/apply` with newline-delimited JSON: any number of operations or deltas, stored in batches.
//!
//! Each batch is stored whole or not at all; the first that is refused ends the stream. The reply has a line for each
//! stored operation, then one that says how far it got. It ends early, after a batch, when it is longer than a page.

use ramanujan_core::{Code, DocumentId, Problem};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response};
use serde::Serialize;

use super::negotiate::LINES_TYPE;
use super::posted;
use super::stored::{self, Applied, Tally};
use crate::settings::{MAX_BATCH, MAX_PAGE_BYTES};

#[derive(Serialize)]
struct End {
    status: &'static str,
    #[serde(flatten)]
    tally: Tally,
}

pub(super) fn post(request: &Request, document: Option<&DocumentId>) -> Result<Response, Problem> {
    let key = request.idempotency_key()?;
    let blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
    let mut lines =
        request.body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !blank(line)).peekable();
    if lines.peek().is_none() {
        return Err(Problem::new(Code::EmptyBatch, "the stream holds no operation"));
    }
    let limit = MAX_BATCH.read()?.max(1);
    let most = usize::try_from(MAX_PAGE_BYTES.read()?).unwrap_or(usize::MAX);
    let mut tally = Tally::default();
    let mut out = Vec::new();
    while lines.peek().is_some() {
        if out.len() > most
            && let Some((next, _)) = lines.peek()
        {
            let detail = "the reply is as long as a page may be: send the lines from next_line on again";
            let problem = Problem::new(Code::ReplyFull, detail).with("next_line", next + 1);
            return ended(out, problem, tally);
        }
        let batch: Vec<(usize, &[u8])> = lines.by_ref().take(limit).collect();
        let key = key.map(|key| format!("{key}@{}", batch[0].0));
        if let Err(problem) = store(&batch, document, key.as_deref(), &mut tally, &mut out) {
            if out.is_empty() {
                return Err(problem);
            }
            return ended(out, problem, tally);
        }
    }
    put(&mut out, &End { status: "ok", tally })?;
    Ok(typed(LINES_TYPE, out))
}

/// Lines before are stored and said so; the status line is long gone.
fn ended(mut out: Vec<u8>, problem: Problem, tally: Tally) -> Result<Response, Problem> {
    let problem = problem.with("applied", tally.applied).with("duplicates", tally.duplicates);
    put(&mut out, &problem.to_json())?;
    Ok(typed(LINES_TYPE, out))
}

fn store(
    batch: &[(usize, &[u8])],
    document: Option<&DocumentId>,
    key: Option<&str>,
    tally: &mut Tally,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let at = |index: usize, problem: Problem| problem.with("line", batch.get(index).map_or(0, |b| b.0) + 1);
    let mut operations = Vec::with_capacity(batch.len());
    for (index, (_, line)) in batch.iter().enumerate() {
        let read = posted::read(line, document);
        match read.map_err(|problem| at(index, problem))? {
            (mut one, false) => operations.extend(one.pop()),
            (_, true) => {
                let detail = "a line holds one operation, not an array";
                return Err(at(index, Problem::new(Code::InvalidOperation, detail)));
            }
        }
    }
    for done in &stored::store(operations, key, 0, at)? {
        tally.count(done.1.duplicate);
        put(out, &Applied::of(done))?;
    }
    Ok(())
}

fn put<T: Serialize>(out: &mut Vec<u8>, line: &T) -> Result<(), Problem> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}
