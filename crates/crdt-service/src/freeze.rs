//! Freezes: named versions of a document, which form a chain.
//!
//! A freeze names a version by its heads and commits to its deltas by the state digest and to its parent by id;
//! the deltas themselves stay where they are. So it costs nothing to keep, and recovering it proves that history was
//! not changed since.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot, Fingerprint, Problem, VectorClock};
use ramanujan_crdt::CrdtType;
use serde::Serialize;

/// Parent of a document's first freeze.
pub(crate) const NO_PARENT: Digest = Digest([0; 32]);

/// A named version. On the wire a freeze is called a snapshot.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Freeze {
    pub(crate) document_id: DocumentId,
    /// SHA-256 over document, parent, heads and digest.
    pub(crate) snapshot_id: Digest,
    /// The freeze before it; null for the first.
    pub(crate) parent_snapshot: Option<Digest>,
    pub(crate) crdt_type: CrdtType,
    /// The operations that no other of the version has seen. Left out of a freeze that an earlier revision made and
    /// whose operations are not those it commits to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) heads: Option<Vec<Dot>>,
    /// The version vector, while that is small.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    pub(crate) vector_clock: Option<VectorClock>,
    pub(crate) fingerprint: Fingerprint,
    /// SHA-256 of the canonical state.
    pub(crate) digest: Digest,
    /// Log position of the version's newest delta.
    pub(crate) log_position: u64,
    /// Who froze it, if the request said so.
    pub(crate) agent_id: Option<AgentId>,
    /// When, RFC 3339.
    pub(crate) frozen_at: String,
    /// Place in the chain.
    #[serde(skip)]
    pub(crate) place: u64,
}

/// The id of a freeze: what it commits to.
pub(crate) fn id_of(
    document: &DocumentId,
    parent: &Digest,
    heads: &[Dot],
    digest: &Digest,
) -> Result<Digest, Problem> {
    Ok(Digest::of_parts([
        document.as_str().as_bytes(),
        parent.as_bytes().as_slice(),
        serde_json::to_string(heads)?.as_bytes(),
        digest.as_bytes(),
    ]))
}
