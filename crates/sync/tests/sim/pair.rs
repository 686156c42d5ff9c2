//! Two sites and nothing between them: what one exchange costs, and what each direction does.

use std::collections::VecDeque;

use ramanujan_core::{AgentId, DocumentId};
use ramanujan_crdt::Op;
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::engine::{Cursors, Quarantine, Trouble};
use ramanujan_sync::interest::Interest;
use ramanujan_sync::message::Refusal;
use ramanujan_sync::store::Store;
use ramanujan_sync::{
    Direction, Engine, Event, Frame, Input, Message, Now, Output, PeerSettings, Settings, SiteId,
};

use crate::store::Memory;

pub(crate) struct Pair {
    pub(crate) engines: [Engine; 2],
    pub(crate) stores: [Memory; 2],
    pub(crate) events: [Vec<Event>; 2],
    now: u64,
    /// Questions that were asked, and bytes of everything.
    pub(crate) questions: u64,
    pub(crate) bytes: u64,
}

const NAMES: [&str; 2] = ["porto", "vienna"];

fn site(nth: usize) -> SiteId {
    NAMES[nth].parse().expect("a name")
}

fn peer(nth: usize, direction: Option<Direction>) -> PeerSettings {
    PeerSettings { site: site(nth), direction, grants: Direction::Both, interest: Interest::all() }
}

fn engine(nth: usize) -> Engine {
    let settings = Settings { repair_every: u64::MAX, ..Settings::of(site(nth)) };
    Engine::new(settings, 1 << 40)
}

impl Pair {
    /// The first does something with the second, which only answers.
    pub(crate) fn new(direction: Direction) -> Self {
        Pair::with(peer(1, Some(direction)), peer(0, None))
    }

    pub(crate) fn with(first: PeerSettings, second: PeerSettings) -> Self {
        let mut engines = [engine(0), engine(1)];
        engines[0].add(first, Cursors::default()).expect("one peer");
        engines[1].add(second, Cursors::default()).expect("one peer");
        let stores = [Memory::new(1), Memory::new(2)];
        Pair { engines, stores, events: [Vec::new(), Vec::new()], now: 0, questions: 0, bytes: 0 }
    }

    /// Starts the first anew, as if it had lost all that it kept of its peer.
    pub(crate) fn forget(&mut self) {
        self.engines[0] = engine(0);
        self.engines[0].add(peer(1, Some(Direction::Pull)), Cursors::default()).expect("one peer");
    }

    /// One round of the first, with all that follows at the second.
    pub(crate) fn round(&mut self) {
        self.now += 120_000;
        let mut waiting: VecDeque<(usize, Input)> = (0..2).map(|nth| (nth, Input::Tick)).collect();
        let mut steps = 0;
        while let Some((nth, input)) = waiting.pop_front() {
            steps += 1;
            assert!(steps < 200_000, "a round does not end");
            let now = Now { millis: self.now, random: 0 };
            for output in self.engines[nth].handle(now, input) {
                match output {
                    Output::Send { frame, .. } => {
                        let bytes = encode(&frame);
                        self.questions += u64::from(!frame.message.is_answer());
                        self.bytes += bytes.len() as u64;
                        waiting.push_back((1 - nth, Input::Frame(decode(&bytes).expect("a frame"))));
                    }
                    Output::Ask { ticket, question } => {
                        let answer = self.stores[nth].answer(question);
                        waiting.push_back((nth, Input::Answer { ticket, answer }));
                    }
                    Output::Event(event) => self.events[nth].push(event),
                }
            }
        }
    }

    /// What a round costs: questions and bytes.
    pub(crate) fn cost(&mut self) -> (u64, u64) {
        (self.questions, self.bytes) = (0, 0);
        self.round();
        (self.questions, self.bytes)
    }

    pub(crate) fn are_equal(&self) -> bool {
        let heads = |nth: usize| {
            let documents = &self.stores[nth].documents;
            documents.iter().map(|(id, own)| (id.clone(), own.heads.clone(), own.marks)).collect::<Vec<_>>()
        };
        heads(0) == heads(1)
    }
}

pub(crate) fn write(store: &mut Memory, document: &str, agent: &str) {
    let agent: AgentId = agent.parse().expect("a name");
    store.write(&id(document), &agent, Op::Increment { amount: 1 });
}

