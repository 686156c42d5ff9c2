//! What is asked for: an operation as a client sends it, or a delta that exists elsewhere already.

use std::borrow::Cow;

use ramanujan_core::{AgentId, Code, DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::wire::{OperationError, OperationRequest, Wanted};
use ramanujan_crdt::{CrdtType, Delta};

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
            request: None,
        }
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
