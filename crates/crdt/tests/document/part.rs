//! A part of a history goes to deltas and back without what lies before it.

use proptest::prelude::*;
use ramanujan_core::VectorClock;
use ramanujan_crdt::text::{DecodeError, Effort, Part, encode_part};
use ramanujan_crdt::{Delta, TextDocument};

use crate::history::*;

fn sorted(mut deltas: Vec<Delta>) -> Vec<Delta> {
    deltas.sort_by(|a, b| a.dot.cmp(&b.dot));
    deltas
}

fn clock(deltas: &[Delta]) -> VectorClock {
    let mut clock = VectorClock::new();
    deltas.iter().for_each(|delta| clock.observe(delta.dot.agent.as_str(), delta.dot.seq));
    clock
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn what_comes_before_and_a_part_are_the_whole(
        history in any_history(),
        cut in any::<prop::sample::Index>(),
        picks in prop::collection::vec(any::<u16>(), 1..8),
    ) {
        let whole = merged(&run(&history));
        let all = deltas(&whole);
        let cut = cut.index(all.len() + 1);
        let (before, rest) = all.split_at(cut);
        let since = clock(before);
        let bytes = encode_part(rest, &since, Effort::Fast).unwrap();
        // What a replica writes that holds the whole, and whatever order the deltas are given in.
        prop_assert_eq!(&bytes, &whole.diff(&since).unwrap());
        let backwards: Vec<Delta> = rest.iter().rev().cloned().collect();
        let encoded = encode_part(&backwards, &since, Effort::Fast).unwrap();
        prop_assert_eq!(&encoded, &bytes);
        let small = encode_part(rest, &since, Effort::Small).unwrap();
        for bytes in [&bytes, &small] {
            let part = Part::open(bytes).unwrap();
            let given_back: Vec<Delta> = part.deltas().unwrap().collect();
            prop_assert_eq!(sorted(given_back.clone()), sorted(rest.to_vec()));
            // Once as bytes, once delta by delta, in the order that they are given back in.
            let mut replica = deliver(before.to_vec(), &picks);
            let mut stored = replica.clone();
            prop_assert_eq!(replica.apply_encoded(bytes).unwrap(), !rest.is_empty());
            prop_assert_eq!(face(&replica), face(&whole));
            for delta in &given_back {
                stored.push(&delta.dot, &delta.parents, &delta.op).unwrap();
            }
            prop_assert_eq!(face(&stored), face(&whole));
            let mut named = VectorClock::new();
            for dot in rest.iter().flat_map(|delta| delta.parents.iter().chain([&delta.dot])) {
                named.observe(dot.agent.as_str(), since.counter(&dot.agent));
            }
            prop_assert_eq!(part.since(), named);
        }
    }

    #[test]
    fn no_bytes_panic(history in any_history(), cut in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let all = deltas(&merged(&run(&history)));
        let cut = cut.index(all.len() + 1);
        let mut bytes = encode_part(&all[cut..], &clock(&all[..cut]), Effort::Fast).unwrap();
        let end = bytes.len() - 4;
        bytes[place.index(end)] = byte;
        // The checksum is mended, so that the change is seen by what lies behind it.
        let checksum = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&checksum);
        if let Ok(part) = Part::open(&bytes) {
            for delta in part.deltas().unwrap().take(1000) {
                prop_assert_eq!(Delta::from_canonical(&delta.canonical_bytes()), Ok(delta));
            }
        }
    }
}

#[test]
fn what_does_not_follow_is_not_encoded() {
    let mut document = TextDocument::new();
    let agent = document.agent(&"ann".parse().unwrap());
    for letter in ["a", "b", "c"] {
        document.insert(agent, 0, letter).unwrap();
    }
    let all = deltas(&document);
    let since = |seq| VectorClock::from_iter([("ann", seq)]);
    assert!(encode_part(&all[1..], &since(1), Effort::Fast).is_some());
    assert!(encode_part(&all[1..], &since(0), Effort::Fast).is_none(), "a gap before");
    assert!(encode_part(&all[1..], &since(2), Effort::Fast).is_none(), "the reader has one of them");
    assert!(
        encode_part(&[all[0].clone(), all[2].clone()], &since(0), Effort::Fast).is_none(),
        "a gap within"
    );
    let mut beside = all[2].clone();
    beside.dot = "ben:1".parse().unwrap();
    assert!(encode_part(&[beside.clone()], &since(2), Effort::Fast).is_some());
    assert!(encode_part(&[beside], &since(1), Effort::Fast).is_none(), "a parent that nobody has");
    let snapshot = document.snapshot().unwrap();
    assert!(matches!(Part::open(&snapshot), Err(DecodeError::Kind(2))));
}
