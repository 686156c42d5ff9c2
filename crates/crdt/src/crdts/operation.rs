//! What the fields of an operation are called on the API and in a store, and why they do not make one up.

use super::crdt_type::CrdtType;
use crate::edit::{Edit, Excess, MAX_PATH_LENGTH};
use crate::tap::UnknownPhase;
use crate::value::{Json, MAX_VALUE_DEPTH};

/// The fields of an operation on the API, as a request or a record has them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) position: Option<u64>,
    pub(crate) length: Option<u64>,
    pub(crate) value: Option<&'a Json>,
    pub(crate) edit: Option<&'a Edit>,
}

/// The fields of an operation on the API, written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// First code point concerned.
    pub position: Option<u64>,
    /// How many code points.
    pub length: Option<u64>,
    /// Text, amount, element, value or phase.
    pub value: Option<Json>,
    /// What happens in a JSON document.
    pub edit: Option<Edit>,
}

/// An operation in the columns of a table: a text as it is, an amount in decimal, anything else as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// First code point concerned.
    pub position: Option<u64>,
    /// Code points inserted or deleted; 0 for all but texts.
    pub length: u64,
    /// Everything else that the operation needs.
    pub value: Option<String>,
}

/// One of the names in [`Fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Position,
    Length,
    Value,
    /// `path` in a request, `edit` in a record.
    Edit,
}

#[cfg(not(target_family = "wasm"))]
impl Field {
    /// The member's name in a record.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::Position => "position",
            Field::Length => "length",
            Field::Value => "value",
            Field::Edit => "edit",
        }
    }
}

impl Given<'_> {
    /// The first field that is there and not among `fields`.
    pub(crate) fn superfluous(&self, fields: &[Field]) -> Option<&'static str> {
        let given = [
            (Field::Position, "position", self.position.is_some()),
            (Field::Length, "length", self.length.is_some()),
            (Field::Value, "value", self.value.is_some()),
            (Field::Edit, "edit", self.edit.is_some()),
        ];
        let first = given.iter().find(|(field, _, given)| *given && !fields.contains(field));
        first.map(|(_, name, _)| *name)
    }
}

/// Why a request is not an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Both name the version that the operation was made at.
    #[error("parents and vector_clock both name the parents' version: give one")]
    TwoVersions,
    /// Operations of an agent have the numbers 1, 2, 3, …
    #[error("seq counts from 1 to 2^53-1")]
    Seq,
    /// More than [`MAX_VALUE_DEPTH`] levels.
    #[error("value is nested deeper than {MAX_VALUE_DEPTH} levels")]
    Depth,
    /// More than [`MAX_PATH_LENGTH`] steps.
    #[error("path has {0} steps; the limit is {MAX_PATH_LENGTH}")]
    LongPath(usize),
    /// Both name the place in a JSON document.
    #[error("edit and path both name the place: give one")]
    TwoPlaces,
    /// The operation that the edit is, and the one that is claimed.
    #[error("edit is a {0}, not a {1:.20}")]
    OtherEdit(&'static str, String),
    /// The edit could not be read back.
    #[error("edit cannot be stored: {0}")]
    Excess(#[from] Excess),
    /// The type is not the operation's own.
    #[error("{operation} is an operation of {of}, not of {claimed}")]
    OtherType {
        /// The operation.
        operation: String,
        /// Its type.
        of: CrdtType,
        /// The type that the request names.
        claimed: CrdtType,
    },
    /// Only texts count in UTF-16 code units.
    #[error("unit is for texts")]
    Unit,
    /// A field that the operation has no use for.
    #[error("{operation} takes no {field}")]
    Superfluous {
        /// The operation.
        operation: String,
        /// The field's name.
        field: &'static str,
    },
    /// The text to insert.
    #[error("value is empty: inserting nothing is not an operation")]
    EmptyText,
    /// The text to insert is missing or no text.
    #[error("{0} needs value, the text to insert")]
    NoText(String),
    /// Code points to delete.
    #[error("length is 0: deleting nothing is not an operation")]
    NoLength,
    /// Which code points to delete.
    #[error("{0} needs position and length, in code points")]
    NoRange(String),
    /// How much to count.
    #[error("value must be a whole number from 0 to 2^53-1")]
    Amount,
    /// An element or a value.
    #[error("{0} needs value")]
    NoValue(String),
    /// A number to compare with.
    #[error("{0} needs value, a number that JSON keeps exactly")]
    NoNumber(String),
    /// A phase.
    #[error(transparent)]
    Phase(#[from] UnknownPhase),
    /// The operation is one on a place in a JSON document, and there is no place.
    #[error("{0} needs path, the place in the JSON document")]
    NoPath(String),
    /// Nobody knows the operation; says which are known.
    #[error("unknown operation {operation:.40?}; known: {known}")]
    Unknown {
        /// The name that was given.
        operation: String,
        /// The names that would do.
        known: String,
    },
    /// The operation is not one on a JSON document; says which are.
    #[error("{operation:.40?} is no operation on a JSON document; known: {known}")]
    NotOnJson {
        /// The name that was given.
        operation: String,
        /// The names that would do.
        known: String,
    },
}
