//! Storing the operations of a request, and what the reply says of each.

#[cfg(not(target_family = "wasm"))]
use ramanujan_core::AgentId;
use ramanujan_core::{Digest, DocumentId, Dot, Fingerprint, Problem, VectorClock};
use ramanujan_crdt::{CrdtType, Delta};
use serde::Serialize;

use crate::apply::cause::Cause;
use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::store::Database;
use crate::version::SMALL_CLOCK;

/// Stores operations, all or none, and finds what the first `causes` parents of each are. `blame` says of a problem which
/// of them it is about.
pub(super) fn store(
    operations: Vec<Operation>,
    key: Option<&str>,
    causes: usize,
    blame: impl Fn(usize, Problem) -> Problem,
) -> Result<Vec<(Operation, Accepted)>, Problem> {
    let done =
        Database::open()?.apply_telling(&operations, key, causes).map_err(
            |(index, problem)| match index {
                Some(index) => blame(index, problem),
                None => problem,
            },
        )?;
    Ok(operations.into_iter().zip(done).collect())
}

/// What became of an operation: it is stored, now or before.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Applied<'a> {
    /// Its name for good.
    operation_id: &'a Dot,
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "DocumentId"))]
    document_id: &'a str,
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "AgentId"))]
    agent_id: &'a str,
    /// Its number among the agent's operations on the document, from 1.
    seq: u64,
    crdt_type: CrdtType,
    /// Name of the operation.
    operation: &'static str,
    /// The operations that it was made after, the newest of each branch.
    parents: &'a [Dot],
    /// What the first of them are, in their order: as many as the request asks for. By it their events are found on the
    /// timeline.
    #[serde(skip_serializing_if = "<[Cause]>::is_empty")]
    causes: &'a [Cause],
    /// Code points of a text after it.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "u64"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    /// SHA-256 of its canonical bytes.
    digest: Digest,
    fingerprint: Fingerprint,
    /// SHA-256 of its digest and its parents' hashes: commits to all that it was made after.
    hash: Digest,
    /// The version after it, while that has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<&'a VectorClock>,
    /// Whether it had been stored before, with the same content.
    pub(super) duplicate: bool,
    /// Always false: what is written is not answered from memory.
    cached: bool,
}

impl<'a> Applied<'a> {
    pub(super) fn of((operation, accepted): &'a (Operation, Accepted)) -> Self {
        let record = &accepted.record;
        let Delta { dot, parents, op } = &record.delta;
        Applied {
            operation_id: dot,
            document_id: operation.document.as_str(),
            agent_id: dot.agent.as_str(),
            seq: dot.seq,
            crdt_type: op.crdt_type(),
            operation: op.name(),
            parents,
            causes: &accepted.causes,
            length: (op.crdt_type() == CrdtType::Text).then_some(record.size),
            digest: record.digest,
            fingerprint: Fingerprint::of(record.digest.as_bytes()),
            hash: record.hash,
            vector_clock: record.clock.as_ref(),
            duplicate: accepted.duplicate,
            cached: false,
        }
    }
}

/// How many operations of a request were stored, and how many were stored before.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Tally {
    /// Operations that were stored.
    pub(super) applied: usize,
    /// Operations that had been stored before.
    pub(super) duplicates: usize,
}

impl Tally {
    pub(super) fn count(&mut self, duplicate: bool) {
        *if duplicate { &mut self.duplicates } else { &mut self.applied } += 1;
    }

    pub(super) fn total(self) -> usize {
        self.applied + self.duplicates
    }
}

/// What became of deltas that came as such.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "AppliedDeltas"))]
pub(crate) struct StoredDeltas {
    document_id: DocumentId,
    #[serde(flatten)]
    tally: Tally,
    /// The join of the versions after each of them, while that has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
}

impl StoredDeltas {
    /// Of no delta yet.
    pub(super) fn none(document_id: DocumentId) -> Self {
        StoredDeltas { document_id, tally: Tally::default(), vector_clock: Some(VectorClock::new()) }
    }

    /// Counts a delta in.
    pub(super) fn count(&mut self, accepted: &Accepted) {
        self.tally.count(accepted.duplicate);
        let joined = self.vector_clock.take().zip(accepted.record.clock.as_ref()).map(|(mut all, one)| {
            all.join(one);
            all
        });
        self.vector_clock = joined.filter(|clock| clock.len() <= SMALL_CLOCK);
    }

    /// How many there were so far.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }
}
