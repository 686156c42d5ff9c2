//! States of every type but text: their canonical bytes, and edits asked of a JSON document.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::{Event, Past};
use ramanujan_crdt::{CrdtType, Delta, ItemId, Json, Op, State};

use crate::deltas;
use crate::memory::Bound;

/// The densest is a map of one member within another: three bytes become a node of a B-tree for eleven places (1.4 kB).
const STATE: Bound = Bound { floor: 16 << 10, per_byte: 512 };

/// Refused, or exactly the canonical bytes of a state that joins with itself, with nothing and with its differences
/// to itself. Joined with a state that contradicts it, which no replica makes, it does not panic.
pub fn state(data: &[u8]) {
    let Ok(state) = STATE.hold(data.len(), || State::decode(data)) else { return };
    assert_eq!(state.encode(), data);
    shown(&state);
    let nothing = State::new(state.crdt_type()).expect("a type with a state");
    for other in [&state, &nothing] {
        assert_eq!(joined(&state, other), state);
        assert_eq!(joined(other, &state), state);
    }
    for (base, since) in [(&nothing, VectorClock::new()), (&state, state.version().clone())] {
        let mut base = base.clone();
        base.join_diff(&state.diff(&since)).expect("the base is at that version");
        assert_eq!(base, state);
    }
    let stranger = example(state.crdt_type());
    for strange in [joined(&state, &stranger), joined(&stranger, &state)] {
        shown(&strange);
        let _ = State::decode(&strange.encode());
    }
}

fn joined(a: &State, b: &State) -> State {
    let mut joined = a.clone();
    joined.join(b).expect("of one type");
    joined
}

/// What a state shows can be written as JSON.
fn shown(state: &State) {
    for json in [Some(state.value()), state.details()].into_iter().flatten() {
        serde_json::to_vec(&json).expect("a value is JSON");
    }
}

/// An edit as a client may ask for it.
#[derive(Arbitrary, Debug)]
enum Wish {
    Set(Value),
    Delete,
    Increment(u32),
    Decrement(u32),
    InsertItem(Option<u8>, Value),
    InsertText(Option<u8>, char),
    DeleteText(u8, u8),
    DeleteAnywhere(u64, u64),
}

#[derive(Arbitrary, Debug)]
enum Value {
    Null,
    Number(i32),
    Text,
    EmptyMap,
    Map,
    EmptyList,
    List,
}

#[derive(Arbitrary, Debug)]
enum Place {
    A,
    B,
    Text,
    Index(u8),
    AnyIndex(u64),
    Item { first: bool, seq: u8, offset: u8 },
}

/// Longest path: as deep as the values above go, and a little further.
const MAX_STEPS: usize = 5;
/// Most requests made of one document.
const MAX_REQUESTS: usize = 24;

fn json(value: &Value) -> Json {
    let pair = || [("a".to_owned(), Json::Int(1)), ("b".to_owned(), Json::List(Vec::new()))];
    match value {
        Value::Null => Json::Null,
        Value::Number(number) => Json::Int(i64::from(*number)),
        Value::Text => "text".into(),
        Value::EmptyMap => Json::Map(BTreeMap::new()),
        Value::Map => Json::Map(pair().into()),
        Value::EmptyList => Json::List(Vec::new()),
        Value::List => Json::List(vec![Json::Map(pair().into()), Json::Null, "x".into()]),
    }
}

fn change(wish: Wish) -> Change {
    let at = |position: Option<u8>| position.map(u64::from);
    match wish {
        Wish::Set(value) => Change::Set(json(&value)),
        Wish::Delete => Change::Delete,
        Wish::Increment(amount) => Change::Increment(u64::from(amount)),
        Wish::Decrement(amount) => Change::Decrement(u64::from(amount)),
        Wish::InsertItem(position, value) => {
            Change::InsertItem { position: at(position), value: json(&value) }
        }
        Wish::InsertText(position, character) => {
            Change::InsertText { position: at(position), text: format!("{character}né") }
        }
        Wish::DeleteText(position, length) => {
            Change::DeleteText { position: u64::from(position), length: u64::from(length) }
        }
        Wish::DeleteAnywhere(position, length) => Change::DeleteText { position, length },
    }
}

