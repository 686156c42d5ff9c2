//! Operations as JSON: what clients send to the streams and to crdt-service.

use ramanujan_core::{AgentId, Code, DocumentId, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use serde::{Deserialize, Deserializer, Serialize};

use crate::delta::{CrdtType, Op};
use crate::edit::{Edit, MAX_PATH_LENGTH};
pub use crate::record::DeltaRecord;
use crate::request::{Change, EditRequest, PathStep};
use crate::text::units::Unit;
use crate::value::MAX_VALUE_DEPTH;
use crate::{Json, TapPhase};

/// Who an operation is from when the request does not say.
pub const ANONYMOUS: &str = "anonymous";

fn anonymous() -> AgentId {
    // The literal is legal, so the fallback is never taken.
    ANONYMOUS.parse().unwrap_or_else(|_| unreachable!("{ANONYMOUS} is an agent id"))
}

/// A member that is there, were it null.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
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
    /// Indexes and positions are those of the parents' version.
    Edit(EditRequest),
}

impl Wanted {
    pub fn crdt_type(&self) -> CrdtType {
        match self {
            Wanted::Op(op) => op.crdt_type(),
            Wanted::Append(_) => CrdtType::Text,
            Wanted::Edit(_) => CrdtType::Json,
        }
    }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidOperation, detail)
}

impl OperationRequest {
    /// Checks the fields against each other. `existing` is the type of the document, if there is one: it decides
    /// between types that share an operation's name where the request leaves `crdt_type` out.
    ///
    /// # Errors
    /// 422 naming the field.
    pub fn wanted(&self, existing: Option<CrdtType>) -> Result<Wanted, Problem> {
        if self.parents.is_some() && self.vector_clock.is_some() {
            return Err(invalid("parents and vector_clock both name the parents' version: give one"));
        }
        if let Some(seq) = self.seq
            && !(1..=MAX_SAFE_INTEGER).contains(&seq)
        {
            return Err(invalid("seq counts from 1 to 2^53-1"));
        }
        if self.value.as_ref().is_some_and(|value| value.depth() > MAX_VALUE_DEPTH) {
            return Err(invalid(format!("value is nested deeper than {MAX_VALUE_DEPTH} levels")));
        }
        let wanted = match (&self.edit, &self.path) {
            (None, Some(path)) => Wanted::Edit(self.edit(path)?),
            (None, None) => self.plain(self.crdt_type.or(existing))?,
            (Some(edit), None) => {
                self.takes(&[])?;
                if edit.name() != self.operation {
                    return Err(invalid(format!("edit is a {}, not a {:.20}", edit.name(), self.operation)));
                }
                if let Some(excess) = edit.excess() {
                    return Err(invalid(format!("edit cannot be stored: {excess}")));
                }
                Wanted::Op(Op::Edit(edit.clone()))
            }
            (Some(_), Some(_)) => return Err(invalid("edit and path both name the place: give one")),
        };
        match self.crdt_type {
            Some(claimed) if claimed != wanted.crdt_type() => {
                let detail =
                    format!("{} is an operation of {}, not of {claimed}", self.operation, wanted.crdt_type());
                Err(invalid(detail))
            }
            _ if self.counts_utf16() && wanted.crdt_type() != CrdtType::Text => {
                Err(invalid("unit is for texts"))
            }
            _ => Ok(wanted),
        }
    }

    /// Refuses fields that the operation does not take.
    fn takes(&self, fields: &[&str]) -> Result<(), Problem> {
        let given = [
            ("position", self.position.is_some()),
            ("length", self.length.is_some()),
            ("value", self.value.is_some()),
        ];
        match given.iter().find(|(field, given)| *given && !fields.contains(field)) {
            Some((field, _)) => Err(invalid(format!("{} takes no {field}", self.operation))),
            None => Ok(()),
        }
    }

    fn text(&self) -> Result<&str, Problem> {
        match &self.value {
            Some(Json::Text(text)) if text.is_empty() => {
                Err(invalid("value is empty: inserting nothing is not an operation"))
            }
            Some(Json::Text(text)) => Ok(text),
            _ => Err(invalid(format!("{} needs value, the text to insert", self.operation))),
        }
    }

    fn range(&self) -> Result<(u64, u64), Problem> {
        match (self.position, self.length) {
            (Some(_), Some(0)) => Err(invalid("length is 0: deleting nothing is not an operation")),
            (Some(position), Some(length)) => Ok((position, length)),
            _ => Err(invalid(format!("{} needs position and length, in code points", self.operation))),
        }
    }

