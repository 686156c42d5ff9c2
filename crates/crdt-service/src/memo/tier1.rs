//! The first tier: the memory of this instance, its pointers to what is in it, and its counts.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use ::lru::LruCache;
use ramanujan_core::{Polarity, Problem};
use ramanujan_shell::{log, now_millis};
use serde::Serialize;

use super::counts::{Counters, Pending, Unwritten};
use super::key::Key;
use super::lru::{Found, Limits, Lru};
use crate::content::Materialised;
use crate::settings;

/// Inputs below this many bytes are computed without asking the memo: `docs/memo.md` has the table behind it.
pub(crate) const BREAK_EVEN: usize = 512;
/// Most entries of the first tier.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// Share of the budget, one in so many bytes, that pointers to entries may take.
const POINTER_SHARE: usize = 16;
/// What a pointer takes at most: the longest document id, a key, a node and its slot in the map.
const POINTER_BYTES: usize = 320;

/// Bytes of remembered answers that stay while something large is done.
pub(crate) const BESIDE_LARGE_WORK: usize = 8 << 20;
/// Bytes of a request that is large.
const LARGE_REQUEST: usize = 1 << 18;

/// A remembered answer.
#[derive(Clone, Debug)]
pub(crate) enum Cached {
    /// The body of a reply, or the part of it that the key decides.
    Reply(Rc<[u8]>),
    /// The state of a document's version.
    Document(Rc<Materialised>),
}

/// What is remembered of a version that is read.
pub(crate) enum Remembered {
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
            to_limits(settings::CACHE_SIZE_MB.usual(), settings::CACHE_TTL_SECONDS.usual())
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
pub(crate) fn limits() -> Result<Limits, Problem> {
    Ok(to_limits(settings::CACHE_SIZE_MB.read()?, settings::CACHE_TTL_SECONDS.read()?))
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

/// The reply of `key`, or the newest state of `document` if it is `usable`.
pub(crate) fn look_up(document: &str, key: &Key, usable: impl FnOnce(&Materialised) -> bool) -> Remembered {
    MEMO.with_borrow_mut(|memo| {
        if let Some(Cached::Reply(reply)) = memo.look_up(key) {
            return Remembered::Reply(reply);
        }
        let head = memo.heads.get(document).copied();
        match head.and_then(|head| memo.look_up(&head)) {
            Some(Cached::Document(state)) if usable(&state) => Remembered::Base(state),
            _ => Remembered::Nothing,
        }
    })
}

/// The reply of `key`.
pub(crate) fn reply(key: &Key) -> Option<Rc<[u8]>> {
    match MEMO.with_borrow_mut(|memo| memo.look_up(key)) {
        Some(Cached::Reply(reply)) => Some(reply),
        _ => None,
    }
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

/// Whether an answer of `bytes` bytes would be remembered at all: there is no use in copying one that would not.
pub(crate) fn has_room_for(bytes: usize) -> bool {
    MEMO.with_borrow(|memo| bytes.saturating_add(super::lru::ENTRY_OVERHEAD) <= memo.entries.limits().bytes)
}

/// Forgets a state that [`base`] or [`look_up`] gave, so that whoever has it has it alone.
pub(crate) fn give_up(document: &str, state: &Rc<Materialised>) {
    MEMO.with_borrow_mut(|memo| {
        let Some(head) = memo.heads.peek(document).copied() else { return };
        if let Found::Value(Cached::Document(known)) = memo.entries.get(&head, now_millis())
            && Rc::ptr_eq(&known, state)
        {
            memo.entries.remove(&head);
        }
    });
}

/// As [`make_room`], if a request of so many bytes needs it: read, it takes many times as much.
pub(crate) fn make_room_for(request: usize) {
    if request > LARGE_REQUEST {
        make_room();
    }
}

/// Forgets what was not used for longest, for work that needs the memory.
pub(crate) fn make_room() {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let evicted = memo.entries.shrink_to(BESIDE_LARGE_WORK);
        if evicted > 0 {
            memo.pending.count(now, |counts| counts.evictions += evicted);
        }
    });
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

/// The reply to a request that [`remember_request`] has been told of, as long as it is remembered.
pub(crate) fn reply_to(request: &Key) -> Option<Rc<[u8]>> {
    let key = MEMO.with_borrow_mut(|memo| memo.requests.get(request).copied())?;
    reply(&key)
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
pub(crate) fn drop_polarity(polarity: Polarity) -> u64 {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let dropped = memo.entries.remove_polarity(polarity);
        memo.pending.count(now, |counts| counts.invalidations += dropped);
        dropped
    })
}

/// Drops all heads and entries from this instance's memory and returns their numbers.
pub(crate) fn clear() -> (u64, u64) {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| {
        let dropped = (memo.heads.len() as u64, memo.entries.clear());
        memo.heads.clear();
        memo.requests.clear();
        memo.pending.count(now, |counts| counts.invalidations += dropped.0 + dropped.1);
        dropped
    })
}

