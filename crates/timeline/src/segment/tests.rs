//! Files that are read back, and files that someone changed.

use super::*;
use crate::hash::leaf_hash;
use crate::proof;
use proptest::prelude::*;

fn row(seq: u64) -> Stored {
    Stored {
        seq,
        event_id: *Digest::of(&seq.to_be_bytes()).as_bytes(),
        timestamp: 5,
        received: 7,
        origin_seq: seq,
        agent: "a".into(),
        kind: "x".into(),
        document: seq.is_multiple_of(2).then(|| "d".into()),
        color: seq.is_multiple_of(3).then_some(1),
        body: format!("{{\"payload\":{{\"n\":{seq},\"t\":\"ü\\n\"}}}}"),
    }
}

fn state(size: u64) -> Accumulator {
    let mut state = Accumulator::default();
    (1..=size).for_each(|seq| state.push(row(seq).leaf_hash()));
    state
}

fn segment(first: u64, last: u64, size: u64) -> Segment {
    let leaves: Vec<Digest> = (1..=size).map(|seq| row(seq).leaf_hash()).collect();
    let part = |range: &std::ops::Range<u64>| {
        let nodes: Vec<_> = tree::perfect(range.clone())
            .iter()
            .map(|node| {
                let mut part = Accumulator::default();
                let start = (node.index << node.level) as usize;
                leaves[start..node.end() as usize].iter().for_each(|leaf| part.push(*leaf));
                part.root()
            })
            .collect();
        tree::fold(&nodes)
    };
    let header = Header {
        format: FORMAT.into(),
        first,
        last,
        before: Hashes::from(&state(first - 1)),
        after: Hashes::from(&state(last)),
        tree_size: size,
        merkle_root: state(size).root(),
        consistency: tree::consistency(last, size).iter().map(part).collect(),
    };
    Segment { header, rows: (first..=last).map(row).collect() }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(first in 1u64..40, count in 1u64..20, more in 0u64..40) {
        let segment = segment(first, first + count - 1, first + count - 1 + more);
        prop_assert_eq!(Segment::read(&segment.clone().write().unwrap()).unwrap(), segment);
    }

    #[test]
    fn a_changed_byte_never_verifies(at in any::<prop::sample::Index>(), bit in 0u32..7) {
        let segment = segment(5, 12, 23);
        let text = segment.clone().write().unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes)
            && let Ok(read) = Segment::read(&changed)
        {
            // Another spelling of the same values; or a size whose tree has the same shape, which no proof tells from
            // the true one: a size is known together with its root, or not at all.
            let tree_size = segment.header.tree_size;
            let read = Segment { header: Header { tree_size, ..read.header }, ..read };
            prop_assert_eq!(read, segment);
        }
    }

    #[test]
    fn any_text_is_refused_in_peace(text in "\\PC*\n\\PC*") {
        prop_assert!(Segment::read(&text).is_err());
    }
}

#[test]
fn each_event_is_proven_from_its_file_alone() {
    for (first, last) in [(1, 1), (1, 20), (5, 12), (8, 9), (9, 40), (17, 17), (33, 64)] {
        let segment = segment(first, last, last + 3);
        let root = state(last).root();
        for seq in first..=last {
            let path = segment.prove(seq).unwrap();
            assert_eq!(proof::root_of(row(seq).leaf_hash(), seq - 1, last, &path), Some(root), "{seq}");
        }
        assert_eq!((segment.prove(first - 1), segment.prove(last + 1)), (None, None));
    }
}

#[test]
fn proofs_lead_to_the_root_of_every_small_tree() {
    for size in 1..24 {
        for first in 1..=size {
            let segment = segment(first, first, size);
            assert!(Segment::read(&segment.write().unwrap()).is_ok(), "{first} in {size}");
        }
    }
    let forged = Header { merkle_root: leaf_hash(b"x"), ..segment(3, 4, 9).header };
    let forged = Segment { header: forged, ..segment(3, 4, 9) };
    assert!(matches!(Segment::read(&forged.write().unwrap()), Err(SegmentError::Proof)));
}
