//! What is known of a version without merging it.

#[cfg(not(target_family = "wasm"))]
use ramanujan_core::DocumentId;
use ramanujan_core::{Digest, Dot, Fingerprint, VectorClock, time};
use ramanujan_crdt::CrdtType;
use serde::Serialize;

use crate::version::Version;

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "DocumentId"))]
    document_id: String,
    pub(super) crdt_type: CrdtType,
    /// How many operations it has.
    operations: u64,
    /// The operations that no other has seen.
    heads: Vec<Dot>,
    /// How many of each agent's operations it has; left out where that is more than 64 entries, unless `clock=full` asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
    fingerprint: Fingerprint,
    /// SHA-256 of the canonical state, by which equality is decided.
    digest: Digest,
    /// Log position of the newest delta.
    log_position: u64,
    /// When its newest operation was stored, RFC 3339.
    updated: String,
    /// Code points; null while several heads await a merge on read, and for all but texts.
    pub(super) length: Option<u64>,
}

impl Summary {
    pub(super) fn of(document: &str, version: &Version, vector_clock: Option<VectorClock>) -> Self {
        Summary {
            document_id: document.to_owned(),
            crdt_type: version.crdt_type,
            operations: version.operations,
            heads: version.heads(),
            vector_clock,
            fingerprint: version.state.fingerprint(),
            digest: version.digest,
            log_position: version.log,
            updated: time::format_rfc3339(version.received),
            length: version.length,
        }
    }
}
