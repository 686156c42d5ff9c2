//! Random concurrent histories: replicas that edit and take over what others have.

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextGraph};

/// Names whose byte order is not the order in which agents appear.
const NAMES: [&str; 4] = ["m", "b", "z", "ba"];

/// Cases of each law: 10,000, or what `RAMANUJAN_LAW_CASES` says.
pub(crate) fn law_cases() -> ProptestConfig {
    let asked = std::env::var("RAMANUJAN_LAW_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(10_000), ..ProptestConfig::default() }
}

pub(crate) fn dot(agent: usize, seq: u64) -> Dot {
    Dot::new(NAMES[agent].parse().unwrap(), seq)
}

/// A delta, with the text of its author before it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) dot: Dot,
    pub(crate) parents: Vec<Dot>,
    pub(crate) op: Op,
    pub(crate) before: Vec<char>,
}

/// What one agent has.
#[derive(Clone, Default)]
pub(crate) struct Replica {
    pub(crate) graph: TextGraph,
    pub(crate) events: Vec<Event>,
    pub(crate) heads: Vec<Dot>,
    seq: u64,
}

impl Replica {
    pub(crate) fn receive(&mut self, event: &Event) {
        if self.graph.contains(&event.dot) {
            return;
        }
        self.graph.push(&event.dot, &event.parents, &event.op).unwrap();
        self.heads.retain(|head| !event.parents.contains(head));
        self.heads.push(event.dot.clone());
        self.heads.sort();
        self.events.push(event.clone());
    }

    pub(crate) fn text(&self) -> String {
        self.graph.text().unwrap()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Insert { agent: usize, place: u16, length: u32 },
    Delete { agent: usize, place: u16, length: u64 },
    Sync { from: usize, to: usize },
}

pub(crate) fn any_insertion(longest: u32) -> impl Strategy<Value = Step> {
    // Often at the start: many insertions at one place are the hard case.
    let place = prop_oneof![any::<u16>(), 0u16..2];
    (0..NAMES.len(), place, 1..=longest).prop_map(|(agent, place, length)| Step::Insert {
        agent,
        place,
        length,
    })
}

pub(crate) fn any_sync() -> impl Strategy<Value = Step> {
    (0..NAMES.len(), 0..NAMES.len()).prop_map(|(from, to)| Step::Sync { from, to })
}

pub(crate) fn any_history(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let deletion = (0..NAMES.len(), any::<u16>(), 1u64..4).prop_map(|(agent, place, length)| Step::Delete {
        agent,
        place,
        length,
    });
    prop::collection::vec(prop_oneof![3 => any_insertion(3), 1 => deletion, 2 => any_sync()], 1..steps)
}

/// Replicas after `history`. Each inserted code point is another one, so that texts show the order of insertions.
pub(crate) fn run(history: &[Step]) -> Vec<Replica> {
    let mut replicas = vec![Replica::default(); NAMES.len()];
    let mut letters = (0x4e00..).filter_map(char::from_u32);
    for step in history {
        match *step {
            Step::Insert { agent, place, length } => {
                let text: String = letters.by_ref().take(length as usize).collect();
                let replica = &mut replicas[agent];
                edit(replica, agent, |len| Op::Insert { position: u64::from(place) % (len + 1), text });
            }
            Step::Delete { agent, place, length } => {
                let replica = &mut replicas[agent];
                if !replica.text().is_empty() {
                    edit(replica, agent, |len| {
                        let position = u64::from(place) % len;
                        Op::Delete { position, length: length.min(len - position) }
                    });
                }
            }
            Step::Sync { from, to } => {
                for event in replicas[from].events.clone() {
                    replicas[to].receive(&event);
                }
            }
        }
    }
    replicas
}

fn edit(replica: &mut Replica, agent: usize, op: impl FnOnce(u64) -> Op) {
    let before: Vec<char> = replica.text().chars().collect();
    let op = op(before.len() as u64);
    replica.seq += 1;
    let (dot, parents) = (dot(agent, replica.seq), replica.heads.clone());
    replica.receive(&Event { dot, parents, op, before });
}

/// All events of all replicas, in a causal order.
pub(crate) fn union(replicas: &[Replica]) -> Replica {
    let mut all = Replica::default();
    for replica in replicas {
        for event in &replica.events {
            all.receive(event);
        }
    }
    all
}
