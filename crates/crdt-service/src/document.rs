//! `GET /crdt/{document}`: the merged value with its version.

use ramanujan_core::{Digest, DocumentId, Dot, Fingerprint, Problem, VectorClock, time};
use ramanujan_crdt::{CrdtType, PnCounter, StateDigest, TextGraph};
use ramanujan_shell::{Request, Response, Store, ok};
use serde::Serialize;
use serde_json::Value;

use crate::row::{GRAPH_COLUMNS, SCHEMA, Stored, heads, newest_of_each_agent, select_graph};

/// Rows read at a time: bounds the memory of one result to a few MiB.
const PAGE: u64 = 8192;

/// What is known of a document without merging it.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) document_id: String,
    pub(crate) crdt_type: CrdtType,
    pub(crate) operations: u64,
    pub(crate) heads: Vec<Dot>,
    pub(crate) vector_clock: VectorClock,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) digest: Digest,
    /// Log position of the newest delta.
    pub(crate) log_position: u64,
    pub(crate) updated: String,
    /// Code points; null while several heads await a merge on read, and for counters.
    pub(crate) length: Option<u64>,
}

impl Summary {
    /// The summary of `document` as `newest` has it, `None` if there is no delta.
    pub(crate) fn of(document: &str, newest: &[Stored]) -> Option<Self> {
        let last = newest.last()?;
        let mut state = StateDigest::new(last.crdt_type);
        for row in newest {
            state.set(row.dot.agent.as_str(), row.dot.seq, row.chain);
        }
        let heads = heads(newest);
        let single = match heads.as_slice() {
            [head] if last.crdt_type == CrdtType::Text => newest.iter().find(|row| row.dot == *head),
            _ => None,
        };
        Some(Summary {
            document_id: document.to_owned(),
            crdt_type: last.crdt_type,
            operations: newest.iter().map(|row| row.dot.seq).sum(),
            vector_clock: state.clock(),
            fingerprint: state.fingerprint(),
            digest: state.digest(),
            log_position: last.log,
            updated: time::format_rfc3339(last.received),
            length: single.map(|row| row.size),
            heads,
        })
    }
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    summary: Summary,
    value: Value,
    /// SHA-256 of the value: of the text in UTF-8, of the number in decimal.
    value_digest: Digest,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document: DocumentId = request.parse_param("document")?;
    let store = Store::open(SCHEMA)?;
    let newest = newest_of_each_agent(&store, document.as_str())?;
    let Some(mut summary) = Summary::of(document.as_str(), &newest) else { return Err(missing(&document)) };
    let (value, value_digest) = match summary.crdt_type {
        CrdtType::Text => {
            let text = load_text(&store, document.as_str(), summary.log_position)?;
            summary.length = Some(text.chars().count() as u64);
            let digest = Digest::of(text.as_bytes());
            (Value::String(text), digest)
        }
        CrdtType::PnCounter | CrdtType::GCounter => {
            let value = counter(&newest).value();
            (counter_value(value)?, Digest::of(value.to_string().as_bytes()))
        }
        other => return Err(Problem::not_implemented(format!("reading {other} documents is not built yet"))),
    };
    ok(&Document { summary, value, value_digest })
}

/// The 404 of a document without deltas.
pub(crate) fn missing(document: &DocumentId) -> Problem {
    Problem::not_found("no-such-document", format!("{document} has no operations; POST one to /crdt/apply"))
}

/// The counter that the newest delta of each agent adds up to.
pub(crate) fn counter(newest: &[Stored]) -> PnCounter {
    let mut counter = PnCounter::new();
    for row in newest {
        counter.observe(row.dot.agent.as_str(), row.totals);
    }
    counter
}

/// A counter's value as a JSON number.
///
/// # Errors
/// 422 `counter-overflow` past ±(2^53−1).
pub(crate) fn counter_value(value: i128) -> Result<Value, Problem> {
    i64::try_from(value)
        .ok()
        .filter(|v| v.unsigned_abs() <= ramanujan_core::MAX_SAFE_INTEGER)
        .map(Value::from)
        .ok_or_else(|| Problem::invalid("counter-overflow", format!("the value {value} exceeds 2^53-1")))
}

/// All deltas of a text document up to a log position, as a graph. The one place that touches every delta.
fn load_graph(store: &Store, document: &str, until: u64) -> Result<TextGraph, Problem> {
    let sql = format!(
        "SELECT {GRAPH_COLUMNS}, value FROM crdt_deltas
         WHERE document_id = ?1 AND log > ?2 AND log <= ?3 ORDER BY log LIMIT ?4"
    );
    let mut graph = TextGraph::new();
    let mut after = 0;
    loop {
        let rows = select_graph(store, &sql, [document.into(), after.into(), until.into(), PAGE.into()])?;
        let Some(last) = rows.last() else { return Ok(graph) };
        after = last.log;
        for row in &rows {
            graph.push_stored(&row.dot, &row.parents, row.insert, row.shape, &row.text);
        }
    }
}

fn load_text(store: &Store, document: &str, until: u64) -> Result<String, Problem> {
    load_graph(store, document, until)?
        .text()
        .map_err(|error| Problem::new(500, "store-corrupt", format!("{document} cannot be merged: {error}")))
}
