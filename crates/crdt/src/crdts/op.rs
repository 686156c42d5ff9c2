//! Operations: what one is, its canonical bytes, its fields on the API, its columns in a store, its colour.

use std::sync::LazyLock;

use ramanujan_core::Color;

use super::crdt_type::CrdtType;
use super::each_type;
#[cfg(not(target_family = "wasm"))]
use super::member::Member;
use super::operand::{Amount, AtPath, Length, Numeric, Operand, Phase, Position, Text, Value};
use super::operation::{Columns, Field, Fields, Given, OperationError};
use crate::codec::{Bytes, DecodeError, malformed};
use crate::counter::Totals;
use crate::edit::Edit;
use crate::tap::TapPhase;
use crate::value::{Json, Number};

const RED: Color = Color::Red;
const BLUE: Color = Color::Blue;

/// An operation's row in the table.
pub(super) struct Row {
    pub(super) crdt_type: CrdtType,
    pub(super) tag: u8,
    /// `None` if its operand decides.
    name: Option<&'static str>,
    fields: &'static [Field],
    /// The names under which streams take it, with their colours.
    colored: &'static [(&'static str, Color)],
    /// What it does, and what its members may be: for the description of the API.
    #[cfg(not(target_family = "wasm"))]
    pub(super) described: (&'static str, fn() -> Vec<Member>),
}

/// The names of a row: its own, or those that its operand decides among.
macro_rules! colored {
    ($name:literal; $color:expr;) => {
        &[($name, $color)]
    };
    ($($name:literal)?; $color:expr; $among:expr) => {
        &$among
    };
}

const fn last(names: &[Option<&'static str>]) -> Option<&'static str> {
    names[names.len() - 1]
}

/// A value for each operand from its examples, the shorter lists over again.
fn example<K: Operand>(index: usize) -> Option<K::Value> {
    let all = K::examples();
    all.get(index % all.len().max(1)).cloned()
}

macro_rules! operations {
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
        /// One operation. Positions and lengths count Unicode code points of the document as the parents left it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Op {
            $($(
                $(#[doc = $op_doc])+
                #[doc = concat!("\nOf a `", $type_name, "`.")]
                $Op $({ $( #[doc = concat!("The ", stringify!($field), ".")] $field: $Field ),* })? $(( $( $Place ),* ))?,
            )*)*
        }

        /// Every operation, in the order of the table.
        pub(super) const ROWS: &[Row] = &[$($(
            Row {
                crdt_type: CrdtType::$Type,
                tag: $tag,
                name: last(&[None $(, Some($name))?]),
                fields: &[$($($Kind::FIELD),*)? $($($PlaceKind::FIELD),*)?],
                colored: colored!($($name)?; $color; $($among)?),
                #[cfg(not(target_family = "wasm"))]
                described: (
                    concat!($($op_doc),+).trim_ascii(),
                    || vec![$($(Member::of::<$Kind>()),*)? $($(Member::of::<$PlaceKind>()),*)?],
                ),
            },
        )*)*];

        #[allow(unused_variables)]
        impl Op {
            /// The type whose operation it is.
            pub fn crdt_type(&self) -> CrdtType {
                match self { $($( Op::$Op { .. } => CrdtType::$Type, )*)* }
            }

            /// Name on the API.
            pub fn name(&self) -> &'static str {
                match self {
                    $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => { $($name)? $($named_by)? } )*)*
                }
            }

            /// Colour by what the operation does.
            pub fn color(&self) -> Color {
                match self { $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => $color, )*)* }
            }

            /// First operand byte of the canonical form.
            pub(crate) fn tag(&self) -> u8 {
                match self { $($( Op::$Op { .. } => $tag, )*)* }
            }

            /// Appends what follows the tag.
            pub(crate) fn put_operands(&self, out: &mut Vec<u8>) {
                match self {
                    $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => {
                        $($( $Kind::put($field, out); )*)?
                        $($( $PlaceKind::put($place, out); )*)?
                    } )*)*
                }
            }

            /// The operands that follow a tag.
            pub(crate) fn take_operands(reader: &mut Bytes<'_>, tag: u8) -> Result<Op, DecodeError> {
                Ok(match tag {
                    $($( $tag => Op::$Op
                        $({ $($field: $Kind::take(reader)?),* })?
                        $(( $($PlaceKind::take(reader)?),* ))?,
                    )*)*
                    _ => return malformed("an operation is of an unknown kind"),
                })
            }

            /// Whether the canonical bytes are read back: every number within 2^53−1, no value or path too deep.
            pub fn is_within_limits(&self) -> bool {
                match self {
                    $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => {
                        true $($( && $Kind::is_within_limits($field) )*)?
                            $($( && $PlaceKind::is_within_limits($place) )*)?
                    } )*)*
                }
            }

            /// The fields on the API.
            pub fn into_fields(self) -> Fields {
                let mut fields = Fields::default();
                match self {
                    $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => {
                        $($( $Kind::give($field, &mut fields); )*)?
                        $($( $PlaceKind::give($place, &mut fields); )*)?
                    } )*)*
                }
                fields
            }

            fn get(tag: u8, given: &Given<'_>) -> Option<Op> {
                Some(match tag {
                    $($( $tag => Op::$Op
                        $({ $($field: $Kind::get(given)?),* })?
                        $(( $($PlaceKind::get(given)?),* ))?,
                    )*)*
                    _ => return None,
                })
            }

            fn ask(tag: u8, given: &Given<'_>, operation: &str) -> Result<Option<Op>, OperationError> {
                Ok(Some(match tag {
                    $($( $tag => Op::$Op
                        $({ $($field: $Kind::ask(given, operation)?),* })?
                        $(( $($PlaceKind::ask(given, operation)?),* ))?,
                    )*)*
                    _ => return Ok(None),
                }))
            }

            /// The columns of the operation in a table.
            ///
            /// # Errors
            /// If a value has no JSON; every value of this crate has.
            pub fn columns(&self) -> serde_json::Result<Columns> {
                let mut columns = Columns::default();
                match self {
                    $($( Op::$Op $({ $($field),* })? $(( $($place),* ))? => {
                        $($( $Kind::store($field, &mut columns)?; )*)?
                        $($( $PlaceKind::store($place, &mut columns)?; )*)?
                    } )*)*
                }
                Ok(columns)
            }

            fn load(tag: u8, columns: &mut Columns) -> Option<Op> {
                Some(match tag {
                    $($( $tag => Op::$Op
                        $({ $($field: $Kind::load(columns)?),* })?
                        $(( $($PlaceKind::load(columns)?),* ))?,
                    )*)*
                    _ => return None,
                })
            }

            /// Operations of every kind, with operands of every kind: what fuzzers and lists begin with.
            pub fn examples() -> Vec<Op> {
                let mut all = Vec::new();
                $($(
                    let operands: &[usize] = &[
                        $($( $Kind::examples().len() ),*)? $($( $PlaceKind::examples().len() ),*)?
                    ];
                    for index in 0..operands.iter().copied().max().unwrap_or(1) {
                        let one = || Some(Op::$Op
                            $({ $($field: example::<$Kind>(index)?),* })?
                            $(( $(example::<$PlaceKind>(index)?),* ))?
                        );
                        all.extend(one());
                    }
                )*)*
                all
            }
        }
    };
}

