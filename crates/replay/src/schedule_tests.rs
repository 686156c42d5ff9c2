//! The laws of a schedule: everything once, parents first, one colour per request, no more runs than needed.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::generate::{self, Options};
use crate::recording::{Patch, Recording, Transaction};

fn schedule_of(options: &Options, limit: usize) -> (Session, Schedule) {
    let session = Session::from_recording(&generate::session(options)).unwrap();
    let schedule = Schedule::new(&session, limit, 10);
    (session, schedule)
}

/// The least number of runs with a given first colour: the longest path counted in changes of colour.
fn least_runs(session: &Session, first: Color) -> usize {
    let mut level: std::collections::HashMap<crate::operation::Mark, (usize, Color)> = Default::default();
    for operation in &session.operations {
        let color = operation.color();
        let own = usize::from(color != first);
        let after = operation.parents.iter().map(|parent| {
            let (level, parent_color) = level[parent];
            level + usize::from(parent_color != color)
        });
        let at = after.fold(own, usize::max);
        level.insert(operation.mark, (at, color));
    }
    level.values().map(|(level, _)| level + 1).max().unwrap_or(0) - usize::from(first_is_idle(session, first))
}

/// A first run that holds nothing is not sent.
fn first_is_idle(session: &Session, first: Color) -> bool {
    !session.operations.is_empty()
        && !session
            .operations
            .iter()
            .any(|operation| operation.parents.is_empty() && operation.color() == first)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn every_operation_is_sent_once_after_its_parents_in_pure_requests(
        seed: u64, transactions in 0..150_usize, agents in 1..5_usize, self_concurrent: bool, limit in 1..40_usize,
    ) {
        let options = Options { seed, transactions, agents, non_ascii: true, self_concurrent };
        let (session, schedule) = schedule_of(&options, limit);
        let mut sent = HashSet::new();
        let mut place = 0;
        for batch in &schedule.batches {
            prop_assert_eq!(batch.range.start, place, "requests follow each other");
            prop_assert!(!batch.range.is_empty() && batch.range.len() <= limit);
            place = batch.range.end;
            for index in &schedule.order[batch.range.clone()] {
                let operation = &session.operations[*index];
                prop_assert_eq!(operation.color(), batch.color);
                prop_assert!(operation.parents.iter().all(|parent| sent.contains(parent)));
                prop_assert!(sent.insert(operation.mark));
            }
        }
        prop_assert_eq!(place, schedule.order.len());
        prop_assert_eq!(sent.len(), session.operations.len());
    }

    #[test]
    fn runs_are_as_few_as_can_be(
        seed: u64, transactions in 0..150_usize, agents in 1..5_usize, self_concurrent: bool,
    ) {
        let options = Options { seed, transactions, agents, non_ascii: false, self_concurrent };
        let (session, schedule) = schedule_of(&options, usize::MAX);
        let least = least_runs(&session, Color::Red).min(least_runs(&session, Color::Blue));
        prop_assert_eq!(schedule.runs, least);
        prop_assert_eq!(schedule.batches.len(), least);
    }

    #[test]
    fn the_order_does_not_depend_on_the_size_of_requests(seed: u64, first in 1..50_usize, second in 1..50_usize) {
        let options = Options { seed, transactions: 100, agents: 3, non_ascii: false, self_concurrent: true };
        prop_assert_eq!(schedule_of(&options, first).1.order, schedule_of(&options, second).1.order);
    }
}

#[test]
fn requests_stay_below_the_body_limit() {
    let patch = |inserted: &str| Patch { position: 0, deleted: 0, inserted: inserted.to_owned() };
    let patches = vec![patch(&"\u{1}".repeat(40_000)); 30];
    let recording = Recording {
        agents: 1,
        transactions: vec![Transaction { parents: vec![], agent: 0, patches }],
        end_content: String::new(),
    };
    let session = Session::from_recording(&recording).unwrap();
    let schedule = Schedule::new(&session, 500, 10);
    let names = session.names("someone").unwrap();
    let mut sent = 0;
    for batch in &schedule.batches {
        let operations: Vec<_> = schedule.order[batch.range.clone()]
            .iter()
            .map(|index| session.operations[*index].to_json("document", &names))
            .collect();
        assert!(serde_json::to_vec(&operations).unwrap().len() <= MAX_BATCH_BYTES);
        sent += operations.len();
    }
    assert_eq!((sent, schedule.runs), (30, 1));
    assert!(schedule.batches.len() > 10);
}

#[test]
fn branches_share_requests() {
    let patch =
        |position, deleted, inserted: &str| Patch { position, deleted, inserted: inserted.to_owned() };
    let transaction = |parents: &[usize], agent, patch| Transaction {
        parents: parents.to_vec(),
        agent,
        patches: vec![patch],
    };
    let transactions = vec![
        transaction(&[], 0, patch(0, 0, "abcd")),
        transaction(&[0], 0, patch(0, 1, "x")),
        transaction(&[0], 1, patch(3, 1, "y")),
    ];
    let recording = Recording { agents: 2, transactions, end_content: "xbcy".into() };
    let session = Session::from_recording(&recording).unwrap();
    let schedule = Schedule::new(&session, 500, 10);
    let shape: Vec<_> = schedule.batches.iter().map(|batch| (batch.color, batch.range.len())).collect();
    assert_eq!(shape, [(Color::Red, 1), (Color::Blue, 2), (Color::Red, 2)]);
}
