//! Deltas in their compact encoding: `Accept` and `Content-Type: application/vnd.ramanujan.delta`.

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_crdt::batch::{Batch, encode_deltas};
use ramanujan_crdt::text::{DecodeError, TextDocument};
use ramanujan_crdt::wire::{DeltaRecord, OperationRequest};
use ramanujan_crdt::{CrdtType, Delta, Edit, Op};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, Store, ok};
use serde::Serialize;

use crate::apply;
use crate::diff::rows_since;
use crate::materialise::corrupt;
use crate::negotiate::DELTA_TYPE;
use crate::row::Stored;
use crate::version::Version;

/// Bytes of a batch that are read at a time: bounds the memory of what they hold, of which a value takes up to some
/// hundred times its bytes.
const CHUNK_BYTES: usize = 256 << 10;
/// Rows read at a time.
const PAGE: u64 = 4096;

/// The whole history of a version: of a text in columns, of anything else as a batch.
pub(crate) fn whole(store: &Store, document: &str, version: &Version) -> Result<Response, Problem> {
    if version.crdt_type() != CrdtType::Text {
        return since(store, document, version, &VectorClock::new());
    }
    let mut history = TextDocument::new();
    each_delta(store, document, version, &VectorClock::new(), |delta| {
        history.push(&delta.dot, &delta.parents, &delta.op).map_err(|error| corrupt(document, error))?;
        Ok(())
    })?;
    Ok(typed(DELTA_TYPE, history.encode()))
}

/// The deltas of a version that are not in `known`, as a batch.
pub(crate) fn since(
    store: &Store,
    document: &str,
    version: &Version,
    known: &VectorClock,
) -> Result<Response, Problem> {
    let mut deltas = Vec::new();
    each_delta(store, document, version, known, |delta| {
        deltas.push(delta);
        Ok(())
    })?;
    Ok(typed(DELTA_TYPE, encode_deltas(version.crdt_type(), &deltas)))
}

fn each_delta(
    store: &Store,
    document: &str,
    version: &Version,
    known: &VectorClock,
    mut take: impl FnMut(Delta) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut after = 0;
    loop {
        let rows = rows_since(store, document, known, after, version.log, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.log;
        for row in rows {
            if row.dot.seq <= version.clock.get(row.dot.agent.as_str()) {
                take(Stored::into_delta(row))?;
            }
        }
    }
}

/// Deltas in bytes of either kind, checked and not read out yet.
enum Encoded<'a> {
    Batch(Batch<'a>),
    /// A history in columns.
    History(Box<TextDocument>),
}

impl<'a> Encoded<'a> {
    /// # Errors
    /// 422 `invalid-delta`, also for versions of the encoding that are newer than ours.
    fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        match Batch::open(bytes) {
            Ok(batch) => Ok(Encoded::Batch(batch)),
            Err(DecodeError::Kind(_)) => {
                let mut document = TextDocument::load(bytes).map_err(|error| invalid(&error))?;
                document.open().map_err(|error| invalid(&error))?;
                Ok(Encoded::History(Box::new(document)))
            }
            Err(error) => Err(invalid(&error)),
        }
    }

    /// The deltas, at most `count` at a time.
    fn chunks(&self, count: usize) -> Result<Chunks<'_>, Problem> {
        match self {
            Encoded::Batch(batch) => {
                let mut deltas = batch.deltas();
                let next = move || match deltas.chunk(count, CHUNK_BYTES) {
                    Ok(chunk) if chunk.is_empty() => None,
                    chunk => Some(chunk.map_err(|error| invalid(&error))),
                };
                Ok(Box::new(std::iter::from_fn(next)))
            }
            Encoded::History(document) => {
                let mut deltas = document.deltas().map_err(|error| invalid(&error))?;
                let next = move || Some(deltas.by_ref().take(count).collect::<Vec<_>>());
                Ok(Box::new(std::iter::from_fn(next).take_while(|chunk| !chunk.is_empty()).map(Ok)))
            }
        }
    }
}

/// Deltas that are stored together.
type Chunks<'a> = Box<dyn Iterator<Item = Result<Vec<Delta>, Problem>> + 'a>;

fn invalid(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidDelta, error.to_string())
}

#[derive(Serialize)]
struct Applied {
    document_id: DocumentId,
    applied: usize,
    duplicates: usize,
    vector_clock: VectorClock,
}

/// `POST /crdt/apply?document=ID` of encoded deltas, in batches: what was stored before a refusal stays, and sending
/// everything again is safe, because every delta carries its dot.
pub(crate) fn apply(request: &Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["document"])?;
    let document: DocumentId = query.parse("document")?.ok_or_else(|| {
        Problem::new(Code::InvalidParameter, "encoded deltas do not name their document: add ?document=ID")
    })?;
    let encoded = Encoded::open(&request.body)?;
    let mut reply =
        Applied { document_id: document, applied: 0, duplicates: 0, vector_clock: VectorClock::new() };
    let mut batches = 0;
    for chunk in encoded.chunks(apply::max_batch()?)? {
        let chunk: Vec<_> = chunk?.into_iter().map(|delta| operation(&reply.document_id, delta)).collect();
        let done = apply::apply(&chunk, None).map_err(|(index, problem)| {
            let before = reply.applied + reply.duplicates;
            problem.with("index", index.map(|index| before + index)).with("batches_stored", batches)
        })?;
        batches += 1;
        for checked in done {
            *if checked.duplicate { &mut reply.duplicates } else { &mut reply.applied } += 1;
            reply.vector_clock.join(&checked.clock);
        }
    }
    if batches == 0 {
        return Err(Problem::new(Code::EmptyBatch, "the encoding holds no delta"));
    }
    ok(&reply)
}

/// The request that stores a delta as it is.
fn operation(document: &DocumentId, delta: Delta) -> OperationRequest {
    let edit: Option<Edit> = match &delta.op {
        Op::Edit(edit) => Some(edit.clone()),
        _ => None,
    };
    let record = DeltaRecord::of(delta);
    OperationRequest {
        operation: record.operation,
        document_id: document.clone(),
        agent_id: record.agent_id,
        seq: Some(record.seq),
        parents: Some(record.parents),
        vector_clock: None,
        position: record.position,
        value: record.value,
        path: None,
        edit,
        length: record.length,
        unit: None,
        crdt_type: record.crdt_type,
        polarity: None,
    }
}