/// Milliseconds for which an entry is given out.
pub(crate) fn ttl() -> u64 {
    MEMO.with_borrow(|memo| memo.entries.limits().ttl)
}

/// Counts something that happened.
pub(crate) fn count(count: impl FnOnce(&mut Counters)) {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| memo.pending.count(now, count));
}

/// The counts that are to be written down: all of them if `all`, else if enough of them or old ones have come together.
pub(crate) fn take_counts(all: bool) -> Option<Unwritten> {
    let now = now_millis();
    MEMO.with_borrow_mut(|memo| if all || memo.pending.due(now) { memo.pending.take() } else { None })
}

/// Takes counts back that could not be written down.
pub(crate) fn give_back(counts: Unwritten) {
    MEMO.with_borrow_mut(|memo| memo.pending.give_back(counts));
}

/// What the memory of this instance holds.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Occupancy {
    /// Entries of the instance that answers.
    pub(crate) current_size: usize,
    /// The most there may be.
    max_size: usize,
    /// Share of the budget in bytes that they take.
    capacity_used: f64,
    /// Bytes that they take.
    bytes: usize,
    /// The most bytes that they may take.
    budget: usize,
    /// Life of an entry.
    ttl_seconds: u64,
    /// Smallest inputs, in bytes, that are remembered.
    break_even: usize,
    /// Entries merged from additions alone.
    positive_cached: usize,
    /// Entries merged from removals alone.
    negative_cached: usize,
    /// All other entries.
    neutral_cached: usize,
    /// Documents whose current state is kept.
    heads: usize,
}

pub(crate) fn occupancy() -> Occupancy {
    MEMO.with_borrow(|memo| {
        let (entries, limits) = (&memo.entries, memo.entries.limits());
        Occupancy {
            current_size: entries.len(),
            max_size: limits.entries,
            capacity_used: entries.bytes() as f64 / limits.bytes.max(1) as f64,
            bytes: entries.bytes(),
            budget: limits.bytes,
            ttl_seconds: limits.ttl / 1000,
            break_even: BREAK_EVEN,
            positive_cached: entries.count(Polarity::Positive),
            negative_cached: entries.count(Polarity::Negative),
            neutral_cached: entries.count(Polarity::Neutral),
            heads: memo.heads.len(),
        }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// As if the instance were a new one.
    pub(crate) fn forget_all() {
        MEMO.set(Memo::new());
    }

    /// Puts an entry that is just too old.
    pub(crate) fn put_expired(key: Key) {
        MEMO.with_borrow_mut(|memo| {
            let long_ago = now_millis() - memo.entries.limits().ttl;
            memo.entries.put(key, Cached::Reply(Rc::from(*b"old")), 3, Polarity::Neutral, long_ago);
        });
    }

    pub(crate) fn budget() -> usize {
        MEMO.with_borrow(|memo| memo.entries.limits().bytes)
    }

    pub(crate) fn count_of(polarity: Polarity) -> usize {
        MEMO.with_borrow(|memo| memo.entries.count(polarity))
    }

    #[test]
    fn pointers_take_their_share_of_the_budget() {
        for megabytes in [0, 1, 50, u64::MAX] {
            let limits = to_limits(megabytes, 1);
            let memo = Memo::with(limits);
            let pointers = memo.heads.cap().get() + memo.requests.cap().get();
            let all = memo.entries.limits().bytes + pointers * POINTER_BYTES;
            assert!(all <= limits.bytes.max(2 * POINTER_BYTES) && all >= limits.bytes, "{megabytes}");
        }
    }
}
