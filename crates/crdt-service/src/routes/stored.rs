//! Storing the operations of a request, and what the reply says of each.

use ramanujan_core::{Digest, Dot, Fingerprint, Problem, VectorClock};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_crdt::{CrdtType, Delta};
use serde::Serialize;

use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::store::Database;

/// Stores what the requests ask for, all or none. `blame` says of a problem which operation it is about.
pub(super) fn store(
    requests: Vec<OperationRequest>,
    key: Option<&str>,
    blame: impl Fn(usize, Problem) -> Problem,
) -> Result<Vec<(Operation, Accepted)>, Problem> {
    let mut operations = Vec::with_capacity(requests.len());
    for (index, request) in requests.into_iter().enumerate() {
        operations.push(Operation::of_request(request).map_err(|problem| blame(index, problem))?);
    }
    let done = Database::open()?.apply(&operations, key).map_err(|(index, problem)| match index {
        Some(index) => blame(index, problem),
        None => problem,
    })?;
    Ok(operations.into_iter().zip(done).collect())
}

#[derive(Serialize)]
pub(super) struct Applied<'a> {
    operation_id: &'a Dot,
    document_id: &'a str,
    agent_id: &'a str,
    seq: u64,
    crdt_type: CrdtType,
    operation: &'static str,
    parents: &'a [Dot],
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    digest: Digest,
    fingerprint: Fingerprint,
    vector_clock: &'a VectorClock,
    pub(super) duplicate: bool,
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
            length: (op.crdt_type() == CrdtType::Text).then_some(record.size),
            digest: record.digest,
            fingerprint: Fingerprint::of(record.digest.as_bytes()),
            vector_clock: &record.clock,
            duplicate: accepted.duplicate,
            cached: false,
        }
    }
}

/// How many operations of a request were stored, and how many were stored before.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) applied: usize,
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
