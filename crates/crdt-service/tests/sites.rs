//! Sites that exchange deltas: the engine of `crates/sync` on the tables of crdt-service, a database for each.

mod common;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{fresh_database, send_with};
use ramanujan_sync::codec::{decode_answer, encode_question};
use ramanujan_sync::engine::Cursors;
use ramanujan_sync::interest::{Interest, Shared};
use ramanujan_sync::message::Cursor;
use ramanujan_sync::store::{Answer, Question};
use ramanujan_sync::{Direction, Engine, Event, Input, Now, Output, PeerSettings, Settings, SiteId};
use serde_json::{Value, json};

/// A request, and where its reply goes.
type Job = (Method, String, &'static str, Vec<u8>, Sender<(u16, Vec<u8>)>);

/// A crdt-service with a database of its own: databases belong to threads here.
struct Store(Sender<Job>);

impl Store {
    fn new() -> Self {
        let (jobs, received): (Sender<Job>, Receiver<Job>) = channel();
        thread::spawn(move || {
            let _database = fresh_database();
            for (method, path, media_type, body, reply) in received {
                let headers = [("content-type", media_type)];
                let answer = send_with(&crdt_service::service(), method, &path, &headers, body);
                reply.send((answer.status, answer.body)).expect("somebody waits for the reply");
            }
        });
        Store(jobs)
    }

    fn send(&self, method: Method, path: &str, media_type: &'static str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let (reply, answer) = channel();
        self.0.send((method, path.to_owned(), media_type, body, reply)).expect("the site runs");
        answer.recv().expect("the site answers")
    }

    fn json(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, body) = self.send(method, path, "application/json", body);
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let (status, reply) = self.json(Method::POST, path, &body);
        assert_eq!(status, 200, "{path}: {reply}");
        reply
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.json(Method::GET, path, &Value::Null)
    }

    fn answer(&self, question: &Question) -> Answer {
        let bytes = encode_question(question);
        let (status, body) =
            self.send(Method::POST, "/crdt/answers", "application/vnd.ramanujan.sync", bytes);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        decode_answer(&body).expect("an answer")
    }

    fn write(&self, document: &str, agent: &str, text: &str) {
        self.post(
            "/crdt/apply",
            json!({"operation": "insert", "document_id": document, "agent_id": agent, "position": 0, "value": text}),
        );
    }
}

/// Sites in a ring or a pair, with a clock that they share.
struct Network {
    stores: Vec<Store>,
    engines: Vec<Engine>,
    millis: u64,
    events: Vec<(usize, Event)>,
    sent: usize,
}

fn name(nth: usize) -> SiteId {
    format!("site-{nth}").parse().expect("a name")
}

impl Network {
    fn of(count: usize, interest: &[&str]) -> Self {
        let interest = Interest(interest.iter().map(|text| text.parse().expect("a pattern")).collect());
        let engine = |nth: usize| {
            let mut engine =
                Engine::new(Settings { repair_every: u64::MAX, ..Settings::of(name(nth)) }, 1 << 40);
            for peer in (0..count).filter(|peer| *peer != nth) {
                let direction = (nth < peer).then_some(Direction::Both);
                let (site, interest) = (name(peer), interest.clone());
                let peer = PeerSettings { site, direction, grants: Direction::Both, interest };
                engine.add(peer, Cursors::default()).expect("few peers");
            }
            engine
        };
        Network {
            stores: (0..count).map(|_| Store::new()).collect(),
            engines: (0..count).map(engine).collect(),
            millis: 0,
            events: Vec::new(),
            sent: 0,
        }
    }

