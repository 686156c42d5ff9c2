//! The text graph against independent models.

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextError, TextGraph};

fn dot(agent: usize, seq: u64) -> Dot {
    Dot::new(format!("agent-{agent}").parse().unwrap(), seq)
}

/// A delta of a generated history.
type Event = (Dot, Vec<Dot>, Op);

/// What a replica knows: its events in the order it got them.
#[derive(Clone, Default)]
struct Replica {
    graph: TextGraph,
    events: Vec<Event>,
    heads: Vec<Dot>,
    seq: u64,
}

impl Replica {
    fn receive(&mut self, event: &Event) {
        if self.graph.contains(&event.0) {
            return;
        }
        self.graph.push(&event.0, &event.1, &event.2).unwrap();
        self.heads.retain(|head| !event.1.contains(head));
        self.heads.push(event.0.clone());
        self.heads.sort();
        self.events.push(event.clone());
    }

    fn edit(&mut self, agent: usize, action: (bool, u16, String)) {
        let text: Vec<char> = self.graph.text().unwrap().chars().collect();
        let (insert, place, value) = action;
        let op = if insert || text.is_empty() {
            Op::Insert { position: place as u64 % (text.len() as u64 + 1), text: value }
        } else {
            let position = place as u64 % text.len() as u64;
            Op::Delete { position, length: 1 + (value.len() as u64) % (text.len() as u64 - position) }
        };
        self.seq += 1;
        let event = (dot(agent, self.seq), self.heads.clone(), op);
        self.receive(&event);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Edit(usize, (bool, u16, String)),
    Sync(usize, usize),
}

fn any_history() -> impl Strategy<Value = Vec<Step>> {
    let edit = (0usize..3, any::<bool>(), any::<u16>(), "[a-cé🎉]{1,3}")
        .prop_map(|(agent, insert, place, text)| Step::Edit(agent, (insert, place, text)));
    let sync = (0usize..3, 0usize..3).prop_map(|(from, to)| Step::Sync(from, to));
    prop::collection::vec(prop_oneof![3 => edit, 1 => sync], 1..40)
}

fn run(history: &[Step]) -> Vec<Replica> {
    let mut replicas = vec![Replica::default(); 3];
    for step in history {
        match step {
            Step::Edit(agent, action) => replicas[*agent].edit(*agent, action.clone()),
            Step::Sync(from, to) => {
                for event in replicas[*from].events.clone() {
                    replicas[*to].receive(&event);
                }
            }
        }
    }
    replicas
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn replicas_with_the_same_deltas_have_the_same_text(history in any_history()) {
        let mut replicas = run(&history);
        let all: Vec<Event> = replicas.iter().flat_map(|replica| replica.events.clone()).collect();
        for replica in &mut replicas {
            for event in &all {
                replica.receive(event);
            }
        }
        let texts: Vec<String> = replicas.iter().map(|replica| replica.graph.text().unwrap()).collect();
        prop_assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?}");
    }

    /// The length computed from the fork alone is that of the merged text.
    #[test]
    fn length_of_a_version_is_the_length_of_its_text(history in any_history()) {
        for replica in run(&history) {
            let text = replica.graph.text().unwrap();
            prop_assert_eq!(replica.graph.length_at_dots(&replica.heads).unwrap(), text.chars().count() as u64);
        }
    }

    #[test]
    fn one_replica_alone_is_a_list_of_characters(edits in prop::collection::vec((any::<bool>(), any::<u16>(), "[a-cé🎉]{1,3}"), 1..60)) {
        let mut replica = Replica::default();
        let mut model: Vec<char> = Vec::new();
        for edit in edits {
            replica.edit(0, edit);
            match &replica.events.last().unwrap().2 {
                Op::Insert { position, text } => {
                    model.splice(*position as usize..*position as usize, text.chars());
                }
                Op::Delete { position, length } => {
                    model.drain(*position as usize..(*position + *length) as usize);
                }
                _ => unreachable!(),
            }
        }
        prop_assert_eq!(replica.graph.text().unwrap(), model.into_iter().collect::<String>());
    }

    #[test]
    fn a_misfit_changes_nothing(history in any_history(), position in 0u64..2000) {
        let mut replica = run(&history).swap_remove(0);
        let (text, length) = (replica.graph.text().unwrap(), replica.graph.length_at_dots(&replica.heads).unwrap());
        let next = dot(0, replica.seq + 1);
        for op in [
            Op::Insert { position: length + 1 + position, text: "x".into() },
            Op::Delete { position: length, length: 1 + position },
            Op::Delete { position: 0, length: u64::MAX - position },
            Op::Delete { position: 0, length: 0 },
            Op::Increment { amount: 1 },
        ] {
            prop_assert!(replica.graph.push(&next, &replica.heads, &op).is_err());
        }
        let stranger = dot(7, 1);
        let refused = replica.graph.push(&next, std::slice::from_ref(&stranger), &Op::Insert { position: 0, text: "x".into() });
        prop_assert_eq!(refused, Err(TextError::UnknownParent(stranger)));
        prop_assert_eq!(replica.graph.text().unwrap(), text);
    }
}

/// Two people type a word each at one place: the words stay whole.
#[test]
fn concurrent_runs_do_not_interleave() {
    let mut graph = TextGraph::new();
    let push = |graph: &mut TextGraph, dot: Dot, parents: &[Dot], position, text: &str| {
        graph.push(&dot, parents, &Op::Insert { position, text: text.into() }).unwrap();
        dot
    };
    let root = push(&mut graph, dot(9, 1), &[], 0, "[]");
    for (agent, word) in [(0, "red"), (1, "blue")] {
        let mut parent = root.clone();
        for (index, letter) in word.chars().enumerate() {
            let next = dot(agent, index as u64 + 1);
            parent = push(&mut graph, next, &[parent], 1 + index as u64, &letter.to_string());
        }
    }
    assert_eq!(graph.text().unwrap(), "[redblue]");
}

#[test]
fn two_first_edits_without_a_common_ancestor_merge() {
    let mut graph = TextGraph::new();
    graph.push(&dot(0, 1), &[], &Op::Insert { position: 0, text: "ab".into() }).unwrap();
    graph.push(&dot(1, 1), &[], &Op::Insert { position: 0, text: "cd".into() }).unwrap();
    let both = [dot(0, 1), dot(1, 1)];
    assert_eq!(graph.length_at_dots(&both), Ok(4));
    graph.push(&dot(0, 2), &both, &Op::Delete { position: 0, length: 4 }).unwrap();
    assert_eq!(graph.text().unwrap(), "");
}
