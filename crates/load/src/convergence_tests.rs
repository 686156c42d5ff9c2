//! Agents against a model of the network that takes operations as crdt-service does.

use super::*;
use crate::operation::{Change, Operation};
use crate::random::Random;
use crate::reply::Stored;
use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::Op;
use serde_json::{Map, json};

const NAMES: [&str; 3] = ["load-0", "load-1", "load-2"];

/// One document. Texts are merged; sets and JSON see operations one after the other, so the last one decides.
#[derive(Default)]
struct Server {
    graph: TextGraph,
    clocks: BTreeMap<Dot, VectorClock>,
    clock: VectorClock,
    counter: i64,
    elements: BTreeSet<String>,
    members: Map<String, Value>,
}

impl Server {
    fn apply(&mut self, agent: &str, operation: &Operation) -> Stored {
        let dot = Dot::new(agent.parse().unwrap(), operation.seq);
        assert_eq!(operation.seq, self.clock.get(agent) + 1, "operations of an agent come in order");
        let parents = operation.parents.clone().unwrap_or_else(|| self.heads());
        let mut clock = VectorClock::new();
        parents.iter().for_each(|parent| clock.join(&self.clocks[parent]));
        assert_eq!(clock.get(agent), operation.seq - 1, "the past has all of the agent's own operations");
        clock.observe(agent, operation.seq);
        let mut length = None;
        match &operation.change {
            Change::InsertText { position, text } => {
                let end = self.graph.length_at_dots(&parents).unwrap();
                let op = Op::Insert { position: position.unwrap_or(end), text: text.clone() };
                length = Some(self.graph.push(&dot, &parents, &op).unwrap());
            }
            Change::DeleteText { position, length: count } => {
                let op = Op::Delete { position: *position, length: *count };
                length = Some(self.graph.push(&dot, &parents, &op).unwrap());
            }
            Change::Count { path: None, amount } => self.counter += amount,
            Change::Count { path: Some(path), amount } => {
                let value = self.members.get(&path[0]).and_then(Value::as_i64).unwrap_or(0);
                self.members.insert(path[0].clone(), json!(value + amount));
            }
            Change::Add { element } => drop(self.elements.insert(element.clone())),
            Change::Remove { element } => drop(self.elements.remove(element)),
            Change::SetMember { path, value } => drop(self.members.insert(path[0].clone(), value.clone())),
            Change::DeleteMember { path } => drop(self.members.remove(&path[0])),
            Change::Op(op) => panic!("{op:?} is of a kind that is not foretold"),
        }
        self.clock.join(&clock);
        self.clocks.insert(dot, clock);
        Stored { parents, digest: String::new(), length }
    }

    fn heads(&self) -> Vec<Dot> {
        let newest = self.clock.iter().map(|(agent, seq)| Dot::new(agent.parse().unwrap(), seq));
        ramanujan_crdt::text::maximal(newest.map(|dot| (dot.clone(), &self.clocks[&dot])).collect())
    }

    fn state(&self, kind: Kind) -> State {
        let value = match kind {
            Kind::Text => json!(self.graph.text().unwrap()),
            Kind::Counter => json!(self.counter),
            Kind::Set => json!(self.elements),
            Kind::Json => json!(self.members),
            Kind::Other(crdt_type) => panic!("{crdt_type} documents are not foretold"),
        };
        State {
            heads: self.heads(),
            vector_clock: self.clock.clone(),
            fingerprint: value.to_string(),
            digest: value.to_string(),
            length: value.as_str().map(|text| text.chars().count() as u64),
            value,
        }
    }
}

/// Lets three agents write and read in a drawn order. Returns the replicas and what they all read.
fn load(kind: Kind, seed: u64, steps: usize, before: Option<&mut Server>) -> (Vec<Replica>, State) {
    let (mut fresh, mut random) = (Server::default(), Random::new(seed, 0));
    let earlier = before.as_ref().map(|server| server.state(kind));
    let server = before.unwrap_or(&mut fresh);
    let mut replicas: Vec<Replica> = NAMES
        .map(|name| Replica::new("load-d", kind, &name.parse().unwrap(), earlier.as_ref()))
        .into_iter()
        .collect();
    for step in 0..steps {
        let replica = &mut replicas[random.below(3) as usize];
        if step > 0 && random.chance(30) {
            replica.observe(&server.state(kind));
        }
        let operation = replica.next(&mut random);
        let stored = server.apply(replica.agent().as_str(), &operation);
        replica.acknowledge(&stored);
    }
    let state = server.state(kind);
    (replicas, state)
}

