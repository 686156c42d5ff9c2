//! What is found through the index is what a walk over everything finds: on random concurrent histories, some of whose
//! insertions hang where no honest client hangs them, while the index is kept up and after it was made anew.

use proptest::prelude::*;
use ramanujan_core::{AgentId, Dot, VectorClock};

use super::JsonDocument;
use super::leaf::Kind;
use super::order::Segment;
use super::place::{List, Place};
use super::sequence::Sequence;
use super::text::Text;
use super::tree::Tree;
use crate::State;
use crate::crdts::crdt::Crdt;
use crate::crdts::event::{Event, Past};
use crate::crdts::op::Op;
use crate::edit::{Action, Anchor, Edit, ItemId, ItemRange, Side, Step as PathToItem};
use crate::request::{Change, EditRequest, PathStep};
use crate::value::Json;

/// All items of a tree in order, those that are gone too.
fn items(tree: &Tree) -> Vec<ItemId> {
    let order = tree.order();
    let of = |segment: &Segment<'_>| {
        let dot = segment.dot.clone();
        (segment.from..segment.to).map(move |offset| ItemId { dot: dot.clone(), offset })
    };
    order.segments.iter().flat_map(of).collect()
}

/// Fugue's rule, by looking at everything.
fn anchor_after(tree: &Tree, item: Option<&ItemId>) -> Anchor {
    let items = items(tree);
    let next = match item {
        None => items.first(),
        Some(item) => {
            let hangs = |anchor: &Anchor| anchor.parent.as_ref() == Some(item) && anchor.side == Side::Right;
            let taken = item.offset + 1 < tree.runs[&item.dot].length
                || tree.runs.values().any(|run| hangs(&run.anchor));
            let at = items.iter().position(|other| other == item).unwrap();
            items.get(at + 1).filter(|_| taken)
        }
    };
    match next {
        Some(next) => Anchor { parent: Some(next.clone()), side: Side::Left },
        None => Anchor { parent: item.cloned(), side: Side::Right },
    }
}

fn check_row(tree: &Tree, row: &Sequence, left: &[ItemId]) {
    assert_eq!(row.len(), left.len() as u64);
    for position in 0..=left.len() {
        assert_eq!(row.nth(position as u64).as_ref(), left.get(position));
        let before = position.checked_sub(1).map(|before| &left[before]);
        assert_eq!(row.anchor(position as u64), anchor_after(tree, before), "at {position}");
        let rest: Vec<ItemId> = row
            .from(position as u64)
            .flat_map(|part| (part.from..part.to).map(move |offset| ItemId { dot: part.dot.clone(), offset }))
            .collect();
        assert_eq!(rest, left[position..]);
    }
    for item in left {
        assert_eq!(row.anchor_after(item), Some(anchor_after(tree, Some(item))));
    }
}

fn check_list(list: &List, shown: Option<&[Json]>) {
    let live = list.in_order().into_iter().filter(|(.., place)| place.is_live());
    let live: Vec<(ItemId, &Place)> =
        live.map(|(dot, offset, place)| (ItemId { dot: dot.clone(), offset }, place)).collect();
    let left: Vec<ItemId> = live.iter().map(|(item, _)| item.clone()).collect();
    check_row(&list.order, list.in_row(), &left);
    let Some(shown) = shown else { return };
    assert_eq!(live.len(), shown.len());
    for ((item, place), value) in live.iter().zip(shown) {
        assert_eq!(list.place(item), Some(*place));
        assert_eq!(place.show().map(|shown| shown.value).as_ref(), Some(value));
    }
}

fn check_text(text: &Text) {
    let mut left = Vec::new();
    for (dot, piece) in text.pieces() {
        left.extend((0..piece.length).map(|at| ItemId { dot: dot.clone(), offset: piece.offset + at }));
    }
    assert_eq!(left.len(), text.show().chars().count());
    check_row(&text.order, text.in_row(), &left);
}

