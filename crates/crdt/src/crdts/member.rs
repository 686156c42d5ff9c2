//! Schemas of operands, for the description of the API. Native only.
//!
//! A kind of operand without a schema does not compile natively, so a new operation describes itself.

use ramanujan_core::MAX_SAFE_INTEGER;
use serde_json::{Value as Schema, json};

use super::operand::{Amount, AtPath, Length, Numeric, Operand, Phase, Position, Text, Value};
use super::operation::Field;
use crate::tap::TapPhase;
use crate::value::MAX_VALUE_DEPTH;

/// What a member of a request or a record may be.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) field: Field,
    pub(crate) schema: Schema,
    /// What stands for it where a request leaves it out.
    pub(crate) default: Option<Schema>,
}

impl Member {
    pub(super) fn of<K: Described>() -> Self {
        Member { field: K::FIELD, schema: K::schema(), default: K::default() }
    }
}

/// A kind of operand in words.
pub(super) trait Described: Operand {
    /// What it is in JSON.
    fn schema() -> Schema;

    /// What a request means that leaves it out; `None` if it must not.
    fn default() -> Option<Schema> {
        None
    }
}

impl Described for Position {
    fn schema() -> Schema {
        let description = "A place between code points or elements, from 0.";
        json!({"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER, "description": description})
    }
}

impl Described for Length {
    fn schema() -> Schema {
        let description = "How many code points.";
        json!({"type": "integer", "minimum": 1, "maximum": MAX_SAFE_INTEGER, "description": description})
    }
}

impl Described for Text {
    fn schema() -> Schema {
        json!({"type": "string", "minLength": 1, "description": "The code points."})
    }
}

impl Described for Amount {
    fn schema() -> Schema {
        let description = "How much to count.";
        json!({"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER, "description": description})
    }

    fn default() -> Option<Schema> {
        Some(1.into())
    }
}

/// A schema of any JSON value within the limits.
pub(crate) fn any_value() -> Schema {
    json!({"description": format!(
        "Any JSON value of at most {MAX_VALUE_DEPTH} levels; whole numbers are within ±(2^53−1)."
    )})
}

impl Described for Value {
    fn schema() -> Schema {
        any_value()
    }
}

impl Described for Numeric {
    fn schema() -> Schema {
        json!({"type": "number", "description": "A whole number within ±(2^53−1), or a finite double."})
    }
}

impl Described for Phase {
    fn schema() -> Schema {
        json!({"type": "string", "enum": TapPhase::ALL.map(TapPhase::as_str), "description": "The phase."})
    }
}

impl Described for AtPath {
    fn schema() -> Schema {
        json!({"$ref": "#/components/schemas/Edit", "description": "What happens, its places named by dots."})
    }
}
