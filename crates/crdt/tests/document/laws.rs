//! Laws of the join and of delivery.

use proptest::prelude::*;
use ramanujan_core::VectorClock;
use ramanujan_crdt::TextDocument;

use crate::history::*;

fn join(a: &TextDocument, b: &TextDocument) -> TextDocument {
    let mut out = a.clone();
    out.merge(b).unwrap();
    out
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn join_is_commutative_associative_idempotent_monotone(history in any_history()) {
        let replicas = run(&history);
        let [a, b, c] = &replicas[..] else { unreachable!() };
        let ab = join(a, b);
        prop_assert_eq!(face(&ab), face(&join(b, a)));
        prop_assert_eq!(face(&join(&ab, c)), face(&join(a, &join(b, c))));
        let mut again = ab.clone();
        prop_assert!(!again.merge(a).unwrap() && !again.merge(&ab).unwrap());
        prop_assert_eq!(face(&again), face(&ab));
        prop_assert!(ab.version().includes(&a.version()) && ab.version().includes(&b.version()));
    }

    /// Delivery of single operations, in any causal order, is the join; reading in between changes nothing.
    #[test]
    fn any_delivery_order_gives_the_same_document(
        history in any_history(),
        picks in prop::collection::vec(any::<u16>(), 1..24),
    ) {
        let whole = merged(&run(&history));
        let delivered = deliver(deltas(&whole), &picks);
        prop_assert_eq!(face(&delivered), face(&whole));
    }

    #[test]
    fn reading_between_arrivals_changes_nothing(
        history in any_history(),
        picks in prop::collection::vec(any::<u16>(), 1..24),
    ) {
        let whole = merged(&run(&history));
        let mut lazy = TextDocument::new();
        let mut eager = TextDocument::new();
        for (index, delta) in deltas(&deliver(deltas(&whole), &picks)).iter().enumerate() {
            let length = lazy.push(&delta.dot, &delta.parents, &delta.op).unwrap();
            prop_assert_eq!(eager.push(&delta.dot, &delta.parents, &delta.op).unwrap(), length);
            if picks[index % picks.len()] % 2 == 0 {
                prop_assert_eq!(eager.text().unwrap().chars().count() as u64, eager.len_chars().unwrap());
            }
        }
        prop_assert_eq!(face(&lazy), face(&eager));
        lazy.verify().unwrap();
        eager.verify().unwrap();
    }

    /// What one side lacks, encoded and applied, makes the sides equal; a second time it changes nothing.
    #[test]
    fn diff_then_apply_reaches_the_other_side(history in any_history()) {
        let replicas = run(&history);
        let (mut a, b) = (replicas[0].clone(), &replicas[1]);
        let expected = join(&a, b);
        let bytes = b.diff(&a.version()).unwrap();
        let news = !a.version().includes(&b.version());
        prop_assert_eq!(a.apply_encoded(&bytes).unwrap(), news);
        prop_assert_eq!(face(&a), face(&expected));
        prop_assert!(!a.apply_encoded(&bytes).unwrap());
        // An older version than what is there overlaps, and is as good.
        let mut late = replicas[0].clone();
        late.apply_encoded(&b.diff(&VectorClock::new()).unwrap()).unwrap();
        prop_assert_eq!(face(&late), face(&expected));
        late.apply_encoded(&b.clone().snapshot().unwrap()).unwrap();
        prop_assert_eq!(face(&late), face(&expected));
    }

    #[test]
    fn equal_digests_exactly_if_equal_histories(one in any_history(), other in any_history(), same in any::<bool>()) {
        let (one, other) = (merged(&run(&one)), merged(&run(if same { &one } else { &other })));
        let sorted = |document: &TextDocument| {
            let mut all: Vec<Vec<u8>> = deltas(document).iter().map(|delta| delta.canonical_bytes()).collect();
            all.sort();
            all
        };
        let equal = sorted(&one) == sorted(&other);
        prop_assert_eq!(one.state().unwrap().digest() == other.state().unwrap().digest(), equal);
        prop_assert_eq!(one.encode() == other.encode(), equal);
    }
}

/// A diff whose deletions go forward begins with one that turns our last deletion into a backspace: it is cut in two,
/// before anyone knows how long the document is.
#[test]
fn a_diff_that_turns_the_last_deletion_round_is_cut() {
    let mut here = TextDocument::new();
    let agent = here.agent(&"m".parse().unwrap());
    here.insert(agent, 0, "abcdef").unwrap();
    here.delete(agent, 3, 1).unwrap();
    let mut there = here.clone();
    for _ in 0..3 {
        there.delete(agent, 2, 1).unwrap();
    }
    let diff = there.diff(&here.version()).unwrap();
    assert!(here.apply_encoded(&diff).unwrap());
    assert_eq!(here.text().unwrap(), "ab");
    assert_eq!(face(&here), face(&there));
}
