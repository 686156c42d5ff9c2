//! What holds of the states of any type.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use ramanujan_core::{Causality, VectorClock};
use ramanujan_crdt::State;

use crate::world::World;

pub(crate) fn joined(a: &State, b: &State) -> State {
    let mut out = a.clone();
    out.join(b).unwrap();
    out
}

/// What both versions hold.
fn common(a: &VectorClock, b: &VectorClock) -> VectorClock {
    a.iter().map(|(agent, seq)| (agent, seq.min(b.get(agent)))).collect()
}

pub(crate) fn check(world: &World) -> Result<(), TestCaseError> {
    for state in &world.states {
        of_one(world, state)?;
    }
    for (at, a) in world.states.iter().enumerate() {
        for b in &world.states[at..] {
            of_two(world, a, b)?;
        }
    }
    let [a, b, c, d] = &world.states[..] else { panic!("four replicas") };
    prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)), "associative");
    prop_assert_eq!(joined(&joined(d, b), c), joined(d, &joined(b, c)), "associative");
    let (ab, cd) = (joined(a, b), joined(c, d));
    prop_assert_eq!(&joined(&ab, &cd), &joined(&cd, &ab), "all meet");
    let since = common(ab.version(), cd.version());
    let mut other = cd.clone();
    other.join_diff(&ab.diff(&since)).unwrap();
    prop_assert_eq!(other, joined(&cd, &ab), "a diff since an older version does as well");
    Ok(())
}

/// A place in the bytes and what to write there; or where to cut them.
pub(crate) type Forgery = (prop::sample::Index, Option<u8>);

/// What a reader accepts, it would write.
pub(crate) fn check_forged(world: &World, (place, byte): &Forgery) -> Result<(), TestCaseError> {
    for state in &world.states {
        let mut bytes = state.encode();
        let at = place.index(bytes.len());
        match byte {
            Some(byte) => bytes[at] = if *byte < 32 { *byte } else { bytes[at] ^ byte },
            None => bytes.truncate(at),
        }
        if let Ok(read) = State::decode(&bytes) {
            prop_assert_eq!(&read.encode(), &bytes);
            // What it says may be false, but not harmful.
            for (mut mine, theirs) in [(read.clone(), state), (state.clone(), &read)] {
                let joins = mine.join(theirs).is_ok();
                prop_assert_eq!(joins, read.crdt_type() == state.crdt_type());
                let _ = (mine.encode(), mine.value(), mine.details(), mine.diff(state.version()));
                for message in &world.log {
                    let _ = mine.apply(&message.event(), &message.op);
                }
                let _ = (mine.encode(), mine.value());
            }
        }
    }
    Ok(())
}

fn of_one(world: &World, state: &State) -> Result<(), TestCaseError> {
    let bytes = state.encode();
    for seed in 0..2 {
        let rebuilt = world.rebuilt(state.version(), seed);
        prop_assert_eq!(&rebuilt, state, "operations alone, in another order, make the same state");
        prop_assert_eq!(&rebuilt.encode(), &bytes);
        prop_assert_eq!(rebuilt.digest(), state.digest());
    }
    prop_assert_eq!(&joined(state, state), state, "idempotent");
    prop_assert_eq!(&State::decode(&bytes).unwrap(), state, "bytes say it all");
    let mut again = state.clone();
    for message in world.log.iter().filter(|message| message.is_in(state.version())) {
        again.apply(&message.event(), &message.op).unwrap();
    }
    prop_assert_eq!(&again, state, "a repeated operation changes nothing");
    Ok(())
}

fn of_two(world: &World, a: &State, b: &State) -> Result<(), TestCaseError> {
    let ab = joined(a, b);
    prop_assert_eq!(&ab, &joined(b, a), "commutative");
    for side in [a, b] {
        prop_assert_eq!(&joined(side, &ab), &ab, "monotone: what is joined lies below the join");
        prop_assert!(ab.version().includes(side.version()));
        let mut raised = side.version().clone();
        raised.join(if side == a { b.version() } else { a.version() });
        prop_assert_eq!(ab.version(), &raised);
    }
    prop_assert_eq!(&ab, &world.rebuilt(ab.version(), 7), "the join holds what both operations do");
    let same = a == b;
    prop_assert_eq!(same, a.encode() == b.encode(), "equal bytes exactly if equal");
    prop_assert_eq!(same, a.digest() == b.digest(), "equal digest exactly if equal");
    prop_assert_eq!(same, a.version().compare(b.version()) == Causality::Equal, "a version names a state");
    let mut reached = b.clone();
    reached.join_diff(&a.diff(b.version())).unwrap();
    prop_assert_eq!(&reached, &ab, "a diff reaches the other side");
    let whole = a.diff(&VectorClock::new());
    let mut from_nothing = State::new(world.crdt_type).unwrap();
    from_nothing.join_diff(&whole).unwrap();
    prop_assert_eq!(&from_nothing, a, "a diff since the beginning is the whole");
    if !b.version().includes(a.version()) {
        prop_assert!(b.clone().join_diff(&a.diff(a.version())).is_err(), "a diff is refused before its time");
    }
    Ok(())
}
