//! What a document refuses, and that it is then as it was.

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::text::{DecodeError, DocumentError, MAX_DOCUMENT_LENGTH};
use ramanujan_crdt::{Op, TextDocument, TextError};

use crate::history::*;

fn insert(text: &str) -> Op {
    Op::Insert { position: 0, text: text.into() }
}

proptest! {
    #[test]
    fn a_misfit_changes_nothing(history in any_history(), excess in 0u64..2000) {
        let mut document = run(&history).swap_remove(0);
        let before = face(&document);
        let length = document.len_chars().unwrap();
        let heads = document.heads();
        let next = Dot::new("m".parse().unwrap(), document.version().get("m") + 1);
        for op in [
            Op::Insert { position: length + 1 + excess, text: "x".into() },
            Op::Insert { position: u64::MAX, text: "x".into() },
            Op::Insert { position: 0, text: String::new() },
            Op::Delete { position: length, length: 1 + excess },
            Op::Delete { position: 0, length: u64::MAX - excess },
            Op::Delete { position: 1, length: u64::MAX },
            Op::Delete { position: 0, length: 0 },
            Op::Increment { amount: 1 },
        ] {
            prop_assert!(document.push(&next, &heads, &op).is_err());
        }
        let agent = document.agent(&"m".parse().unwrap());
        prop_assert!(document.insert(agent, length + 1 + excess, "x").is_err());
        prop_assert!(document.insert(agent, 0, "").is_err());
        prop_assert!(document.delete(agent, length, 1).is_err());
        prop_assert!(document.delete(agent, u64::MAX, 2).is_err());
        prop_assert!(document.delete(agent, 0, 0).is_err());
        let stranger: Dot = "stranger:1".parse().unwrap();
        prop_assert_eq!(
            document.push(&next, std::slice::from_ref(&stranger), &insert("x")),
            Err(TextError::UnknownParent(stranger).into())
        );
        prop_assert_eq!(face(&document), before);
    }

    /// One dot with two contents: refused whichever way it comes, and nothing of the rest is taken.
    #[test]
    fn a_conflict_changes_nothing(history in any_history(), victim in any::<usize>()) {
        let whole = merged(&run(&history));
        let mut all = deltas(&whole);
        prop_assume!(!all.is_empty());
        let victim = victim % all.len();
        let dot = all[victim].dot.clone();
        match &mut all[victim].op {
            Op::Insert { text, .. } => *text = text.chars().map(|_| 'X').collect(),
            Op::Delete { position, length } if *length > 1 => { *position += 1; *length -= 1; }
            _ => return Ok(()),
        }
        let mut forged = TextDocument::new();
        for delta in &all {
            // What builds on the forged deletion may not fit any more.
            if forged.push(&delta.dot, &delta.parents, &delta.op).is_err() {
                break;
            }
        }
        let agent = forged.agent(&"news".parse().unwrap());
        forged.insert(agent, 0, "news").unwrap();
        let before = face(&whole);
        let mut document = whole.clone();
        let conflict = Err(DocumentError::Conflict(dot));
        prop_assert_eq!(document.merge(&forged), conflict.clone());
        prop_assert_eq!(face(&document), before.clone());
        prop_assert_eq!(document.apply_encoded(&forged.encode()), conflict);
        prop_assert_eq!(face(&document), before);
    }
}

#[test]
fn parents_are_a_version_after_the_agents_last_operation() {
    let dot = |text: &str| text.parse::<Dot>().unwrap();
    let mut document = TextDocument::new();
    let mut push = |at: &str, parents: &[&str]| {
        let parents: Vec<Dot> = parents.iter().map(|parent| dot(parent)).collect();
        document.push(&dot(at), &parents, &insert("x"))
    };
    assert_eq!(push("a:1", &[]), Ok(1));
    assert_eq!(push("b:1", &[]), Ok(1));
    assert_eq!(push("a:2", &["a:1", "b:1"]), Ok(3));
    assert_eq!(push("b:2", &["b:1"]), Ok(2));
    for (at, parents) in [
        ("a:3", &["a:1"][..]),
        ("a:3", &[]),
        ("a:3", &["b:2"]),
        ("a:3", &["a:2", "b:1"]),
        ("a:3", &["a:2", "a:2"]),
        ("a:3", &["a:1", "b:2"]),
        ("c:1", &["a:2", "a:1"]),
    ] {
        assert_eq!(push(at, parents), Err(DocumentError::Parents(dot(at))), "{at} {parents:?}");
    }
    assert_eq!(push("a:2", &["a:1"]), Err(TextError::DuplicateDot(dot("a:2")).into()));
    assert_eq!(push("a:4", &["a:2"]), Err(DocumentError::Gap(dot("a:3"))));
    assert_eq!(push("a:3", &["b:2", "a:2"]), Ok(5));
    assert_eq!(push("c:1", &["a:2", "b:2"]), Ok(5));
}

#[test]
fn a_document_does_not_grow_beyond_its_limit() {
    let mut document = TextDocument::new();
    let agent = document.agent(&"a".parse().unwrap());
    let half = "x".repeat(MAX_DOCUMENT_LENGTH as usize / 2);
    document.insert(agent, 0, &half).unwrap();
    document.insert(agent, 0, &half).unwrap();
    let too_long = DocumentError::Text(TextError::TooLong(MAX_DOCUMENT_LENGTH + 1));
    assert_eq!(document.insert(agent, 7, "y"), Err(too_long.clone()));
    let heads = document.heads();
    assert_eq!(document.push(&"b:1".parse().unwrap(), &heads, &insert("y")), Err(too_long));
    assert_eq!(document.len_chars(), Ok(MAX_DOCUMENT_LENGTH));
}

#[test]
fn a_handle_belongs_to_one_document() {
    let agent = TextDocument::new().agent(&"a".parse().unwrap());
    assert_eq!(TextDocument::new().insert(agent, 0, "x"), Err(DocumentError::UnknownAgent));
}

/// A snapshot whose text is not that of its history: of another length it is refused when the history is first
/// needed; of the same length `verify` finds it.
#[test]
fn a_forged_snapshot_is_found() {
    let mut document = TextDocument::new();
    let agent = document.agent(&"a".parse().unwrap());
    document.insert(agent, 0, "plain").unwrap();
    let honest = document.snapshot().unwrap();
    let place = honest.windows(5).position(|window| window == b"plain").unwrap();
    let forge = |text: &str| {
        let mut bytes = honest[..honest.len() - 4].to_vec();
        bytes.splice(place - 1..place + 5, [&[text.len() as u8], text.as_bytes()].concat());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        TextDocument::load(&bytes).unwrap()
    };
    let mut other = forge("plane");
    assert!(matches!(other.verify(), Err(DocumentError::Decode(DecodeError::Malformed(_)))));
    let mut longer = forge("plainer");
    assert_eq!(longer.text().unwrap(), "plainer");
    assert!(matches!(longer.open(), Err(DocumentError::Decode(DecodeError::Malformed(_)))));
    assert!(longer.insert(agent, 0, "x").is_err());
    assert!(longer.deltas().is_err() && longer.state().is_err() && longer.diff(&longer.version()).is_err());
}
