//! Schemas of operands, and the rows of the table for the description of the API. Native only.
//!
//! A kind of operand without a schema does not compile natively, so a new operation describes itself.

use ramanujan_core::{Color, MAX_SAFE_INTEGER};
use serde_json::{Value as Schema, json};

use super::crdt_type::CrdtType;
use super::each_type;
use super::op::Op;
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
    fn of<K: Described>() -> Self {
        Member { field: K::FIELD, schema: K::schema(), default: K::default() }
    }
}

/// An operation of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) crdt_type: CrdtType,
    pub(crate) tag: u8,
    /// What it does.
    pub(crate) about: &'static str,
    pub(crate) members: Vec<Member>,
}

impl Row {
    /// The names that the operation has, each with its colours.
    pub(crate) fn names(&self) -> Vec<(&'static str, Vec<Color>)> {
        let mut names: Vec<(&'static str, Vec<Color>)> = Vec::new();
        for op in Op::examples().iter().filter(|op| op.tag() == self.tag) {
            match names.iter_mut().find(|(name, _)| *name == op.name()) {
                Some((_, colors)) if colors.contains(&op.color()) => {}
                Some((_, colors)) => colors.push(op.color()),
                None => names.push((op.name(), vec![op.color()])),
            }
        }
        names
    }

    /// Whether the operation is on a place in a JSON document.
    pub(crate) fn is_edit(&self) -> bool {
        self.members.iter().any(|member| member.field == Field::Edit)
    }
}

macro_rules! rows {
    ($(
        $(#[doc = $doc:literal])+
        $Type:ident = $number:literal $type_name:literal, $(state $file:ident,)? value $value:literal,
        concurrent $concurrent:literal {
            $(
                $(#[doc = $op_doc:literal])+
                $tag:literal $Op:ident
                $({ $($field:ident: $Field:ty as $Kind:ident),* })?
                $(( $($place:ident: $Place:ty as $PlaceKind:ident),* ))?
                $(named $name:literal)? $(named_by $named_by:expr)?, $color:expr $(, among $among:expr)?;
            )*
        }
    )*) => {
        /// Every operation, in the order of the table.
        pub(crate) fn rows() -> Vec<Row> {
            vec![$($(
                Row {
                    crdt_type: CrdtType::$Type,
                    tag: $tag,
                    about: concat!($($op_doc),+).trim_ascii(),
                    members: vec![$($(Member::of::<$Kind>()),*)? $($(Member::of::<$PlaceKind>()),*)?],
                },
            )*)*]
        }
    };
}

each_type!(rows);

/// The members beside `path` of an operation of this name on a place in a JSON document, in a request.
pub(crate) fn members_at_path(name: &str) -> Vec<Member> {
    let anywhere = || Member { default: Some(Schema::Null), ..Member::of::<Position>() };
    match name {
        "delete" => Vec::new(),
        "increment" | "decrement" => vec![Member::of::<Amount>()],
        "insert_item" => vec![anywhere(), Member::of::<Value>()],
        "insert_text" => vec![anywhere(), Member::of::<Text>()],
        "delete_text" => vec![Member::of::<Position>(), Member::of::<Length>()],
        _ => vec![Member::of::<Value>()],
    }
}

/// A kind of operand in words.
trait Described: Operand {
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