    fn amount(&self) -> Result<u64, Problem> {
        match &self.value {
            None => Ok(1),
            Some(value) => {
                value.as_uint().ok_or_else(|| invalid("value must be a whole number from 0 to 2^53-1"))
            }
        }
    }

    fn any_value(&self) -> Result<Json, Problem> {
        self.value.clone().ok_or_else(|| invalid(format!("{} needs value", self.operation)))
    }

    /// Whether position and length count UTF-16 code units.
    pub fn counts_utf16(&self) -> bool {
        self.unit == Some(Unit::Utf16)
    }

    /// An operation on a document that is not JSON.
    fn plain(&self, hint: Option<CrdtType>) -> Result<Wanted, Problem> {
        let op = match self.operation.as_str() {
            "insert" => {
                self.takes(&["value", "position"])?;
                let text = self.text()?.to_owned();
                match self.position {
                    Some(position) => Op::Insert { position, text },
                    None => return Ok(Wanted::Append(text)),
                }
            }
            "delete" => {
                self.takes(&["position", "length"])?;
                let (position, length) = self.range()?;
                Op::Delete { position, length }
            }
            "increment" => {
                self.takes(&["value"])?;
                let amount = self.amount()?;
                if hint == Some(CrdtType::GCounter) { Op::Grow { amount } } else { Op::Increment { amount } }
            }
            "decrement" => {
                self.takes(&["value"])?;
                Op::Decrement { amount: self.amount()? }
            }
            "add" => {
                self.takes(&["value"])?;
                Op::Add { element: self.any_value()? }
            }
            "remove" => {
                self.takes(&["value"])?;
                Op::Remove { element: self.any_value()? }
            }
            "set" => {
                self.takes(&["value"])?;
                let value = self.any_value()?;
                if hint == Some(CrdtType::MvRegister) { Op::SetEach { value } } else { Op::SetLast { value } }
            }
            "transition" => {
                self.takes(&["value"])?;
                let phase = self.value.as_ref().and_then(Json::as_text).unwrap_or_default();
                Op::Transition { to: phase.parse::<TapPhase>().map_err(invalid)? }
            }
            name @ ("insert_item" | "insert_text" | "delete_text") => {
                return Err(invalid(format!("{name} needs path, the place in the JSON document")));
            }
            other => {
                return Err(invalid(format!(
                    "unknown operation {other:.40?}; known: insert, delete (text), increment, decrement (counters), \
                     add, remove (or-set), set (registers), transition (tap-state), and with path set, delete, \
                     increment, decrement, insert_item, insert_text, delete_text (json)"
                )));
            }
        };
        Ok(Wanted::Op(op))
    }

    /// An operation on a JSON document.
    fn edit(&self, path: &[PathStep]) -> Result<EditRequest, Problem> {
        if path.len() > MAX_PATH_LENGTH {
            return Err(invalid(format!("path has {} steps; the limit is {MAX_PATH_LENGTH}", path.len())));
        }
        let change = match self.operation.as_str() {
            "set" => {
                self.takes(&["value"])?;
                Change::Set(self.any_value()?)
            }
            "delete" => {
                self.takes(&[])?;
                Change::Delete
            }
            "increment" => {
                self.takes(&["value"])?;
                Change::Increment(self.amount()?)
            }
            "decrement" => {
                self.takes(&["value"])?;
                Change::Decrement(self.amount()?)
            }
            "insert_item" => {
                self.takes(&["value", "position"])?;
                Change::InsertItem { position: self.position, value: self.any_value()? }
            }
            "insert_text" => {
                self.takes(&["value", "position"])?;
                Change::InsertText { position: self.position, text: self.text()?.to_owned() }
            }
            "delete_text" => {
                self.takes(&["position", "length"])?;
                let (position, length) = self.range()?;
                Change::DeleteText { position, length }
            }
            other => {
                return Err(invalid(format!(
                    "{other:.40?} is no operation on a JSON document; known: set, delete, increment, decrement, \
                     insert_item, insert_text, delete_text"
                )));
            }
        };
        Ok(EditRequest { path: path.to_vec(), change })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Result<Wanted, Problem> {
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
            assert_eq!(record.to_delta().unwrap_err().status, 422, "{bad}");
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
            assert_eq!(request(bad).unwrap_err().status, 422, "{bad}");
        }
    }
}