/// Checks a place and all below it; what is shown there says of which kind it is: strings that are set are upper-case.
fn check(place: &Place) {
    let shown = place.show().map(|shown| shown.value);
    let kind = shown.as_ref().map(|shown| match shown {
        Json::Map(_) => Kind::Map,
        Json::List(_) => Kind::List,
        Json::Int(_) | Json::Float(_) => Kind::Number,
        Json::Text(text) if *text == text.to_lowercase() => Kind::Text,
        _ => Kind::OtherScalar,
    });
    assert_eq!(place.kind(), kind);
    assert_eq!(place.is_live(), kind.is_some());
    if let Some(list) = &place.list {
        check_list(
            list,
            match &shown {
                Some(Json::List(items)) => Some(items),
                _ => None,
            },
        );
        list.places().for_each(check);
    }
    place.text.iter().for_each(|text| check_text(text));
    place.members.values().for_each(check);
}

struct Message {
    dot: Dot,
    past: VectorClock,
    op: Op,
}

/// Replicas and what they wrote, in the order in which they did.
struct World {
    replicas: Vec<(AgentId, JsonDocument)>,
    log: Vec<Message>,
}

#[derive(Clone, Debug)]
enum Step {
    Request(EditRequest),
    /// An insertion into a list or a text at any item on any side, or a deletion of any items.
    Forged {
        of_text: bool,
        item: prop::sample::Index,
        side: Side,
        delete: bool,
    },
    /// One of the operations arrives, after all that it was made after.
    Arrive(prop::sample::Index),
    /// The state of another replica arrives.
    Join(usize),
    /// The document is read from its bytes.
    Restart,
}

impl World {
    fn new() -> Self {
        let replica = |agent: &str| (agent.parse().unwrap(), JsonDocument::default());
        let mut world = World { replicas: ["a", "b", "c"].map(replica).into(), log: Vec::new() };
        let key = |key: &str| vec![PathStep::Key(key.into())];
        let list = Json::List(vec![Json::Int(0); 4]);
        world.request(1, &EditRequest { path: key("l"), change: Change::Set(list) });
        let text = Change::InsertText { position: None, text: "text".into() };
        world.request(1, &EditRequest { path: key("t"), change: text });
        for replica in [0, 2] {
            world.arrive(replica, 1);
        }
        world
    }

    fn request(&mut self, replica: usize, request: &EditRequest) {
        if let Ok(edit) = self.replicas[replica].1.resolve(request) {
            self.write(replica, edit);
        }
    }

    fn write(&mut self, replica: usize, edit: Edit) {
        let (agent, document) = &mut self.replicas[replica];
        let past = document.version().clone();
        let dot = Dot::new(agent.clone(), past.counter(agent) + 1);
        let op = Op::Edit(edit);
        document.apply(&Event { dot: &dot, past: Past::Version(&past) }, &op).unwrap();
        self.log.push(Message { dot, past, op });
    }

    fn arrive(&mut self, replica: usize, message: usize) {
        let last = &self.log[message];
        let document = &mut self.replicas[replica].1;
        let before = |message: &&Message| last.past.counter(&message.dot.agent) >= message.dot.seq;
        for Message { dot, past, op } in self.log[..message].iter().filter(before).chain([last]) {
            document.apply(&Event { dot, past: Past::Version(past) }, op).unwrap();
        }
    }

    fn forge(&mut self, replica: usize, of_text: bool, item: prop::sample::Index, side: Side, delete: bool) {
        let path = vec![PathToItem::Key(if of_text { "t" } else { "l" }.into())];
        let Some(place) = self.replicas[replica].1.root.members.get(if of_text { "t" } else { "l" }) else {
            return;
        };
        let list = place.list.as_ref().map(|list| &list.order);
        let tree = if of_text { place.text.as_ref().map(|text| &text.order) } else { list };
        let Some(items) = tree.map(items).filter(|items| !items.is_empty()) else { return };
        let item = item.get(&items).clone();
        if !of_text && delete {
            let path = path.into_iter().chain([PathToItem::Item { item }]).collect();
            return self.write(replica, Edit { path, action: Action::Delete {} });
        }
        let anchor = Anchor { parent: Some(item.clone()), side };
        let action = match (of_text, delete) {
            (true, true) => Action::DeleteText { ranges: vec![ItemRange { first: item, length: 2 }] },
            (true, false) => Action::InsertText { anchor, text: "new".into() },
            (false, _) => Action::InsertItem { anchor, value: Json::Int(1) },
        };
        self.write(replica, Edit { path, action });
    }

