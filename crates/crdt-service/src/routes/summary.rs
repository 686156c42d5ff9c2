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
    vector_clock: VectorClock,
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
    pub(super) fn of(document: &str, version: &Version) -> Self {
        let crdt_type = version.crdt_type();
        let single = match version.heads.as_slice() {
            [head] if crdt_type == CrdtType::Text => version.newest.iter().find(|last| last.dot() == head),
            _ => None,
        };
        Summary {
            document_id: document.to_owned(),
            crdt_type,
            operations: version.operations(),
            heads: version.heads.clone(),
            vector_clock: version.clock.clone(),
            fingerprint: version.state.fingerprint(),
            digest: version.digest,
            log_position: version.log,
            updated: time::format_rfc3339(version.newest.last().map_or(0, |last| last.received)),
            length: single.map(|last| last.size),
        }
    }
}
