//! Both tiers of the memo as handlers use them. Trouble with the store only costs time.

use std::rc::Rc;

use ramanujan_core::{Polarity, Problem};
use ramanujan_shell::{log, now_millis};

use super::database::Database;
use super::tier2::BREAK_EVEN;
use crate::content::Materialised;
use crate::memo::key::Key;
use crate::memo::tier1::{self, Cached, Remembered};

/// What is remembered of a version of `document` that is read: the reply of `key`, or an earlier state that is `usable`.
/// Counts one consultation, a hit either way.
pub(crate) fn consult(document: &str, key: &Key, usable: impl FnOnce(&Materialised) -> bool) -> Remembered {
    let remembered = tier1::look_up(document, key, usable);
    count_consultation(!matches!(remembered, Remembered::Nothing), false);
    if matches!(remembered, Remembered::Base(_)) {
        tier1::count(|counts| counts.extended += 1);
    }
    remembered
}

/// The reply of `key`, remembered or else made by `compute`, and whether it was remembered. `bytes` is the size of the
/// encoded inputs, which is [`tier1::worth`] it: it decides whether the second tier is asked.
///
/// # Errors
/// Those of `compute`, which are not remembered.
pub(crate) fn reply(
    key: Key,
    bytes: usize,
    compute: impl FnOnce() -> Result<(Vec<u8>, Polarity), Problem>,
) -> Result<(Rc<[u8]>, bool), Problem> {
    let database = if bytes >= BREAK_EVEN { logged(Database::open()) } else { None };
    let ttl = tier1::ttl();
    if let Some(reply) = tier1::reply(&key) {
        count_consultation(true, false);
        return Ok((reply, true));
    }
    let stored = database.as_ref().and_then(|database| logged(database.recall(&key, ttl, now_millis()))?);
    count_consultation(stored.is_some(), stored.is_some());
    let hit = stored.is_some();
    let (value, polarity) = stored.map_or_else(compute, Ok)?;
    if let Some(database) = database.filter(|_| !hit) {
        logged(database.remember(&key, &value, polarity, ttl, now_millis()));
    }
    let value: Rc<[u8]> = value.into();
    tier1::put(key, Cached::Reply(Rc::clone(&value)), value.len(), polarity);
    Ok((value, hit))
}

/// The reply to a request that was seen before, as long as it is remembered; counts a hit, and nothing otherwise,
/// because [`reply`] is asked next.
pub(crate) fn reply_to(request: &Key) -> Option<Rc<[u8]>> {
    let reply = tier1::reply_to(request)?;
    count_consultation(true, false);
    Some(reply)
}

/// Writes this instance's counts down, all of them if `all`, else if enough of them or old ones have come together.
pub(crate) fn flush(all: bool) {
    let Some(counts) = tier1::take_counts(all) else { return };
    if logged(Database::open().and_then(|database| database.add_counters(&counts.counts))).is_none() {
        tier1::give_back(counts);
    }
}

fn count_consultation(hit: bool, tier2: bool) {
    tier1::count(|counts| {
        counts.consultations += 1;
        counts.hits += u64::from(hit);
        counts.misses += u64::from(!hit);
        counts.tier2_hits += u64::from(tier2);
    });
    flush(false);
}

fn logged<T>(result: Result<T, Problem>) -> Option<T> {
    result.inspect_err(|problem| log::error("crdt-service", &format!("memo: {problem}"))).ok()
}

#[cfg(test)]
#[path = "tiers_tests.rs"]
mod tests;
