//! Sealing: fixing the hashes of a range of the log.
//!
//! A seal holds the chain head and the Merkle root over everything up to its size, what is needed to continue from
//! there, and a short tag of each leaf of its range, by which a changed event is found. It is one INSERT that
//! succeeds only if no other seal was made since, so that two sealers cannot fork the chain. Seals are made by
//! `/timeline/verify`, for proofs, and by appending once the unsealed part is longer than `SEAL_LAG`. Ranges end at the
//! end of the log or at a multiple of 1024, so that each of those has a seal, which keeps the roots of the perfect
//! subtrees that end there.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Store, Value as Sql, setting};

use crate::merkle::Accumulator;
use crate::now;
use crate::query;
use crate::row::Stored;

/// Events between two seals at most, and the size of which every multiple is sealed: the rows of a range fit in a
/// megabyte or so and hash in milliseconds.
pub const SEAL_EVENTS: u64 = 1 << NODE_LEVEL;
/// The smallest perfect subtrees whose roots are kept; proofs compute those within one range from its rows.
pub const NODE_LEVEL: u32 = 10;
/// Bytes of a leaf hash kept in a seal, enough to tell which event of a range was changed.
pub const TAG_BYTES: usize = 8;
/// How long the unsealed part may grow before appending seals too, where `SEAL_LAG` is not set.
pub const DEFAULT_SEAL_LAG: u64 = 65_536;

/// The state of the hashes at one size of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Seal {
    pub state: Accumulator,
    /// Tags of the leaves from the previous seal to this one.
    pub tags: Vec<u8>,
    /// The Merkle root as stored.
    pub root: Vec<u8>,
    /// See [`State::nodes`]; `None` in a seal from before they were kept.
    pub nodes: Option<Vec<u8>>,
}

/// The hashes while leaves are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub accumulator: Accumulator,
    /// Roots of the perfect subtrees from [`NODE_LEVEL`] on that end with the last leaf, smallest first.
    pub nodes: Vec<u8>,
}

impl State {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let nodes = &mut self.nodes;
        nodes.clear();
        self.accumulator.push_with(leaf, |level, node| {
            if level >= NODE_LEVEL {
                nodes.extend_from_slice(node.as_bytes());
            }
        });
    }
}

/// How many events follow `size` up to the next place that is always sealed.
pub fn to_next_end(size: u64) -> u64 {
    SEAL_EVENTS - size % SEAL_EVENTS
}

const SELECT: &str = "SELECT size, peaks, chain_head, tags, root, nodes FROM timeline_seals";

/// The last seal not beyond `size`: exactly the state to continue from. The empty log is always sealed.
///
/// # Errors
/// 503 if the store does not answer, 500 `store-shape` if a seal cannot be one.
pub fn at(store: &Store, size: u64) -> Result<Accumulator, Problem> {
    let sql = format!("{SELECT} WHERE size <= ?1 ORDER BY size DESC LIMIT 1");
    Ok(read(store, &sql, vec![size.into()])?.pop().map_or_else(Accumulator::default, |seal| seal.state))
}

/// Seals after `size` in order, at most `limit`.
///
/// # Errors
/// As [`at`].
pub fn following(store: &Store, size: u64, limit: u64) -> Result<Vec<Seal>, Problem> {
    read(store, &format!("{SELECT} WHERE size > ?1 ORDER BY size LIMIT ?2"), vec![size.into(), limit.into()])
}

/// How many events, from the first, are sealed.
///
/// # Errors
/// 503 if the store does not answer.
pub fn sealed_size(store: &Store) -> Result<u64, Problem> {
    let rows = store.execute("SELECT COALESCE(MAX(size), 0) FROM timeline_seals", [])?;
    rows.first().map_or(Ok(0), |row| row.uint(0))
}

fn read(store: &Store, sql: &str, params: Vec<Sql>) -> Result<Vec<Seal>, Problem> {
    let shape = |detail: &str| Problem::new(Code::StoreShape, format!("a stored seal {detail}"));
    let rows = store.execute(sql, params)?;
    rows.iter()
        .map(|row| {
            let chain = row.blob(2)?.try_into().map_err(|_| shape("has no 32-byte chain head"))?;
            let state = Accumulator::resume(row.uint(0)?, row.blob(1)?, chain)
                .ok_or_else(|| shape("does not fit its size"))?;
            let nodes = if row.is_null(5) { None } else { Some(row.blob(5)?.to_vec()) };
            Ok(Seal { state, tags: row.blob(3)?.to_vec(), root: row.blob(4)?.to_vec(), nodes })
        })
        .collect()
}