fn step(place: Place) -> PathStep {
    match place {
        Place::A => PathStep::Key("a".into()),
        Place::B => PathStep::Key("b".into()),
        Place::Text => PathStep::Key("t".into()),
        Place::Index(index) => PathStep::Index(u64::from(index)),
        Place::AnyIndex(index) => PathStep::Index(index),
        Place::Item { first, seq, offset } => {
            let agent = if first { "ann" } else { "ben" }.parse().expect("an agent");
            PathStep::Item {
                item: ItemId { dot: Dot::new(agent, u64::from(seq)), offset: u64::from(offset) },
            }
        }
    }
}

/// Requests on a document, which the rest of the bytes spell; if they do not, on an example. Each is refused, or an
/// edit that has canonical bytes and leaves a document that can be read back.
pub fn resolve(data: &[u8]) {
    let mut script = Unstructured::new(data);
    let mut requests = Vec::new();
    while requests.len() < MAX_REQUESTS && script.ratio(3u8, 4u8).unwrap_or(false) {
        let Ok((wish, length)) = <(Wish, u8)>::arbitrary(&mut script) else { break };
        let path =
            (0..usize::from(length) % (MAX_STEPS + 1)).map_while(|_| Place::arbitrary(&mut script).ok());
        requests.push(EditRequest { path: path.map(step).collect(), change: change(wish) });
    }
    let mut document = match State::decode(script.take_rest()) {
        Ok(state) if state.crdt_type() == CrdtType::Json => state,
        _ => example(CrdtType::Json),
    };
    let agent: AgentId = "fuzz".parse().expect("an agent");
    for request in requests {
        let State::Json(inner) = &document else { return };
        let Ok(edit) = inner.resolve(&request) else { continue };
        assert!(request.resolved().is_none_or(|resolved| resolved == edit));
        let past = document.version().clone();
        let dot = Dot::new(agent.clone(), past.counter(&agent) + 1);
        let delta = Delta { dot, parents: Vec::new(), op: Op::Edit(edit) };
        assert_eq!(Delta::from_canonical(&delta.canonical_bytes()).as_ref(), Ok(&delta));
        if document.apply(&Event { dot: &delta.dot, past: Past::Version(&past) }, &delta.op).is_ok() {
            assert_eq!(document.version().counter(&agent), delta.dot.seq);
        }
    }
    shown(&document);
    assert_eq!(State::decode(&document.encode()).as_ref(), Ok(&document));
}

/// A state of a type that two agents wrote at once, with every operation of the type.
pub(crate) fn example(crdt_type: CrdtType) -> State {
    let empty = State::new(crdt_type).expect("a type with a state");
    let mut sides = [empty.clone(), empty];
    for (side, name) in sides.iter_mut().zip(["ann", "ben"]) {
        let agent: AgentId = name.parse().expect("an agent");
        let apply = |side: &mut State, op: &Op| {
            let past = side.version().clone();
            let dot = Dot::new(agent.clone(), past.counter(&agent) + 1);
            side.apply(&Event { dot: &dot, past: Past::Version(&past) }, op).expect("in order");
        };
        if crdt_type == CrdtType::Json {
            for request in requests(name) {
                let State::Json(document) = &*side else { continue };
                let edit = document.resolve(&request).expect("a place that is there");
                apply(side, &Op::Edit(edit));
            }
            continue;
        }
        for delta in deltas::examples().iter().filter(|delta| delta.op.crdt_type() == crdt_type) {
            apply(side, &delta.op);
            apply(side, &delta.op);
        }
    }
    joined(&sides[0], &sides[1])
}

/// Every kind of edit, at places that two agents share.
fn requests(name: &str) -> Vec<EditRequest> {
    let path = |text: &str| -> Vec<PathStep> {
        let step = |step: &str| step.parse().map_or_else(|_| PathStep::Key(step.into()), PathStep::Index);
        text.split_terminator('.').map(step).collect()
    };
    let changes = [
        ("a", Change::Set(json(&Value::Map))),
        ("a.b", Change::InsertItem { position: None, value: json(&Value::List) }),
        ("a.b", Change::InsertItem { position: Some(0), value: name.into() }),
        ("a.b.1.2", Change::Set(Json::Null)),
        ("a.b.0", Change::Delete),
        ("a.a", Change::Increment(5)),
        ("a.a", Change::Increment(5)),
        ("a.a", Change::Decrement(2)),
        ("t", Change::InsertText { position: None, text: format!("né {name}") }),
        ("t", Change::InsertText { position: Some(1), text: "x".into() }),
        ("t", Change::DeleteText { position: 0, length: 3 }),
        ("c", Change::Set(name.into())),
    ];
    changes.map(|(place, change)| EditRequest { path: path(place), change }).into()
}
