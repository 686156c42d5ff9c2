//! Proofs over the sealed log: that an event is in it (RFC 9162 §2.1.3), and that it only grew (§2.1.4).
//!
//! What is asked for and not sealed yet is sealed first, at most `PROOF_SEAL_EVENTS` in one request. A proof that does
//! not lead to the root of the seals is never given out: the log is damaged then.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Store, Value as Sql};
use ramanujan_timeline::{proof, tree};
use serde::Serialize;

use crate::settings::PROOF_SEAL_EVENTS;
use crate::store::ids::has_id;
use crate::store::leaves::Tree;
use crate::store::log::{self, damaged};
use crate::store::seals;

/// That an event is in the log.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Inclusion {
    /// Whether the event is archived: its row is in a file, its leaf is here.
    archived: bool,
    /// Null where the chain before the event's range is not known.
    chain: Option<Links>,
    /// The event's identity.
    event_id: Digest,
    /// SHA-256(0x00 ‖ the stored row).
    leaf_hash: Digest,
    /// The event's place from 0: `seq` − 1.
    leaf_index: u64,
    /// Of the first `tree_size` events.
    merkle_root: Digest,
    /// The hashes beside the way from the leaf to the root, from the leaf upwards.
    path: Vec<Digest>,
    /// The event's place in the log.
    seq: u64,
    /// How many events the tree has.
    tree_size: u64,
}

/// The links of the chain before an event and with it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct Links {
    /// SHA-256(0x02 ‖ previous ‖ leaf).
    link: Digest,
    /// The link of the event before; zeros before the first.
    previous: Digest,
}

/// That the log of one size continues that of another.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Consistency {
    /// The smaller size.
    first: u64,
    /// Root of the first `first` events.
    first_root: Digest,
    /// The proof of RFC 9162 §2.1.4.
    path: Vec<Digest>,
    /// The greater size.
    second: u64,
    /// Root of the first `second` events.
    second_root: Digest,
}

/// The number of the event with this id, wherever its row is.
///
/// # Errors
/// 404 `no-such-event`; 503 if the store does not answer.
pub(crate) fn seq_of(store: &Store, id: &Digest) -> Result<u64, Problem> {
    let rows = store.execute(
        concat!(
            "SELECT e.seq FROM timeline_events AS e WHERE ",
            has_id!("e", "?1"),
            " UNION ALL SELECT seq FROM timeline_archived WHERE event_id = ?1"
        ),
        [Sql::from(id.as_bytes().as_slice())],
    )?;
    match rows.first() {
        Some(row) => row.uint(0),
        None => Err(log::unknown(id)),
    }
}

/// Seals up to `size`, or all there is, and says how many events are sealed then.
fn sealed(store: &Store, size: Option<u64>) -> Result<u64, Problem> {
    let events = log::number(
        store,
        "SELECT MAX(COALESCE((SELECT MAX(seq) FROM timeline_events), 0),
                    COALESCE((SELECT MAX(size) FROM timeline_seals), 0))",
        [],
    )?;
    let size = size.unwrap_or(events);
    if size > events {
        let detail = format!("the log has {events} events, not {size}");
        return Err(Problem::new(Code::SizeBeyondLog, detail).with("events", events));
    }
    seals::up_to(store, size, PROOF_SEAL_EVENTS.read()?)
}

/// The proof that event `seq`, from 1, is among the first `size` events, or among all that are sealed.
///
/// # Errors
/// 404 `no-such-event`, 422 `size-beyond-log`, 503 `not-sealed`, 500 `log-damaged`.
pub(crate) fn inclusion(store: &Store, seq: u64, size: Option<u64>) -> Result<Inclusion, Problem> {
    let sealed = sealed(store, size)?;
    if seq > sealed {
        return Err(Problem::new(Code::NoSuchEvent, format!("the timeline has no event number {seq}")));
    }
    let (size, index) = (size.unwrap_or(sealed), seq - 1);
    let mut hashes = Tree::new(store, sealed);
    let mut ranges = tree::inclusion(index, size);
    ranges.push(0..size);
    let mut path = hashes.hashes(&ranges)?;
    let root = path.pop().unwrap_or(Digest::of(b""));
    let (leaf, links) = hashes.leaf(index)?;
    if proof::root_of(leaf, index, size, &path) != Some(root) {
        return Err(damaged(seq));
    }
    check_root(store, size, root)?;
    let id = store.execute(
        "SELECT COALESCE(id, event_id), 0 FROM timeline_events WHERE seq = ?1 UNION ALL
         SELECT event_id, 1 FROM timeline_archived WHERE seq = ?1",
        [seq.into()],
    )?;
    let archived = id.first().is_some_and(|row| row.int(1).is_ok_and(|archived| archived == 1));
    let id: Option<[u8; 32]> = id.first().and_then(|row| row.blob(0).ok()?.try_into().ok());
    Ok(Inclusion {
        archived,
        chain: links.map(|[previous, link]| Links { link, previous }),
        event_id: Digest(id.ok_or_else(|| damaged(seq))?),
        leaf_hash: leaf,
        leaf_index: index,
        merkle_root: root,
        path,
        seq,
        tree_size: size,
    })
}

/// The proof that the first `second` events continue the first `first`, of which there is at least one.
///
/// # Errors
/// 422 `size-beyond-log`, 503 `not-sealed`, 500 `log-damaged`.
pub(crate) fn consistency(store: &Store, first: u64, second: u64) -> Result<Consistency, Problem> {
    let sealed = sealed(store, Some(second))?;
    let mut hashes = Tree::new(store, sealed);
    let mut ranges = tree::consistency(first, second);
    ranges.extend([0..first, 0..second]);
    let mut path = hashes.hashes(&ranges)?;
    let roots = path.split_off(path.len() - 2);
    check_root(store, first, roots[0])?;
    check_root(store, second, roots[1])?;
    Ok(Consistency { first, first_root: roots[0], path, second, second_root: roots[1] })
}

/// Compares a computed root with the stored one where there is a seal at this size.
fn check_root(store: &Store, size: u64, root: Digest) -> Result<(), Problem> {
    let rows = store.execute("SELECT root FROM timeline_seals WHERE size = ?1", [size.into()])?;
    match rows.first() {
        Some(row) if row.blob(0)? != root.as_bytes() => Err(damaged(size)),
        _ => Ok(()),
    }
}
