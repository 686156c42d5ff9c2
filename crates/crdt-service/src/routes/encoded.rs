//! Deltas in their compact encoding: `Accept` and `Content-Type: application/vnd.ramanujan.delta`.

use ramanujan_core::{Code, DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::batch::{Batch, encode_deltas};
use ramanujan_crdt::text::{DecodeError, Effort, Part, TextDocument, encode_part};
use ramanujan_crdt::{CrdtType, Delta};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, ok};

use super::negotiate::DELTA_TYPE;
use super::stored::StoredDeltas;
use crate::apply::operation::Operation;
use crate::content::{DELTA_BYTES, corrupt};
use crate::settings::MAX_BATCH;
use crate::store::Database;
use crate::version::Version;
use crate::weight;

/// Bytes of a batch that are read at a time: bounds the memory of what they hold, of which a value takes up to some
/// hundred times its bytes.
const CHUNK_BYTES: usize = 256 << 10;
/// Rows read at a time.
const ROWS: u64 = 4096;
/// Most bytes of deltas that are encoded in one reply, some of which are in memory twice then: leaves an instance of
/// 256 MiB room.
const MAX_BYTES: u64 = 40 << 20;

/// The whole history of a version: of a text in columns, of anything else as a batch.
pub(super) fn whole(database: &Database, document: &str, version: &Version) -> Result<Response, Problem> {
    if version.crdt_type != CrdtType::Text {
        return since(database, document, version, &VectorClock::new());
    }
    let mut history = TextDocument::new();
    each_delta(database, document, version, &VectorClock::new(), |delta| {
        history.push(&delta.dot, &delta.parents, &delta.op).map_err(|error| corrupt(document, error))?;
        Ok(())
    })?;
    Ok(typed(DELTA_TYPE, history.encode()))
}

/// The deltas of a version that are not in `known`: of a text in columns, of anything else as a batch.
pub(super) fn since(
    database: &Database,
    document: &str,
    version: &Version,
    known: &VectorClock,
) -> Result<Response, Problem> {
    let mut deltas = Vec::new();
    each_delta(database, document, version, known, |delta| {
        deltas.push(delta);
        Ok(())
    })?;
    let columns = match version.crdt_type {
        // A batch holds whatever columns cannot, such as numbers beyond 32 bits.
        CrdtType::Text => encode_part(&deltas, known, Effort::Small),
        _ => None,
    };
    Ok(typed(DELTA_TYPE, columns.unwrap_or_else(|| encode_deltas(version.crdt_type, &deltas))))
}

fn each_delta(
    database: &Database,
    document: &str,
    version: &Version,
    known: &VectorClock,
    mut take: impl FnMut(Delta) -> Result<(), Problem>,
) -> Result<(), Problem> {
    // What is lacking is found by agents, and sorted. If that is much, the rest is read in the order of the log, where what
    // is known already is passed over: as a rule that is little.
    let mut page = database.deltas_since(document, known, 0, version.log, ROWS)?;
    let mut bytes = 0;
    loop {
        let after = page.items.last().map_or(version.log, |last| last.log);
        let lacks = |dot: &Dot| known.counter(&dot.agent) < dot.seq && version.holds(dot);
        for recorded in page.items.into_iter().filter(|recorded| lacks(recorded.dot())) {
            bytes += DELTA_BYTES + weight::carried_by(&recorded.delta.op);
            take(recorded.delta)?;
        }
        if bytes > MAX_BYTES {
            let detail = format!(
                "the deltas of {document} take more than {MAX_BYTES} bytes: page through them as JSON, by diff or history"
            );
            return Err(Problem::new(Code::HistoryTooLarge, detail));
        }
        if !page.more {
            return Ok(());
        }
        page = database.deltas(document, after, version.log, ROWS)?;
    }
}

/// Deltas in bytes of either kind, checked and not read out yet.
enum Encoded<'a> {
    Batch(Batch<'a>),
    /// A part of a text's history in columns.
    Part(Part<'a>),
    /// All of it.
    History(Box<TextDocument>),
}

impl<'a> Encoded<'a> {
    /// # Errors
    /// 422 `invalid-delta`, also for versions of the encoding that are newer than ours.
    fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        match Batch::open(bytes) {
            Ok(batch) => Ok(Encoded::Batch(batch)),
            Err(DecodeError::Kind(_)) => {
                // A whole history is checked to its end before anything of it is stored.
                if let Ok(part) = Part::open(bytes)
                    && !part.since().is_empty()
                {
                    return Ok(Encoded::Part(part));
                }
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
            Encoded::Part(part) => Ok(chunked(part.deltas().map_err(|error| invalid(&error))?, count)),
            Encoded::History(document) => {
                Ok(chunked(document.deltas().map_err(|error| invalid(&error))?, count))
            }
        }
    }
}

/// Deltas that are stored together.
type Chunks<'a> = Box<dyn Iterator<Item = Result<Vec<Delta>, Problem>> + 'a>;

fn chunked<'a>(mut deltas: impl Iterator<Item = Delta> + 'a, count: usize) -> Chunks<'a> {
    let next = move || Some(deltas.by_ref().take(count).collect::<Vec<_>>());
    Box::new(std::iter::from_fn(next).take_while(|chunk| !chunk.is_empty()).map(Ok))
}

fn invalid(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidDelta, error.to_string())
}

/// `POST /crdt/apply?document=ID` of encoded deltas, in batches: what was stored before a refusal stays, and sending
/// everything again is safe, because every delta carries its dot.
pub(super) fn apply(request: &Request, document: Option<DocumentId>) -> Result<Response, Problem> {
    let Some(document) = document else {
        let detail = "encoded deltas do not name their document: add ?document=ID";
        return Err(Problem::new(Code::InvalidParameter, detail));
    };
    let encoded = Encoded::open(&request.body)?;
    let mut stored = StoredDeltas::none(document.clone());
    let mut batches = 0;
    for chunk in encoded.chunks(MAX_BATCH.read()?.max(1))? {
        let operations: Vec<_> =
            chunk?.into_iter().map(|delta| Operation::of_delta(document.clone(), delta)).collect();
        let done = Database::open()?.apply(&operations, None).map_err(|(index, problem)| {
            let index = index.map(|index| stored.tally().total() + index);
            problem.with("index", index).with("batches_stored", batches)
        })?;
        batches += 1;
        done.iter().for_each(|accepted| stored.count(accepted));
    }
    if batches == 0 {
        return Err(Problem::new(Code::EmptyBatch, "the encoding holds no delta"));
    }
    ok(&stored)
}
