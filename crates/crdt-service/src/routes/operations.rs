//! `POST /crdt/operations`: what is known of operations that are stored, by their dots: as the reply to each of them told it.
//! Whoever keeps a history of them, and got them in another way, makes their events from it.

use std::collections::BTreeMap;

use ramanujan_core::{
    AgentId, Code, Color, Digest, DocumentId, Dot, Fingerprint, MAX_SAFE_INTEGER, Problem, VectorClock,
};
use ramanujan_crdt::edit::Action;
use ramanujan_crdt::types::Columns;
use ramanujan_crdt::{CrdtType, Json, Op};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_sync::limits::MAX_RANGES;
use ramanujan_sync::range::Range;
use serde::{Deserialize, Serialize};

use crate::apply::cause::Cause;
use crate::record::Recorded;
use crate::settings::MAX_PAGE_BYTES;
use crate::store::Database;

/// Parents of which is told what they are, where the request does not say.
const DEFAULT_CAUSES: usize = 64;
/// Bytes that an operation takes in a reply beside its parents and its clock, roughly.
const OPERATION_BYTES: u64 = 768;
/// Bytes that a parent or an entry of a clock takes there, roughly.
const ENTRY_BYTES: u64 = 192;

/// Which operations are asked for.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationsRequest {
    document_id: DocumentId,
    /// Of each agent one range.
    ranges: Vec<RangeMember>,
}

/// The operations `agent:from` to `agent:to`, both included.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "OperationRange"))]
#[serde(deny_unknown_fields)]
pub(crate) struct RangeMember {
    agent: AgentId,
    /// Number of the first, from 1.
    from: u64,
    /// Number of the last.
    to: u64,
}

/// Operations that are stored.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "StoredOperations"))]
pub(crate) struct Operations {
    /// In the order of their arrival, in which each comes after those that it was made after.
    results: Vec<Known>,
    /// Whether there are more in the ranges: ask for those behind the ones of each agent that are here.
    more: bool,
}

/// An operation that is stored.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "KnownOperation"))]
struct Known {
    operation_id: Dot,
    crdt_type: CrdtType,
    /// Name of the operation.
    operation: &'static str,
    color: Color,
    /// The operations that it was made after, the newest of each branch.
    parents: Vec<Dot>,
    /// What the first of them are, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    /// SHA-256 of its canonical bytes.
    digest: Digest,
    fingerprint: Fingerprint,
    /// SHA-256 of its digest and its parents' hashes.
    hash: Digest,
    /// The version after it, while that has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
    /// Bytes of its text, if it has one.
    payload_size: usize,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["causes"])?;
    let causes: usize = query.parse("causes")?.unwrap_or(DEFAULT_CAUSES);
    let OperationsRequest { document_id, ranges } = request.json()?;
    let invalid = |detail: String| Problem::new(Code::InvalidParameter, detail);
    if ranges.len() > MAX_RANGES {
        return Err(invalid(format!("{} ranges; a request has at most {MAX_RANGES}", ranges.len())));
    }
    let mut wanted: BTreeMap<AgentId, Range> = BTreeMap::new();
    for RangeMember { agent, from, to } in ranges {
        if from == 0 || from > to || to > MAX_SAFE_INTEGER {
            return Err(invalid(format!(
                "{agent}: {from} to {to} is no range of operations; they count from 1"
            )));
        }
        if wanted.insert(agent.clone(), Range::new(agent.clone(), from, to)).is_some() {
            return Err(invalid(format!("{agent} has more than one range")));
        }
    }
    let wanted: Vec<Range> = wanted.into_values().collect();
    let database = Database::open()?;
    let weigh = |recorded: &mut Recorded| {
        let parents = recorded.delta.parents.len();
        let entries = parents + parents.min(causes) + recorded.clock.as_ref().map_or(0, VectorClock::len);
        OPERATION_BYTES + ENTRY_BYTES * entries as u64
    };
    let id = document_id.as_str();
    let found = database.deltas_in(id, &wanted, MAX_PAGE_BYTES.read()?, weigh)?;
    let causes = database.causes_of(id, &found.deltas, causes)?;
    let results = found.deltas.into_iter().zip(causes).map(|(one, causes)| Known::of(one, causes)).collect();
    ok(&Operations { results, more: found.more })
}

impl Known {
    fn of(recorded: Recorded, causes: Vec<Cause>) -> Self {
        let op = &recorded.delta.op;
        Known {
            crdt_type: op.crdt_type(),
            operation: op.name(),
            color: op.color(),
            payload_size: payload_size(op),
            causes,
            fingerprint: Fingerprint::of(recorded.digest.as_bytes()),
            digest: recorded.digest,
            hash: recorded.hash,
            vector_clock: recorded.clock,
            operation_id: recorded.delta.dot,
            parents: recorded.delta.parents,
        }
    }
}

/// Bytes of the text that the request of an operation carried.
fn payload_size(op: &Op) -> usize {
    let of = |value: &Json| match value {
        Json::Text(text) => text.len(),
        _ => 0,
    };
    match op {
        Op::Insert { text, .. } => text.len(),
        Op::Add { element: value } | Op::Remove { element: value } => of(value),
        Op::SetLast { value } | Op::SetEach { value } => of(value),
        Op::Edit(edit) => match &edit.action {
            Action::Set { value } | Action::InsertItem { value, .. } => of(value),
            Action::InsertText { text, .. } => text.len(),
            _ => 0,
        },
        // Other values are not texts; the phase of a transition is.
        op => op.columns().ok().and_then(|Columns { value, .. }| value).map_or(0, |value| match op {
            Op::Transition { .. } => value.len(),
            _ => 0,
        }),
    }
}
