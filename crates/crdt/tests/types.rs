//! Encoded states: the form is fixed, everything else is refused, and nothing that arrives costs more than its size.

use proptest::prelude::*;
use ramanujan_core::{Dot, VectorClock};
use ramanujan_crdt::types::{ApplyError, Event, OrSet, Past, PnCounter};
use ramanujan_crdt::{CrdtType, Json, Op, State, TapPhase};

fn apply(state: &mut State, dot: &str, past: &[(&str, u64)], op: Op) -> Result<(), ApplyError> {
    let dot: Dot = dot.parse().unwrap();
    let past: VectorClock = past.iter().copied().collect();
    state.apply(&Event { dot: &dot, past: Past::Version(&past) }, &op)
}

fn set() -> State {
    let mut state = State::new(CrdtType::OrSet).unwrap();
    let add = |element: Json| Op::Add { element };
    apply(&mut state, "a:1", &[], add("x".into())).unwrap();
    apply(&mut state, "b:1", &[], add("x".into())).unwrap();
    apply(&mut state, "b:2", &[("b", 1)], add(Json::Int(1))).unwrap();
    state
}

#[test]
fn the_encoding_is_fixed() {
    let expected = [&[1, 3, 2, 1, b'a', 1, 1, b'b', 2][..], &[2], &[3, 2, 2, 2], &[5, 1, b'x', 1, 1, 2, 1]];
    assert_eq!(set().encode(), expected.concat());
}

#[test]
fn other_versions_and_types_are_refused() {
    let mut bytes = set().encode();
    bytes[0] = 2;
    assert!(State::decode(&bytes).is_err());
    for of_type in [0, 8, 255] {
        assert!(State::decode(&[1, of_type, 0, 0]).is_err());
    }
    assert!(State::decode(&[]).is_err());
}

#[test]
fn an_operation_out_of_order_or_of_another_type_changes_nothing() {
    let before = set();
    let mut state = before.clone();
    let op = || Op::Add { element: Json::Null };
    let gap = |missing: &str, dot: &str| ApplyError::Gap {
        dot: dot.parse().unwrap(),
        missing: missing.parse().unwrap(),
    };
    assert_eq!(apply(&mut state, "a:3", &[("a", 2)], op()), Err(gap("a:2", "a:3")));
    assert_eq!(apply(&mut state, "a:2", &[("a", 1), ("b", 3)], op()), Err(gap("b:3", "a:2")));
    assert_eq!(apply(&mut state, "a:2", &[("b", 1)], op()), Err(ApplyError::Past("a:2".parse().unwrap())));
    let wrong = ApplyError::Type { expected: CrdtType::OrSet, found: CrdtType::GCounter };
    assert_eq!(apply(&mut state, "a:2", &[("a", 1)], Op::Grow { amount: 1 }), Err(wrong));
    assert_eq!(apply(&mut state, "a:1", &[], Op::Add { element: "other".into() }), Ok(()), "held already");
    assert_eq!(state, before);
    assert!(state.join(&State::new(CrdtType::GCounter).unwrap()).is_err());
}

#[test]
fn a_counter_ends_where_json_stops_counting() {
    let mut state = State::new(CrdtType::PnCounter).unwrap();
    let most = ramanujan_core::MAX_SAFE_INTEGER;
    apply(&mut state, "a:1", &[], Op::Increment { amount: most }).unwrap();
    let beyond = apply(&mut state, "a:2", &[("a", 1)], Op::Increment { amount: 1 });
    assert_eq!(beyond, Err(ApplyError::Overflow("a:2".parse().unwrap())));
    apply(&mut state, "b:1", &[], Op::Increment { amount: most }).unwrap();
    assert_eq!(state.value(), Json::Text("18014398509481982".into()));
}

#[test]
fn of_two_phases_held_by_as_many_the_majority_is_the_one_entered_last() {
    let mut state = State::new(CrdtType::TapState).unwrap();
    apply(&mut state, "a:1", &[], Op::Transition { to: TapPhase::Backfill }).unwrap();
    apply(&mut state, "b:1", &[("a", 1)], Op::Transition { to: TapPhase::Verify }).unwrap();
    let State::TapState(tap) = &state else { panic!("it was made one") };
    assert_eq!((tap.phase(), tap.majority()), (TapPhase::Verify, TapPhase::Verify));
    apply(&mut state, "c:1", &[], Op::Transition { to: TapPhase::Backfill }).unwrap();
    let State::TapState(tap) = &state else { panic!("it was made one") };
    assert_eq!((tap.phase(), tap.majority()), (TapPhase::Verify, TapPhase::Backfill));
}