fn id(document: &str) -> DocumentId {
    document.parse().expect("an id")
}

/// Ten thousand documents that both have, and the cursor of a first exchange.
fn equal(documents: u64) -> Pair {
    let mut pair = Pair::new(Direction::Pull);
    for nth in 0..documents {
        write(&mut pair.stores[1], &format!("document-{nth}"), "ann");
    }
    pair.round();
    assert!(pair.are_equal());
    pair
}

/// Whatever their number, equal documents cost one question, and one that is new two; without a cursor it is found by
/// dividing.
#[test]
fn what_is_equal_costs_next_to_nothing() {
    for documents in [100, 10_000] {
        let mut pair = equal(documents);
        let (questions, bytes) = pair.cost();
        assert!(questions == 1 && bytes < 128, "{documents} equal, cursor: {questions}, {bytes}");
        pair.forget();
        let (questions, bytes) = pair.cost();
        assert!(questions == 2 && bytes < 256, "{documents} equal, no cursor: {questions}, {bytes}");
        write(&mut pair.stores[1], "document-77", "ann");
        let (questions, bytes) = pair.cost();
        assert!(questions == 2 && bytes < 512, "one of {documents}, cursor: {questions}, {bytes}");
        assert!(pair.are_equal());
        write(&mut pair.stores[1], "document-78", "ann");
        pair.forget();
        let (questions, bytes) = pair.cost();
        println!("one of {documents}, no cursor: {questions} questions, {bytes} bytes");
        assert!(questions <= 6 && bytes <= 4096, "one of {documents}, no cursor: {questions}, {bytes}");
        assert!(pair.are_equal());
    }
}

/// What was fetched is new here too, and is not offered to whom it came from; what was written here meanwhile is.
#[test]
fn what_a_peer_has_said_is_not_offered_back() {
    let mut pair = Pair::new(Direction::Both);
    write(&mut pair.stores[1], "a", "ann");
    pair.round();
    write(&mut pair.stores[1], "a", "ann");
    assert_eq!(pair.cost().0, 2, "pull and want");
    write(&mut pair.stores[1], "a", "ann");
    write(&mut pair.stores[0], "a", "ben");
    assert_eq!(pair.cost().0, 4, "pull and want, offer and give");
    assert!(pair.are_equal());
    assert_eq!(pair.cost().0, 1, "pull");
}

#[test]
fn each_direction_does_what_it_says_and_no_more() {
    for direction in [Direction::Pull, Direction::Push, Direction::Both] {
        let mut pair = Pair::new(direction);
        write(&mut pair.stores[0], "a", "ann");
        write(&mut pair.stores[1], "b", "ben");
        for nth in 0..3 {
            pair.round();
            if nth > 0 {
                write(&mut pair.stores[0], "c", "ann");
                write(&mut pair.stores[1], "c", "ben");
                pair.stores[nth % 2].toggle(&id("c"));
            }
        }
        pair.round();
        pair.round();
        let has = |nth: usize, document: &str| pair.stores[nth].documents.contains_key(document);
        assert_eq!(has(0, "b"), direction.pulls(), "{direction:?}");
        assert_eq!(has(1, "a"), direction.pushes(), "{direction:?}");
        assert_eq!(pair.are_equal(), direction == Direction::Both, "{direction:?}");
    }
}

#[test]
fn what_is_not_granted_is_refused() {
    let granted = PeerSettings { grants: Direction::Push, ..peer(0, None) };
    let mut pair = Pair::with(peer(1, Some(Direction::Pull)), granted);
    write(&mut pair.stores[1], "b", "ben");
    pair.round();
    assert!(!pair.stores[0].documents.contains_key("b"));
    let trouble = Trouble::Refused(Refusal::NotAPeer);
    assert!(
        pair.events[0].iter().any(|event| matches!(event, Event::Failed { trouble: t, .. } if *t == trouble))
    );
}