fn checked(replicas: &[Replica], before: Option<&State>, states: Vec<Option<State>>) -> Convergence {
    let mut convergence = Convergence::default();
    let reads: Vec<_> = states.into_iter().map(Ok).collect();
    convergence.check(&reads, before, &replicas.iter().collect::<Vec<_>>());
    convergence
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_operation_fits_and_the_end_is_as_acknowledged(seed in any::<u64>(), steps in 1usize..60, kind in 0usize..4) {
        let kind = Kind::ALL[kind];
        let (replicas, state) = load(kind, seed, steps, None);
        let good = checked(&replicas, None, vec![Some(state.clone()); 3]);
        prop_assert!(good.is_ok() && good.undecided.is_empty(), "{good:?}");
        prop_assert_eq!((good.documents, good.readers, good.operations), (1, 3, steps as u64));
    }

    #[test]
    fn a_second_load_goes_on_from_the_first(seed in any::<u64>(), kind in 1usize..4) {
        let kind = Kind::ALL[kind];
        let mut server = Server::default();
        let _ = load(kind, seed, 30, Some(&mut server));
        let before = server.state(kind);
        let (replicas, state) = load(kind, seed.wrapping_add(1), 30, Some(&mut server));
        let good = checked(&replicas, Some(&before), vec![Some(state); 2]);
        prop_assert!(good.is_ok() && good.undecided.is_empty(), "{good:?}");
    }

    #[test]
    fn whatever_is_wrong_is_found(seed in any::<u64>(), kind in 0usize..4) {
        let kind = Kind::ALL[kind];
        let (replicas, state) = load(kind, seed, 40, None);
        let of = |state: &State| checked(&replicas, None, vec![Some(state.clone())]);
        let mut lost = state.clone();
        lost.vector_clock = state.vector_clock.iter().map(|(agent, seq)| (agent, seq - 1)).collect();
        prop_assert!(!of(&lost).lost.is_empty());
        let mut doubled = state.clone();
        doubled.vector_clock = state.vector_clock.iter().map(|(agent, seq)| (agent, seq + 1)).collect();
        prop_assert!(!of(&doubled).lost.is_empty());
        let mut wrong = state.clone();
        wrong.value = match &state.value {
            Value::String(text) => json!(format!("{text}!")),
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::Array(elements) => json!([elements.as_slice(), &[json!("shared.99")]].concat()),
            _ => json!({"load-0.0": "what nobody wrote"}),
        };
        prop_assert!(!of(&wrong).wrong.is_empty(), "{:?}", wrong.value);
        let mut other = state.clone();
        other.digest.push('x');
        prop_assert!(!checked(&replicas, None, vec![Some(state.clone()), Some(other)]).diverged.is_empty());
        prop_assert!(!checked(&replicas, None, vec![None]).lost.is_empty());
    }
}

#[test]
fn what_others_write_makes_a_value_undecidable_not_wrong() {
    let (replicas, mut state) = load(Kind::Counter, 1, 20, None);
    state.vector_clock.observe("somebody", 1);
    state.value = json!(12345);
    let checked = checked(&replicas, None, vec![Some(state)]);
    assert!(checked.is_ok() && checked.undecided.len() == 1, "{checked:?}");
}

#[test]
fn an_unreadable_document_is_a_fault() {
    let (replicas, _) = load(Kind::Counter, 1, 5, None);
    let mut convergence = Convergence::default();
    let refusal = Error::refused("/x", 500, br#"{"code":"x"}"#);
    convergence.check(&[Err(refusal)], None, &replicas.iter().collect::<Vec<_>>());
    assert!(!convergence.is_ok() && convergence.unread.len() == 1);
}
