//! Operations as JSON: what clients send to the streams and to crdt-service.

use ramanujan_core::{AgentId, DocumentId, Dot, MAX_SAFE_INTEGER, VectorClock};
use serde::{Deserialize, Serialize};

use crate::crdts::crdt_type::CrdtType;
use crate::crdts::op::{Op, names_of};
use crate::crdts::operation::Given;
use crate::edit::{Edit, MAX_PATH_LENGTH};
use crate::request::{Change, EditRequest, PathStep};
use crate::text::units::Unit;
use crate::value::{Json, MAX_VALUE_DEPTH, present};

pub use crate::crdts::operation::OperationError;
pub use crate::record::DeltaRecord;

/// Who an operation is from when the request does not say.
pub const ANONYMOUS: &str = "anonymous";

fn anonymous() -> AgentId {
    // The literal is legal, so the fallback is never taken.
    ANONYMOUS.parse().unwrap_or_else(|_| unreachable!("{ANONYMOUS} is an agent id"))
}

/// An operation as a client sends it to crdt-service or, with `polarity`, to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(rename = "Operation", transform = crate::schema::of_request)
)]
#[serde(deny_unknown_fields)]
pub struct OperationRequest {
    /// Name of the operation.
    pub operation: String,
    /// The document.
    pub document_id: DocumentId,
    /// In whose name; `anonymous` if left out.
    #[serde(default = "anonymous")]
    pub agent_id: AgentId,
    /// Left out: the server takes the agent's next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("minimum" = 1, "maximum" = MAX_SAFE_INTEGER)))]
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
    /// Text to insert, amount to count (default 1), element, value or phase.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// Place in a JSON document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<PathStep>>,
    /// An operation on a JSON document as `/history` gives it, instead of `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// Code points to delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// What position and length of a text count; code points if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Decides between types that share the operation's name; must be the document's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crdt_type: Option<CrdtType>,
    /// For streams only: must be the stream's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polarity: Option<String>,
}

/// What an [`OperationRequest`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An operation that is complete.
    Op(Op),
    /// Insert this text at the end of the parents' version.
    Append(String),
    /// Indexes and positions are those of the parents' version.
    Edit(EditRequest),
}

impl Wanted {
    /// The type of document that it is an operation of.
    pub fn crdt_type(&self) -> CrdtType {
        match self {
            Wanted::Op(op) => op.crdt_type(),
            Wanted::Append(_) => CrdtType::Text,
            Wanted::Edit(_) => CrdtType::Json,
        }
    }
}

impl OperationRequest {
    /// Checks the fields against each other. `existing` is the type of the document, if there is one: it decides
    /// between types that share an operation's name where the request leaves `crdt_type` out.
    ///
    /// # Errors
    /// [`OperationError`], which names the field.
    pub fn wanted(&self, existing: Option<CrdtType>) -> Result<Wanted, OperationError> {
        if self.parents.is_some() && self.vector_clock.is_some() {
            return Err(OperationError::TwoVersions);
        }
        if self.seq.is_some_and(|seq| !(1..=MAX_SAFE_INTEGER).contains(&seq)) {
            return Err(OperationError::Seq);
        }
        if self.value.as_ref().is_some_and(|value| value.depth() > MAX_VALUE_DEPTH) {
            return Err(OperationError::Depth);
        }
        let wanted = match &self.path {
            Some(_) if self.edit.is_some() => return Err(OperationError::TwoPlaces),
            Some(path) => Wanted::Edit(self.edit(path)?),
            None => self.plain(self.crdt_type.or(existing))?,
        };
        match self.crdt_type {
            Some(claimed) if claimed != wanted.crdt_type() => {
                let operation = self.operation.clone();
                Err(OperationError::OtherType { operation, of: wanted.crdt_type(), claimed })
            }
            _ if self.counts_utf16() && wanted.crdt_type() != CrdtType::Text => Err(OperationError::Unit),
            _ => Ok(wanted),
        }
    }

    /// Whether position and length count UTF-16 code units.
    pub fn counts_utf16(&self) -> bool {
        self.unit == Some(Unit::Utf16)
    }

