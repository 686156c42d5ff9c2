//! The memo: answers of merges and reads by the digest of what they were computed from.
//!
//! Its first tier is this instance's memory (`lru`), so it pays where instances serve many requests; the second
//! (`tier2`) is the store, for merges large enough. What a key names never changes, so an entry is never stale: only
//! the pointer from a document to the key of its head can be, and it is a hint that readers check against the store.
//! `queue` holds work for later. Nothing here is needed for a right answer: a memo that loses everything only costs
//! time.

mod counters;
mod key;
mod lru;
pub(crate) mod queue;
pub(crate) mod routes;
mod tier2;

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use ::lru::LruCache;
use ramanujan_core::{Polarity, Problem};
use ramanujan_shell::{Store, log, now_millis, setting};

use crate::materialise::Materialised;
use crate::row::SCHEMA;
use counters::Pending;
pub(crate) use counters::TABLE as COUNTERS;
pub(crate) use key::Key;
use lru::{Found, Limits, Lru};
pub(crate) use queue::{
    BY_END as LAZY_BY_END, BY_SUBJECT as LAZY_BY_SUBJECT, BY_TURN as LAZY_BY_TURN, TABLE as LAZY,
};
pub(crate) use tier2::{BY_USE as TIER2_BY_USE, TABLE as TIER2};

/// Inputs below this many bytes are computed without asking the memo: `docs/memo.md` has the table behind it.
pub(crate) const BREAK_EVEN: usize = 512;
/// Megabytes of the first tier where `CACHE_SIZE_MB` is not set.
const DEFAULT_SIZE_MB: u64 = 50;
/// Entries of the first tier, the guides' number.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// Share of the budget, one in so many bytes, that pointers to entries may take.
const POINTER_SHARE: usize = 16;
/// What a pointer takes at most: the longest document id, a key, a node and its slot in the map.
const POINTER_BYTES: usize = 320;
/// Life of an entry where `CACHE_TTL_SECONDS` is not set.
const DEFAULT_TTL_SECONDS: u64 = 3600;

/// A remembered answer.
#[derive(Clone, Debug)]
pub(crate) enum Cached {
    /// The body of a reply, or the part of it that the key decides.
    Reply(Rc<[u8]>),
    /// The state of a document's version.
    Document(Rc<Materialised>),
}

/// What the memo knows of a version that is read.
pub(crate) enum Known {
    Reply(Rc<[u8]>),
    /// An earlier version of the document: only what came since is left to merge.
    Base(Rc<Materialised>),
    Nothing,
}

struct Memo {
    entries: Lru<Cached>,
    /// Key of each document's newest version that this instance has seen.
    heads: LruCache<String, Key>,
    /// Key of the answer to each request, by the key of the request's bytes.
    requests: LruCache<Key, Key>,
    pending: Pending,
}

thread_local! {
    // Content-addressed data only: requests share it, and no borrow outlives one of the functions below.
    static MEMO: RefCell<Memo> = RefCell::new(Memo::new());
}

impl Memo {
    fn new() -> Self {
        Memo::with(limits().unwrap_or_else(|problem| {
            log::error("crdt-service", &problem.to_string());
            to_limits(DEFAULT_SIZE_MB, DEFAULT_TTL_SECONDS)
        }))
    }

    fn with(limits: Limits) -> Self {
        let pointers = limits.bytes / POINTER_SHARE / POINTER_BYTES / 2;
        let pointers = NonZeroUsize::new(pointers).map_or(NonZeroUsize::MIN, |count| count.min(MAX_ENTRIES));
        let entries = limits.bytes.saturating_sub(2 * pointers.get() * POINTER_BYTES);
        Memo {
            entries: Lru::new(Limits { bytes: entries, ..limits }),
            heads: LruCache::new(pointers),
            requests: LruCache::new(pointers),
            pending: Pending::default(),
        }
    }

    fn look_up(&mut self, key: &Key) -> Option<Cached> {
        let now = now_millis();
        match self.entries.get(key, now) {
            Found::Value(value) => Some(value),
            Found::Nothing => None,
            Found::Expired => {
                self.pending.count(now, |counts| counts.expired += 1);
                None
            }
        }
    }
}

/// The limits that the settings ask for; read once per instance, whose environment never changes.
fn limits() -> Result<Limits, Problem> {
    let size = setting::number("CACHE_SIZE_MB", DEFAULT_SIZE_MB)?;
    Ok(to_limits(size, setting::number("CACHE_TTL_SECONDS", DEFAULT_TTL_SECONDS)?))
}

fn to_limits(megabytes: u64, seconds: u64) -> Limits {
    Limits {
        bytes: usize::try_from(megabytes.saturating_mul(1 << 20)).unwrap_or(usize::MAX),
        entries: MAX_ENTRIES.get(),
        ttl: seconds.saturating_mul(1000),
    }
}

/// Whether an answer computed from this many encoded bytes is worth remembering.
pub(crate) fn worth(bytes: usize) -> bool {
    bytes >= BREAK_EVEN
}

/// The reply of `key`, or the newest state of `document` in this instance's memory if it is `usable`; counts one
/// consultation, a hit either way.
pub(crate) fn consult(document: &str, key: &Key, usable: impl FnOnce(&Materialised) -> bool) -> Known {
    let known = MEMO.with_borrow_mut(|memo| {
        if let Some(Cached::Reply(reply)) = memo.look_up(key) {
            return Known::Reply(reply);
        }
        let head = memo.heads.get(document).copied();
        match head.and_then(|head| memo.look_up(&head)) {
            Some(Cached::Document(state)) if usable(&state) => Known::Base(state),
            _ => Known::Nothing,
        }
    });
    count_consultation(!matches!(known, Known::Nothing), false);
    if matches!(known, Known::Base(_)) {
        let now = now_millis();
        MEMO.with_borrow_mut(|memo| memo.pending.count(now, |counts| counts.extended += 1));
    }
    known
}

