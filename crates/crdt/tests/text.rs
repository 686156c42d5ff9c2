//! The text graph: against a list of characters, its lengths, and what it refuses.

mod replicas;

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextError, TextGraph};
use replicas::{Step, any_history, dot, law_cases, run, union};

proptest! {
    #![proptest_config(law_cases())]

    /// The length computed from the fork alone is that of the merged text.
    #[test]
    fn length_of_a_version_is_the_length_of_its_text(history in any_history(22)) {
        let replicas = run(&history);
        for replica in replicas.iter().chain([&union(&replicas)]) {
            let length = replica.text().chars().count() as u64;
            prop_assert_eq!(replica.graph.length_at_dots(&replica.heads), Ok(length));
        }
    }

    #[test]
    fn one_replica_alone_is_a_list_of_characters(history in any_history(40)) {
        let alone = |step: &Step| match *step {
            Step::Insert { place, length, .. } => Some(Step::Insert { agent: 0, place, length }),
            Step::Delete { place, length, .. } => Some(Step::Delete { agent: 0, place, length }),
            Step::Sync { .. } => None,
        };
        let replica = run(&history.iter().filter_map(alone).collect::<Vec<_>>()).swap_remove(0);
        let mut model: Vec<char> = Vec::new();
        for event in &replica.events {
            prop_assert_eq!(&event.before, &model);
            match &event.op {
                Op::Insert { position, text } => {
                    model.splice(*position as usize..*position as usize, text.chars());
                }
                Op::Delete { position, length } => {
                    model.drain(*position as usize..(*position + *length) as usize);
                }
                _ => unreachable!("text only"),
            }
        }
        prop_assert_eq!(replica.text(), model.into_iter().collect::<String>());
    }

    #[test]
    fn a_misfit_changes_nothing(history in any_history(22), position in 0u64..2000) {
        let mut replica = run(&history).swap_remove(0);
        let (text, heads) = (replica.text(), replica.heads.clone());
        let length = text.chars().count() as u64;
        let next = dot(0, 1 + replica.events.len() as u64);
        let mut refused = |parents: &[Dot], op: Op| replica.graph.push(&next, parents, &op).unwrap_err();
        for (position, length) in [(length, 1 + position), (0, u64::MAX - position)] {
            let error = refused(&heads, Op::Delete { position, length });
            prop_assert!(matches!(error, TextError::OutOfRange { .. }), "{error}");
        }
        let error = refused(&heads, Op::Insert { position: length + 1 + position, text: "x".into() });
        prop_assert_eq!(error, TextError::OutOfRange { position: length + 1 + position, length: 0, document: length });
        prop_assert_eq!(refused(&heads, Op::Delete { position: 0, length: 0 }), TextError::Empty);
        prop_assert_eq!(refused(&heads, Op::Increment { amount: 1 }), TextError::NotText("increment"));
        let stranger = dot(1, 99);
        let insert = Op::Insert { position: 0, text: "x".into() };
        let error = refused(std::slice::from_ref(&stranger), insert.clone());
        prop_assert_eq!(error, TextError::UnknownParent(stranger));
        if let Some(event) = replica.events.first() {
            let again = replica.graph.push(&event.dot, &[], &insert);
            prop_assert_eq!(again, Err(TextError::DuplicateDot(event.dot.clone())));
        }
        prop_assert_eq!(replica.text(), text);
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
    let root = push(&mut graph, dot(3, 1), &[], 0, "[]");
    for (agent, word) in [(0, "red"), (1, "blue")] {
        let mut parent = root.clone();
        for (index, letter) in word.chars().enumerate() {
            let next = dot(agent, index as u64 + 1);
            parent = push(&mut graph, next, &[parent], 1 + index as u64, &letter.to_string());
        }
    }
    assert_eq!(graph.text().unwrap(), "[bluered]");
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
