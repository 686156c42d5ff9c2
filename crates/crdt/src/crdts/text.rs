//! Text in the table of types. A text is an event graph (`crate::text`) and has no state of its own; what a restore does
//! to one stands here beside that of the other types.

use super::crdt::CannotRestore;
use super::ends::common_ends;
use super::op::Op;
use crate::value::Json;

/// Deletes and inserts what lies between the common beginning and the common end.
pub(super) fn difference(from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
    let (Json::Text(from), Json::Text(to)) = (from, to) else { return Err(CannotRestore::OTHER_KIND) };
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let (prefix, suffix) = common_ends(&from, &to, |a, b| a == b);
    let position = prefix as u64;
    let mut operations = Vec::new();
    let gone = from.len() - prefix - suffix;
    if gone > 0 {
        operations.push(Op::Delete { position, length: gone as u64 });
    }
    let back: String = to[prefix..to.len() - suffix].iter().collect();
    if !back.is_empty() {
        operations.push(Op::Insert { position, text: back });
    }
    Ok(operations)
}
