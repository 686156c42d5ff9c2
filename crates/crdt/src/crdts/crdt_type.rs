//! The types by name and number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::each_type;

macro_rules! crdt_types {
    ($(
        $(#[doc = $doc:literal])+
        $Type:ident = $number:literal $name:literal, $(state $file:ident,)? value $value:literal,
        concurrent $concurrent:literal { $($operations:tt)* }
    )*) => {
        /// The type of a document; its first delta decides it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
        #[repr(u8)]
        pub enum CrdtType {
            $( $(#[doc = $doc])+ #[serde(rename = $name)] $Type = $number, )*
        }

        impl CrdtType {
            /// All types, in the order of their numbers.
            pub const ALL: [CrdtType; [$($number),*].len()] = [$(CrdtType::$Type),*];

            /// Name on the API.
            pub fn as_str(self) -> &'static str {
                match self { $( CrdtType::$Type => $name, )* }
            }

            /// What the type is, in the words of its documentation.
            pub fn about(self) -> About {
                match self {
                    $( CrdtType::$Type => About {
                        summary: concat!($($doc),+).trim_ascii(),
                        value: $value,
                        concurrent: $concurrent,
                    }, )*
                }
            }
        }
    };
}

each_type!(crdt_types);

/// What there is to say of a type, as in `docs/types.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What it is.
    pub summary: &'static str,
    /// What a document of it shows.
    pub value: &'static str,
    /// What becomes of operations that had not seen each other.
    pub concurrent: &'static str,
}

impl CrdtType {
    /// The type's number, in encoded states. In envelopes, where 0 is no type, it is one more.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The type with a number.
    pub fn of_number(number: u8) -> Option<CrdtType> {
        CrdtType::ALL.get(usize::from(number)).copied()
    }

    /// The type's number in envelopes of encodings.
    pub(crate) fn envelope_number(self) -> u8 {
        self.number() + 1
    }

    /// The type with a number in envelopes.
    pub(crate) fn of_envelope_number(number: u8) -> Option<CrdtType> {
        CrdtType::of_number(number.checked_sub(1)?)
    }

    /// Version of what the type's operations mean. Whoever keeps a state or an answer that operations have led to keeps it
    /// beside them, and makes it anew from the operations where it is another.
    pub fn meaning(self) -> u8 {
        match self {
            // 2: what is written below a place overwrites what it has seen of other kinds there.
            CrdtType::Json => 2,
            _ => 1,
        }
    }

    /// Whether a document is the sum of what each agent has counted: its newest deltas alone tell the value.
    pub fn is_counter(self) -> bool {
        matches!(self, CrdtType::PnCounter | CrdtType::GCounter)
    }
}

impl fmt::Display for CrdtType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no type; holds the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownType(pub String);

impl fmt::Display for UnknownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = CrdtType::ALL.map(CrdtType::as_str).join(", ");
        write!(f, "{:.40?} is not a CRDT type ({known})", self.0)
    }
}

impl std::error::Error for UnknownType {}

impl FromStr for CrdtType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let found = CrdtType::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| UnknownType(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (place, crdt_type) in CrdtType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(crdt_type.number()), place);
            assert_eq!(CrdtType::of_number(crdt_type.number()), Some(crdt_type));
            assert_eq!(CrdtType::of_envelope_number(crdt_type.envelope_number()), Some(crdt_type));
            assert_eq!(crdt_type.as_str().parse(), Ok(crdt_type));
        }
        assert_eq!((CrdtType::of_number(200), CrdtType::of_envelope_number(0)), (None, None));
    }
}
