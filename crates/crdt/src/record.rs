//! Stored deltas as JSON: what crdt-service hands out, and what states for a merge are made of.

use ramanujan_core::{AgentId, Digest, Dot, MAX_SAFE_INTEGER, VectorClock};
use serde::{Deserialize, Serialize};

use crate::crdts::crdt_type::CrdtType;
use crate::crdts::op::Op;
use crate::crdts::operation::{Fields, Given};
use crate::delta::Delta;
use crate::edit::Edit;
use crate::value::{Json, MAX_VALUE_DEPTH, present};

/// Why a record is no delta; each names the dot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The operation lacks fields, or has others than its own.
    #[error("{agent}:{seq}: the fields do not make up a {operation:.20}")]
    Fields {
        /// Who made the delta.
        agent: AgentId,
        /// The number that it has.
        seq: u64,
        /// The name of the operation.
        operation: String,
    },
    /// Operations of an agent have the numbers 1, 2, 3, …
    #[error("{0}:{1}: seq counts from 1 to 2^53-1")]
    Seq(AgentId, u64),
    /// The canonical bytes could not be read back.
    #[error("{0}: a number exceeds 2^53-1, or something is nested deeper than {MAX_VALUE_DEPTH} levels")]
    Limits(Dot),
    /// The record is not of the delta that it says it is of.
    #[error("{0}: the content does not have the claimed digest")]
    Digest(Dot),
}

/// A stored delta as `GET /crdt/{document}/history` lists it, and as states for `POST /crdt/merge` are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(rename = "Delta", transform = crate::schema::of_record)
)]
#[serde(deny_unknown_fields)]
pub struct DeltaRecord {
    /// Who made it.
    pub agent_id: AgentId,
    /// Its number among the agent's, from 1.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("minimum" = 1, "maximum" = MAX_SAFE_INTEGER)))]
    pub seq: u64,
    /// Name of the operation.
    pub operation: String,
    /// The deltas that it was made after, the newest of each branch.
    #[serde(default)]
    pub parents: Vec<Dot>,
    /// First code point concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Text, amount, element, value or phase.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// An operation on a JSON document, its places named by dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// Code points to delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Type of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crdt_type: Option<CrdtType>,
    /// SHA-256 of the delta's canonical bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The version after the delta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_clock: Option<VectorClock>,
    /// Code points of the document after the delta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_length: Option<u64>,
    /// Place in the service's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_position: Option<u64>,
    /// When the service stored it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
}

impl DeltaRecord {
    /// The delta that the record stands for.
    ///
    /// # Errors
    /// [`RecordError`] if its fields do not fit together or do not have the digest it claims.
    pub fn to_delta(&self) -> Result<Delta, RecordError> {
        let (agent, seq) = (self.agent_id.clone(), self.seq);
        let Some(op) = self.op() else {
            return Err(RecordError::Fields { agent, seq, operation: self.operation.clone() });
        };
        if !(1..=MAX_SAFE_INTEGER).contains(&seq) {
            return Err(RecordError::Seq(agent, seq));
        }
        let dot = Dot::new(agent, seq);
        if !op.is_within_limits() {
            return Err(RecordError::Limits(dot));
        }
        let delta = Delta { dot, parents: self.parents.clone(), op };
        match self.digest {
            Some(claimed) if claimed != delta.digest() => Err(RecordError::Digest(delta.dot)),
            _ => Ok(delta),
        }
    }

    /// The operation, `None` if the fields do not make one up.
    fn op(&self) -> Option<Op> {
        let given = Given {
            position: self.position,
            length: self.length,
            value: self.value.as_ref(),
            edit: self.edit.as_ref(),
        };
        let op = Op::of_fields(&self.operation, &given, self.crdt_type)?;
        self.crdt_type.is_none_or(|claimed| claimed == op.crdt_type()).then_some(op)
    }

    /// The record of a delta, without what the service adds.
    pub fn of(delta: Delta) -> Self {
        let crdt_type = delta.op.crdt_type();
        let operation = delta.op.name().to_owned();
        let Fields { position, length, value, edit } = delta.op.into_fields();
        DeltaRecord {
            agent_id: delta.dot.agent,
            seq: delta.dot.seq,
            operation,
            parents: delta.parents,
            position,
            value,
            length,
            edit,
            crdt_type: Some(crdt_type),
            digest: None,
            vector_clock: None,
            document_length: None,
            log_position: None,
            received_at: None,
        }
    }
}
