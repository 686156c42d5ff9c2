//! A delta as the service records it: the one form in which it is checked, stored, read and handed out.

use ramanujan_core::{Color, Digest, Dot, VectorClock, time};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op, TextGraph};

/// A delta with what follows from it and from those before it. Nothing of it ever changes.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) delta: Delta,
    /// The version after the delta, while that is small.
    pub(crate) clock: Option<VectorClock>,
    pub(crate) digest: Digest,
    /// Commits to the delta and to all that it was made after.
    pub(crate) hash: Digest,
    /// Whether it is known to have been made after every delta stored before it.
    pub(crate) whole: bool,
    /// Code points of a text after the delta, 0 for other types.
    pub(crate) size: u64,
    /// What its agent has added to a counter and taken away, with it.
    pub(crate) totals: Totals,
    /// Position in the log, which orders deltas by arrival, a causal order; 0 before the delta is stored.
    pub(crate) log: u64,
    /// When it was stored, in milliseconds since 1970; 0 before.
    pub(crate) received: u64,
}

impl Recorded {
    pub(crate) fn dot(&self) -> &Dot {
        &self.delta.dot
    }

    pub(crate) fn crdt_type(&self) -> CrdtType {
        self.delta.op.crdt_type()
    }

    /// As one that others are made on.
    pub(crate) fn as_parent(&self) -> Parent {
        Parent {
            outline: self.outline(),
            crdt_type: self.crdt_type(),
            color: self.delta.op.color(),
            clock: self.clock.clone(),
            digest: self.digest,
            hash: self.hash,
            totals: self.totals,
        }
    }

    /// What the graph of parents needs of it, and that of a text.
    fn outline(&self) -> Outline {
        let (insert, position, length) = match &self.delta.op {
            Op::Insert { position, text } => (true, *position, text.chars().count() as u64),
            Op::Delete { position, length } => (false, *position, *length),
            _ => (false, 0, 0),
        };
        Outline {
            log: self.log,
            dot: self.delta.dot.clone(),
            parents: self.delta.parents.clone(),
            whole: self.whole,
            insert,
            shape: StoredShape { position, length, size: self.size },
            text: String::new(),
        }
    }

    /// As clients see it.
    pub(crate) fn into_wire(self) -> DeltaRecord {
        let document_length = (self.crdt_type() == CrdtType::Text).then_some(self.size);
        DeltaRecord {
            digest: Some(self.digest),
            vector_clock: self.clock,
            document_length,
            log_position: Some(self.log),
            received_at: Some(time::format_rfc3339(self.received)),
            ..DeltaRecord::of(self.delta)
        }
    }
}

/// The version before a delta, by the one after it.
pub(crate) fn before(dot: &Dot, clock: &VectorClock) -> VectorClock {
    let before = |(agent, seq)| (agent, if agent == dot.agent.as_str() { dot.seq - 1 } else { seq });
    clock.iter().map(before).collect()
}

/// What is asked of a delta that others are made on: everything but what it does.
#[derive(Debug)]
pub(crate) struct Parent {
    pub(crate) outline: Outline,
    pub(crate) crdt_type: CrdtType,
    /// That of its operation.
    pub(crate) color: Color,
    /// The version after it, while that is small.
    pub(crate) clock: Option<VectorClock>,
    pub(crate) digest: Digest,
    pub(crate) hash: Digest,
    /// What its agent has added to a counter and taken away, with it.
    pub(crate) totals: Totals,
}

/// What the graph of parents needs of a delta, and that of a text: reading it costs half as much.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(crate) log: u64,
    pub(crate) dot: Dot,
    pub(crate) parents: Vec<Dot>,
    pub(crate) whole: bool,
    pub(crate) insert: bool,
    pub(crate) shape: StoredShape,
    /// The inserted text, if it was asked for.
    pub(crate) text: String,
}

impl Outline {
    pub(crate) fn push_to(&self, graph: &mut TextGraph) {
        graph.push_stored(&self.dot, &self.parents, self.insert, self.shape, &self.text);
    }

    pub(crate) fn into_op(self) -> Op {
        let StoredShape { position, length, .. } = self.shape;
        if self.insert { Op::Insert { position, text: self.text } } else { Op::Delete { position, length } }
    }
}
