//! What sites say to each other: frames, the packs of deltas in them, evidence.

use ramanujan_core::Digest;
use ramanujan_crdt::{CrdtType, Delta};
use ramanujan_sync::Message;
use ramanujan_sync::change::{Change, FreezeSum};
use ramanujan_sync::codec::{decode, decode_answer, decode_question, encode, encode_answer, encode_question};
use ramanujan_sync::evidence::{Evidence, Statement};
use ramanujan_sync::fold::{Fold, Places, Span};
use ramanujan_sync::interest::{Interest, Shared};
use ramanujan_sync::limits::MAX_PACK_DELTAS;
use ramanujan_sync::message::{Compared, Frame, Want};
use ramanujan_sync::pack::{Blob, Pack};
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Look, Question, Seen, StoreRefusal, Stored};

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

/// Refused, or exactly the bytes of the question or the answer that was read.
pub fn question(data: &[u8]) {
    if let Ok(question) = FRAME.hold(data.len(), || decode_question(data)) {
        assert_eq!(encode_question(&question), data);
        let json = serde_json::to_vec(&question).expect("a question is JSON");
        assert_eq!(serde_json::from_slice::<Question>(&json).expect("its JSON is a question"), question);
        if let Question::Append(packs) = &question {
            packs.iter().for_each(open);
        }
    }
    if let Ok(answer) = FRAME.hold(data.len(), || decode_answer(data)) {
        assert_eq!(encode_answer(&answer), data);
        let json = serde_json::to_vec(&answer).expect("an answer is JSON");
        assert_eq!(serde_json::from_slice::<Answer>(&json).expect("its JSON is an answer"), answer);
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

/// Seeds: questions to the store and answers of it.
pub(crate) fn questions() -> Vec<(&'static str, Vec<u8>)> {
    let document = || "notes".parse().expect("an id");
    let agent = || "ann".parse().expect("a name");
    let places = vec![Places::ALL];
    let delta = Delta {
        dot: "ann:1".parse().expect("a dot"),
        parents: Vec::new(),
        op: ramanujan_crdt::Op::Increment { amount: 5 },
    };
    let hash = Digest::of(&delta.canonical_bytes());
    let pack = Pack::of(document(), CrdtType::PnCounter, &[(delta, hash)], true);
    let ranges = vec![Range::new(agent(), 1, 3)];
    let want = Want { document: document(), ranges: ranges.clone(), hashes: true };
    let look =
        Look { document: document(), agents: vec![agent()], dots: vec!["ann:1".parse().expect("a dot")] };
    let seen = Seen {
        crdt_type: Some(CrdtType::Text),
        held: vec![3],
        hashes: vec![Some(hash), None],
        marks: 2,
        freezes: FreezeSum::none(),
    };
    let shared = Shared { ours: Interest::all(), theirs: Interest(vec!["no*".parse().expect("a pattern")]) };
    let after = Blob(vec![1; 49]);
    let questions = [
        ("feed", Question::Feed { after: after.clone(), shared: shared.clone(), most: 256, budget: 1 << 20 }),
        ("folds", Question::Folds { shared, places: places.clone() }),
        ("look", Question::Look(vec![look])),
        ("read", Question::Read { wants: vec![want], budget: 1000 }),
        ("append", Question::Append(vec![pack.clone()])),
        ("mark", Question::Mark(vec![(document(), 3)])),
    ];
    let answers = [
        ("seen", Answer::Seen(vec![seen])),
        ("sums", Answer::Folds { folds: vec![Fold::of([&hash])], end: after }),
        ("list", Answer::List(vec![vec![(document(), 7)], Vec::new()])),
        ("stored", Answer::Read(vec![None, Some(Stored { pack, ranges })])),
        ("appended", Answer::Appended(vec![None, Some(StoreRefusal::Full)])),
    ];
    let questions = questions.iter().map(|(name, question)| (*name, encode_question(question)));
    questions.chain(answers.iter().map(|(name, answer)| (*name, encode_answer(answer)))).collect()
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
