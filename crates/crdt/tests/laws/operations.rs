//! What replicas write: few elements, keys and places, so that they get in each other's way.

use ramanujan_crdt::edit::{Action, Anchor, Edit, ItemId, ItemRange, Side, Step};
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::JsonDocument;
use ramanujan_crdt::{Json, Op, State, TapPhase};

use crate::world::agent_of;

/// Where in a JSON document most is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Focus {
    All,
    /// One text.
    Text,
    /// One list.
    List,
    /// One number.
    Number,
}

pub(crate) fn choose(state: &State, focus: Focus, choice: &[u8; 5]) -> Op {
    let [a, b, ..] = *choice;
    let small = Json::Int(i64::from(a % 3));
    match state {
        State::GCounter(_) => Op::Grow { amount: u64::from(a % 4) },
        State::PnCounter(_) if b % 2 == 0 => Op::Increment { amount: u64::from(a % 4) },
        State::PnCounter(_) => Op::Decrement { amount: u64::from(a % 4) },
        State::OrSet(_) if b % 5 < 3 => Op::Add { element: small },
        State::OrSet(_) => Op::Remove { element: small },
        State::LwwRegister(_) => Op::SetLast { value: small },
        State::MvRegister(_) => Op::SetEach { value: small },
        State::TapState(_) => Op::Transition { to: TapPhase::ALL[usize::from(a % 3)] },
        State::Json(document) => Op::Edit(edit(document, focus, choice)),
        other => example(other, a),
    }
}

/// One of the examples that the table of types has for operations of the state's type.
fn example(state: &State, choice: u8) -> Op {
    let mut all = Op::examples();
    all.retain(|op| op.crdt_type() == state.crdt_type());
    all.swap_remove(usize::from(choice) % all.len())
}

/// As a rule what a client may ask for, now and then what only a forger would.
fn edit(document: &JsonDocument, focus: Focus, [a, b, c, d, e]: &[u8; 5]) -> Edit {
    if *e < 16 {
        return forged(*a, *b, *c);
    }
    let at_one = vec![PathStep::Key("a".into())];
    let (path, change) = match focus {
        Focus::All => (path(document, *a, *b), change(*c, *d)),
        Focus::Text => (at_one, change([9, 9, 9, 11, 11, 11, 3, 0][usize::from(c % 8)], *d)),
        Focus::List if a % 3 == 0 => (at_one, change([7, 7, 7, 3, 0][usize::from(c % 5)], *d)),
        Focus::List => (path(document, 2 + a % 2, *b), change([0, 3, 7, 5][usize::from(c % 4)], *d)),
        Focus::Number => (at_one, change([5, 5, 6, 5, 6, 0, 3][usize::from(c % 7)], *d)),
    };
    let request = EditRequest { path: path.clone(), change };
    // What the place does not allow is asked of an element or the root instead.
    document
        .resolve(&request)
        .or_else(|_| document.resolve(&EditRequest { path, change: Change::Set(value(*d)) }))
        .unwrap()
}

/// A path that follows what is there, as far as `depth` says, and often one step beyond.
fn path(document: &JsonDocument, depth: u8, steps: u8) -> Vec<PathStep> {
    let root = document.value();
    let mut at = Some(&root);
    let mut path = Vec::new();
    for step in 0..depth % 4 {
        let choice = steps >> (2 * step) & 3;
        match at {
            Some(Json::List(items)) if !items.is_empty() => {
                let index = usize::from(choice) % items.len();
                path.push(PathStep::Index(index as u64));
                at = items.get(index);
            }
            Some(Json::List(_)) => break,
            other => {
                let key = if choice < 3 { "a" } else { "b" };
                path.push(PathStep::Key(key.into()));
                at = match other {
                    Some(Json::Map(members)) => members.get(key),
                    _ => None,
                };
            }
        }
    }
    path
}

fn change(kind: u8, detail: u8) -> Change {
    let position = (detail % 4 < 3).then_some(u64::from(detail % 4));
    match kind % 12 {
        0..=2 => Change::Set(value(detail)),
        3 | 4 => Change::Delete,
        5 => Change::Increment(u64::from(detail % 5)),
        6 => Change::Decrement(u64::from(detail % 5)),
        7 | 8 => Change::InsertItem { position, value: value(detail >> 2) },
        9 | 10 => Change::InsertText {
            position,
            text: ["x", "yz", "äöü", "123"][usize::from(detail >> 6)].into(),
        },
        _ => Change::DeleteText { position: u64::from(detail % 3), length: 1 + u64::from(detail >> 6) },
    }
}

fn value(choice: u8) -> Json {
    let one = Json::Int(1);
    match choice % 11 {
        0 => Json::Null,
        1 => one,
        2 => Json::Int(20),
        3 => Json::number(0.5).unwrap(),
        4 => "s".into(),
        5 => Json::Map([].into()),
        6 => Json::Map([("a".into(), one), ("b".into(), Json::Map([].into()))].into()),
        7 => Json::List(vec![]),
        8 => Json::List(vec![one, "t".into()]),
        9 => Json::List(vec![Json::List(vec![one]), Json::Map([("a".into(), Json::Null)].into())]),
        _ => Json::Bool(true),
    }
}

/// Names items that are not there, or not in the past, or hang where nothing can.
fn forged(a: u8, b: u8, c: u8) -> Edit {
    let dot = ramanujan_core::Dot::new(agent_of(usize::from(a % 3)), 1 + u64::from(b % 4));
    let item = ItemId { dot, offset: u64::from(c % 3) };
    let mut path = vec![Step::Key("a".into())];
    if a & 16 != 0 {
        path.push(Step::Item { item: item.clone() });
    }
    let side = if b & 16 == 0 { Side::Left } else { Side::Right };
    let anchor = Anchor { parent: (b & 32 == 0).then(|| item.clone()), side };
    let action = match c >> 4 {
        0..4 => Action::InsertItem { anchor, value: Json::Int(7) },
        4..8 => Action::InsertText { anchor, text: "f".into() },
        8..12 => Action::DeleteText { ranges: vec![ItemRange { first: item, length: u64::MAX }] },
        _ => Action::Set { value: Json::Int(8) },
    };
    Edit { path, action }
}