each_type!(operations);

impl Op {
    /// The operation of this name that takes exactly the fields given. `crdt_type` decides between types that share a
    /// name.
    pub(crate) fn of_fields(name: &str, given: &Given<'_>, crdt_type: Option<CrdtType>) -> Option<Op> {
        let row = match given.edit {
            Some(_) => ROWS.iter().find(|row| row.name.is_none())?,
            None => row_of(name, crdt_type)?,
        };
        if given.superfluous(row.fields).is_some() {
            return None;
        }
        Op::get(row.tag, given).filter(|op| op.name() == name)
    }

    /// The operation of this name that a request with these fields asks for. `crdt_type` decides between types that
    /// share a name.
    ///
    /// # Errors
    /// [`OperationError`] naming the field, or the names that would do.
    pub(crate) fn asked_for(
        name: &str,
        given: &Given<'_>,
        crdt_type: Option<CrdtType>,
    ) -> Result<Op, OperationError> {
        let row = match given.edit {
            Some(_) => ROWS.iter().find(|row| row.name.is_none()),
            None => row_of(name, crdt_type),
        };
        let unknown = || OperationError::Unknown { operation: name.to_owned(), known: KNOWN.clone() };
        let Some(row) = row else {
            let on_json = names_of(CrdtType::Json).contains(&name);
            return Err(if on_json { OperationError::NoPath(name.to_owned()) } else { unknown() });
        };
        given.only(name, row.fields)?;
        Op::ask(row.tag, given, name)?.ok_or_else(unknown)
    }

    /// The operation that a row's columns hold; `None` if they hold none of this type and name.
    pub fn from_columns(crdt_type: CrdtType, name: &str, mut columns: Columns) -> Option<Op> {
        let named = |row: &&Row| row.crdt_type == crdt_type && row.name.is_none_or(|known| known == name);
        let row = ROWS.iter().find(named)?;
        Op::load(row.tag, &mut columns).filter(|op| op.name() == name)
    }

    /// What a counter's operation adds to its agent's totals; nothing for all others.
    pub fn counts(&self) -> Totals {
        match self {
            Op::Increment { amount } | Op::Grow { amount } => Totals { p: *amount, n: 0 },
            Op::Decrement { amount } => Totals { p: 0, n: *amount },
            _ => Totals::default(),
        }
    }