#[test]
fn forged_counts_allocate_nothing() {
    // A run of 2^40 increments, a run of 2^40 items, a version of 2^40 entries, a list of 2^40 values.
    let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    let agent = [&[1, 1, b'a'][..], &huge].concat();
    let increments = [&[1, 6][..], &agent, &[2, 1, 0, 1, 1, 1, 2], &huge].concat();
    let state = State::decode(&increments).expect("a counter that was incremented very often");
    assert_eq!(state.value(), Json::Int(1 << 40));
    let items = [&[1, 6][..], &agent, &[8, 1, 0, 1], &huge, &[0, 0]].concat();
    assert_eq!(State::decode(&items).expect("a list of which nothing is left").value(), Json::Map([].into()));
    for of_type in 1..8 {
        assert!(State::decode(&[&[1, of_type][..], &huge].concat()).is_err());
    }
    assert!(State::decode(&[&[1, 4][..], &agent, &[0, 1, 1, 6], &huge].concat()).is_err());
}

#[test]
fn increments_that_follow_each_other_are_written_once() {
    let once = [1, 6, 1, 1, b'a', 4, 2, 1, 0, 1, 1, 1, 2, 4];
    assert_eq!(State::decode(&once).expect("four increments").encode(), once);
    let twice = [1, 6, 1, 1, b'a', 4, 2, 1, 0, 2, 1, 1, 2, 2, 0, 0, 2, 2];
    assert!(State::decode(&twice).is_err());
}

#[test]
fn deep_bytes_end_in_an_error_and_not_in_the_stack() {
    let places = [&[1, 6, 1, 1, b'a', 1][..], &[4, 1, 0].repeat(100_000)].concat();
    assert!(State::decode(&places).is_err());
    let values = [&[1, 4, 1, 1, b'a', 1, 0, 1, 1][..], &[6, 1].repeat(100_000)].concat();
    assert!(State::decode(&values).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_counter_joins_as_its_entries_do(
        a in prop::collection::btree_map(0u8..6, (0u64..9, 0u64..9), 0..6),
        b in prop::collection::btree_map(0u8..6, (0u64..9, 0u64..9), 0..6),
    ) {
        let counter = |entries: &std::collections::BTreeMap<u8, (u64, u64)>| {
            let mut counter: PnCounter<u8> = PnCounter::new();
            for (actor, (p, n)) in entries {
                counter.raise(actor, ramanujan_crdt::counter::Totals { p: *p, n: *n });
            }
            counter
        };
        let mut joined = counter(&a);
        joined.join(&counter(&b));
        let largest = |actor: u8| {
            let of = |side: &std::collections::BTreeMap<u8, (u64, u64)>| side.get(&actor).copied().unwrap_or_default();
            i128::from(of(&a).0.max(of(&b).0)) - i128::from(of(&a).1.max(of(&b).1))
        };
        prop_assert_eq!(joined.value(), (0..6).map(largest).sum::<i128>());
    }

    /// Sets of any element and actor, by their own operations: what three replicas agree on after joining in any order.
    #[test]
    fn sets_of_anything_converge(steps in prop::collection::vec((0usize..3, 0u8..4, 0u8..4), 0..24)) {
        let mut sets: [OrSet<u8, u64>; 3] = Default::default();
        for (replica, kind, element) in steps {
            let actor = [7, 3, 5][replica];
            match kind {
                0 | 1 => sets[replica].add(&actor, element),
                2 => sets[replica].remove(&actor, &element),
                _ => {
                    let other = sets[(replica + 1 + usize::from(element) % 2) % 3].clone();
                    sets[replica].join(&other);
                }
            }
        }
        let [a, b, c] = sets;
        let joined = |sets: [&OrSet<u8, u64>; 3]| {
            sets.iter().fold(OrSet::new(), |mut all, set| { all.join(set); all })
        };
        prop_assert_eq!(joined([&a, &b, &c]), joined([&c, &a, &b]));
    }
}
