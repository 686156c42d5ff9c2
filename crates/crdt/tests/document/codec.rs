//! Encodings come back as they were.

use proptest::prelude::*;
use ramanujan_crdt::TextDocument;
use ramanujan_crdt::text::{DocumentError, Effort};

use crate::history::*;

proptest! {
    #![proptest_config(law())]

    #[test]
    fn what_is_encoded_is_read_back(history in any_history()) {
        let whole = merged(&run(&history));
        let expected = face(&whole);
        for bytes in [whole.encode(), whole.encode_with(Effort::Fast)] {
            let loaded = TextDocument::load(&bytes).unwrap();
            prop_assert_eq!(&face(&loaded), &expected);
            let mut sorted = [deltas(&whole), deltas(&loaded)];
            for deltas in &mut sorted {
                deltas.sort_by(|a, b| a.dot.cmp(&b.dot));
            }
            prop_assert_eq!(&sorted[0], &sorted[1]);
        }
    }

    #[test]
    fn a_snapshot_gives_text_and_history(history in any_history(), more in any_history()) {
        let whole = merged(&run(&history));
        let expected = face(&whole);
        let bytes = whole.clone().snapshot().unwrap();
        let mut loaded = TextDocument::load(&bytes).unwrap();
        prop_assert_eq!(loaded.version(), whole.version());
        prop_assert_eq!(loaded.heads(), whole.heads());
        prop_assert_eq!(loaded.text().unwrap(), expected.0.clone());
        prop_assert_eq!(&face(&loaded), &expected);
        prop_assert_eq!(loaded.snapshot().unwrap(), bytes.clone());
        loaded.verify().unwrap();
        prop_assert_eq!(&face(&loaded), &expected);
        prop_assert_eq!(loaded.snapshot().unwrap(), bytes.clone());
        // The sealed history opens under a handle that was taken before.
        let mut edited = TextDocument::load(&bytes).unwrap();
        let mut plain = whole.clone();
        for document in [&mut edited, &mut plain] {
            let agent = document.agent(&"0".parse().unwrap());
            document.insert(agent, 0, "x").unwrap();
        }
        prop_assert_eq!(face(&edited), face(&plain));
        let mut sealed = TextDocument::load(&bytes).unwrap();
        let other = merged(&run(&more));
        // Other histories of the same agents mostly conflict, and then change nothing.
        let (left, right) = (sealed.merge(&other), plain_merge(&whole, &other));
        match (left, right) {
            (Ok(_), Ok(joined)) => prop_assert_eq!(face(&sealed), face(&joined)),
            (Err(DocumentError::Conflict(_)), Err(DocumentError::Conflict(_))) => {
                prop_assert_eq!(&face(&sealed), &expected);
            }
            (left, right) => prop_assert!(false, "{left:?} {:?}", right.is_ok()),
        }
    }
}

fn plain_merge(one: &TextDocument, other: &TextDocument) -> Result<TextDocument, DocumentError> {
    let mut joined = one.clone();
    joined.merge(other)?;
    Ok(joined)
}