    /// Rounds of all sites, until nobody has anything to do.
    fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            self.millis += 10_000;
            for site in 0..self.engines.len() {
                let mut inputs = vec![(site, Input::Tick)];
                while let Some((at, input)) = inputs.pop() {
                    let now = Now { millis: self.millis, random: 7 };
                    for output in self.engines[at].handle(now, input) {
                        match output {
                            Output::Ask { ticket, question } => {
                                let answer = self.stores[at].answer(&question);
                                inputs.push((at, Input::Answer { ticket, answer }));
                            }
                            Output::Send { to, frame } => {
                                self.sent += 1;
                                let to = (0..self.engines.len()).find(|nth| name(*nth) == to);
                                inputs.push((to.expect("a site"), Input::Frame(frame)));
                            }
                            Output::Event(event) => self.events.push((at, event)),
                        }
                    }
                }
            }
        }
    }

    /// All that sites compare of their documents, and where each stands.
    fn states(&self, site: usize) -> BTreeMap<String, Value> {
        let (_, list) = self.stores[site].get("/crdt?limit=1000");
        let ids = list["documents"].as_array().cloned().unwrap_or_default();
        let ids = ids.iter().map(|one| one["document_id"].as_str().expect("an id").to_owned());
        let state = |id: String| {
            let (_, shown) = self.stores[site].get(&format!("/crdt/{id}?clock=full"));
            let shown = json!([shown["digest"], shown["value"], shown["vector_clock"], shown["heads"]]);
            (id, shown)
        };
        ids.map(state).collect()
    }

    fn print(&self, site: usize) -> Answer {
        let places = vec![ramanujan_sync::fold::Places::ALL];
        match self.stores[site].answer(&Question::Folds { shared: Shared::default(), places }) {
            Answer::Folds { folds, .. } => Answer::Folds { folds, end: Cursor::default() },
            other => other,
        }
    }

    fn assert_equal(&self) {
        for site in 1..self.stores.len() {
            assert_eq!(self.states(0), self.states(site), "site {site}");
            assert_eq!(self.print(0), self.print(site), "site {site}");
        }
        assert!(self.engines.iter().all(|engine| engine.evidence().is_empty()));
    }

    fn failures(&self) -> Vec<&Event> {
        let failed = self.events.iter().map(|(_, event)| event);
        failed.filter(|event| matches!(event, Event::Failed { .. } | Event::Unfit { .. })).collect()
    }
}

#[test]
fn two_sites_hold_the_same_after_a_round() {
    let mut network = Network::of(2, &[]);
    network.stores[0].write("notes", "ann", "hello");
    network.stores[0].write("notes", "ann", "again ");
    network.stores[1].write("notes", "ben", "beside");
    network.stores[1].post(
        "/crdt/apply",
        json!({"operation": "increment", "document_id": "visits", "agent_id": "ben", "value": 3}),
    );
    network.rounds(1);
    assert_eq!(network.failures(), Vec::<&Event>::new());
    network.assert_equal();
    let (_, notes) = network.stores[1].get("/crdt/notes");
    assert_eq!(notes["operations"], 3);
    // What was fetched is offered once to the one that has it. Then there is nothing but a question and its answer.
    network.rounds(1);
    let before = network.sent;
    network.rounds(1);
    assert_eq!(network.sent - before, 2);
    network.stores[1].write("notes", "ben", "more ");
    network.stores[0].write("other", "ann", "new");
    network.rounds(1);
    network.assert_equal();
    assert_eq!(network.failures(), Vec::<&Event>::new());
}

#[test]
fn deletions_and_freezes_travel_and_a_deleted_document_goes_on() {
    let mut network = Network::of(2, &[]);
    for document in ["kept", "gone"] {
        network.stores[0].write(document, "ann", "text");
    }
    network.rounds(1);
    // Both freeze at the same time: two freezes with one parent.
    let frozen: Vec<Value> = (0..2)
        .map(|site| {
            let agent = ["ann", "ben"][site];
            network.stores[site].write("kept", agent, "more ");
            network.stores[site].post("/crdt/kept/freeze", json!({"agent_id": agent}))
        })
        .collect();
    network.stores[1].write("gone", "ben", "late ");
    let (status, _) = network.stores[0].json(Method::DELETE, "/crdt/gone", &Value::Null);
    assert_eq!(status, 200);
    network.rounds(2);
    assert_eq!(network.failures(), Vec::<&Event>::new());
    network.assert_equal();
    for store in &network.stores {
        let (_, chain) = store.get("/crdt/kept/snapshots");
        let ids: Vec<&Value> =
            chain["items"].as_array().unwrap().iter().map(|one| &one["snapshot_id"]).collect();
        assert!(frozen.iter().all(|one| ids.contains(&&one["snapshot_id"])), "{chain}");
        assert_eq!(store.get("/crdt/gone").0, 410);
        for one in &frozen {
            let shown = store.post("/crdt/kept/recover", json!({"snapshot_id": one["snapshot_id"]}));
            assert_eq!(shown["snapshot"]["snapshot_id"], one["snapshot_id"], "{shown}");
        }
    }
    // The deletion is taken back at the other site, and what was written there meanwhile is in both.
    network.stores[1].post("/crdt/gone/recover", json!({}));
    network.rounds(1);
    network.assert_equal();
    assert_eq!(network.stores[0].get("/crdt/gone").1["value"], "late text");
}

