//! Bytes from a source that is broken or lies: an error or a document, never a panic.

use proptest::prelude::*;
use ramanujan_crdt::TextDocument;
use ramanujan_crdt::text::{DecodeError, DocumentError, Effort};

use crate::history::*;

/// Puts the checksum right, so that damage gets past it.
fn reseal(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len().saturating_sub(4));
    let checksum = crc32fast::hash(bytes);
    bytes.extend(checksum.to_le_bytes());
}

/// Uses a document in every way that reads its history.
fn use_up(mut document: TextDocument) {
    let _ = document.text();
    let _ = (document.version(), document.heads());
    if document.open().is_ok() {
        document.text().unwrap();
        let bytes = document.encode();
        let again = TextDocument::load(&bytes).unwrap();
        assert_eq!(again.encode(), bytes);
        document.state().unwrap();
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Flip(u16, u8),
    Cut(u16),
    Repeat(u16, u8),
}

fn any_damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => (any::<u16>(), 1u8..).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        1 => any::<u16>().prop_map(Damage::Cut),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Damage::Repeat(at, byte)),
    ]
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn damaged_bytes_are_refused_or_read(
        history in any_history(),
        snapshot in any::<bool>(),
        effort in prop_oneof![Just(Effort::Fast), Just(Effort::Small)],
        damages in prop::collection::vec(any_damage(), 1..4),
    ) {
        let mut whole = merged(&run(&history));
        let original = if snapshot { whole.snapshot().unwrap() } else { whole.encode_with(effort) };
        let mut bytes = original.clone();
        for damage in damages {
            let at = |at: u16| at as usize % bytes.len().max(1);
            match damage {
                Damage::Flip(place, mask) => {
                    let place = at(place);
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= mask;
                    }
                }
                Damage::Cut(place) => bytes.truncate(at(place)),
                Damage::Repeat(place, byte) => bytes.insert(at(place), byte),
            }
        }
        if bytes != original {
            prop_assert!(TextDocument::load(&bytes).is_err());
        }
        reseal(&mut bytes);
        if let Ok(document) = TextDocument::load(&bytes) {
            use_up(document);
        }
        let mut other = merged(&run(&history[..history.len() / 2]));
        let before = face(&other);
        if other.apply_encoded(&bytes).is_err() {
            prop_assert_eq!(face(&other), before);
        }
        other.text().unwrap();
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..200), kind in 1u8..3) {
        prop_assert!(TextDocument::load(&body).is_err());
        let mut bytes = vec![0x89, b'R', b'C', b'D', 1, 1, kind];
        bytes.extend(&body);
        bytes.extend([0; 4]);
        reseal(&mut bytes);
        if let Ok(document) = TextDocument::load(&bytes) {
            use_up(document);
        }
    }
}

#[test]
fn newer_and_foreign_encodings_are_told_apart() {
    let bytes = TextDocument::new().encode();
    let refusal = |place: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = value;
        reseal(&mut bytes);
        TextDocument::load(&bytes).err()
    };
    assert_eq!(refusal(0, b'x'), Some(DecodeError::Magic.into()));
    assert_eq!(refusal(4, 2), Some(DecodeError::Version(2).into()));
    assert_eq!(refusal(5, 2), Some(DecodeError::Type(2).into()));
    assert_eq!(refusal(6, 9), Some(DecodeError::Kind(9).into()));
    let mut broken = bytes.clone();
    broken[7] ^= 1;
    assert_eq!(TextDocument::load(&broken).err(), Some(DecodeError::Checksum.into()));
    assert_eq!(TextDocument::load(&bytes[..6]).err(), Some(DecodeError::Truncated.into()));
    assert_eq!(TextDocument::load(b"").err(), Some(DocumentError::Decode(DecodeError::Magic)));
}

/// A history of one agent with these columns, each as it is stored.
fn with_columns(columns: [&[u8]; 6]) -> Vec<u8> {
    let mut bytes = vec![0x89, b'R', b'C', b'D', 1, 1, 1, 1, 1, b'a', 0, 1];
    columns.iter().for_each(|column| bytes.extend(*column));
    bytes.extend([0; 4]);
    reseal(&mut bytes);
    bytes
}

/// One insertion by one agent, but for its content and its shape.
fn load_columns(shapes: &[u8], content: &[u8]) -> Option<DocumentError> {
    let bytes = with_columns([&[0, 2, 0, 1], &[0, 2, 1, 1], &[0, 0], shapes, &[0, 0], content]);
    TextDocument::load(&bytes).err()
}

/// Lengths that promise more than there is, and columns that would grow beyond their limit, are refused before memory
/// is taken for them.
#[test]
fn promises_are_not_believed() {
    let malformed = |reason| Some(DocumentError::Decode(DecodeError::Malformed(reason)));
    let truncated = Some(DocumentError::Decode(DecodeError::Truncated));
    assert_eq!(load_columns(&[0, 1, 0], &[0, 1, b'x']), None);
    assert_eq!(load_columns(&[0, 1, 0], &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, b'x']), truncated);
    assert_eq!(load_columns(&[0, 1, 0], &[0, 0]), truncated);
    let bomb = |raw: Vec<u8>, length: usize| {
        let stored = miniz_oxide::deflate::compress_to_vec(&raw, 9);
        let mut column = vec![1];
        for mut value in [length, stored.len()] {
            while value >= 0x80 {
                column.push(value as u8 | 0x80);
                value >>= 7;
            }
            column.push(value as u8);
        }
        [column, stored].concat()
    };
    let too_much = malformed("a column expands beyond its limit");
    assert_eq!(load_columns(&[0, 1, 0], &bomb(vec![b'x'; 1 << 20], 1 << 20)), too_much);
    assert_eq!(load_columns(&bomb(vec![0; 1 << 16], 1 << 16), &[0, 1, b'x']), too_much);
    let other_length = malformed("a column does not decompress to its length");
    assert_eq!(load_columns(&[0, 1, 0], &bomb(vec![b'x'; 1 << 20], 4000)), other_length);
    assert_eq!(load_columns(&[0, 1, 0], &bomb(vec![b'x'; 1000], 1001)), other_length);
    let nothing_or_too_long = malformed("an operation of nothing, or longer than a document");
    assert_eq!(load_columns(&[0, 5, 0xf8, 0xff, 0xff, 0xff, 0x7f], &[0, 1, b'x']), nothing_or_too_long);
    assert_eq!(load_columns(&[0, 1, 6], &[0, 0]), malformed("an operation of an unknown kind"));
    let mut table = vec![0x89, b'R', b'C', b'D', 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f];
    table.extend([0; 4]);
    reseal(&mut table);
    assert_eq!(TextDocument::load(&table).err(), truncated);
}