/// Whoever may only give reads no contents, and whoever may only fetch leaves nothing behind.
#[test]
fn grants_are_asked_of_each_question() {
    let fetches = [
        Message::Pull { after: Default::default(), interest: Interest::all(), budget: 1 },
        Message::Want { wants: Vec::new(), budget: 1 },
        Message::Frozen { document: id("a"), after: None },
    ];
    let gives = [
        Message::Offer { changes: Vec::new() },
        Message::Give { packs: Vec::new() },
        Message::GiveFreezes { document: id("a"), freezes: Vec::new() },
    ];
    for grants in [Direction::Pull, Direction::Push, Direction::Both] {
        let answers = |message: &Message| {
            let mut engine = engine(1);
            let settings = PeerSettings { grants, ..peer(0, None) };
            engine.add(settings, Cursors::default()).expect("one peer");
            let frame = Frame { from: site(0), exchange: 1, message: message.clone() };
            let outputs = engine.handle(Now { millis: 0, random: 0 }, Input::Frame(frame));
            matches!(&outputs[..], [Output::Ask { .. }])
        };
        assert!(fetches.iter().all(|message| answers(message) == grants.pulls()), "{grants:?}");
        assert!(gives.iter().all(|message| answers(message) == grants.pushes()), "{grants:?}");
    }
}

#[test]
fn only_what_both_are_interested_in_is_exchanged() {
    let interest = |pattern: &str| Interest(vec![pattern.parse().expect("a pattern")]);
    let first = PeerSettings { interest: interest("a*"), ..peer(1, Some(Direction::Both)) };
    let second = PeerSettings { interest: interest("*z"), ..peer(0, None) };
    let mut pair = Pair::with(first, second);
    for document in ["az", "ab", "bz"] {
        write(&mut pair.stores[0], &format!("{document}0z"), "ann");
        write(&mut pair.stores[1], document, "ben");
    }
    pair.round();
    pair.round();
    let names = |nth: usize| pair.stores[nth].documents.keys().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(0), ["ab0z", "az", "az0z", "bz0z"]);
    assert_eq!(names(1), ["ab", "ab0z", "az", "az0z", "bz"]);
}

/// A newer program is told so, and nothing else is done.
#[test]
fn versions_without_one_in_common_part_politely() {
    let mut pair = Pair::new(Direction::Pull);
    let hello =
        |oldest, newest| Message::Hello { oldest, newest, manifest: "9".into(), interest: Interest::all() };
    let mut says = |oldest, newest| {
        let frame = Frame { from: site(0), exchange: 1, message: hello(oldest, newest) };
        let outputs = pair.engines[1].handle(Now { millis: 0, random: 0 }, Input::Frame(frame));
        outputs.into_iter().find_map(|output| match output {
            Output::Send { frame, .. } => Some(frame.message),
            _ => None,
        })
    };
    assert_eq!(says(2, 3), Some(Message::Refused { reason: Refusal::Version }));
    assert!(matches!(says(1, 9), Some(Message::Welcome { version: 1, .. })));
    let stranger = Frame { from: "moon".parse().expect("a name"), exchange: 1, message: hello(1, 1) };
    let outputs = pair.engines[1].handle(Now { millis: 0, random: 0 }, Input::Frame(stranger));
    assert!(matches!(&outputs[..], [Output::Send { frame, .. }]
        if frame.message == Message::Refused { reason: Refusal::NotAPeer }));
}

