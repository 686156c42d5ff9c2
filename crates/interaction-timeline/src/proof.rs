//! `GET /timeline/proof`: that an event is in the log (RFC 9162 §2.1.3), and that the log only grew (§2.1.4).
//!
//! Proofs are about the sealed log. What is asked for and not sealed yet is sealed first, at most `PROOF_SEAL_EVENTS` in
//! one request. A proof that does not lead to the root of the seals is never given out: the log is damaged then.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, Store, Value as Sql, ok, setting};
use serde_json::json;

use crate::leaves::{Tree, damaged};
use crate::{schema, seal, tree};

/// Most events sealed for one proof where `PROOF_SEAL_EVENTS` is not set: more than `SEAL_LAG` leaves unsealed.
pub const DEFAULT_PROOF_SEAL_EVENTS: u64 = 131_072;

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["event", "seq", "size", "first", "second"])?;
    let event: Option<Digest> = query.parse("event")?;
    let [seq, size, first, second] = ["seq", "size", "first", "second"].map(|name| query.parse::<u64>(name));
    let (seq, size, first, second) = (seq?, size?, first?, second?);
    let store = Store::open(schema::SCHEMA)?;
    match (event, seq, first, second) {
        (Some(id), None, None, None) => inclusion(&store, find(&store, &id)?, size),
        (None, Some(seq), None, None) => inclusion(&store, seq, size),
        (None, None, Some(first), Some(second)) if size.is_none() => consistency(&store, first, second),
        _ => Err(Problem::new(
            Code::InvalidParameter,
            "give event=<id> or seq=<n>, with size=<n> if you like, for an inclusion proof; first=<n> and second=<n> for a consistency proof",
        )),
    }
}

fn find(store: &Store, id: &Digest) -> Result<u64, Problem> {
    let rows = store.execute(
        "SELECT seq FROM timeline_events WHERE event_id = ?1 UNION ALL
         SELECT seq FROM timeline_archived WHERE event_id = ?1",
        [Sql::from(id.as_bytes().as_slice())],
    )?;
    match rows.first() {
        Some(row) => row.uint(0),
        None => Err(Problem::new(Code::NoSuchEvent, format!("the timeline has no event {id}"))),
    }
}

/// Seals up to `size`, or all there is, and says how many events are sealed then.
fn sealed(store: &Store, size: Option<u64>) -> Result<u64, Problem> {
    let rows = store.execute(
        "SELECT MAX(COALESCE((SELECT MAX(seq) FROM timeline_events), 0),
                    COALESCE((SELECT MAX(size) FROM timeline_seals), 0))",
        [],
    )?;
    let events = rows.first().map_or(Ok(0), |row| row.uint(0))?;
    let size = size.unwrap_or(events);
    if size > events {
        let detail = format!("the log has {events} events, not {size}");
        return Err(Problem::new(Code::SizeBeyondLog, detail).with("events", events));
    }
    seal::up_to(store, size, setting::number("PROOF_SEAL_EVENTS", DEFAULT_PROOF_SEAL_EVENTS)?)
}

fn inclusion(store: &Store, seq: u64, size: Option<u64>) -> Result<Response, Problem> {
    if seq == 0 {
        return Err(Problem::new(Code::InvalidParameter, "seq: the first event has number 1"));
    }
    if size.is_some_and(|size| size < seq) {
        let detail = format!("event {seq} is not among the first {}", size.unwrap_or(0));
        return Err(Problem::new(Code::EventBeyondSize, detail).with("seq", seq));
    }
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
    if tree::root_of(leaf, index, size, &path) != Some(root) {
        return Err(damaged(seq));
    }
    check_root(store, size, root)?;
    let id = store.execute(
        "SELECT event_id, 0 FROM timeline_events WHERE seq = ?1 UNION ALL
         SELECT event_id, 1 FROM timeline_archived WHERE seq = ?1",
        [seq.into()],
    )?;
    let archived = id.first().is_some_and(|row| row.int(1).is_ok_and(|archived| archived == 1));
    let id: Option<[u8; 32]> = id.first().and_then(|row| row.blob(0).ok()?.try_into().ok());
    ok(&json!({
        "type": "inclusion",
        "archived": archived,
        "event_id": Digest(id.ok_or_else(|| damaged(seq))?),
        "seq": seq,
        "leaf_index": index,
        "leaf_hash": leaf,
        "tree_size": size,
        "merkle_root": root,
        "path": path,
        "chain": links.map(|[previous, link]| json!({"previous": previous, "link": link})),
    }))
}

fn consistency(store: &Store, first: u64, second: u64) -> Result<Response, Problem> {
    if first == 0 {
        let detail = "first: from 1; every log continues the empty one, so that there is nothing to prove";
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    if first > second {
        let detail = format!("first={first} is more than second={second}");
        return Err(Problem::new(Code::FirstBeyondSecond, detail));
    }
    let sealed = sealed(store, Some(second))?;
    let mut hashes = Tree::new(store, sealed);
    let mut ranges = tree::consistency(first, second);
    ranges.extend([0..first, 0..second]);
    let mut path = hashes.hashes(&ranges)?;
    let roots = path.split_off(path.len() - 2);
    check_root(store, first, roots[0])?;
    check_root(store, second, roots[1])?;
    ok(&json!({
        "type": "consistency",
        "first": first,
        "second": second,
        "first_root": roots[0],
        "second_root": roots[1],
        "path": path,
    }))
}

/// Compares a computed root with the stored one where there is a seal at this size.
fn check_root(store: &Store, size: u64, root: Digest) -> Result<(), Problem> {
    let rows = store.execute("SELECT root FROM timeline_seals WHERE size = ?1", [size.into()])?;
    match rows.first() {
        Some(row) if row.blob(0)? != root.as_bytes() => Err(damaged(size)),
        _ => Ok(()),
    }
}
