//! What sites say to each other: frames, the packs of deltas in them, evidence.

use ramanujan_core::Digest;
use ramanujan_crdt::{CrdtType, Delta};
use ramanujan_sync::Message;
use ramanujan_sync::change::{Change, FreezeSum};
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::evidence::{Evidence, Statement};
use ramanujan_sync::fold::{Fold, Places, Span};
use ramanujan_sync::interest::Interest;
use ramanujan_sync::limits::MAX_PACK_DELTAS;
use ramanujan_sync::message::{Compared, Frame, Want};
use ramanujan_sync::pack::{Blob, Pack};
use ramanujan_sync::range::Range;

use crate::deltas;
use crate::envelope::mended;
use crate::memory::Bound;

/// The densest list is one of ranges: four bytes become a name of its own (24 bytes with its counts) and a place of 32 in a
/// list that doubles when it is full. The floor holds the lists of 256 that say "none" in a byte.
const FRAME: Bound = Bound { floor: 64 << 10, per_byte: 64 };

/// Deltas as dense as any value, and columns that say "many deltas" in few bytes: as many as a pack may have, at some 300 bytes.
const PACK: Bound = Bound {
    floor: MAX_PACK_DELTAS * 300 + (64 << 10) * deltas::VALUES.per_byte,
    per_byte: deltas::VALUES.per_byte,
};

/// Refused, or exactly the bytes of what was read, which survives JSON; its packs are read within their bound, and its
/// evidence is checked.
pub fn frame(data: &[u8]) {
    let Ok(frame) = FRAME.hold(data.len(), || decode(data)) else { return };
    assert_eq!(encode(&frame), data);
    let json = serde_json::to_vec(&frame).expect("a frame is JSON");
    assert_eq!(serde_json::from_slice::<Frame>(&json).expect("a frame's JSON is a frame"), frame);
    match frame.message {
        Message::Deltas { packs } | Message::Give { packs } => packs.iter().for_each(open),
        Message::Accuse { evidence } => {
            let _ = deltas::VALUES.hold(data.len(), || evidence.check().is_ok());
        }
        _ => {}
    }
}

fn open(pack: &Pack) {
    let pack = Pack { deltas: Blob(mended(&pack.deltas.0)), ..pack.clone() };
    let Ok(deltas) = PACK.hold(pack.deltas.0.len(), || pack.open()) else { return };
    assert!(deltas.len() <= MAX_PACK_DELTAS);
    assert!(deltas.iter().all(|delta| delta.op.crdt_type() == pack.crdt_type));
    let hashed: Vec<(Delta, Digest)> = deltas.into_iter().map(|delta| (delta, Digest([7; 32]))).collect();
    let again = Pack::of(pack.document.clone(), pack.crdt_type, &hashed, true);
    let mut read: Vec<Delta> = again.open().expect("it was written by us");
    let mut given: Vec<Delta> = hashed.into_iter().map(|(delta, _)| delta).collect();
    // Columns come in an order of their own.
    read.sort_by(|one, other| one.canonical_bytes().cmp(&other.canonical_bytes()));
    given.sort_by(|one, other| one.canonical_bytes().cmp(&other.canonical_bytes()));
    assert_eq!(read, given);
}

/// Seeds: messages of every shape.
pub(crate) fn examples() -> Vec<(&'static str, Vec<u8>)> {
    let document = "notes".parse().expect("an id");
    let site: ramanujan_sync::SiteId = "vienna".parse().expect("a name");
    let mut deltas = deltas::examples();
    deltas.retain(|delta| delta.op.crdt_type() == CrdtType::Text);
    for (delta, seq) in deltas.iter_mut().zip(7..) {
        delta.dot.seq = seq;
        delta.parents.truncate(0);
    }
    let hashed: Vec<(Delta, Digest)> =
        deltas.iter().map(|delta| (delta.clone(), Digest::of(&delta.canonical_bytes()))).collect();
    let change = Change {
        document,
        crdt_type: CrdtType::Text,
        heads: vec![(hashed[0].0.dot.clone(), hashed[0].1)],
        ranges: vec![Range::new("ann".parse().expect("a name"), 3, 7)],
        whole: false,
        marks: 2,
        freezes: FreezeSum { count: 1, print: Fold::of([&Digest([1; 32])]).print() },
    };
    let document = change.document.clone();
    let want = Want { document: document.clone(), ranges: change.ranges.clone(), hashes: true };
    let span = Span { places: Places::ALL, print: Fold::default().print() };
    let interest = Interest(vec!["no*".parse().expect("a pattern")]);
    let statement = |delta: &Delta| Statement { site: site.clone(), delta: Blob(delta.canonical_bytes()) };
    let other = Delta { op: deltas[1].op.clone(), ..deltas[0].clone() };
    let evidence = Evidence::Equivocation {
        document: document.clone(),
        ours: statement(&deltas[0]),
        theirs: statement(&other),
    };
    let pack = |all| Pack::of(document.clone(), CrdtType::Text, &hashed, all);
    let listed = Compared::Documents(vec![(document.clone(), 7)]);
    let messages = [
        (
            "hello",
            Message::Hello { oldest: 1, newest: 1, manifest: "1.2".into(), interest: interest.clone() },
        ),
        ("pull", Message::Pull { after: Blob(vec![1, 2, 3]), interest: interest.clone(), budget: 1000 }),
        ("changes", Message::Changes { changes: vec![change.clone()], next: Blob(vec![4]), more: true }),
        ("compare", Message::Compare { interest, spans: vec![span] }),
        (
            "differ",
            Message::Differ {
                spans: vec![Compared::Same, Compared::Parts(vec![span.print]), listed],
                next: Blob(vec![4]),
            },
        ),
        ("want", Message::Want { wants: vec![want], budget: 1000 }),
        ("deltas", Message::Deltas { packs: vec![pack(true)] }),
        ("give", Message::Give { packs: vec![pack(false)] }),
        ("probe", Message::Probe { document: document.clone(), dots: vec![deltas[0].dot.clone()] }),
        ("hashes", Message::Hashes { hashes: vec![None, Some(hashed[0].1)] }),
        ("accuse", Message::Accuse { evidence }),
        ("busy", Message::Busy { wait_ms: 1000 }),
    ];
    let frame = |message| encode(&Frame { from: site.clone(), exchange: 300, message });
    messages.into_iter().map(|(name, message)| (name, frame(message))).collect()
}
