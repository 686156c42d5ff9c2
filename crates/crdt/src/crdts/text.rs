//! Text in the table of types. A text is an event graph (`crate::text`) and has no state of its own; what a restore does
//! to one stands here beside that of the other types.

use super::crdt::CannotRestore;
use super::ends::common_ends;
use super::op::Op;
use crate::value::Json;

/// Most code points that one operation of a restore inserts: a site takes a megabyte in a request unless told otherwise, and in
/// JSON a code point is six bytes at the most.
pub(super) const MAX_PART: usize = 1 << 17;

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
    let parts = to[prefix..to.len() - suffix].chunks(MAX_PART);
    operations.extend((0..).zip(parts).map(|(nth, part)| {
        let position = position + nth * MAX_PART as u64;
        Op::Insert { position, text: part.iter().collect() }
    }));
    Ok(operations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextGraph;

    #[test]
    fn a_long_text_comes_back_in_parts_that_any_site_takes() {
        let long: String =
            (0..MAX_PART * 2 + 3).map(|nth| if nth % 7 == 0 { 'é' } else { '\u{1}' }).collect();
        let ops = difference(&Json::Text("<>".into()), &Json::Text(format!("<{long}>"))).unwrap();
        let lengths: Vec<usize> = ops
            .iter()
            .map(|op| match op {
                Op::Insert { text, .. } => text.chars().count(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lengths, [MAX_PART, MAX_PART, 3]);
        let mut graph = TextGraph::new();
        let (mut seq, mut parents) = (0, Vec::new());
        for op in [Op::Insert { position: 0, text: "<>".into() }].iter().chain(&ops) {
            seq += 1;
            let dot = ramanujan_core::Dot::new("a".parse().unwrap(), seq);
            graph.push(&dot, &parents, op).unwrap();
            parents = vec![dot];
        }
        assert!(graph.text().unwrap() == format!("<{long}>"));
    }
}