    /// The name under which a stream takes the operation: of a transition it says where it leads.
    pub fn colored_name(&self) -> String {
        match self {
            Op::Transition { to } => format!("{} to {to}", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The names of a colour's operations, each once, as [`colored_name`](Op::colored_name) gives them.
    pub fn names_of_color(color: Color) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (name, other) in colored_names() {
            if other == color && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The colour of an operation's name, as [`colored_name`](Op::colored_name) gives it; `None` if there is none.
    pub fn color_of_name(name: &str) -> Option<Color> {
        colored_names().find(|(known, _)| *known == name).map(|(_, color)| color)
    }
}

/// The names under which streams take operations, with their colours, in the order of the table.
fn colored_names() -> impl Iterator<Item = (&'static str, Color)> {
    ROWS.iter().flat_map(|row| row.colored.iter().copied())
}

/// The operation of a name: that of the type, or else the first.
fn row_of(name: &str, crdt_type: Option<CrdtType>) -> Option<&'static Row> {
    let named = |row: &&Row| row.name == Some(name);
    let of_type = |row: &&Row| named(row) && Some(row.crdt_type) == crdt_type;
    ROWS.iter().find(of_type).or_else(|| ROWS.iter().find(named))
}

/// The names of a type's operations, in the order of the table.
pub fn names_of(crdt_type: CrdtType) -> &'static [&'static str] {
    TYPES.iter().find(|(known, _)| *known == crdt_type).map_or(&[], |(_, names)| names)
}

/// The names of each type's operations, made once: a refusal lists them.
static TYPES: LazyLock<Vec<(CrdtType, Vec<&'static str>)>> = LazyLock::new(|| {
    let mut types: Vec<(CrdtType, Vec<&'static str>)> =
        CrdtType::ALL.into_iter().map(|crdt_type| (crdt_type, Vec::new())).collect();
    for row in ROWS {
        let own = types.iter_mut().filter(|(crdt_type, _)| *crdt_type == row.crdt_type);
        for (_, names) in own {
            match row.name {
                Some(name) => names.push(name),
                None => names.extend(row.colored.iter().map(|(name, _)| name)),
            }
        }
    }
    types
});

/// Every type's operations in words, those of JSON documents last; made once.
static KNOWN: LazyLock<String> = LazyLock::new(|| {
    let known = |crdt_type: CrdtType| format!("{} ({crdt_type})", names_of(crdt_type).join(", "));
    let plain = CrdtType::ALL.into_iter().filter(|crdt_type| *crdt_type != CrdtType::Json).map(known);
    format!("{}, and with path {}", plain.collect::<Vec<_>>().join(", "), known(CrdtType::Json))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_names_within_a_type_are_unique() {
        for (place, row) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..place].iter().all(|other| other.tag != row.tag
                    && (other.crdt_type != row.crdt_type || other.name != row.name))
            );
            // A batch keeps two bits of the byte for itself.
            assert!((1..64).contains(&row.tag));
        }
    }

    #[test]
    fn every_example_survives_bytes_fields_and_columns() {
        let examples = Op::examples();
        for row in ROWS {
            assert!(examples.iter().any(|op| op.tag() == row.tag && op.crdt_type() == row.crdt_type));
        }
        for op in examples {
            let mut bytes = Vec::new();
            op.put_operands(&mut bytes);
            let mut reader = Bytes(&bytes);
            assert_eq!(Op::take_operands(&mut reader, op.tag()).as_ref(), Ok(&op));
            assert!(reader.is_empty() && op.is_within_limits());
            let columns = op.columns().unwrap();
            assert_eq!(Op::from_columns(op.crdt_type(), op.name(), columns).as_ref(), Some(&op));
            let Fields { position, length, value, edit } = op.clone().into_fields();
            let given = Given { position, length, value: value.as_ref(), edit: edit.as_ref() };
            assert_eq!(Op::of_fields(op.name(), &given, Some(op.crdt_type())).as_ref(), Some(&op));
            assert_eq!(Op::asked_for(op.name(), &given, Some(op.crdt_type())).as_ref(), Ok(&op));
        }
    }

    #[test]
    fn names_have_the_colours_of_the_streams() {
        for (color, known) in [(RED, "insert"), (BLUE, "remove"), (Color::Green, "transition to VERIFY")] {
            for name in Op::names_of_color(color) {
                assert!(Color::of_operation(name).is_none_or(|other| other == color), "{name}");
            }
            assert!(Op::names_of_color(color).contains(&known));
        }
    }

    /// Where an operand decides a name or a colour, the row lists what it can decide for.
    #[test]
    fn the_rows_list_the_names_and_colours_that_operations_have() {
        for row in ROWS {
            let mut seen = Vec::new();
            for op in Op::examples().iter().filter(|op| op.tag() == row.tag) {
                let (name, color) = (op.colored_name(), op.color());
                assert!(row.colored.contains(&(name.as_str(), color)), "{name}");
                assert!(row.name.is_none_or(|name| name == op.name()));
                seen.push((name, color));
            }
            for (name, color) in row.colored {
                assert!(seen.contains(&((*name).to_owned(), *color)), "{name}");
            }
        }
    }
}
