//! Clone and join of clocks, counters and sets; a large JSON document applied, encoded, read.
//!
//! `cargo bench -p ramanujan-crdt --bench types`. Actors are `u64`, as in the table that compares with `crdts`
//! (`benches/crdt`), and agents where a document has them.

use divan::{Bencher, black_box};
use ramanujan_core::{AgentId, Dot, VectorClock, VersionVector};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::{Event, OrSet, Past, PnCounter};
use ramanujan_crdt::value::Number;
use ramanujan_crdt::{CrdtType, Json, Op, State};

const ACTORS: [u64; 3] = [9, 48, 1000];

fn main() {
    divan::main();
}

/// What two replicas have heard of an actor: a quarter of the actors is known to the one only, a quarter to the other.
fn apart(actor: u64, actors: u64) -> (u64, u64) {
    let count = 1 + actor % 7;
    if actor < actors / 4 {
        (count, 0)
    } else if actor >= actors - actors / 4 {
        (0, count)
    } else {
        (count, count)
    }
}

/// Both have heard of all actors, each more of some.
fn ahead(actor: u64) -> (u64, u64) {
    let count = 1 + actor % 7;
    if actor.is_multiple_of(2) { (count + 1, count) } else { (count, count + 2) }
}

fn clone_and_join<T: Clone + Sync>(bencher: Bencher<'_, '_>, (left, right): (T, T), join: fn(&mut T, &T)) {
    bencher.bench(|| {
        let mut joined = black_box(&left).clone();
        join(&mut joined, black_box(&right));
        joined
    });
}

fn clocks(heard: impl Fn(u64) -> (u64, u64), actors: u64) -> (VersionVector<u64>, VersionVector<u64>) {
    let mut pair = (VersionVector::new(), VersionVector::new());
    for actor in 0..actors {
        let (left, right) = heard(actor);
        pair.0.raise(&actor, left);
        pair.1.raise(&actor, right);
    }
    pair
}

#[divan::bench(args = ACTORS)]
fn clock_same_actors(bencher: Bencher<'_, '_>, actors: u64) {
    clone_and_join(bencher, clocks(ahead, actors), VersionVector::join);
}

#[divan::bench(args = ACTORS)]
fn clock_other_actors(bencher: Bencher<'_, '_>, actors: u64) {
    clone_and_join(bencher, clocks(|actor| apart(actor, actors), actors), VersionVector::join);
}

#[divan::bench(args = ACTORS)]
fn clock_of_agents(bencher: Bencher<'_, '_>, actors: u64) {
    let of_agents = |clock: VersionVector<u64>| -> VectorClock {
        clock.entries().iter().map(|(actor, seq)| (format!("agent-{actor}"), *seq)).collect()
    };
    let (left, right) = clocks(|actor| apart(actor, actors), actors);
    clone_and_join(bencher, (of_agents(left), of_agents(right)), VectorClock::join);
}

#[divan::bench(args = ACTORS)]
fn pn_counter_same_actors(bencher: Bencher<'_, '_>, actors: u64) {
    let mut pair: (PnCounter<u64>, PnCounter<u64>) = Default::default();
    for actor in 0..actors {
        let (left, right) = ahead(actor);
        pair.0.raise(&actor, Totals { p: left, n: 1 });
        pair.1.raise(&actor, Totals { p: right, n: 1 });
    }
    clone_and_join(bencher, pair, PnCounter::join);
}

/// One element per actor; then a quarter is added anew and a quarter removed, half of it on each side.
#[divan::bench(args = ACTORS)]
fn set_same_actors(bencher: Bencher<'_, '_>, actors: u64) {
    let mut set: OrSet<u64, u64> = OrSet::new();
    (0..actors).for_each(|actor| set.add(&actor, actor));
    let mut pair = (set.clone(), set);
    for actor in 0..actors {
        let side = if actor.is_multiple_of(2) { &mut pair.0 } else { &mut pair.1 };
        match actor % 8 {
            0 | 1 => side.add(&actor, actor),
            2 | 3 => side.remove(&actor, &actor),
            _ => {}
        }
    }
    clone_and_join(bencher, pair, OrSet::join);
}

#[divan::bench(args = ACTORS)]
fn set_other_actors(bencher: Bencher<'_, '_>, actors: u64) {
    let mut pair: (OrSet<u64, u64>, OrSet<u64, u64>) = Default::default();
    for actor in 0..actors {
        let (left, right) = apart(actor, actors);
        if left > 0 {
            pair.0.add(&actor, actor);
        }
        if right > 0 {
            pair.1.add(&actor, actor);
        }
    }
    clone_and_join(bencher, pair, OrSet::join);
}

