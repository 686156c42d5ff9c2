//! Events of operations. Every site that holds an operation records the same event under the same id, whether it took the
//! operation from a client or from another site: all of it follows from the delta and from its parents.

use ramanujan_core::{Color, Digest, Dot, Fingerprint, VectorClock};
use serde::Serialize;

use crate::event::MAX_DEPENDENCIES;

/// Most causes that an event names: as many as the timeline takes in `depends_on`. Of more, those of the first dots are
/// named; the choice follows from the delta alone, so that a retry is the same event.
pub const MAX_NAMED: usize = MAX_DEPENDENCIES;

/// The type of these events.
pub const KIND: &str = "operation";

/// An event as interaction-timeline takes it.
#[derive(Debug, Serialize)]
pub struct OperationEvent<'a> {
    /// Of [`event_id`].
    pub event_id: Digest,
    /// What happened: [`KIND`] of an operation.
    pub r#type: &'static str,
    /// Whose operation it is.
    pub agent_id: &'a str,
    /// Its name.
    pub operation: &'a str,
    /// The document.
    pub document_id: &'a str,
    /// Left out where it is large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_clock: Option<&'a VectorClock>,
    /// What it came after.
    #[serde(flatten)]
    pub causes: Causes,
    /// Of the delta's digest.
    pub fingerprint: Fingerprint,
    /// The colour of the operation.
    pub color: Color,
    /// Bytes of the operand.
    pub payload_size: usize,
}

/// What an event came after: the events of the deltas that it stands on, whether the timeline has them yet or not.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Causes {
    /// How many those are.
    cause_count: usize,
    /// At most [`MAX_NAMED`] of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<Digest>,
}

impl Causes {
    /// The events of these deltas of a document, of which there are `count`, in the order of their dots.
    pub fn of<'a>(
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
///
/// ```
/// use ramanujan_core::{Color, Digest};
/// use ramanujan_timeline::operation::event_id;
///
/// let digest = Digest::of(b"canonical bytes of a delta");
/// let id = event_id("notes", "ann:1", &digest, Color::Red);
/// assert_eq!(id, event_id("notes", "ann:1", &digest, Color::Red));
/// assert_ne!(id, event_id("notes", "ann:2", &digest, Color::Red));
/// ```
pub fn event_id(document: &str, subject: &str, digest: &Digest, color: Color) -> Digest {
    let digest = digest.to_string();
    Digest::of(["stream-event", document, subject, &digest, color.as_str()].join("\0").as_bytes())
}
