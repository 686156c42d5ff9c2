//! Text documents: whole encodings, encodings applied to a document, and edits of several replicas.

use std::sync::LazyLock;

use ramanujan_core::VectorClock;
use ramanujan_crdt::text::{Effort, Part, encode_part};
use ramanujan_crdt::{Delta, TextDocument, TextGraph};

use crate::envelope::mended;
use crate::memory::Bound;

/// Text expands up to 32-fold; columns of runs twofold, and a run of one byte becomes 64. Doubled, because an envelope's
/// text is read before it is put into the document.
const LOAD: Bound = Bound { floor: 256 << 10, per_byte: 256 };

/// What is applied is taken in operation by operation. An insertion that continues none takes a byte in columns, and some 290
/// as an operation and as a run of the document; a vector of such doubles.
const APPLY: Bound = Bound { floor: 256 << 10, per_byte: 512 };

/// Most operations that are looked at one by one: a bound on time, not on what is read.
const MAX_LISTED: u64 = 4_000;

/// Refused, or a document that gives the same operations, text and bytes whichever way it is written.
pub fn load(data: &[u8]) {
    let bytes = mended(data);
    let Ok(mut document) = LOAD.hold(bytes.len(), || TextDocument::load(&bytes)) else { return };
    // A snapshot's text and version are there before its history is read, and its history may turn out to be none.
    let (text, version, heads) = (document.text().expect("read"), document.version(), document.heads());
    if document.open().is_err() {
        let _ = (document.state(), document.diff(&VectorClock::new()), document.encode());
        assert_eq!(document.text(), Ok(text));
        return;
    }
    assert_eq!((&document.version(), &document.heads()), (&version, &heads));
    assert_eq!(document.len_chars(), Ok(text.chars().count() as u64));
    if document.verify().is_ok() {
        consistent(&mut document, &text);
    }
}

/// Refused, or deltas that make the same part again; of a whole history those of the document.
pub fn part(data: &[u8]) {
    let bytes = mended(data);
    let Ok(part) = LOAD.hold(bytes.len(), || Part::open(&bytes)) else { return };
    let sorted = |mut deltas: Vec<Delta>| {
        deltas.sort_by(|a, b| a.dot.cmp(&b.dot));
        deltas
    };
    let deltas: Vec<Delta> = part.deltas().expect("open").take(MAX_LISTED as usize + 1).collect();
    if deltas.len() as u64 > MAX_LISTED {
        return;
    }
    for delta in &deltas {
        assert_eq!(Delta::from_canonical(&delta.canonical_bytes()).as_ref(), Ok(delta));
    }
    let since = part.since();
    let again = encode_part(&deltas, &since, Effort::Fast).expect("they follow what the part follows");
    let again = Part::open(&again).expect("it was written by us");
    let deltas = sorted(deltas);
    assert_eq!(sorted(again.deltas().expect("open").collect()), deltas);
    if since.is_empty()
        && let Ok(document) = TextDocument::load(&bytes)
    {
        assert_eq!(sorted(document.deltas().expect("open").collect()), deltas);
    }
}

/// What holds for every document whose text is what its history leads to.
fn consistent(document: &mut TextDocument, text: &str) {
    let bytes = document.encode();
    let mut again = TextDocument::load(&bytes).expect("an encoding is read");
    assert_eq!(again.text().as_deref(), Ok(text));
    assert_eq!(again.encode(), bytes, "one set of operations has one encoding");
    assert_eq!((again.version(), again.heads()), (document.version(), document.heads()));
    assert_eq!(again.merge(document), Ok(false));

    let snapshot = document.snapshot().expect("open");
    let mut kept = TextDocument::load(&snapshot).expect("a snapshot is read");
    assert_eq!(kept.text().as_deref(), Ok(text));
    assert_eq!(kept.verify(), Ok(()));
    assert_eq!(kept.encode(), bytes);

    if document.version().total() <= MAX_LISTED {
        let mut graph = TextGraph::new();
        for delta in document.deltas().expect("open") {
            graph
                .push(&delta.dot, &delta.parents, &delta.op)
                .expect("the graph takes what the document took");
        }
        assert_eq!(graph.text().as_deref(), Ok(text));
        assert_eq!(again.state(), document.state());
    }
}

/// A document of two people who wrote at once.
pub(crate) fn base() -> TextDocument {
    static BASE: LazyLock<TextDocument> = LazyLock::new(|| {
        let [ann, ben] = ["ann", "ben"].map(|name| name.parse().expect("an agent"));
        let mut left = TextDocument::new();
        let author = left.agent(&ann);
        left.insert(author, 0, "The quick brown fox — 速い茶色の狐").expect("fits");
        let mut right = left.clone();
        let author = right.agent(&ben);
        for (position, character) in "jumps".chars().enumerate() {
            right.insert(author, position as u64, &character.to_string()).expect("fits");
        }
        right.delete(author, 10, 6).expect("fits");
        let author = left.agent(&ann);
        left.insert(author, 4, "very ").expect("fits");
        left.delete(author, 0, 2).expect("fits");
        left.merge(&right).expect("one history");
        left
    });
    BASE.clone()
}

/// Refused and the document as before, or taken in: then it has more exactly if it said so, and what it has beyond the
/// old version leads another replica to the same bytes.
pub fn apply(data: &[u8]) {
    let bytes = mended(data);
    let mut document = base();
    let (text, encoded) = (document.text().expect("open"), document.encode());
    let since = document.version();
    match APPLY.hold(bytes.len(), || document.apply_encoded(&bytes)) {
        Err(_) => {
            assert_eq!(document.text(), Ok(text));
            assert_eq!(document.encode(), encoded);
            assert_eq!(document.version(), since);
        }
        Ok(grown) => {
            assert_eq!(grown, document.version() != since);
            let text = document.text().expect("open");
            assert_eq!(document.verify(), Ok(()));
            consistent(&mut document, &text);
            let mut other = base();
            assert_eq!(other.apply_encoded(&document.diff(&since).expect("open")), Ok(grown));
            assert_eq!(other.encode(), document.encode());
            assert_eq!(other.diff(&VectorClock::new()), document.diff(&VectorClock::new()));
        }
    }
}
