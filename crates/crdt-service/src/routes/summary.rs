//! What is known of a version without merging it.

#[cfg(not(target_family = "wasm"))]
use ramanujan_core::DocumentId;
use ramanujan_core::{Digest, Dot, Fingerprint, VectorClock, time};
use ramanujan_crdt::CrdtType;
use serde::Serialize;

use crate::version::{Listed, Outside, Version};

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "DocumentId"))]
    document_id: String,
    pub(super) crdt_type: CrdtType,
    /// How many operations it has.
    operations: u64,
    /// The operations that no other has seen; left out of a list, as the digest is, where they are more than 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<Dot>"))]
    heads: Option<Vec<Dot>>,
    /// How many of each agent's operations it has; left out where that is more than 64 entries, unless `clock=full` asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Fingerprint"))]
    fingerprint: Option<Fingerprint>,
    /// SHA-256 of the canonical state, by which equality is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Digest"))]
    digest: Option<Digest>,
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
            heads: Some(version.heads()),
            vector_clock,
            fingerprint: Some(version.state.fingerprint()),
            digest: Some(version.digest),
            log_position: version.log,
            updated: time::format_rfc3339(version.received),
            length: version.length,
        }
    }
    /// A document in a list.
    pub(super) fn of_listed(Listed { document_id, outside }: Listed) -> Self {
        match outside {
            Outside::Few(version) => Summary::of(&document_id, &version, version.small_clock()),
            Outside::Many { crdt_type, operations, log, received } => Summary {
                document_id,
                crdt_type,
                operations,
                heads: None,
                vector_clock: None,
                fingerprint: None,
                digest: None,
                log_position: log,
                updated: time::format_rfc3339(received),
                length: None,
            },
        }
    }
}
