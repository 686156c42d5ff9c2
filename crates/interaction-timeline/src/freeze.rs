//! `POST /timeline/freeze`: an immutable, named snapshot of a prefix of the log, and `GET`, the list of them.
//!
//! Before a prefix is frozen it is checked: what its events depend on is in it, and within each origin, in the order of
//! its numbers, the senders' times do not run backwards. A snapshot commits to the prefix by Merkle root and
//! chain head and keeps its tally, so that what comes after it is all that a recovery reads.

use std::collections::BTreeMap;

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{AgentId, Digest, Problem};
use ramanujan_shell::{Request, Response, Row, Store, ok, setting};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::export::last_seq;
use crate::merkle::Accumulator;
use crate::query::{self, DEFAULT_LIMIT, DEFAULT_MAX_LIMIT};
use crate::{now, schema, seal};

pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS timeline_frozen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL UNIQUE,
    merkle_root BLOB NOT NULL,
    chain_head BLOB NOT NULL,
    received INTEGER NOT NULL,
    tally TEXT NOT NULL,
    violations INTEGER NOT NULL,
    listed TEXT NOT NULL,
    frozen INTEGER NOT NULL)";

/// Most events after the previous snapshot that one freeze checks, where `FREEZE_MAX_EVENTS` is not set.
pub(crate) const DEFAULT_MAX_EVENTS: u64 = 300_000;
/// Most violations listed; they are counted up to a thousand times as many.
const MAX_LISTED: u64 = 100;
const MAX_COUNTED: u64 = 100_000;
/// Leaves hashed at once.
const PAGE: u64 = 1024;

/// Counts of a prefix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) by_type: BTreeMap<String, u64>,
    /// By the name of the colour, `NONE` for none.
    pub(crate) by_color: BTreeMap<String, u64>,
    /// Senders' times, Unix milliseconds.
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<u64>,
}

/// A stored snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) merkle_root: Digest,
    chain_head: Digest,
    /// When its last event was stored, Unix milliseconds; 0 of the empty log.
    received: u64,
    pub(crate) tally: Tally,
    violations: u64,
    listed: Value,
    frozen: u64,
}

const SELECT: &str = "SELECT name, size, merkle_root, chain_head, received, tally, violations, listed, frozen FROM timeline_frozen";

impl Snapshot {
    fn read(row: Row) -> Result<Self, Problem> {
        let shape = |what: &str| Problem::new(500, "store-shape", format!("a stored snapshot's {what}"));
        let digest = |column| row.blob(column)?.try_into().map(Digest).map_err(|_| shape("hash"));
        Ok(Snapshot {
            name: row.text(0)?.to_owned(),
            size: row.uint(1)?,
            merkle_root: digest(2)?,
            chain_head: digest(3)?,
            received: row.uint(4)?,
            tally: serde_json::from_str(row.text(5)?).map_err(|_| shape("tally"))?,
            violations: row.uint(6)?,
            listed: serde_json::from_str(row.text(7)?).map_err(|_| shape("violations"))?,
            frozen: row.uint(8)?,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name, "size": self.size, "merkle_root": self.merkle_root, "chain_head": self.chain_head,
            "last_received": (self.received > 0).then(|| format_rfc3339(self.received)),
            "violations": self.violations, "violations_listed": self.listed, "frozen": format_rfc3339(self.frozen),
        })
    }

    /// The snapshot of this name.
    pub(crate) fn named(store: &Store, name: &str) -> Result<Option<Self>, Problem> {
        let rows = store.execute(&format!("{SELECT} WHERE name = ?1"), [name.into()])?;
        rows.into_iter().next().map(Self::read).transpose()
    }

