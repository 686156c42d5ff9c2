//! Making and reading seals.
//!
//! A seal is one INSERT that succeeds only if no other seal was made since, so that two sealers cannot fork the chain.
//! Seals are made by `/timeline/verify`, for proofs, and by appending once the unsealed part is longer than `SEAL_LAG`.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Store, Value as Sql};
use ramanujan_timeline::{Accumulator, Stored};

use crate::seal::{SEAL_EVENTS, Seal, State, first_gap, over, to_next_end};
use crate::settings::SEAL_LAG;
use crate::store::log;

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
    log::number(store, "SELECT COALESCE(MAX(size), 0) FROM timeline_seals", [])
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

/// Seals the range after `state` that consists of `events`, which must be gapless. `None` if another sealer was
/// quicker: its seal is to be read instead.
///
/// # Errors
/// 503 if the store does not answer.
pub fn seal(store: &Store, state: Accumulator, events: &[Stored]) -> Result<Option<Accumulator>, Problem> {
    let previous = state.size();
    let (State { accumulator: state, nodes }, tags) = over(state, events);
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
            log::now().into(),
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
    let events = log::after(store, state.size(), count)?;
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
        let lag = SEAL_LAG.read()?.max(SEAL_EVENTS);
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
