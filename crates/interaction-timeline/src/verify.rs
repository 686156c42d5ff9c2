//! `GET /timeline/verify`: recomputes the hashes from the rows, compares them with the seals, seals what is not yet.
//!
//! One request checks at most `VERIFY_MAX_EVENTS` and then gives a cursor. The first event that is missing or not
//! what was sealed is named. What has never been sealed cannot be compared with anything; it becomes sealed here.
//! Someone who can rewrite both rows and seals is found only by a root kept elsewhere: keep the reply's.

use ramanujan_core::{Digest, Problem};
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde_json::{Value, json};

use crate::merkle::Accumulator;
use crate::row::Stored;
use crate::seal::{self, SEAL_EVENTS, Seal, TAG_BYTES};
use crate::{query, schema};

/// Most events checked in one request where `VERIFY_MAX_EVENTS` is not set: a few seconds of work.
pub const DEFAULT_VERIFY_MAX_EVENTS: u64 = 300_000;
/// Seals read at a time; each carries the tags of its range.
const SEALS_PER_READ: u64 = 32;
/// Most origins with gaps in a reply.
const MAX_GAPS: u64 = 100;

/// Why the log is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub first_bad_seq: u64,
    pub reason: &'static str,
}

/// How far a check came and what it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The hashes recomputed from the rows.
    pub state: Accumulator,
    pub damage: Option<Damage>,
    /// Whether everything stored was looked at.
    pub complete: bool,
    /// Events hashed in this request.
    pub checked: u64,
}

/// Checks from the sealed state `state` on, at most `budget` events and at least one range.
///
/// # Errors
/// 503 if the store does not answer.
pub fn check(store: &Store, state: Accumulator, budget: u64) -> Result<Report, Problem> {
    let start = state.size();
    let mut report = Report { state, damage: None, complete: false, checked: 0 };
    loop {
        let seals = seal::following(store, report.state.size(), SEALS_PER_READ)?;
        for seal in &seals {
            let (from, size) = (report.state.size(), seal.state.size());
            let events = query::after(store, from, size - from)?;
            match compare(&report.state, seal, &events) {
                Ok(state) => report.state = state,
                Err(damage) => {
                    report.damage = Some(damage);
                    return Ok(report);
                }
            }
            report.checked = size - start;
            if report.checked >= budget {
                report.complete = query::after(store, size, 1)?.is_empty();
                return Ok(report);
            }
        }
        if !seals.is_empty() {
            continue;
        }
        let events = query::after(store, report.state.size(), SEAL_EVENTS)?;
        if let Some(first_bad_seq) = seal::first_gap(report.state.size(), &events) {
            report.damage = Some(Damage { first_bad_seq, reason: "missing" });
            return Ok(report);
        }
        if events.is_empty() {
            report.complete = true;
            return Ok(report);
        }
        // If another sealer was quicker, its seal is compared in the next round.
        if let Some(state) = seal::seal(store, report.state.clone(), &events)? {
            report.state = state;
            report.checked = report.state.size() - start;
            if report.checked >= budget {
                report.complete = query::after(store, report.state.size(), 1)?.is_empty();
                return Ok(report);
            }
        }
    }
}

/// The state after `events` if it is the sealed one.
fn compare(before: &Accumulator, seal: &Seal, events: &[Stored]) -> Result<Accumulator, Damage> {
    let missing = |first_bad_seq| Damage { first_bad_seq, reason: "missing" };
    let mut state = before.clone();
    let mut tags = seal.tags.chunks(TAG_BYTES);
    for event in events {
        let expected = state.size() + 1;
        if event.seq != expected {
            return Err(missing(expected));
        }
        let leaf = event.leaf_hash();
        if tags.next() != Some(&leaf.as_bytes()[..TAG_BYTES]) {
            return Err(Damage { first_bad_seq: expected, reason: "changed" });
        }
        state.push(leaf);
    }
    if state.size() < seal.state.size() {
        return Err(missing(state.size() + 1));
    }
    if state != seal.state || state.root().as_bytes().as_slice() != seal.root {
        return Err(Damage { first_bad_seq: before.size() + 1, reason: "seal" });
    }
    Ok(state)
}

/// Origins whose numbers have holes: some of their events never arrived, or are gone.
fn gaps(store: &Store) -> Result<Vec<Value>, Problem> {
    let rows = store.execute(
        "SELECT agent, events, last FROM timeline_origins WHERE last > events ORDER BY agent LIMIT ?1",
        [MAX_GAPS.into()],
    )?;
    rows.iter()
        .map(|row| {
            let (events, last) = (row.uint(1)?, row.uint(2)?);
            Ok(json!({"agent_id": row.text(0)?, "events": events, "last": last, "missing": last - events}))
        })
        .collect()
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let from = query.only(&["cursor"])?.parse::<u64>("cursor")?.unwrap_or(0);
    let budget = setting::number("VERIFY_MAX_EVENTS", DEFAULT_VERIFY_MAX_EVENTS)?;
    let store = Store::open(schema::SCHEMA)?;
    let start = seal::at(&store, from)?;
    if start.size() != from {
        return Err(Problem::invalid("invalid-parameter", "cursor: not a next_cursor of /timeline/verify"));
    }
    let report = check(&store, start, budget)?;
    let stored = store.execute(
        "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0),
                (SELECT COUNT(*) FROM timeline_origins)",
        [],
    )?;
    let (events, origins) = match stored.first() {
        Some(row) => (row.uint(0)?, row.uint(1)?),
        None => (0, 0),
    };
    let sealed_size = seal::sealed_size(&store)?;
    // The newest rows gone is a gap too, which no later row shows; AUTOINCREMENT remembers the greatest seq given.
    let damage = report.damage.clone().or_else(|| {
        let size = report.state.size();
        let lost =
            report.complete && size < events && query::after(&store, size, 1).is_ok_and(|e| e.is_empty());
        lost.then_some(Damage { first_bad_seq: size + 1, reason: "missing" })
    });
    let next_cursor = (damage.is_none() && !report.complete).then(|| report.state.size().to_string());
    let root: Digest = report.state.root();
    ok(&json!({
        "verified": damage.is_none(),
        "complete": report.complete && damage.is_none(),
        "events": events,
        "checked": report.checked,
        "verified_size": report.state.size(),
        "sealed_size": sealed_size,
        "chain_head": report.state.chain_head(),
        "merkle_root": root,
        "first_bad_seq": damage.as_ref().map(|damage| damage.first_bad_seq),
        "reason": damage.as_ref().map(|damage| damage.reason),
        "origins": origins,
        "gaps": gaps(&store)?,
        "next_cursor": next_cursor,
    }))
}
