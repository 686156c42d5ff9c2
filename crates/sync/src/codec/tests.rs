//! Every message survives its bytes and its JSON, and nothing else is accepted.

use proptest::prelude::*;
use proptest::sample::Index;
use ramanujan_core::{AgentId, Digest, DocumentId, Dot, MAX_SAFE_INTEGER};
use ramanujan_crdt::codec::DecodeError;
use ramanujan_crdt::{CrdtType, Delta, Op};

use super::{decode, encode};
use crate::change::{Change, Freeze, FreezeSum};
use crate::evidence::{Evidence, Statement};
use crate::fold::{Places, Print, Span};
use crate::interest::Interest;
use crate::limits;
use crate::message::{Compared, Frame, Message, Outcome, Refusal, Want};
use crate::pack::{Blob, Pack};
use crate::range::Range;

pub(super) fn agent() -> impl Strategy<Value = AgentId> {
    "[a-c]{1,3}".prop_map(|name| name.parse().unwrap())
}

pub(super) fn document() -> impl Strategy<Value = DocumentId> {
    "d[a-z0-9]{0,6}".prop_map(|name| name.parse().unwrap())
}

pub(super) fn seq() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..400, Just(MAX_SAFE_INTEGER)]
}

pub(super) fn dot() -> impl Strategy<Value = Dot> {
    (agent(), seq()).prop_map(|(agent, seq)| Dot::new(agent, seq))
}

pub(super) fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

pub(super) fn blob() -> impl Strategy<Value = Blob> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Blob)
}

pub(super) fn hashes() -> impl Strategy<Value = Vec<(Dot, Digest)>> {
    prop::collection::btree_map(dot(), digest(), 0..4).prop_map(|map| map.into_iter().collect())
}

pub(super) fn ranges() -> impl Strategy<Value = Vec<Range>> {
    let bounds = (seq(), seq()).prop_map(|(one, other)| (one.min(other), one.max(other)));
    let map = prop::collection::btree_map(agent(), bounds, 0..4);
    map.prop_map(|map| map.into_iter().map(|(agent, (from, to))| Range::new(agent, from, to)).collect())
}

pub(super) fn crdt_type() -> impl Strategy<Value = CrdtType> {
    any::<Index>().prop_map(|at| CrdtType::ALL[at.index(CrdtType::ALL.len())])
}

