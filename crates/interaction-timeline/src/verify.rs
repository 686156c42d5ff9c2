//! `GET /timeline/verify`: recomputes the hashes from the rows, compares them with the seals, seals what is not yet.
//!
//! One request checks at most `VERIFY_MAX_EVENTS` and then gives a cursor. The first event that is missing or not
//! what was sealed is named. What has never been sealed cannot be compared with anything; it becomes sealed here.
//! Someone who can rewrite both rows and seals is found only by a root kept elsewhere: keep the reply's.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde_json::{Value, json};

use crate::merkle::Accumulator;
use crate::row::Stored;
use crate::seal::{self, SEAL_EVENTS, Seal, State, TAG_BYTES};
use crate::{archive, leaves, query, schema};

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
    /// `missing`, `changed`, `reordered` (the row of another event stands here), `seal` (the rows are those that were
    /// sealed, but the seal is not), `tally` (the counts are not those of the log) or `inserted` (a row stands where the
    /// log is archived).
    pub reason: &'static str,
    /// Of a `reordered` row, the seq under which it was sealed.
    pub original_seq: Option<u64>,
}

impl Damage {
    fn new(first_bad_seq: u64, reason: &'static str) -> Self {
        Damage { first_bad_seq, reason, original_seq: None }
    }
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
            let archived = leaves::archived(store, from, size)?;
            let present = from + archived.len() as u64;
            let events = query::after(store, present, size - present)?;
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
        let events = query::after(store, size, seal::to_next_end(size))?;
        if let Some(seq) = seal::first_gap(size, &events) {
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
        if let Some(state) = seal::seal(store, report.state.clone(), &events)? {
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
    Ok(query::after(store, size, 1)?.is_empty() && leaves::archived(store, size, size + 1)?.is_empty())
}

/// The state after the leaves of `archived` events and those of `events` if it is the sealed one.
fn compare(
    before: &Accumulator,
    seal: &Seal,
    archived: &[Digest],
    events: &[Stored],
) -> Result<Accumulator, Damage> {
    let mut state = State { accumulator: before.clone(), nodes: Vec::new() };
    let mut tags = seal.tags.chunks(TAG_BYTES);
    let archived = (before.size() + 1..).zip(archived.iter().copied());
    for (seq, leaf) in archived.chain(events.iter().map(|event| (event.seq, event.leaf_hash()))) {
        let expected = state.accumulator.size() + 1;
        if seq != expected {
            return Err(Damage::new(expected, "missing"));
        }
        if tags.next() != Some(&leaf.as_bytes()[..TAG_BYTES]) {
            return Err(Damage::new(expected, "changed"));
        }
        state.push(leaf);
    }
    let State { accumulator: state, nodes } = state;
    if state.size() < seal.state.size() {
        return Err(Damage::new(state.size() + 1, "missing"));
    }
    let same = state == seal.state
        && state.root().as_bytes().as_slice() == seal.root
        && seal.nodes.as_ref().is_none_or(|stored| *stored == nodes);
    if same { Ok(state) } else { Err(Damage::new(before.size() + 1, "seal")) }
}

/// Says of a changed row whether it is one that was sealed under another number: `reordered`. Looks through the ranges
/// around it, [`SEALS_PER_READ`] to each side.
fn trace(store: &Store, mut damage: Damage, events: &[Stored]) -> Result<Damage, Problem> {
    let seq = damage.first_bad_seq;
    let Some(event) = events.iter().find(|event| event.seq == seq && damage.reason == "changed") else {
        return Ok(damage);
    };
    let mut event = event.clone();
    for seal in seal::following(store, seq.saturating_sub(SEALS_PER_READ * SEAL_EVENTS), 2 * SEALS_PER_READ)?
    {
        let first = seal.state.size() + 1 - (seal.tags.len() / TAG_BYTES) as u64;
        for (original, tag) in (first..).zip(seal.tags.chunks(TAG_BYTES)) {
            event.seq = original;
            if original != seq && event.leaf_hash().as_bytes()[..TAG_BYTES] == *tag {
                damage.reason = "reordered";
                damage.original_seq = Some(original);
                return Ok(damage);
            }
        }
    }
    Ok(damage)
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
    if !row.is_null(3) && row.uint(3)? <= archive::until(store)? {
        return Ok(Some(Damage::new(row.uint(3)?, "inserted")));
    }
    // An append between the two statements may only have added to all of them.
    let same = row.int(0)? == row.int(1)? && row.int(0)? == row.int(2)?;
    Ok((!same).then(|| Damage::new(events, "tally")))
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let from = query.only(&["cursor"])?.parse::<u64>("cursor")?.unwrap_or(0);
    let budget = setting::number("VERIFY_MAX_EVENTS", DEFAULT_VERIFY_MAX_EVENTS)?;
    let store = Store::open(schema::SCHEMA)?;
    let start = seal::at(&store, from)?;
    if start.size() != from {
        return Err(Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of /timeline/verify"));
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
        let lost = report.complete && size < events && ends_at(&store, size).unwrap_or(false);
        lost.then(|| Damage::new(size + 1, "missing"))
    });
    let damage = match damage {
        None if report.complete => miscounted(&store, events)?,
        damage => damage,
    };
    let next_cursor = (damage.is_none() && !report.complete).then(|| report.state.size().to_string());
    let root: Digest = report.state.root();
    ok(&json!({
        "verified": damage.is_none(),
        "complete": report.complete && damage.is_none(),
        "events": events,
        "checked": report.checked,
        "verified_size": report.state.size(),
        "sealed_size": sealed_size,
        "archived_until": archive::until(&store)?,
        "chain_head": report.state.chain_head(),
        "merkle_root": root,
        "first_bad_seq": damage.as_ref().map(|damage| damage.first_bad_seq),
        "reason": damage.as_ref().map(|damage| damage.reason),
        "original_seq": damage.as_ref().and_then(|damage| damage.original_seq),
        "origins": origins,
        "gaps": gaps(&store)?,
        "next_cursor": next_cursor,
    }))
}
