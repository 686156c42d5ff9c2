//! What is asked for: an operation as a client sends it, or a delta that exists elsewhere already.

use std::borrow::Cow;

use ramanujan_core::{AgentId, Code, DocumentId, Dot, Problem, VectorClock, time};
use ramanujan_crdt::wire::{DeltaRecord, OperationError, OperationRequest, Wanted};
use ramanujan_crdt::{CrdtType, Delta};

use crate::record::Recorded;

/// The version that an operation is made on.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// Whatever is current when it is stored.
    Current,
    /// The newest of these: an agent may name some that others have seen.
    Parents(Vec<Dot>),
    /// These, as they are: they belong to a delta that exists, and its digest names them.
    Exactly(Vec<Dot>),
    Clock(VectorClock),
}

/// What a record says of a delta that follows from it and from those before it.
#[derive(Clone, Debug, Default)]
struct Claimed {
    clock: Option<VectorClock>,
    length: Option<u64>,
}

/// An operation to be checked and stored.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) document: DocumentId,
    pub(crate) agent: AgentId,
    /// Left out: the agent's next.
    pub(crate) seq: Option<u64>,
    pub(crate) base: Base,
    pub(crate) wanted: Wanted,
    /// Whether positions and lengths count UTF-16 code units.
    pub(crate) utf16: bool,
    /// What its record says beside the delta; it must follow from it.
    claimed: Claimed,
    /// The request it was read from, if it came as one: where types share the name of an operation, the document's type
    /// decides what is asked for.
    request: Option<OperationRequest>,
}

impl Operation {
    /// # Errors
    /// 422 `invalid-operation` naming the field that does not fit.
    pub(crate) fn of_request(mut request: OperationRequest) -> Result<Self, Problem> {
        if request.polarity.is_some() {
            let detail = "polarity belongs to the streams; crdt-service takes operations of every colour";
            return Err(Problem::new(Code::InvalidOperation, detail));
        }
        let wanted = request.wanted(None).map_err(|error| not_an_operation(&error))?;
        let base = match (request.parents.take(), request.vector_clock.take()) {
            (Some(parents), _) => Base::Parents(parents),
            (None, Some(clock)) => Base::Clock(clock),
            (None, None) => Base::Current,
        };
        Ok(Operation {
            document: request.document_id.clone(),
            agent: request.agent_id.clone(),
            seq: request.seq,
            base,
            wanted,
            utf16: request.counts_utf16(),
            claimed: Claimed::default(),
            request: Some(request),
        })
    }

    /// A delta as it is. Whoever made it has seen to it that its numbers and depths are within the limits, as every
    /// decoder does.
    pub(crate) fn of_delta(document: DocumentId, delta: Delta) -> Self {
        Operation {
            document,
            agent: delta.dot.agent,
            seq: Some(delta.dot.seq),
            base: Base::Exactly(delta.parents),
            wanted: Wanted::Op(delta.op),
            utf16: false,
            claimed: Claimed::default(),
            request: None,
        }
    }

    /// A delta as another site hands it out. Where and when that site stored it is that site's affair; the rest of what the
    /// record says must be so.
    ///
    /// # Errors
    /// 422 `invalid-delta` if its members do not make a delta with the digest that it claims.
    pub(crate) fn of_record(document: DocumentId, mut record: DeltaRecord) -> Result<Self, Problem> {
        let delta = record.to_delta().map_err(|error| Problem::new(Code::InvalidDelta, error.to_string()))?;
        if let Some(time) = record.received_at.filter(|time| time::parse_rfc3339(time).is_none()) {
            let detail = format!("{}: received_at {time:.40?} is no RFC 3339 time", delta.dot);
            return Err(Problem::new(Code::InvalidDelta, detail));
        }
        let claimed = Claimed { clock: record.vector_clock.take(), length: record.document_length };
        Ok(Operation { claimed, ..Operation::of_delta(document, delta) })
    }

    /// Compares what was said of the delta with what follows from it.
    ///
    /// # Errors
    /// 422 `invalid-delta` naming the member that differs.
    pub(crate) fn check_claims(&self, record: &Recorded) -> Result<(), Problem> {
        let Claimed { clock, length } = &self.claimed;
        let dot = record.dot();
        // Of a delta that many agents come before no clock is kept, and none is handed out.
        if let (Some(claimed), Some(clock)) = (clock, &record.clock)
            && claimed != clock
        {
            let detail = format!("{dot}: vector_clock is not what the delta and its parents make");
            return Err(Problem::new(Code::InvalidDelta, detail));
        }
        let after = (record.crdt_type() == CrdtType::Text).then_some(record.size);
        if let Some(claimed) = length
            && after != Some(*claimed)
        {
            let detail = format!("{dot}: document_length is not that of the document after the delta");
            return Err(Problem::new(Code::InvalidDelta, detail));
        }
        Ok(())
    }

    /// What is asked for in a document of type `existing`.
    ///
    /// # Errors
    /// 409 `type-conflict` if no such document takes it.
    pub(crate) fn wanted_in(&self, existing: Option<CrdtType>) -> Result<Cow<'_, Wanted>, Problem> {
        let Some(existing) = existing.filter(|existing| *existing != self.wanted.crdt_type()) else {
            return Ok(Cow::Borrowed(&self.wanted));
        };
        let read_again = self.request.as_ref().map(|request| request.wanted(Some(existing))).transpose();
        let read_again = read_again.map_err(|error| not_an_operation(&error))?;
        let wanted = read_again.map_or(Cow::Borrowed(&self.wanted), Cow::Owned);
        if wanted.crdt_type() == existing {
            return Ok(wanted);
        }
        let detail = format!(
            "{} is a {existing} document; {} is an operation of {}",
            self.document,
            self.name(),
            wanted.crdt_type()
        );
        Err(Problem::new(Code::TypeConflict, detail))
    }

    /// Name of the operation on the wire.
    fn name(&self) -> &str {
        match (&self.request, &self.wanted) {
            (Some(request), _) => &request.operation,
            (None, Wanted::Op(op)) => op.name(),
            (None, Wanted::Append(_) | Wanted::Edit(_)) => "this",
        }
    }
}

/// 422: the request is no operation, and why.
fn not_an_operation(error: &OperationError) -> Problem {
    Problem::new(Code::InvalidOperation, error.to_string())
}
