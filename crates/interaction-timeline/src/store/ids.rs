//! Which event has an id: what keeps an index of random ids cheap at any length of the log.
//!
//! An index of a million random ids has some thousand pages, and each event of a batch would write another of them. So the
//! beginnings of ids, six bytes, which tell nearly all of them apart, stand in three tables, as in a log-structured merge
//! tree (O'Neil, Cheng, Gawlick and O'Neil 1996). A new one goes into `timeline_ids_new`, whose few pages a batch shares.
//! Whenever that holds [`NEW`] ids, one statement moves them in their order into `timeline_ids_mid`, and of what has gathered
//! there one of [`SLICES`] ranges into `timeline_ids`, so that a page of these is written for many ids at once. A beginning
//! leads to a row, and the row says whether the whole id is the one. An id that begins as another does, as those of a
//! sender who counts do, stands whole in `timeline_ids_odd`.
//!
//! Events of before these tables, and events that came back from an archive, have their id as `event_id` and are found there.

use ramanujan_core::Problem;
use ramanujan_shell::{Store, Value as Sql};

/// Ids in the table of new ones when they are moved: some twenty pages.
const NEW: u64 = 4096;
/// How often a batch looks whether there are so many: whenever it passes a multiple of this.
const LOOK: u64 = 1024;
/// Ranges into which the ids that have been moved once are divided. They hold some 65,536 then, about as many as the last
/// table has pages when the log has several million events.
const SLICES: u64 = 16;
/// Bytes of an id by which it is found. Among a million random ids, one in five hundred times two begin alike.
pub(super) const KEY: usize = 6;

/// The numbers of the events that may have the id `$id`, an expression.
macro_rules! numbers_of {
    ($id:literal) => {
        concat!(
            "SELECT seq FROM timeline_ids_new WHERE key = substr(",
            $id,
            ", 1, 6) UNION ALL SELECT seq FROM timeline_ids_mid WHERE key = substr(",
            $id,
            ", 1, 6) UNION ALL SELECT seq FROM timeline_ids WHERE key = substr(",
            $id,
            ", 1, 6) UNION ALL SELECT seq FROM timeline_ids_odd WHERE id = ",
            $id,
            " UNION ALL SELECT seq FROM timeline_events WHERE event_id = ",
            $id
        )
    };
}

/// The condition on a row `$e` of `timeline_events` that it has the id `$id`.
macro_rules! has_id {
    ($e:literal, $id:literal) => {
        concat!(
            $e,
            ".seq IN (",
            $crate::store::ids::numbers_of!($id),
            ") AND COALESCE(",
            $e,
            ".id, ",
            $e,
            ".event_id) = ",
            $id
        )
    };
}

pub(super) use {has_id, numbers_of};

/// Moves ids on where there are many new ones. The condition is part of the statement, so that of two who come at once one
/// finds nothing to do.
const MERGE: &str = "
INSERT INTO timeline_merging (low, high)
SELECT ?1, ?2 WHERE (SELECT COUNT(*) FROM timeline_ids_new) >= ?3";

/// Moves ids on after an append if it is time. `last` is the greatest seq just appended, `appended` how many there were. A
/// failure leaves the work to the next: ids are found wherever they are.
pub fn keep_up(store: &Store, last: u64, appended: u64) {
    if last / LOOK == last.saturating_sub(appended) / LOOK {
        return;
    }
    if let Err(problem) = merge(store, last, NEW) {
        ramanujan_shell::log::warn(
            "interaction-timeline",
            &format!("moving ids is left to later: {problem}"),
        );
    }
}

/// Moves the new ids on if there are at least `least`, and one range of those moved before; `last` chooses which.
///
/// # Errors
/// 503 if the store does not answer.
pub fn merge(store: &Store, last: u64, least: u64) -> Result<(), Problem> {
    let slice = slice(last);
    let bound = |slice: u64| -> Sql {
        // Above all ids after the last slice, because a longer text of the same bytes is greater.
        let byte =
            u8::try_from(slice * (256 / SLICES)).map_or_else(|_| vec![0xff; KEY + 1], |byte| vec![byte]);
        byte.into()
    };
    store.execute(MERGE, [bound(slice), bound(slice + 1), least.into()])?;
    Ok(())
}

/// Every slice in turn, however large the batches are (Fibonacci hashing): multiples of any number spread evenly.
fn slice(last: u64) -> u64 {
    (last / LOOK).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLICES.ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_comes_in_turn_for_batches_of_any_size() {
        for batch in [1024, 4096, 5000, 8192, 65_536, 100_000, 1_000_000] {
            let mut met = [0u64; SLICES as usize];
            (1..=1000).for_each(|n| met[slice(n * batch) as usize] += 1);
            let (least, most) = (met.iter().min().unwrap(), met.iter().max().unwrap());
            assert!(*least >= 30 && *most <= 100, "{batch}: {met:?}");
        }
    }
}
