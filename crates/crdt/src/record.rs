//! Stored deltas as JSON: what crdt-service hands out, and what states for a merge are made of.

use ramanujan_core::{AgentId, Code, Digest, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use serde::{Deserialize, Serialize};

use crate::Json;
use crate::delta::{CrdtType, Delta, Op};
use crate::edit::Edit;
use crate::value::MAX_VALUE_DEPTH;
use crate::wire::present;

/// A stored delta as `GET /crdt/{document}/history` lists it, and as states for `POST /crdt/merge` are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaRecord {
    pub agent_id: AgentId,
    pub seq: u64,
    pub operation: String,
    #[serde(default)]
    pub parents: Vec<Dot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// An operation on a JSON document, its places named by dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crdt_type: Option<CrdtType>,
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
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
}

impl DeltaRecord {
    /// The delta that the record stands for.
    ///
    /// # Errors
    /// 422 if its fields do not fit together or do not have the digest it claims.
    pub fn to_delta(&self) -> Result<Delta, Problem> {
        let invalid = |detail: &str| {
            Problem::new(Code::InvalidDelta, format!("{}:{}: {detail}", self.agent_id, self.seq))
        };
        let Some(op) = self.op() else {
            return Err(invalid(&format!("the fields do not make up a {:.20}", self.operation)));
        };
        if !(1..=MAX_SAFE_INTEGER).contains(&self.seq) {
            return Err(invalid("seq counts from 1 to 2^53-1"));
        }
        if !op.is_within_limits() {
            return Err(invalid(&format!(
                "a number exceeds 2^53-1, or something is nested deeper than {MAX_VALUE_DEPTH} levels"
            )));
        }
        let delta =
            Delta { dot: Dot::new(self.agent_id.clone(), self.seq), parents: self.parents.clone(), op };
        match self.digest {
            Some(claimed) if claimed != delta.digest() => {
                Err(invalid("the content does not have the claimed digest"))
            }
            _ => Ok(delta),
        }
    }

    /// The operation, `None` if the fields do not make one up.
    fn op(&self) -> Option<Op> {
        let name = self.operation.as_str();
        if let Some(edit) = &self.edit {
            let alone = self.position.is_none() && self.value.is_none() && self.length.is_none();
            return (alone && edit.name() == name).then(|| Op::Edit(edit.clone()));
        }
        let op = match (name, self.position, self.value.clone(), self.length) {
            ("insert", Some(position), Some(Json::Text(text)), None) => Op::Insert { position, text },
            ("delete", Some(position), None, Some(length)) => Op::Delete { position, length },
            ("increment", None, Some(value), None) => match self.crdt_type {
                Some(CrdtType::GCounter) => Op::Grow { amount: value.as_uint()? },
                _ => Op::Increment { amount: value.as_uint()? },
            },
            ("decrement", None, Some(value), None) => Op::Decrement { amount: value.as_uint()? },
            ("add", None, Some(element), None) => Op::Add { element },
            ("remove", None, Some(element), None) => Op::Remove { element },
            ("set", None, Some(value), None) => match self.crdt_type {
                Some(CrdtType::MvRegister) => Op::SetEach { value },
                _ => Op::SetLast { value },
            },
            ("transition", None, Some(Json::Text(phase)), None) => Op::Transition { to: phase.parse().ok()? },
            _ => return None,
        };
        self.crdt_type.is_none_or(|claimed| claimed == op.crdt_type()).then_some(op)
    }

    /// The record of a delta, without what the service adds.
    pub fn of(delta: Delta) -> Self {
        let crdt_type = delta.op.crdt_type();
        let operation = delta.op.name().to_owned();
        let (position, value, length, edit) = match delta.op {
            Op::Insert { position, text } => (Some(position), Some(Json::Text(text)), None, None),
            Op::Delete { position, length } => (Some(position), None, Some(length), None),
            Op::Increment { amount } | Op::Decrement { amount } | Op::Grow { amount } => {
                (None, Json::int(amount.into()), None, None)
            }
            Op::Add { element: value }
            | Op::Remove { element: value }
            | Op::SetLast { value }
            | Op::SetEach { value } => (None, Some(value), None, None),
            Op::Transition { to } => (None, Some(to.as_str().into()), None, None),
            Op::Edit(edit) => (None, None, None, Some(edit)),
        };
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
