//! `POST /crdt/apply` with newline-delimited JSON: any number of operations, stored in batches.
//!
//! Each batch is stored whole or not at all; the first that is refused ends the stream. The reply has a line for each
//! stored operation, then one that says how far it got.

use ramanujan_core::{Code, Problem, json};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response};
use serde::Serialize;

use super::{apply, max_batch, report};

#[derive(Serialize)]
struct End {
    status: &'static str,
    applied: usize,
    duplicates: usize,
}

pub(super) fn post(request: &Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let key = request.idempotency_key()?.map(str::to_owned);
    let blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
    let mut lines =
        request.body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !blank(line)).peekable();
    if lines.peek().is_none() {
        return Err(Problem::new(Code::EmptyBatch, "the stream holds no operation"));
    }
    let limit = max_batch()?;
    let mut end = End { status: "ok", applied: 0, duplicates: 0 };
    let mut out = Vec::new();
    while lines.peek().is_some() {
        let batch: Vec<(usize, &[u8])> = lines.by_ref().take(limit).collect();
        let key = key.as_ref().map(|key| format!("{key}@{}", batch[0].0));
        if let Err(problem) = store(&batch, key.as_deref(), &mut end, &mut out) {
            if out.is_empty() {
                return Err(problem);
            }
            // Lines before are stored and said so; the status line is long gone.
            let problem = problem.with("applied", end.applied).with("duplicates", end.duplicates);
            put(&mut out, &problem.to_json())?;
            return Ok(typed("application/x-ndjson", out));
        }
    }
    put(&mut out, &end)?;
    Ok(typed("application/x-ndjson", out))
}

fn store(
    batch: &[(usize, &[u8])],
    key: Option<&str>,
    end: &mut End,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let at = |index: usize, problem: Problem| problem.with("line", batch.get(index).map_or(0, |b| b.0) + 1);
    let mut requests = Vec::with_capacity(batch.len());
    for (index, (_, line)) in batch.iter().enumerate() {
        let (mut one, is_batch) =
            json::one_or_many::<OperationRequest>(line).map_err(|problem| at(index, problem))?;
        match one.pop() {
            Some(operation) if !is_batch => requests.push(operation),
            _ => {
                let detail = "a line holds one operation, not an array";
                return Err(at(index, Problem::new(Code::InvalidOperation, detail)));
            }
        }
    }
    let done = apply(&requests, key).map_err(|(index, problem)| match index {
        Some(index) => at(index, problem),
        None => problem,
    })?;
    for (request, checked) in requests.iter().zip(&done) {
        let applied = report(request, checked);
        *if applied.duplicate { &mut end.duplicates } else { &mut end.applied } += 1;
        put(out, &applied)?;
    }
    Ok(())
}

fn put<T: Serialize>(out: &mut Vec<u8>, line: &T) -> Result<(), Problem> {
    serde_json::to_writer(&mut *out, line)
        .map_err(|error| Problem::new(Code::Encoding, error.to_string()))?;
    out.push(b'\n');
    Ok(())
}