#[test]
fn only_documents_of_interest_are_exchanged() {
    let mut network = Network::of(2, &["public-*"]);
    for document in ["public-a", "private-b"] {
        network.stores[0].write(document, "ann", "text");
        network.stores[1].write(document, "ben", "text");
    }
    network.rounds(2);
    assert_eq!(network.failures(), Vec::<&Event>::new());
    let states: Vec<_> = (0..2).map(|site| network.states(site)).collect();
    assert_eq!(states[0]["public-a"], states[1]["public-a"]);
    assert_ne!(states[0]["private-b"], states[1]["private-b"]);
}

/// Documents of every type, and one with more deltas than a message takes.
#[test]
fn everything_there_is_is_copied_to_an_empty_site() {
    let mut network = Network::of(2, &[]);
    let apply = |operation: Value| network.stores[0].post("/crdt/apply", operation);
    for n in 0..300 {
        apply(json!({"operation": "add", "document_id": format!("set-{n}"), "agent_id": "ann", "value": n}));
    }
    apply(
        json!({"operation": "set", "document_id": "json", "agent_id": "ann", "path": ["a"], "value": {"b": [1, 2]}}),
    );
    apply(
        json!({"operation": "set", "document_id": "mv", "agent_id": "ann", "crdt_type": "mv-register", "value": 1}),
    );
    apply(
        json!({"operation": "set", "document_id": "lww", "agent_id": "ann", "crdt_type": "lww-register", "value": "x"}),
    );
    for batch in 0..60 {
        let operations: Vec<Value> = (0..1000)
            .map(|n| {
                json!({"operation": "insert", "document_id": "long", "agent_id": format!("a{}", batch % 7),
                "position": 0, "value": format!("{n} of {batch}; ")})
            })
            .collect();
        apply(json!(operations));
    }
    network.rounds(1);
    assert_eq!(network.failures(), Vec::<&Event>::new());
    network.assert_equal();
    assert_eq!(network.states(1).len(), 304);
}

/// What one of the sites does.
#[derive(Clone, Debug)]
enum Step {
    Write { site: usize, document: usize, agent: usize },
    Delete { site: usize, document: usize },
    Recover { site: usize, document: usize },
    Freeze { site: usize, document: usize },
    Round,
}

fn step() -> impl Strategy<Value = Step> {
    let at = || (0usize..3, 0usize..3);
    prop_oneof![
        8 => (at(), 0usize..2).prop_map(|((site, document), agent)| Step::Write { site, document, agent }),
        1 => at().prop_map(|(site, document)| Step::Delete { site, document }),
        1 => at().prop_map(|(site, document)| Step::Recover { site, document }),
        1 => at().prop_map(|(site, document)| Step::Freeze { site, document }),
        2 => Just(Step::Round),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sites_agree_whatever_is_done_at_each(steps in prop::collection::vec(step(), 1..40)) {
        let mut network = Network::of(3, &[]);
        for step in steps {
            let path = |document: usize, rest: &str| format!("/crdt/d{document}{rest}");
            match step {
                Step::Write { site, document, agent } => {
                    let agent = format!("agent-{site}-{agent}");
                    let operation = json!({"operation": "insert", "document_id": format!("d{document}"),
                        "agent_id": agent, "position": 0, "value": "ab"});
                    let (status, reply) = network.stores[site].json(Method::POST, "/crdt/apply", &operation);
                    prop_assert!([200, 410].contains(&status), "{}", reply);
                }
                Step::Delete { site, document } => {
                    let (status, _) = network.stores[site].json(Method::DELETE, &path(document, ""), &Value::Null);
                    prop_assert!([200, 404].contains(&status));
                }
                Step::Recover { site, document } => {
                    network.stores[site].json(Method::POST, &path(document, "/recover"), &json!({}));
                }
                Step::Freeze { site, document } => {
                    network.stores[site].json(Method::POST, &path(document, "/freeze"), &json!({}));
                }
                Step::Round => network.rounds(1),
            }
        }
        network.rounds(4);
        prop_assert_eq!(network.failures(), Vec::<&Event>::new());
        network.assert_equal();
    }
}