/// Whether `events` are the ones right after `size`, without a gap; else the first seq that is missing.
pub fn first_gap(size: u64, events: &[Stored]) -> Option<u64> {
    let expected = size + 1..;
    expected.zip(events).find(|(expected, event)| *expected != event.seq).map(|(expected, _)| expected)
}

/// Seals the range after `state` that consists of `events`, which must be gapless. `None` if another sealer was
/// quicker: its seal is to be read instead.
///
/// # Errors
/// 503 if the store does not answer.
pub fn seal(store: &Store, state: Accumulator, events: &[Stored]) -> Result<Option<Accumulator>, Problem> {
    let previous = state.size();
    let mut state = State { accumulator: state, nodes: Vec::new() };
    let mut tags = Vec::with_capacity(events.len() * TAG_BYTES);
    for event in events {
        let leaf = event.leaf_hash();
        tags.extend_from_slice(&leaf.as_bytes()[..TAG_BYTES]);
        state.push(leaf);
    }
    let State { accumulator: state, nodes } = state;
    let inserted = store.execute(
        "INSERT INTO timeline_seals (size, chain_head, root, peaks, tags, sealed_at, nodes)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?8 WHERE ?7 = (SELECT COALESCE(MAX(size), 0) FROM timeline_seals)
         ON CONFLICT DO NOTHING RETURNING size",
        [
            state.size().into(),
            state.chain_head().as_bytes().as_slice().into(),
            state.root().as_bytes().as_slice().into(),
            state.peaks().into(),
            tags.into(),
            now().into(),
            previous.into(),
            nodes.into(),
        ],
    )?;
    Ok((!inserted.is_empty()).then_some(state))
}

/// Seals from `state` to `last` or the next place that is always sealed. `None` if another sealer was quicker, or if
/// events are missing there, which only `/timeline/verify` can say more about.
fn seal_next(store: &Store, state: Accumulator, last: u64) -> Result<Option<Accumulator>, Problem> {
    let count = to_next_end(state.size()).min(last.saturating_sub(state.size()));
    let events = query::after(store, state.size(), count)?;
    if count == 0 || events.len() as u64 != count || first_gap(state.size(), &events).is_some() {
        return Ok(None);
    }
    seal(store, state, &events)
}

/// Seals what is needed so that at least `size` events are sealed, at most `budget` of them, and says how many are.
/// `size` must not exceed the log.
///
/// # Errors
/// 503 `store-unavailable`; 503 `not-sealed` if more was needed than the budget: the same request again goes on.
pub fn up_to(store: &Store, size: u64, budget: u64) -> Result<u64, Problem> {
    let start = sealed_size(store)?;
    if start >= size {
        return Ok(start);
    }
    let mut state = at(store, u64::MAX)?;
    while state.size() < size && state.size() - start.min(state.size()) < budget {
        match seal_next(store, state.clone(), size)? {
            Some(next) => state = next,
            None => {
                let now = at(store, u64::MAX)?;
                if now.size() <= state.size() {
                    let detail = format!(
                        "event {} is missing, so the log cannot be sealed; see /timeline/verify",
                        state.size() + 1
                    );
                    return Err(Problem::new(Code::LogDamaged, detail));
                }
                state = now;
            }
        }
    }
    if state.size() >= size {
        return Ok(state.size());
    }
    let detail = format!("{} of {size} events are sealed so far; ask again to go on", state.size());
    Err(Problem::new(Code::NotSealed, detail).with("sealed_size", state.size()))
}

/// Seals at most two full ranges when the log has outgrown `SEAL_LAG`. `last` is the greatest seq just appended,
/// `appended` how many there were. A failure only leaves the work to the next sealer: the events are stored.
pub fn keep_up(store: &Store, last: u64, appended: u64) {
    // Looking once for each range that fills keeps the cost of an append constant.
    if last / SEAL_EVENTS == last.saturating_sub(appended) / SEAL_EVENTS {
        return;
    }
    let step = || -> Result<(), Problem> {
        let lag = setting::number("SEAL_LAG", DEFAULT_SEAL_LAG)?.max(SEAL_EVENTS);
        if last - sealed_size(store)?.min(last) < lag {
            return Ok(());
        }
        let mut state = at(store, last)?;
        for _ in 0..2 {
            match seal_next(store, state, last)? {
                Some(next) => state = next,
                None => break,
            }
        }
        Ok(())
    };
    if let Err(problem) = step() {
        ramanujan_shell::log::warn("interaction-timeline", &format!("sealing is left to later: {problem}"));
    }
}