    fn take(&mut self, replica: usize, step: Step) {
        match step {
            Step::Request(request) => self.request(replica, &request),
            Step::Forged { of_text, item, side, delete } => self.forge(replica, of_text, item, side, delete),
            Step::Arrive(message) => self.arrive(replica, message.index(self.log.len())),
            Step::Join(other) => {
                let other = self.replicas[other].1.clone();
                self.replicas[replica].1.join(&other);
            }
            Step::Restart => {
                let document = &mut self.replicas[replica].1;
                let bytes = State::Json(document.clone()).encode();
                let State::Json(again) = State::decode(&bytes).unwrap() else { panic!("a JSON document") };
                // Equal although one has its indexes and the other has none yet.
                assert_eq!(again, *document);
                *document = again;
            }
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        3 => (0i64..3).prop_map(Json::Int),
        1 => Just(Json::Text("S".into())),
        1 => Just(Json::Map([("l".to_owned(), Json::List(vec![Json::Null]))].into())),
        1 => prop::collection::vec((0i64..3).prop_map(Json::Int), 0..6).prop_map(Json::List),
    ];
    let position = prop::option::of(0u64..8);
    let text =
        (position.clone(), "[a-zä]{1,5}").prop_map(|(position, text)| Change::InsertText { position, text });
    let change = prop_oneof![
        2 => value.clone().prop_map(Change::Set),
        3 => Just(Change::Delete),
        1 => Just(Change::Increment(1)),
        4 => (position, value).prop_map(|(position, value)| Change::InsertItem { position, value }),
        4 => text,
        3 => (0u64..6, 0u64..6).prop_map(|(position, length)| Change::DeleteText { position, length }),
    ];
    let step = prop_oneof![
        2 => Just(PathStep::Key("l".into())),
        1 => Just(PathStep::Key("t".into())),
        2 => (0u64..6).prop_map(PathStep::Index),
    ];
    let below = prop::collection::vec(step, 0..3);
    let path = (prop_oneof![Just("l"), Just("t")], below)
        .prop_map(|(first, below)| [vec![PathStep::Key(first.into())], below].concat());
    let request = (path, change).prop_map(|(path, change)| Step::Request(EditRequest { path, change }));
    let forged = (any::<bool>(), any::<prop::sample::Index>(), any::<bool>(), any::<bool>());
    let forged = forged.prop_map(|(of_text, item, left, delete)| {
        let side = if left { Side::Left } else { Side::Right };
        Step::Forged { of_text, item, side, delete }
    });
    prop_oneof![
        8 => request,
        4 => forged,
        6 => any::<prop::sample::Index>().prop_map(Step::Arrive),
        1 => (0usize..3).prop_map(Step::Join),
        1 => Just(Step::Restart),
    ]
}

/// Whether the list and the text at the root have their indexes.
fn laid_out(document: &JsonDocument) -> (bool, bool) {
    let [list, text] = ["l", "t"].map(|key| document.root.members.get(key));
    let list = list.and_then(|place| place.list.as_ref()).is_some_and(|list| list.order.is_laid_out());
    (list, text.and_then(|place| place.text.as_ref()).is_some_and(|text| text.order.is_laid_out()))
}

proptest! {
    #[test]
    fn an_index_finds_what_a_walk_finds(steps in prop::collection::vec((0usize..3, any_step()), 1..40)) {
        let mut world = World::new();
        for (replica, step) in steps {
            let kept_up = !matches!(step, Step::Join(_) | Step::Restart);
            let before = laid_out(&world.replicas[replica].1);
            world.take(replica, step);
            let after = laid_out(&world.replicas[replica].1);
            prop_assert!(!kept_up || (!before.0 || after.0) && (!before.1 || after.1), "an index was lost");
            check(&world.replicas[replica].1.root);
        }
    }
}

#[test]
fn an_index_is_kept_up_by_operations_and_made_anew_after_a_join() {
    let mut world = World::new();
    let request =
        EditRequest { path: vec![PathStep::Key("l".into()), PathStep::Index(1)], change: Change::Delete };
    let is_laid_out = |world: &World| laid_out(&world.replicas[1].1).0;
    assert!(!is_laid_out(&world), "nobody has asked");
    world.request(1, &request);
    world.request(1, &request);
    assert!(is_laid_out(&world));
    world.take(1, Step::Join(0));
    assert!(!is_laid_out(&world));
    world.request(1, &request);
    check(&world.replicas[1].1.root);
    let text = serde_json::to_string(&world.replicas[1].1.value()).unwrap();
    assert_eq!(text, r#"{"l":[0],"t":"text"}"#);
}
