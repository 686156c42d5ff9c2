//! Deltas and operations as JSON: what clients send, what crdt-service stores and hands out.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use serde::{Deserialize, Serialize};

use crate::delta::{CrdtType, Delta, Op};

/// Who an operation is from when the request does not say.
pub const ANONYMOUS: &str = "anonymous";

fn anonymous() -> AgentId {
    // The literal is legal, so the fallback is never taken.
    ANONYMOUS.parse().unwrap_or_else(|_| unreachable!("{ANONYMOUS} is an agent id"))
}

/// The operand of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Operand {
    Text(String),
    Amount(u64),
}

/// An operation as a client sends it to crdt-service or, with `polarity`, to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationRequest {
    pub operation: String,
    pub document_id: DocumentId,
    #[serde(default = "anonymous")]
    pub agent_id: AgentId,
    /// Left out: the server takes the agent's next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Left out: the current heads. Empty: the empty document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<Dot>>,
    /// Names the parents' version instead of `parents`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_clock: Option<VectorClock>,
    /// Left out for an insertion: the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Text to insert, or amount to count (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Operand>,
    /// Code points to delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crdt_type: Option<CrdtType>,
    /// For streams only: must be the stream's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polarity: Option<String>,
}

/// What an [`OperationRequest`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Op(Op),
    /// Insert this text at the end of the parents' version.
    Append(String),
}

impl Wanted {
    pub fn crdt_type(&self) -> CrdtType {
        match self {
            Wanted::Op(op) => op.crdt_type(),
            Wanted::Append(_) => CrdtType::Text,
        }
    }

    /// Whether `op` is what was asked for.
    pub fn is(&self, op: &Op) -> bool {
        match self {
            Wanted::Op(wanted) => wanted == op,
            Wanted::Append(wanted) => matches!(op, Op::Insert { text, .. } if text == wanted),
        }
    }
}

impl OperationRequest {
    /// Checks the fields against each other.
    ///
    /// # Errors
    /// 422 naming the field.
    pub fn wanted(&self) -> Result<Wanted, Problem> {
        let invalid = |detail: String| Problem::invalid("invalid-operation", detail);
        let name = self.operation.as_str();
        let needless = |field: &str| invalid(format!("{name} takes no {field}"));
        if self.parents.is_some() && self.vector_clock.is_some() {
            return Err(invalid("parents and vector_clock both name the parents' version: give one".into()));
        }
        if let Some(seq) = self.seq
            && !(1..=MAX_SAFE_INTEGER).contains(&seq)
        {
            return Err(invalid("seq counts from 1 to 2^53-1".into()));
        }
        let wanted = match name {
            "insert" => {
                let Some(Operand::Text(text)) = &self.value else {
                    return Err(invalid("insert needs value, the text to insert".into()));
                };
                if self.length.is_some() {
                    return Err(needless("length: it follows from value"));
                }
                if text.is_empty() {
                    return Err(invalid("value is empty: inserting nothing is not an operation".into()));
                }
                match self.position {
                    Some(position) => Wanted::Op(Op::Insert { position, text: text.clone() }),
                    None => Wanted::Append(text.clone()),
                }
            }
            "delete" => {
                let (Some(position), Some(length)) = (self.position, self.length) else {
                    return Err(invalid("delete needs position and length, in code points".into()));
                };
                if self.value.is_some() {
                    return Err(needless("value"));
                }
                if length == 0 {
                    return Err(invalid("length is 0: deleting nothing is not an operation".into()));
                }
                Wanted::Op(Op::Delete { position, length })
            }
            "increment" | "decrement" => {
                if self.position.is_some() || self.length.is_some() {
                    return Err(needless("position or length"));
                }
                let amount = match self.value {
                    None => 1,
                    Some(Operand::Amount(amount)) if amount <= MAX_SAFE_INTEGER => amount,
                    Some(_) => return Err(invalid("value must be a whole number from 0 to 2^53-1".into())),
                };
                Wanted::Op(if name == "increment" {
                    Op::Increment { amount }
                } else {
                    Op::Decrement { amount }
                })
            }
            other => {
                let detail =
                    format!("unknown operation {:.40?}; known: insert, delete, increment, decrement", other);
                return Err(invalid(detail));
            }
        };
        match self.crdt_type {
            Some(claimed) if claimed != wanted.crdt_type() => {
                Err(invalid(format!("{name} is an operation of {}, not of {claimed}", wanted.crdt_type())))
            }
            _ => Ok(wanted),
        }
    }
}

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Operand>,
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
            Problem::invalid("invalid-delta", format!("{}:{}: {detail}", self.agent_id, self.seq))
        };
        let op = match (self.operation.as_str(), self.position, &self.value, self.length) {
            ("insert", Some(position), Some(Operand::Text(text)), None) => {
                Op::Insert { position, text: text.clone() }
            }
            ("delete", Some(position), None, Some(length)) => Op::Delete { position, length },
            ("increment", None, Some(Operand::Amount(amount)), None) => Op::Increment { amount: *amount },
            ("decrement", None, Some(Operand::Amount(amount)), None) => Op::Decrement { amount: *amount },
            (name, ..) => return Err(invalid(&format!("the fields do not make up a {name:.20}"))),
        };
        if !(1..=MAX_SAFE_INTEGER).contains(&self.seq) {
            return Err(invalid("seq counts from 1 to 2^53-1"));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Result<Wanted, Problem> {
        serde_json::from_str::<OperationRequest>(json).unwrap().wanted()
    }

    #[test]
    fn fields_must_fit_the_operation() {
        assert_eq!(
            request(r#"{"operation":"insert","document_id":"d","value":"x","position":0}"#).unwrap(),
            Wanted::Op(Op::Insert { position: 0, text: "x".into() })
        );
        assert_eq!(
            request(r#"{"operation":"insert","document_id":"d","value":"x"}"#).unwrap(),
            Wanted::Append("x".into())
        );
        for bad in [
            r#"{"operation":"insert","document_id":"d","value":1}"#,
            r#"{"operation":"insert","document_id":"d","value":""}"#,
            r#"{"operation":"insert","document_id":"d","value":"x","length":1}"#,
            r#"{"operation":"delete","document_id":"d","position":1}"#,
            r#"{"operation":"delete","document_id":"d","position":1,"length":0}"#,
            r#"{"operation":"increment","document_id":"d","value":"x"}"#,
            r#"{"operation":"increment","document_id":"d","value":9007199254740992}"#,
            r#"{"operation":"increment","document_id":"d","crdt_type":"text"}"#,
            r#"{"operation":"insert","document_id":"d","value":"x","seq":0}"#,
            r#"{"operation":"insert","document_id":"d","value":"x","parents":[],"vector_clock":{}}"#,
            r#"{"operation":"explode","document_id":"d"}"#,
        ] {
            assert_eq!(request(bad).unwrap_err().status, 422, "{bad}");
        }
    }
}
