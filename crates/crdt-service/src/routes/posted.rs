//! What a body of JSON asks `POST /crdt/apply` for: operations as clients send them, or deltas as `diff` and `history` list
//! them, one or many.

use std::collections::BTreeMap;

use ramanujan_core::{Code, DocumentId, Problem, json};
use ramanujan_crdt::wire::{DeltaRecord, OperationRequest};
use serde_json::value::RawValue;

use crate::apply::operation::Operation;

/// Members that a delta's record has and an operation has not.
const OF_RECORDS: [&str; 4] = ["digest", "document_length", "log_position", "received_at"];

/// Reads one object, or an array of them, and says which it was. With `document`, each is a delta of that document;
/// without, a delta names its own, as an operation does.
///
/// # Errors
/// 400 and 422 for what is neither; of an array with the index of what is wrong.
pub(super) fn read(body: &[u8], document: Option<&DocumentId>) -> Result<(Vec<Operation>, bool), Problem> {
    if let Some(document) = document {
        let (records, many) = json::one_or_many::<DeltaRecord>(body).map_err(|problem| {
            match json::one_or_many::<OperationRequest>(body) {
                Ok(_) => Problem::new(
                    Code::InvalidParameter,
                    "document is for deltas; operations name theirs by document_id",
                ),
                Err(_) => problem,
            }
        })?;
        let read = |(index, record)| {
            Operation::of_record(document.clone(), record).map_err(|problem| said_of(many, index, problem))
        };
        return Ok((records.into_iter().enumerate().map(read).collect::<Result<_, _>>()?, many));
    }
    let problem = match json::one_or_many::<OperationRequest>(body) {
        Ok((requests, many)) => {
            let read = |(index, request)| {
                Operation::of_request(request).map_err(|problem| said_of(many, index, problem))
            };
            return Ok((requests.into_iter().enumerate().map(read).collect::<Result<_, _>>()?, many));
        }
        Err(problem) => problem,
    };
    // Operations are the rule, and read once.
    let Some((deltas, many)) = deltas(body) else { return Err(problem) };
    let read = |(index, (document, record))| {
        Operation::of_record(document, record).map_err(|problem| said_of(many, index, problem))
    };
    Ok((deltas.into_iter().enumerate().map(read).collect::<Result<_, _>>()?, many))
}

fn said_of(many: bool, index: usize, problem: Problem) -> Problem {
    if many { problem.with("index", index) } else { problem }
}

/// The deltas that the body holds, each with the document it names; `None` if it is something else.
fn deltas(body: &[u8]) -> Option<(Vec<(DocumentId, DeltaRecord)>, bool)> {
    type Members = BTreeMap<String, Box<RawValue>>;
    let (objects, many) = json::one_or_many::<Members>(body).ok()?;
    let read = |mut members: Members| {
        OF_RECORDS.iter().any(|name| members.contains_key(*name)).then_some(())?;
        let document = serde_json::from_str(members.remove("document_id")?.get()).ok()?;
        let record = serde_json::from_slice(&serde_json::to_vec(&members).ok()?).ok()?;
        Some((document, record))
    };
    Some((objects.into_iter().map(read).collect::<Option<_>>()?, many))
}