/// Operations of one agent, each after the one before.
fn history(crdt_type: CrdtType, count: u64, mut op: impl FnMut(u64, &State) -> Op) -> (State, Vec<Op>) {
    let agent: AgentId = "agent-1".parse().expect("a legal name");
    let mut state = State::new(crdt_type).expect("a type with a state");
    let mut ops = Vec::new();
    for seq in 1..=count {
        let op = op(seq, &state);
        apply(&mut state, &agent, seq, &op);
        ops.push(op);
    }
    (state, ops)
}

fn apply(state: &mut State, agent: &AgentId, seq: u64, op: &Op) {
    let (dot, past) = (Dot::new(agent.clone(), seq), state.version().clone());
    state.apply(&Event { dot: &dot, past: Past::Version(&past) }, op).expect("in order");
}

/// A thousand records of a few fields, each set by an operation.
fn records() -> (State, Vec<Op>) {
    history(CrdtType::Json, 5_000, |seq, state| {
        let State::Json(document) = state else { unreachable!("it was made one") };
        let path = vec![
            PathStep::Key("records".into()),
            PathStep::Key(format!("record-{}", seq % 1000)),
            PathStep::Key(format!("field-{}", seq % 7)),
        ];
        let change = Change::Set(Json::Text(format!("value {seq}")));
        Op::Edit(document.resolve(&EditRequest { path, change }).expect("keys are always there"))
    })
}

/// A text typed a code point at a time.
fn typed() -> (State, Vec<Op>) {
    history(CrdtType::Json, 3_000, |seq, state| {
        let State::Json(document) = state else { unreachable!("it was made one") };
        let position = (seq > 1).then_some((seq - 1) / 2);
        let change = Change::InsertText { position, text: "x".into() };
        let request = EditRequest { path: vec![PathStep::Key("text".into())], change };
        Op::Edit(document.resolve(&request).expect("within the text"))
    })
}

fn elements() -> (State, Vec<Op>) {
    history(CrdtType::OrSet, 10_000, |seq, _| {
        let scattered = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        Op::Add { element: Json::Text(format!("element {scattered}")) }
    })
}

fn raised() -> (State, Vec<Op>) {
    history(CrdtType::MaxRegister, 10_000, |seq, _| {
        let scattered = i64::try_from(seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).unwrap_or_default();
        let value = Number::of(&Json::Int(scattered)).expect("a number");
        Op::Raise { value }
    })
}

fn switched() -> (State, Vec<Op>) {
    history(CrdtType::EwFlag, 10_000, |seq, _| if seq % 2 == 0 { Op::Disable {} } else { Op::Enable {} })
}

type Make = fn() -> (State, Vec<Op>);

const HISTORIES: [(&str, Make); 5] = [
    ("records", records),
    ("typed text", typed),
    ("set", elements),
    ("greatest number", raised),
    ("flag", switched),
];

fn named(name: &str) -> (State, Vec<Op>) {
    HISTORIES.into_iter().find(|(other, _)| *other == name).expect("one of them").1()
}

#[divan::bench(args = HISTORIES.map(|(name, _)| name), sample_count = 10)]
fn apply_all(bencher: Bencher<'_, '_>, name: &str) {
    let (state, ops) = named(name);
    let agent: AgentId = "agent-1".parse().expect("a legal name");
    bencher.bench(|| {
        let mut again = State::new(state.crdt_type()).expect("a type with a state");
        (1..).zip(&ops).for_each(|(seq, op)| apply(&mut again, &agent, seq, op));
        again
    });
}

#[divan::bench(args = HISTORIES.map(|(name, _)| name))]
fn encode(bencher: Bencher<'_, '_>, name: &str) {
    let (state, _) = named(name);
    bencher.bench(|| black_box(&state).encode());
}

#[divan::bench(args = HISTORIES.map(|(name, _)| name))]
fn decode(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = named(name).0.encode();
    println!("{name}: {} bytes", bytes.len());
    bencher.bench(|| State::decode(black_box(&bytes)));
}

#[divan::bench(args = HISTORIES.map(|(name, _)| name))]
fn value(bencher: Bencher<'_, '_>, name: &str) {
    let (state, _) = named(name);
    bencher.bench(|| black_box(&state).value());
}
