//! What `/sync`, `/sync/verify` and `/sync/rollback` are asked for: one form, so that the first can do what the others do.

use ramanujan_core::{AgentId, Code, DocumentId, Problem};
use ramanujan_shell::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "SyncOperation"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Doing {
    /// Exchange what is new.
    #[default]
    Sync,
    /// Recompute from deltas and compare.
    Verify,
    /// Bring an earlier version back.
    Rollback,
}

/// A request to synchronise, to verify or to roll back.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncRequest {
    /// What is to be done; `sync` where it is left out.
    #[serde(default)]
    pub(super) operation: Doing,
    /// `local` for this site alone, or the name of a peer, for instance `vers`; left out: all peers that are due.
    pub(super) target: Option<String>,
    /// Of `verify` and `rollback`: which documents; left out: all.
    pub(super) documents: Option<Vec<DocumentId>>,
    /// Of `verify` and `rollback`: where to go on, from the reply before.
    pub(super) cursor: Option<String>,
    /// Of `verify` and `rollback`: most documents of this call.
    pub(super) limit: Option<u64>,
    /// Of `verify`: whether deltas are read; false gives what is stored, for comparing alone.
    pub(super) recompute: Option<bool>,
    /// Of `rollback` of this site: the version, as a log position, an RFC 3339 time, heads or a version vector.
    pub(super) at: Option<Value>,
    /// Of `rollback` of this site: in whose name.
    pub(super) agent_id: Option<AgentId>,
}

pub(super) fn read(request: &Request) -> Result<SyncRequest, Problem> {
    request.query().only(&[])?;
    if request.body.is_empty() { Ok(SyncRequest::default()) } else { request.object() }
}

pub(super) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidSync, detail)
}