/// A backup is put back at the second site, and its writer goes on with numbers that it has used: found, kept as evidence,
/// quarantined; other documents and agents go on. When the second site has the first one's history again, it is released.
#[test]
fn a_restored_backup_is_found_and_mended() {
    let mut pair = Pair::new(Direction::Pull);
    for _ in 0..40 {
        write(&mut pair.stores[1], "a", "ben");
        write(&mut pair.stores[1], "b", "ben");
    }
    pair.round();
    let good = pair.stores[1].clone();
    pair.stores[1].cut(50);
    // Made on what both have.
    write(&mut pair.stores[1], "a", "cat");
    pair.stores[1].write(&id("a"), &"ben".parse().expect("a name"), Op::Increment { amount: 9 });
    for _ in 0..30 {
        write(&mut pair.stores[1], "a", "ben");
        write(&mut pair.stores[1], "a", "cat");
    }
    let before = pair.stores[0].documents["a"].deltas.clone();
    write(&mut pair.stores[1], "c", "ben");
    for _ in 0..3 {
        pair.round();
    }
    let mut taken = pair.stores[0].documents["a"].deltas.clone();
    assert!(taken.remove(&"cat:1".parse().expect("a dot")).is_some(), "other agents go on");
    assert_eq!(taken, before, "nothing of the other history is taken");
    assert!(pair.stores[0].documents.contains_key("c"), "other documents go on");
    let [status] = &pair.engines[0].status()[..] else { panic!("one peer") };
    let found: Vec<(&str, u64)> =
        status.quarantines.iter().map(|found| (found.agent.as_str(), found.from)).collect();
    assert!(found.contains(&("ben", 26)), "{found:?}");
    let evidence = pair.engines[0].evidence();
    assert_eq!(evidence[0].check(), Ok("ben:26".parse().expect("a dot")));
    // Mended: the other site takes back what it had, and somebody says so.
    let [release] = &status.quarantines[..] else { panic!("{:?}", status.quarantines) };
    let release: Quarantine = release.clone();
    pair.stores[1] = good;
    pair.stores[1].name = 3;
    write(&mut pair.stores[1], "a", "ben");
    let _ = pair.engines[0].handle(Now { millis: 0, random: 0 }, Input::Release(release));
    pair.round();
    pair.round();
    let (ours, theirs) = (&pair.stores[0].documents["a"], &pair.stores[1].documents["a"]);
    assert!(theirs.deltas.iter().all(|(dot, (hash, _))| ours.deltas[dot].0 == *hash));
}

/// The second site's log goes on from a backup, past the place that the first one knows, with other entries: the cursor is
/// not one of this log, and all is compared.
#[test]
fn a_cursor_of_another_history_is_found_out() {
    let mut pair = equal(20);
    pair.stores[1].cut(10);
    for nth in 0..20 {
        write(&mut pair.stores[1], &format!("document-{nth}"), "ben");
    }
    pair.round();
    let stale = |event: &Event| matches!(event, Event::Stale { .. });
    assert!(pair.events[0].iter().any(stale));
    let (ours, theirs) = (&pair.stores[0].documents, &pair.stores[1].documents);
    for (id, document) in theirs {
        assert!(document.deltas.keys().all(|dot| ours[id].deltas.contains_key(dot)), "{id}");
    }
}

/// The first site was restored and its cursor was not: what is new does not follow from what is here, and the document is asked
/// for as a whole.
#[test]
fn a_gap_is_filled() {
    let mut pair = Pair::new(Direction::Pull);
    for _ in 0..30 {
        write(&mut pair.stores[1], "a", "ann");
    }
    pair.round();
    pair.stores[0].cut(7);
    write(&mut pair.stores[1], "a", "ann");
    write(&mut pair.stores[1], "a", "ben");
    pair.round();
    assert!(pair.are_equal());
}

/// Giving the same again changes nothing.
/// A document that the other has no room for holds up no other, though all are offered at once and each message gives a part only.
#[test]
fn a_refused_document_takes_no_other_with_it() {
    for full in ["a", "b", "c"] {
        let mut pair = Pair::new(Direction::Push);
        let settings = Settings { repair_every: u64::MAX, budget: 400, ..Settings::of(site(0)) };
        pair.engines[0] = Engine::new(settings, 1 << 40);
        pair.engines[0].add(peer(1, Some(Direction::Push)), Cursors::default()).expect("one peer");
        for document in ["a", "b", "c"].repeat(20) {
            write(&mut pair.stores[0], document, "ann");
        }
        pair.stores[1].full = Some(id(full));
        pair.round();
        for document in ["a", "b", "c"] {
            let held = |nth: usize| pair.stores[nth].documents.get(&id(document)).map(|own| own.deltas.len());
            assert_eq!(held(1), held(0).filter(|_| document != full), "{document}, {full} is full");
        }
    }
}

#[test]
fn a_push_is_idempotent() {
    let mut pair = Pair::new(Direction::Push);
    for _ in 0..5 {
        write(&mut pair.stores[0], "a", "ann");
    }
    pair.round();
    let length = pair.stores[1].log.len();
    pair.engines[0] = engine(0);
    pair.engines[0].add(peer(1, Some(Direction::Push)), Cursors::default()).expect("one peer");
    pair.round();
    assert_eq!(pair.stores[1].log.len(), length);
    assert!(pair.are_equal());
}
