//! Converted sessions, merged by the project's text CRDT without a network, end with the text that the generator's
//! own model computed: conversion and model check each other.

use ramanujan_core::{AgentId, Dot};
use ramanujan_crdt::{Op, TextGraph};
use ramanujan_replay::dispatch::Dispatch;
use ramanujan_replay::generate::{self, Options};
use ramanujan_replay::operation::{Edit, Mark};
use ramanujan_replay::recording::Recording;
use ramanujan_replay::session::Session;

/// Merges the recording in the order in which it would be sent.
fn merged(recording: &Recording) -> String {
    let session = Session::from_recording(recording).unwrap();
    let names: Vec<AgentId> = session.names("agent").unwrap();
    let dot = |mark: &Mark| Dot::new(names[mark.replica as usize].clone(), u64::from(mark.seq));
    let mut graph = TextGraph::new();
    let mut dispatch = Dispatch::new(&session, &vec![0; names.len()], 0, 7, 10);
    while let Some(batch) = dispatch.next_batch() {
        for operation in dispatch.operations(&batch) {
            let parents: Vec<Dot> = operation.parents.iter().map(dot).collect();
            let op = match &operation.edit {
                Edit::Insert { position, text } => Op::Insert { position: *position, text: text.clone() },
                Edit::Delete { position, length } => Op::Delete { position: *position, length: *length },
            };
            graph.push(&dot(&operation.mark), &parents, &op).unwrap();
        }
        dispatch.acknowledge(&batch);
    }
    graph.text().unwrap()
}

#[test]
fn generated_sessions_end_with_the_models_text() {
    for (agents, self_concurrent) in [(1, false), (2, false), (3, false), (1, true), (3, true), (5, true)] {
        for seed in 0..12 {
            let options =
                Options { seed, transactions: 300, agents, non_ascii: seed % 2 == 0, self_concurrent };
            let recording = generate::session(&options);
            assert_eq!(merged(&recording), recording.end_content, "{options:?}");
        }
    }
}

#[test]
fn busy_sessions_end_alike_and_have_no_empty_transaction() {
    for agents in [1, 2, 4] {
        let options = Options { seed: 3, transactions: 400, agents, non_ascii: true, self_concurrent: false };
        let recording = generate::busy_session(&options);
        assert!(recording.transactions.iter().all(|transaction| !transaction.patches.is_empty()));
        assert!(recording.transactions.len() < options.transactions, "there were some to leave out");
        assert_eq!(recording.end_content, generate::session(&options).end_content);
        assert_eq!(merged(&recording), recording.end_content, "{options:?}");
    }
}
