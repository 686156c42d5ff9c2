//! Conversion: parents say exactly what the recording says, replicas are sequential, texts are kept.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::generate::{self, Options};
use crate::recording::Transaction;

fn transaction(parents: &[usize], agent: usize, patches: &[(u64, u64, &str)]) -> Transaction {
    let patches = patches.iter().map(|(position, deleted, inserted)| Patch {
        position: *position,
        deleted: *deleted,
        inserted: (*inserted).to_owned(),
    });
    Transaction { parents: parents.to_vec(), agent, patches: patches.collect() }
}

fn recording(agents: usize, transactions: Vec<Transaction>) -> Recording {
    Recording { agents, transactions, end_content: String::new() }
}

fn session(agents: usize, transactions: Vec<Transaction>) -> Session {
    Session::from_recording(&recording(agents, transactions)).unwrap()
}

fn mark(replica: u32, seq: u32) -> Mark {
    Mark { replica, seq }
}

fn insert(position: u64, text: &str) -> Edit {
    Edit::Insert { position, text: text.to_owned() }
}

#[test]
fn a_replacement_is_a_deletion_and_then_an_insertion() {
    let got = session(1, vec![transaction(&[], 0, &[(0, 0, "añ🎉"), (1, 2, "語")])]);
    assert_eq!(
        got.operations,
        [
            Operation { mark: mark(0, 1), parents: vec![], edit: insert(0, "añ🎉") },
            Operation {
                mark: mark(0, 2),
                parents: vec![mark(0, 1)],
                edit: Edit::Delete { position: 1, length: 2 }
            },
            Operation { mark: mark(0, 3), parents: vec![mark(0, 2)], edit: insert(1, "語") },
        ]
    );
}

#[test]
fn a_number_of_agents_that_is_only_claimed_takes_no_memory() {
    let agent = usize::MAX - 1;
    let got = session(usize::MAX, vec![transaction(&[], agent, &[(0, 0, "x")])]);
    assert_eq!(got.replicas, [Replica { agent, number: 0 }]);
}

#[test]
fn a_transaction_without_edits_stands_for_its_parents() {
    let got = session(
        3,
        vec![
            transaction(&[], 0, &[]),
            transaction(&[0], 0, &[(0, 0, "ab")]),
            transaction(&[1], 1, &[(0, 0, "x")]),
            transaction(&[1], 2, &[(2, 0, "y")]),
            transaction(&[2, 3], 0, &[]),
            transaction(&[4, 2], 0, &[(0, 0, "z"), (0, 0, "")]),
        ],
    );
    let parents: Vec<_> = got.operations.iter().map(|operation| operation.parents.clone()).collect();
    assert_eq!(
        parents,
        [vec![], vec![mark(0, 1)], vec![mark(0, 1)], vec![mark(1, 1), mark(2, 1)]],
        "an ancestor named beside its descendant is dropped"
    );
    assert_eq!(got.lengths(), [2, 1, 1]);
}

#[test]
fn an_agent_concurrent_with_itself_becomes_several_replicas() {
    let got = session(
        1,
        vec![
            transaction(&[], 0, &[(0, 0, "ab")]),
            transaction(&[0], 0, &[(0, 0, "x")]),
            transaction(&[0], 0, &[(2, 0, "y")]),
            transaction(&[2], 0, &[(3, 0, "z")]),
            transaction(&[1, 3], 0, &[(0, 0, "w")]),
        ],
    );
    let names: Vec<_> = got.names("p").unwrap().into_iter().map(AgentId::into_string).collect();
    assert_eq!(names, ["p-0", "p-0.1"]);
    let marks: Vec<_> = got.operations.iter().map(|operation| operation.mark).collect();
    assert_eq!(marks, [mark(0, 1), mark(0, 2), mark(1, 1), mark(1, 2), mark(1, 3)]);
    assert_eq!(got.operations[4].parents, [mark(0, 2), mark(1, 2)]);
}

#[test]
fn a_name_that_is_not_an_agent_id_is_refused() {
    let got = session(1, vec![transaction(&[], 0, &[(0, 0, "x")])]);
    assert_eq!(got.names("a b"), Err(SessionError::Name("a b-0".into())));
}

#[test]
fn a_long_text_is_several_insertions_in_a_row() {
    let text = "語🎉".repeat(MAX_INSERT_BYTES / 4);
    let got = session(1, vec![transaction(&[], 0, &[(0, 0, &text)])]);
    let mut joined = String::new();
    for operation in &got.operations {
        let Edit::Insert { position, text } = &operation.edit else { panic!("no deletion was asked for") };
        assert!(text.len() <= MAX_INSERT_BYTES);
        assert_eq!(*position, joined.chars().count() as u64);
        joined.push_str(text);
    }
    assert!(got.operations.len() > 1);
    assert_eq!(joined, text);
}

/// All that happened before each transaction, by following parents one by one.
fn pasts(recording: &Recording) -> Vec<HashSet<usize>> {
    let mut pasts: Vec<HashSet<usize>> = Vec::new();
    for transaction in &recording.transactions {
        let mut past = HashSet::new();
        for parent in &transaction.parents {
            past.insert(*parent);
            past.extend(&pasts[*parent]);
        }
        pasts.push(past);
    }
    pasts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn causality_is_kept_and_replicas_are_sequential(
        seed: u64, transactions in 1..120_usize, agents in 1..5_usize, self_concurrent: bool,
    ) {
        let options = Options { seed, transactions, agents, non_ascii: true, self_concurrent };
        let recording = generate::session(&options);
        let session = Session::from_recording(&recording).unwrap();

        // Which transaction each operation comes from, by counting edits in order.
        let counts = recording.transactions.iter().map(|t| t.patches.iter().flat_map(edits).count());
        let origin: Vec<usize> =
            counts.enumerate().flat_map(|(index, count)| std::iter::repeat_n(index, count)).collect();
        prop_assert_eq!(origin.len(), session.operations.len());

        let pasts = pasts(&recording);
        let mut before: Vec<HashSet<Mark>> = Vec::new();
        for (index, operation) in session.operations.iter().enumerate() {
            let mut past: HashSet<Mark> = HashSet::new();
            for parent in &operation.parents {
                let at = session.operations[..index].iter().position(|other| other.mark == *parent);
                let at = at.expect("parents come first");
                past.insert(*parent);
                past.extend(&before[at]);
            }
            let wanted: HashSet<Mark> = (0..index)
                .filter(|other| {
                    origin[*other] == origin[index] || pasts[origin[index]].contains(&origin[*other])
                })
                .map(|other| session.operations[other].mark)
                .collect();
            prop_assert_eq!(&past, &wanted);
            // No parent is in the past of another.
            for parent in &operation.parents {
                for (at, other) in session.operations[..index].iter().enumerate() {
                    prop_assert!(!operation.parents.contains(&other.mark) || !before[at].contains(parent));
                }
            }
            let own = past.iter().filter(|mark| mark.replica == operation.mark.replica).count();
            prop_assert_eq!(own as u32 + 1, operation.mark.seq);
            prop_assert_eq!(
                session.replicas[operation.mark.replica as usize].agent,
                recording.transactions[origin[index]].agent
            );
            before.push(past);
        }
        if !self_concurrent {
            prop_assert!(session.replicas.iter().all(|replica| replica.number == 0));
        }
    }
}
