//! Timeline events of a stream.

use ramanujan_core::{Color, Digest, Dot, Fingerprint, VectorClock};
use serde::Serialize;

/// Most causes that an event names: as many as the timeline takes in `depends_on`. Of more, those of the first dots are
/// named; the choice follows from the delta alone, so that a retry is the same event.
pub(crate) const MAX_NAMED: usize = 64;

/// An event as interaction-timeline takes it.
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    pub(crate) event_id: Digest,
    pub(crate) r#type: &'static str,
    pub(crate) agent_id: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) document_id: &'a str,
    /// Left out where it is large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vector_clock: Option<&'a VectorClock>,
    #[serde(flatten)]
    pub(crate) causes: Causes,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) color: Color,
    /// Bytes of the operand.
    pub(crate) payload_size: usize,
}

/// What an event came after: the events of the deltas that it stands on, whether the timeline has them yet or not.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Causes {
    /// How many those are.
    cause_count: usize,
    /// At most [`MAX_NAMED`] of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<Digest>,
}

impl Causes {
    /// The events of these deltas of a document, of which there are `count`, in the order of their dots.
    pub(crate) fn of<'a>(
        document: &str,
        count: usize,
        deltas: impl Iterator<Item = (&'a Dot, &'a Digest, Color)>,
    ) -> Self {
        let id = |(dot, digest, color): (&Dot, _, _)| event_id(document, &dot.to_string(), digest, color);
        Causes { cause_count: count, depends_on: deltas.take(MAX_NAMED).map(id).collect() }
    }
}

/// The id of an operation's event: a function of what happened, so that a retry repairs a missing event and never
/// doubles one, and that whoever knows a delta knows its event.
pub(crate) fn event_id(document: &str, subject: &str, digest: &Digest, color: Color) -> Digest {
    let digest = digest.to_string();
    Digest::of(["stream-event", document, subject, &digest, color.as_str()].join("\0").as_bytes())
}
