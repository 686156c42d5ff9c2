//! The worked examples of `docs/encoding.md`.

use ramanujan_core::VectorClock;
use ramanujan_crdt::text::{Effort, Part, encode_part};
use ramanujan_crdt::{Delta, TextDocument};

const DOCUMENTATION: &str = include_str!("../../../../docs/encoding.md");

/// The bytes of the code block with this name: pairs of hexadecimal digits up to the first remark of each line.
fn example(name: &str) -> Vec<u8> {
    let fence = format!("```{name}\n");
    let (_, block) = DOCUMENTATION.split_once(&fence).expect("the example is there");
    let (block, _) = block.split_once("```").expect("the example ends");
    let hex = |word: &str| if word.len() == 2 { u8::from_str_radix(word, 16).ok() } else { None };
    block.lines().flat_map(|line| line.split_whitespace().map_while(hex)).collect()
}

fn document() -> TextDocument {
    let mut left = TextDocument::new();
    let ann = left.agent(&"ann".parse().unwrap());
    left.insert(ann, 0, "h").unwrap();
    left.insert(ann, 1, "é").unwrap();
    let mut right = left.clone();
    let ben = right.agent(&"ben".parse().unwrap());
    right.insert(ben, 2, "!").unwrap();
    left.delete(ann, 1, 1).unwrap();
    right.merge(&left).unwrap();
    right
}

#[test]
fn the_history_is_as_documented() {
    assert_eq!(document().encode(), example("deltas"));
    assert_eq!(TextDocument::load(&example("deltas")).unwrap().text().unwrap(), "h!");
}

#[test]
fn the_snapshot_is_as_documented() {
    assert_eq!(document().snapshot().unwrap(), example("snapshot"));
    assert_eq!(TextDocument::load(&example("snapshot")).unwrap().text().unwrap(), "h!");
}

#[test]
fn the_part_is_as_documented() {
    let since = VectorClock::from_iter([("ann", 2)]);
    assert_eq!(document().diff(&since).unwrap(), example("part"));
    let lacking = |delta: &Delta| since.counter(&delta.dot.agent) < delta.dot.seq;
    let deltas: Vec<Delta> = document().deltas().unwrap().filter(lacking).collect();
    assert_eq!(encode_part(&deltas, &since, Effort::Fast), Some(example("part")));
    let bytes = example("part");
    let mut read: Vec<Delta> = Part::open(&bytes).unwrap().deltas().unwrap().collect();
    // In the canonical order; the document lists them as they came.
    read.reverse();
    assert_eq!(read, deltas);
}
