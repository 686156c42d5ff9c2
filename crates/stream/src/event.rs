//! Timeline events of a stream.

use ramanujan_core::{Color, Digest, Fingerprint, VectorClock};
use serde::Serialize;

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
    pub(crate) fingerprint: Fingerprint,
    pub(crate) color: Color,
    /// Bytes of the operand.
    pub(crate) payload_size: usize,
}

/// The id of an operation's event: a function of what happened, so that a retry repairs a missing event and never
/// doubles one.
pub(crate) fn event_id(document: &str, subject: &str, digest: &Digest, color: Color) -> Digest {
    let digest = digest.to_string();
    Digest::of(["stream-event", document, subject, &digest, color.as_str()].join("\0").as_bytes())
}
