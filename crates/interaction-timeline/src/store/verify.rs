//! Verifying: recomputes the hashes from the rows, compares them with the seals, seals what is not yet.
//!
//! The first event that is missing or not what was sealed is named. What has never been sealed cannot be compared with
//! anything; it becomes sealed here. Someone who can rewrite both rows and seals is found only by a root kept elsewhere.

use ramanujan_core::Problem;
use ramanujan_shell::Store;
use ramanujan_timeline::{Accumulator, Stored};

use crate::damage::{Damage, Report, compare, original};
use crate::seal::{SEAL_EVENTS, first_gap, to_next_end};
use crate::store::{leaves, log, seals};

/// Seals read at a time; each carries the tags of its range.
const SEALS_PER_READ: u64 = 32;
/// Most origins with gaps in a reply.
const MAX_GAPS: u64 = 100;

/// Checks from the sealed state `state` on, at most `budget` events and at least one range.
///
/// # Errors
/// 503 if the store does not answer.
pub fn check(store: &Store, state: Accumulator, budget: u64) -> Result<Report, Problem> {
    let start = state.size();
    let mut report = Report { state, damage: None, complete: false, checked: 0 };
    loop {
        let seals = seals::following(store, report.state.size(), SEALS_PER_READ)?;
        for seal in &seals {
            let (from, size) = (report.state.size(), seal.state.size());
            let archived = leaves::archived(store, from, size)?;
            let present = from + archived.len() as u64;
            let events = log::after(store, present, size - present)?;
            match compare(&report.state, seal, &archived, &events) {
                Ok(state) => report.state = state,
                Err(damage) => {
                    report.damage = Some(trace(store, damage, &events)?);
                    return Ok(report);
                }
            }
            report.checked = size - start;
            if report.checked >= budget {
                report.complete = ends_at(store, size)?;
                return Ok(report);
            }
        }
        if !seals.is_empty() {
            continue;
        }
        let size = report.state.size();
        let events = log::after(store, size, to_next_end(size))?;
        if let Some(seq) = first_gap(size, &events) {
            report.damage = Some(Damage::new(seq, "missing"));
            return Ok(report);
        }
        // What was never sealed still must agree with itself.
        if let Some(event) = events.iter().find(|event| !event.is_consistent()) {
            report.damage = Some(Damage::new(event.seq, "changed"));
            return Ok(report);
        }
        if events.is_empty() {
            report.complete = true;
            return Ok(report);
        }
        // If another sealer was quicker, its seal is compared in the next round.
        if let Some(state) = seals::seal(store, report.state.clone(), &events)? {
            report.state = state;
            report.checked = report.state.size() - start;
            if report.checked >= budget {
                report.complete = ends_at(store, report.state.size())?;
                return Ok(report);
            }
        }
    }
}

/// Whether no event follows the first `size`.
fn ends_at(store: &Store, size: u64) -> Result<bool, Problem> {
    Ok(log::after(store, size, 1)?.is_empty() && leaves::archived(store, size, size + 1)?.is_empty())
}

/// Says of a changed row whether it is one that was sealed under another number: `reordered`. Looks through the ranges
/// around it, [`SEALS_PER_READ`] to each side.
fn trace(store: &Store, mut damage: Damage, events: &[Stored]) -> Result<Damage, Problem> {
    let seq = damage.first_bad_seq;
    let Some(event) = events.iter().find(|event| event.seq == seq && damage.reason == "changed") else {
        return Ok(damage);
    };
    let around = seq.saturating_sub(SEALS_PER_READ * SEAL_EVENTS);
    for seal in seals::following(store, around, 2 * SEALS_PER_READ)? {
        if let Some(original) = original(event, &seal) {
            damage.reason = "reordered";
            damage.original_seq = Some(original);
            return Ok(damage);
        }
    }
    Ok(damage)
}

/// An origin some of whose numbers are missing: those events never arrived, or are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gaps {
    pub(crate) agent: String,
    pub(crate) events: u64,
    pub(crate) last: u64,
}

/// Origins with gaps, by name.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn gaps(store: &Store) -> Result<Vec<Gaps>, Problem> {
    let rows = store.execute(
        "SELECT agent, events, last FROM timeline_origins WHERE last > events ORDER BY agent LIMIT ?1",
        [MAX_GAPS.into()],
    )?;
    rows.iter()
        .map(|row| Ok(Gaps { agent: row.text(0)?.to_owned(), events: row.uint(1)?, last: row.uint(2)? }))
        .collect()
}

/// How many events the log has had, and of how many origins.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn extent(store: &Store) -> Result<(u64, u64), Problem> {
    let rows = store.execute(
        "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0),
                (SELECT COUNT(*) FROM timeline_origins)",
        [],
    )?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.uint(0)?, row.uint(1)?)))
}

/// The damage of a log that had `events` events when it was checked: what the check found, or else rows gone from its
/// end, which no later row shows but the counter of numbers does, or tallies that do not add up.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn damage(store: &Store, report: &Report, events: u64) -> Result<Option<Damage>, Problem> {
    if report.damage.is_some() || !report.complete {
        return Ok(report.damage.clone());
    }
    let size = report.state.size();
    if size < events && ends_at(store, size)? {
        return Ok(Some(Damage::new(size + 1, "missing")));
    }
    miscounted(store, events)
}

/// Rows where none may be; the tallies, where they do not add up to the length of the log: they decide the next number
/// of an origin.
fn miscounted(store: &Store, events: u64) -> Result<Option<Damage>, Problem> {
    let rows = store.execute(
        "SELECT (SELECT COALESCE(SUM(events), 0) FROM timeline_origins),
                (SELECT COALESCE(SUM(events), 0) FROM timeline_tally),
                COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0),
                (SELECT MIN(seq) FROM timeline_events)",
        [],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    // A row where the log is archived: the hashes there are the stub's, so only its being there shows it.
    if !row.is_null(3) && row.uint(3)? <= log::archived_until(store)? {
        return Ok(Some(Damage::new(row.uint(3)?, "inserted")));
    }
    // An append between the two statements may only have added to all of them.
    let same = row.int(0)? == row.int(1)? && row.int(0)? == row.int(2)?;
    Ok((!same).then(|| Damage::new(events, "tally")))
}