/// The newest state of `document` in this instance's memory, without counting: for writers, who ask only sometimes.
pub(crate) fn base(document: &str) -> Option<Rc<Materialised>> {
    MEMO.with_borrow_mut(|memo| {
        let head = memo.heads.get(document).copied()?;
        match memo.look_up(&head) {
            Some(Cached::Document(state)) => Some(state),
            _ => None,
        }
    })
}

/// Remembers an answer of `bytes` bytes in this instance's memory. `polarity` is that of the operations it came from.
pub(crate) fn put(key: Key, value: Cached, bytes: usize, polarity: Polarity) {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let evicted = memo.entries.put(key, value, bytes, polarity, now);
        if evicted > 0 {
            memo.pending.count(now, |counts| counts.evictions += evicted);
        }
    });
}

/// The reply of `key`, remembered or else made by `compute`, and whether it was remembered. `bytes` is the size of the
/// encoded inputs, which is [`worth`] it: it decides whether the second tier is asked.
///
/// # Errors
/// Those of `compute`, which are not remembered. Trouble with the store only costs time.
pub(crate) fn reply(
    key: Key,
    bytes: usize,
    compute: impl FnOnce() -> Result<(Vec<u8>, Polarity), Problem>,
) -> Result<(Rc<[u8]>, bool), Problem> {
    let store = if bytes >= tier2::BREAK_EVEN { logged(Store::open(SCHEMA)) } else { None };
    let ttl = MEMO.with_borrow(|memo| memo.entries.limits().ttl);
    if let Some(Cached::Reply(reply)) = MEMO.with_borrow_mut(|memo| memo.look_up(&key)) {
        count_consultation(true, false);
        return Ok((reply, true));
    }
    let stored = store.as_ref().and_then(|store| logged(tier2::get(store, &key, ttl, now_millis()))?);
    count_consultation(stored.is_some(), stored.is_some());
    let hit = stored.is_some();
    let (value, polarity) = stored.map_or_else(compute, Ok)?;
    if let Some(store) = store.filter(|_| !hit) {
        logged(tier2::put(&store, &key, &value, polarity, ttl, now_millis()));
    }
    let value: Rc<[u8]> = value.into();
    put(key, Cached::Reply(Rc::clone(&value)), value.len(), polarity);
    Ok((value, hit))
}

/// The reply to a request that [`remember_request`] has been told of, as long as it is remembered; counts a hit, and
/// nothing otherwise, because [`reply`] is asked next.
pub(crate) fn recall_request(request: &Key) -> Option<Rc<[u8]>> {
    let found = MEMO.with_borrow_mut(|memo| {
        let key = memo.requests.get(request).copied()?;
        memo.look_up(&key)
    });
    let Some(Cached::Reply(reply)) = found else { return None };
    count_consultation(true, false);
    Some(reply)
}

/// Makes the reply of `key` the one that `request` gets without being read.
pub(crate) fn remember_request(request: Key, key: Key) {
    MEMO.with_borrow_mut(|memo| memo.requests.put(request, key));
}

/// Says which state of a document is the newest that this instance has seen: a hint, for other instances write too.
pub(crate) fn set_head(document: &str, key: Key) {
    MEMO.with_borrow_mut(|memo| memo.heads.put(document.to_owned(), key));
}

/// Forgets which version of a document is the newest; says whether one was known. Entries stay: what they name does
/// not change.
pub(crate) fn invalidate(document: &str) -> bool {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let known = memo.heads.pop(document).is_some();
        if known {
            memo.pending.count(now, |counts| counts.invalidations += 1);
        }
        known
    })
}

/// Drops all entries of a polarity from this instance's memory and returns their number.
fn drop_polarity(polarity: Polarity) -> u64 {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let dropped = memo.entries.remove_polarity(polarity);
        memo.pending.count(now, |counts| counts.invalidations += dropped);
        dropped
    })
}

/// Drops all heads and entries from this instance's memory and returns their numbers.
fn clear() -> (u64, u64) {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let dropped = (memo.heads.len() as u64, memo.entries.clear());
        memo.heads.clear();
        memo.requests.clear();
        memo.pending.count(now, |counts| counts.invalidations += dropped.0 + dropped.1);
        dropped
    })
}

/// Writes this instance's counts down, all of them if `all`, else if enough of them or old ones have come together.
pub(crate) fn flush(all: bool) {
    let now = now_millis();
    let batch =
        MEMO.with_borrow_mut(|memo| if all || memo.pending.due(now) { memo.pending.take() } else { None });
    let Some(batch) = batch else { return };
    // No borrow is held here: the store is outside.
    if logged(Store::open(SCHEMA).and_then(|store| batch.write(&store))).is_none() {
        MEMO.with_borrow_mut(|memo| memo.pending.give_back(batch));
    }
}

fn count_consultation(hit: bool, tier2: bool) {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        memo.pending.count(now, |counts| {
            counts.consultations += 1;
            counts.hits += u64::from(hit);
            counts.misses += u64::from(!hit);
            counts.tier2_hits += u64::from(tier2);
        });
    });
    flush(false);
}

fn logged<T>(result: Result<T, Problem>) -> Option<T> {
    result.inspect_err(|problem| log::error("crdt-service", &format!("memo: {problem}"))).ok()
}

#[cfg(test)]
mod tests;