    /// The longest snapshot of at most `size` events.
    pub(crate) fn within(store: &Store, size: u64) -> Result<Option<Self>, Problem> {
        let sql = format!("{SELECT} WHERE size <= ?1 ORDER BY size DESC LIMIT 1");
        store.execute(&sql, [size.into()])?.into_iter().next().map(Self::read).transpose()
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeRequest {
    /// Default: `log-<size>`. The grammar of agents' names.
    name: Option<AgentId>,
    /// How many events, from the first; default: all.
    size: Option<u64>,
    on_violation: Option<OnViolation>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnViolation {
    #[default]
    Refuse,
    Record,
}

/// # Errors
/// 403 `freeze-disabled` unless `FREEZE_RECOVER_ENABLED` is true, as it is by default.
pub(crate) fn check_enabled() -> Result<(), Problem> {
    if setting::number("FREEZE_RECOVER_ENABLED", true)? {
        return Ok(());
    }
    Err(Problem::new(403, "freeze-disabled", "FREEZE_RECOVER_ENABLED is not true here"))
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    check_enabled()?;
    let wanted: FreezeRequest =
        if request.body.is_empty() { FreezeRequest::default() } else { request.json()? };
    let store = Store::open(schema::SCHEMA)?;
    let last = last_seq(&store)?;
    let size = wanted.size.unwrap_or(last);
    if size > last {
        return Err(Problem::invalid("invalid-size", format!("size: the log has {last} events")));
    }
    let name = wanted.name.map_or_else(|| format!("log-{size}"), |name| name.as_str().to_owned());
    if let Some(known) = Snapshot::named(&store, &name)? {
        return if known.size == size || wanted.size.is_none() {
            reply(&known, true)
        } else {
            Err(taken(&known))
        };
    }
    let base = Snapshot::within(&store, size)?;
    if let Some(known) = base.as_ref().filter(|known| known.size == size) {
        return Err(taken(known));
    }
    let start = base.as_ref().map_or(0, |base| base.size);
    let most = setting::number("FREEZE_MAX_EVENTS", DEFAULT_MAX_EVENTS)?;
    if size - start > most {
        let detail = format!(
            "{} events follow the snapshot before; one freeze checks {most}: freeze with size {} first",
            size - start,
            start + most
        );
        return Err(Problem::new(413, "too-many-events", detail).with("size", start + most));
    }
    let (count, listed) = violations(&store, start, size)?;
    if count > 0 && wanted.on_violation.unwrap_or_default() == OnViolation::Refuse {
        let detail = format!("{count} violations; mend them or freeze with on_violation \"record\"");
        return Err(Problem::new(409, "not-consistent", detail)
            .with("count", count)
            .with("violations", listed));
    }
    let state = hashes(&store, size)?;
    let mut tally = base.map_or_else(Tally::default, |base| base.tally);
    add_tally(&store, &mut tally, start, size)?;
    let tally = serde_json::to_string(&tally).map_err(|e| Problem::new(500, "encoding", e.to_string()))?;
    store.execute(
        "INSERT INTO timeline_frozen (name, size, merkle_root, chain_head, received, tally, violations, listed, frozen)
         SELECT ?1, ?2, ?3, ?4, COALESCE((SELECT received FROM timeline_events WHERE seq = ?2), 0), ?5, ?6, ?7, ?8
         WHERE true ON CONFLICT DO NOTHING",
        [
            name.as_str().into(),
            size.into(),
            state.root().as_bytes().as_slice().into(),
            state.chain_head().as_bytes().as_slice().into(),
            tally.into(),
            count.into(),
            json!(listed).to_string().into(),
            now().into(),
        ],
    )?;
    // Another freeze may have been quicker; what is stored counts.
    match Snapshot::named(&store, &name)? {
        Some(stored) if stored.size == size => reply(&stored, false),
        Some(stored) => Err(taken(&stored)),
        None => match Snapshot::within(&store, size)? {
            Some(stored) => Err(taken(&stored)),
            None => Err(Problem::new(500, "store-shape", "a snapshot was not stored")),
        },
    }
}

fn taken(known: &Snapshot) -> Problem {
    let detail = format!("the snapshot {} holds {} events; a snapshot never changes", known.name, known.size);
    Problem::new(409, "snapshot-exists", detail).with("snapshot", known.to_json())
}

fn reply(snapshot: &Snapshot, existing: bool) -> Result<Response, Problem> {
    let mut reply = snapshot.to_json();
    reply["existing"] = existing.into();
    ok(&reply)
}

/// The hashes over the first `size` events: from the last seal before, and the leaves since.
///
/// # Errors
/// 503 if the store does not answer, 500 `log-damaged` if an event is missing.
pub(crate) fn hashes(store: &Store, size: u64) -> Result<Accumulator, Problem> {
    let mut state = seal::at(store, size)?;
    while state.size() < size {
        let events = query::after(store, state.size(), PAGE.min(size - state.size()))?;
        if events.is_empty() || seal::first_gap(state.size(), &events).is_some() {
            let detail = format!("an event after {} is missing; see /timeline/verify", state.size());
            return Err(Problem::new(500, "log-damaged", detail));
        }
        events.iter().for_each(|event| state.push(event.leaf_hash()));
    }
    Ok(state)
}

const MISSING: &str = "
SELECT e.seq, lower(hex(e.event_id)), d.value FROM timeline_events AS e CROSS JOIN json_each(e.body, '$.depends_on') AS d
WHERE e.seq > ?1 AND e.seq <= ?2
  AND NOT EXISTS (SELECT 1 FROM timeline_events AS x WHERE x.event_id = unhex(d.value) AND x.seq <= ?2)
LIMIT ?3";

/// Neighbours within an origin of which at least one is new. An event that arrived late has two.
const BACKWARDS: &str = "
SELECT e.seq, lower(hex(e.event_id)), lower(hex(p.event_id)) FROM timeline_events AS e JOIN timeline_events AS p ON p.seq = (
    SELECT q.seq FROM timeline_events AS q WHERE q.agent = e.agent AND q.origin_seq < e.origin_seq AND q.seq <= ?2
    ORDER BY q.origin_seq DESC LIMIT 1)
WHERE e.seq > ?1 AND e.seq <= ?2 AND e.timestamp < p.timestamp
UNION ALL
SELECT n.seq, lower(hex(n.event_id)), lower(hex(e.event_id)) FROM timeline_events AS e JOIN timeline_events AS n ON n.seq = (
    SELECT q.seq FROM timeline_events AS q WHERE q.agent = e.agent AND q.origin_seq > e.origin_seq AND q.seq <= ?2
    ORDER BY q.origin_seq LIMIT 1)
WHERE e.seq > ?1 AND e.seq <= ?2 AND n.seq <= ?1 AND n.timestamp < e.timestamp
LIMIT ?3";

/// What contradicts a freeze of the events after `start` up to `size`: how many, and the first of them.
fn violations(store: &Store, start: u64, size: u64) -> Result<(u64, Vec<Value>), Problem> {
    let mut count = 0;
    let mut listed = Vec::new();
    for (sql, reason, other) in
        [(MISSING, "missing-dependency", "depends_on"), (BACKWARDS, "time-runs-backwards", "previous")]
    {
        let rows = store.execute(sql, [start.into(), size.into(), MAX_COUNTED.into()])?;
        count += rows.len() as u64;
        for row in rows.iter().take(usize::try_from(MAX_LISTED).unwrap_or(0)) {
            listed.push(
                json!({"reason": reason, "seq": row.uint(0)?, "event_id": row.text(1)?, other: row.text(2)?}),
            );
        }
    }
    Ok((count, listed))
}

/// Adds the events after `start` up to `size` to the counts.
pub(crate) fn add_tally(store: &Store, tally: &mut Tally, start: u64, size: u64) -> Result<(), Problem> {
    let range = || [start.into(), size.into()];
    const BY: &str = "SELECT type, color, COUNT(*), MIN(timestamp), MAX(timestamp) FROM timeline_events
        WHERE seq > ?1 AND seq <= ?2 GROUP BY type, color";
    for row in store.execute(BY, range())? {
        let events = row.uint(2)?;
        *tally.by_type.entry(row.text(0)?.to_owned()).or_default() += events;
        let color = if row.is_null(1) { None } else { crate::row::color_of(row.int(1)?) };
        *tally.by_color.entry(color.map_or("NONE", |color| color.as_str()).to_owned()).or_default() += events;
        let (first, last) = (row.uint(3)?, row.uint(4)?);
        tally.first = Some(tally.first.map_or(first, |known| known.min(first)));
        tally.last = Some(tally.last.map_or(last, |known| known.max(last)));
    }
    Ok(())
}

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after = query.parse::<u64>("cursor")?;
    let sql = format!("{SELECT} WHERE size > ?1 OR ?1 IS NULL ORDER BY size LIMIT ?2");
    let rows = Store::open(schema::SCHEMA)?.execute(&sql, [after.into(), (limit + 1).into()])?;
    let more = rows.len() as u64 > limit;
    let page = rows.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(Snapshot::read);
    let page = page.collect::<Result<Vec<_>, _>>()?;
    let next_cursor = page.last().filter(|_| more).map(|last| last.size.to_string());
    ok(
        &json!({"snapshots": page.iter().map(Snapshot::to_json).collect::<Vec<_>>(), "next_cursor": next_cursor}),
    )
}