    fn given(&self) -> Given<'_> {
        Given {
            position: self.position,
            length: self.length,
            value: self.value.as_ref(),
            edit: self.edit.as_ref(),
        }
    }

    /// An operation whose place, if it has one, needs no document to be found.
    fn plain(&self, hint: Option<CrdtType>) -> Result<Wanted, OperationError> {
        let given = self.given();
        if self.operation == "insert" && self.position.is_none() && self.edit.is_none() {
            let somewhere = Given { position: Some(0), ..given };
            return Ok(match Op::asked_for(&self.operation, &somewhere, hint)? {
                Op::Insert { text, .. } => Wanted::Append(text),
                other => Wanted::Op(other),
            });
        }
        Op::asked_for(&self.operation, &given, hint).map(Wanted::Op)
    }

    /// An operation on a JSON document.
    fn edit(&self, path: &[PathStep]) -> Result<EditRequest, OperationError> {
        if path.len() > MAX_PATH_LENGTH {
            return Err(OperationError::LongPath(path.len()));
        }
        let (given, name) = (self.given(), self.operation.as_str());
        let change = match name {
            "set" => Change::Set(given.only_value(name)?),
            "delete" => {
                given.only(name, &[])?;
                Change::Delete
            }
            "increment" => Change::Increment(given.only_amount(name)?),
            "decrement" => Change::Decrement(given.only_amount(name)?),
            "insert_item" => {
                Change::InsertItem { position: self.position, value: given.anywhere().only_value(name)? }
            }
            "insert_text" => {
                Change::InsertText { position: self.position, text: given.anywhere().only_text(name)? }
            }
            "delete_text" => {
                let (position, length) = given.only_range(name)?;
                Change::DeleteText { position, length }
            }
            _ => {
                let known = names_of(CrdtType::Json).join(", ");
                return Err(OperationError::NotOnJson { operation: self.operation.clone(), known });
            }
        };
        Ok(EditRequest { path: path.to_vec(), change })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Result<Wanted, OperationError> {
        serde_json::from_str::<OperationRequest>(json).unwrap().wanted(None)
    }

    #[test]
    fn a_record_is_refused_if_its_canonical_bytes_could_not_be_read() {
        let deep = format!("{}1{}", "[".repeat(MAX_VALUE_DEPTH), "]".repeat(MAX_VALUE_DEPTH));
        for bad in [
            r#""operation":"insert","position":9007199254740992,"value":"x""#.to_owned(),
            r#""operation":"delete","position":0,"length":18446744073709551615"#.to_owned(),
            r#""operation":"increment","edit":{"path":[],"action":"increment","amount":9007199254740992}"#
                .to_owned(),
            format!(r#""operation":"add","value":{deep}"#),
            format!(r#""operation":"set","edit":{{"path":[],"action":"set","value":{deep}}}"#),
        ] {
            let record: DeltaRecord =
                serde_json::from_str(&format!(r#"{{"agent_id":"a","seq":1,{bad}}}"#)).unwrap();
            assert!(record.to_delta().is_err(), "{bad}");
        }
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
            r#"{"operation":"increment","document_id":"d","value":1.5}"#,
            r#"{"operation":"increment","document_id":"d","crdt_type":"text"}"#,
            r#"{"operation":"insert","document_id":"d","value":"x","seq":0}"#,
            r#"{"operation":"insert","document_id":"d","value":"x","parents":[],"vector_clock":{}}"#,
            r#"{"operation":"explode","document_id":"d"}"#,
            r#"{"operation":"add","document_id":"d"}"#,
            r#"{"operation":"add","document_id":"d","value":1,"position":0}"#,
            r#"{"operation":"decrement","document_id":"d","crdt_type":"g-counter"}"#,
            r#"{"operation":"transition","document_id":"d","value":"DEAD"}"#,
            r#"{"operation":"insert_item","document_id":"d","value":1}"#,
            r#"{"operation":"insert","document_id":"d","path":["a"],"value":"x"}"#,
            r#"{"operation":"set","document_id":"d","path":["a"]}"#,
        ] {
            assert!(request(bad).is_err(), "{bad}");
        }
    }
}
