//! How dots and times are shown beside a value.

use ramanujan_core::Dot;

use super::event::Stamp;
use crate::value::Json;

/// An object with these members.
pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A dot as it is written on the API.
pub(super) fn dot_text(dot: &Dot) -> Json {
    Json::Text(dot.to_string())
}

/// A dot with its Lamport time.
pub(super) fn described(stamp: &Stamp) -> Json {
    let lamport = Json::int(stamp.lamport.into()).unwrap_or_default();
    object([("dot", dot_text(&stamp.dot)), ("lamport", lamport)])
}
