//! The laws of sending: everything once, parents first, one replica and one colour per request, no more requests in a
//! row than needed.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::generate::{self, Options};
use crate::recording::{Patch, Recording, Transaction};

fn session_of(options: &Options) -> Session {
    Session::from_recording(&generate::session(options)).unwrap()
}

fn none(session: &Session) -> Vec<u32> {
    vec![0; session.replicas.len()]
}

/// Sends in rounds: all requests that can be sent at once, then all acknowledged.
fn rounds(dispatch: &mut Dispatch<'_>) -> Vec<Vec<Batch>> {
    let mut rounds = Vec::new();
    loop {
        let round: Vec<Batch> = std::iter::from_fn(|| dispatch.next_batch()).collect();
        if round.is_empty() {
            return rounds;
        }
        round.iter().for_each(|batch| dispatch.acknowledge(batch));
        rounds.push(round);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// Replies come in any order, while other requests are under way.
    #[test]
    fn every_operation_is_sent_once_after_its_parents_in_pure_requests(
        seed: u64, transactions in 0..150_usize, agents in 1..5_usize, self_concurrent: bool, limit in 1..40_usize,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 600),
    ) {
        let session = session_of(&Options { seed, transactions, agents, non_ascii: true, self_concurrent });
        let mut dispatch = Dispatch::new(&session, &none(&session), 0, limit, 10);
        prop_assert_eq!(dispatch.remaining(), session.operations.len());
        let mut held: HashSet<Mark> = HashSet::new();
        let mut under_way: Vec<Batch> = Vec::new();
        let mut choices = choices.iter().cycle();
        loop {
            let send = under_way.is_empty() || choices.next().is_some_and(|choice| choice.index(2) == 0);
            if send && let Some(batch) = dispatch.next_batch() {
                prop_assert!(!batch.is_empty() && batch.len() <= limit);
                let mut earlier = held.clone();
                for operation in dispatch.operations(&batch) {
                    prop_assert_eq!((operation.color(), operation.mark.replica), (batch.color, batch.replica));
                    prop_assert!(operation.parents.iter().all(|parent| earlier.contains(parent)));
                    prop_assert!(earlier.insert(operation.mark), "sent once");
                }
                prop_assert!(under_way.iter().all(|other| other.replica != batch.replica));
                under_way.push(batch);
            } else if !under_way.is_empty() {
                let choice = choices.next().map_or(0, |choice| choice.index(under_way.len()));
                let batch = under_way.swap_remove(choice);
                for operation in dispatch.operations(&batch) {
                    prop_assert!(held.insert(operation.mark));
                }
                dispatch.acknowledge(&batch);
            } else {
                break;
            }
        }
        prop_assert_eq!(held.len(), session.operations.len());
        prop_assert_eq!(dispatch.remaining(), 0);
    }

    #[test]
    fn requests_in_a_row_are_as_few_as_can_be(
        seed: u64, transactions in 0..150_usize, agents in 1..5_usize, self_concurrent: bool,
    ) {
        let session = session_of(&Options { seed, transactions, agents, non_ascii: false, self_concurrent });
        let mut dispatch = Dispatch::new(&session, &none(&session), 0, usize::MAX, 10);
        prop_assert_eq!(rounds(&mut dispatch).len(), depth(&session));
    }

    #[test]
    fn a_second_attempt_sends_what_is_missing_and_the_last_that_is_not(
        seed: u64, agents in 1..4_usize, before in 0..80_usize, again in 0..50_usize, limit in 1..40_usize,
    ) {
        let session = session_of(&Options { seed, transactions: 150, agents, non_ascii: false, self_concurrent: true });
        let mut first = Dispatch::new(&session, &none(&session), 0, limit, 10);
        let mut stored = none(&session);
        for batch in rounds(&mut first).iter().flatten().take(before) {
            stored[batch.replica as usize] += batch.len() as u32;
        }
        let mut second = Dispatch::new(&session, &stored, again, limit, 10);
        let mut sent = vec![0; stored.len()];
        for batch in rounds(&mut second).iter().flatten() {
            sent[batch.replica as usize] += batch.len();
        }
        for (replica, length) in session.lengths().into_iter().enumerate() {
            let wanted = (length - stored[replica]) as usize + again.min(stored[replica] as usize);
            prop_assert_eq!(sent[replica], wanted);
        }
    }
}

fn patch(position: u64, deleted: u64, inserted: &str) -> Patch {
    Patch { position, deleted, inserted: inserted.to_owned() }
}

#[test]
fn requests_stay_below_the_body_limit() {
    let patches = vec![patch(0, 0, &"\u{1}".repeat(40_000)); 30];
    let transactions = vec![Transaction { parents: vec![], agent: 0, patches }];
    let recording = Recording { agents: 1, transactions, end_content: String::new() };
    let session = Session::from_recording(&recording).unwrap();
    let names = session.names("someone").unwrap();
    let mut dispatch = Dispatch::new(&session, &[0], 0, 500, 10);
    let mut sent = 0;
    while let Some(batch) = dispatch.next_batch() {
        let body: Vec<_> =
            dispatch.operations(&batch).map(|operation| operation.to_json("document", &names)).collect();
        assert!(serde_json::to_vec(&body).unwrap().len() <= MAX_BATCH_BYTES);
        sent += body.len();
        dispatch.acknowledge(&batch);
    }
    assert_eq!((sent, depth(&session)), (30, 1));
}

#[test]
fn agents_send_at_once_what_does_not_depend_on_each_other() {
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
    let mut dispatch = Dispatch::new(&session, &[0, 0], 0, 500, 10);
    let shape: Vec<Vec<_>> = rounds(&mut dispatch)
        .iter()
        .map(|round| round.iter().map(|batch| (batch.replica, batch.color)).collect())
        .collect();
    use Color::{Blue, Red};
    assert_eq!(shape, [vec![(0, Red)], vec![(0, Blue), (1, Blue)], vec![(0, Red), (1, Red)]]);
    assert_eq!(depth(&session), 3);
}