fn print() -> impl Strategy<Value = Print> {
    any::<[u8; 16]>().prop_map(Print)
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let sum = prop_oneof![
        Just(FreezeSum::none()),
        (1u64..9, print()).prop_map(|(count, print)| FreezeSum { count, print }),
    ];
    (document(), crdt_type(), hashes(), ranges(), any::<bool>(), 0u64..5, sum).prop_map(
        |(document, crdt_type, heads, ranges, whole, marks, freezes)| Change {
            document,
            crdt_type,
            heads,
            ranges,
            whole,
            marks,
            freezes,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    (any::<u64>(), any::<u64>(), print()).prop_map(|(one, other, print)| Span {
        places: Places { from: one.min(other), to: one.max(other) },
        print,
    })
}

pub(super) fn freeze() -> impl Strategy<Value = Freeze> {
    let heads = prop::collection::btree_set(dot(), 0..3);
    (digest(), heads, digest(), prop::option::of(agent()), 0..=MAX_SAFE_INTEGER).prop_map(
        |(parent, heads, digest, agent, frozen)| Freeze {
            parent,
            heads: heads.into_iter().collect(),
            digest,
            agent,
            frozen,
        },
    )
}

pub(super) fn want() -> impl Strategy<Value = Want> {
    (document(), ranges(), any::<bool>()).prop_map(|(document, ranges, hashes)| Want {
        document,
        ranges,
        hashes,
    })
}

pub(super) fn pack() -> impl Strategy<Value = Pack> {
    (document(), crdt_type(), blob(), hashes()).prop_map(|(document, crdt_type, deltas, claims)| Pack {
        document,
        crdt_type,
        deltas,
        claims,
    })
}

pub(super) fn list<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(item, 0..4)
}

pub(super) fn interest() -> impl Strategy<Value = Interest> {
    list("[a-z*.]{1,5}").prop_map(|all| Interest(all.iter().map(|text| text.parse().unwrap()).collect()))
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let statement = || (agent(), blob()).prop_map(|(site, delta)| Statement { site, delta });
    prop_oneof![
        (document(), statement(), statement()).prop_map(|(document, ours, theirs)| Evidence::Equivocation {
            document,
            ours,
            theirs
        }),
        (document(), statement(), list(digest()), digest()).prop_map(
            |(document, theirs, parents, claimed)| Evidence::Unfounded { document, theirs, parents, claimed }
        ),
    ]
}

fn steady() -> impl Strategy<Value = Message> {
    prop_oneof![
        (any::<u8>(), any::<u8>(), "[a-z.]{0,9}", interest()).prop_map(
            |(oldest, newest, manifest, interest)| Message::Hello { oldest, newest, manifest, interest }
        ),
        (any::<u8>(), "[a-z.]{0,9}", interest()).prop_map(|(version, manifest, interest)| Message::Welcome {
            version,
            manifest,
            interest
        }),
        (blob(), interest(), any::<u32>()).prop_map(|(after, interest, budget)| Message::Pull {
            after,
            interest,
            budget
        }),
        (list(change()), blob(), any::<bool>()).prop_map(|(changes, next, more)| Message::Changes {
            changes,
            next,
            more
        }),
        Just(Message::Stale),
        (list(want()), any::<u32>()).prop_map(|(wants, budget)| Message::Want { wants, budget }),
        list(pack()).prop_map(|packs| Message::Deltas { packs }),
        list(change()).prop_map(|changes| Message::Offer { changes }),
        (list(want()), list(document())).prop_map(|(wants, freezes)| Message::Wanted { wants, freezes }),
        list(pack()).prop_map(|packs| Message::Give { packs }),
        (0u64..1 << 40).prop_map(|wait_ms| Message::Busy { wait_ms }),
    ]
}

fn rare() -> impl Strategy<Value = Message> {
    let outcome = prop_oneof![
        Just(Outcome::Taken),
        Just(Outcome::Incomplete),
        Just(Outcome::Contradicts),
        Just(Outcome::Unfit)
    ];
    let reason = prop_oneof![
        Just(Refusal::Version),
        Just(Refusal::NotAPeer),
        Just(Refusal::Malformed),
        Just(Refusal::Failed)
    ];
    let compared = prop_oneof![
        Just(Compared::Same),
        list(print()).prop_map(Compared::Parts),
        list((document(), any::<u64>())).prop_map(Compared::Documents),
    ];
    prop_oneof![
        (interest(), list(span())).prop_map(|(interest, spans)| Message::Compare { interest, spans }),
        (list(compared), blob()).prop_map(|(spans, next)| Message::Differ { spans, next }),
        list(document()).prop_map(|documents| Message::Ask { documents }),
        (list(change()), any::<bool>()).prop_map(|(changes, more)| Message::States { changes, more }),
        (document(), list(dot())).prop_map(|(document, dots)| Message::Probe { document, dots }),
        list(prop::option::of(digest())).prop_map(|hashes| Message::Hashes { hashes }),
        (document(), prop::option::of(digest()))
            .prop_map(|(document, after)| Message::Frozen { document, after }),
        (list(freeze()), any::<bool>()).prop_map(|(freezes, more)| Message::Freezes { freezes, more }),
        (document(), list(freeze()))
            .prop_map(|(document, freezes)| Message::GiveFreezes { document, freezes }),
        list(outcome).prop_map(|outcomes| Message::Taken { outcomes }),
        evidence().prop_map(|evidence| Message::Accuse { evidence }),
        reason.prop_map(|reason| Message::Refused { reason }),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    (agent(), 0..=MAX_SAFE_INTEGER, prop_oneof![steady(), rare()])
        .prop_map(|(from, exchange, message)| Frame { from, exchange, message })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_frame_survives(frame in frame()) {
        prop_assert_eq!(decode(&encode(&frame)), Ok(frame.clone()));
        let json = serde_json::to_string(&frame).unwrap();
        prop_assert_eq!(serde_json::from_str::<Frame>(&json).unwrap(), frame, "{}", json);
    }

    #[test]
    fn what_is_read_is_what_would_be_written(frame in frame(), place: Index, byte: u8) {
        let mut bytes = encode(&frame);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(encode(&read), bytes);
        }
    }

    #[test]
    fn no_end_is_missed(frame in frame(), place: Index) {
        let mut bytes = encode(&frame);
        prop_assert!(decode(&bytes[..place.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(decode(&bytes).is_err());
    }
}

#[test]
fn other_versions_are_refused_before_anything_else() {
    for version in [0, limits::VERSION + 1, 255] {
        assert_eq!(decode(&[version]), Err(DecodeError::Version(version)));
    }
}

/// The example of `docs/sync.md`.
#[test]
fn the_bytes_are_those_of_the_page() {
    let page = include_str!("../../../../docs/sync.md");
    let mut written = page.split("```frame\n").skip(1).map(|block| {
        let lines = block.split("```").next().unwrap_or_default().lines();
        let digits: String = lines.map(|line| line.split("   ").next().unwrap_or_default()).collect();
        let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect::<Vec<u8>>()
    });
    let delta = Delta {
        dot: "ann:2".parse().unwrap(),
        parents: vec!["ann:1".parse().unwrap()],
        op: Op::Increment { amount: 5 },
    };
    // What `ann:1` was does not matter here: an increment of 1.
    let first = Delta { dot: "ann:1".parse().unwrap(), parents: vec![], op: Op::Increment { amount: 1 } };
    let before = ramanujan_crdt::state::hash_of(&first.digest(), []);
    let hash = ramanujan_crdt::state::hash_of(&delta.digest(), [&before]);
    let (vienna, porto): (AgentId, AgentId) = ("vienna".parse().unwrap(), "porto".parse().unwrap());
    let document: DocumentId = "visits".parse().unwrap();
    let range = Range::new("ann".parse().unwrap(), 2, 2);
    let frames = [
        (&porto, Message::Pull { after: Blob(vec![0xc0]), interest: Interest::all(), budget: 1 << 20 }),
        (
            &vienna,
            Message::Changes {
                changes: vec![Change {
                    document: document.clone(),
                    crdt_type: CrdtType::PnCounter,
                    heads: vec![(delta.dot.clone(), hash)],
                    ranges: vec![range.clone()],
                    whole: false,
                    marks: 0,
                    freezes: FreezeSum::none(),
                }],
                next: Blob(vec![0xc1]),
                more: false,
            },
        ),
        (
            &porto,
            Message::Want {
                wants: vec![Want { document: document.clone(), ranges: vec![range], hashes: false }],
                budget: 1 << 20,
            },
        ),
        (
            &vienna,
            Message::Deltas { packs: vec![Pack::of(document, CrdtType::PnCounter, &[(delta, hash)], false)] },
        ),
    ];
    let mut wrong = Vec::new();
    for (exchange, (from, message)) in [7, 7, 8, 8].into_iter().zip(frames) {
        let bytes = encode(&Frame { from: from.clone(), exchange, message });
        if written.next().as_ref() != Some(&bytes) {
            wrong.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
        }
    }
    assert!(wrong.is_empty() && written.next().is_none(), "the frames are\n{}", wrong.join("\n"));
}
