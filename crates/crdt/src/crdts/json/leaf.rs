//! What a write leaves at a place, and of which kind it is.

use crate::value::Json;

/// What one write left at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf {
    /// Null, a boolean, a number or a string.
    Scalar(Json),
    /// A map was set here; its members are places of their own.
    Map,
    /// A list was set here, or inserted into.
    List,
    /// A text was inserted into.
    Text,
}

/// What kinds of things stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    OtherScalar,
    Map,
    List,
    Text,
}

impl Kind {
    /// All kinds; of two that are as new, the one that comes first is seen.
    pub(super) const ALL: [Kind; 5] = [Kind::Number, Kind::OtherScalar, Kind::Map, Kind::List, Kind::Text];
}

impl Leaf {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Leaf::Scalar(Json::Int(_) | Json::Float(_)) => Kind::Number,
            Leaf::Scalar(_) => Kind::OtherScalar,
            Leaf::Map => Kind::Map,
            Leaf::List => Kind::List,
            Leaf::Text => Kind::Text,
        }
    }
}
