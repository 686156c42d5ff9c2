//! Where a second attempt begins. The exchange with the network is tested against the real one (`tests/`).

use proptest::prelude::*;

use super::*;
use crate::generate::{self, Options};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_second_attempt_sends_all_that_is_missing_and_what_was_under_way(
        seed: u64, cut in 0.0..1.0_f64, first_limit in 1..=MAX_BATCH, second_limit in 1..=MAX_BATCH,
    ) {
        let options = Options { seed, transactions: 1200, agents: 2, non_ascii: false, self_concurrent: false };
        let session = Session::from_recording(&generate::session(&options)).unwrap();
        let before = Schedule::new(&session, first_limit, 10);
        let now = Schedule::new(&session, second_limit, 10);
        // The first attempt ended after some whole batches.
        let whole = (before.batches.len() as f64 * cut) as usize;
        let mut stored = vec![0; session.replicas.len()];
        for batch in &before.batches[..whole] {
            for index in &before.order[batch.range.clone()] {
                let mark = session.operations[*index].mark;
                stored[mark.replica as usize] = mark.seq;
            }
        }
        let begin = now.batches.get(first_batch(&session, &now, &stored)).map_or(0, |batch| batch.range.start);
        let last = before.batches[..whole].last();
        let under_way = last.map_or(0, |batch| batch.range.start);
        prop_assert!(begin <= under_way);
        let ended = last.map_or(0, |batch| batch.range.end);
        prop_assert!(ended - begin <= 2 * MAX_BATCH, "and not much more");
    }
}
