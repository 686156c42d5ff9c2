//! Bodies that are one JSON object.

use ramanujan_core::{Code, Problem, json};
use serde::de::DeserializeOwned;

/// Reads a body that is an object; serde alone would take an array member by member.
///
/// # Errors
/// As [`json::from_slice`].
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match json::one_or_many(bytes)? {
        (mut objects, false) if objects.len() == 1 => Ok(objects.remove(0)),
        _ => Err(Problem::new(Code::InvalidJson, "the body must be a JSON object")),
    }
}
