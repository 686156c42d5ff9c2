//! `POST /timeline/archive`: the oldest sealed events move to files, without the log forgetting that they were.
//!
//! Three requests. `{}` hands out the next segment. `{"first", "last", "tree_size", "sha256"}` says that its file is
//! safe: if the digest is that of the file, the rows become a stub with one statement. A file itself brings the rows of
//! the newest archived segment back. A stub keeps leaf hashes, so that proofs and `/timeline/verify` work
//! as before, and of each event its id, number of its origin and digest of its content, so that posting it again is
//! still harmless and contradicting it still refused. What is archived is always the beginning of the log.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, Store, Value as Sql, ok, setting};
use serde::Deserialize;
use serde_json::json;

use crate::checkpoint::{self, CHECKPOINT_EVENTS};
use crate::leaves::{Tree, damaged};
use crate::merkle::Accumulator;
use crate::proof::DEFAULT_PROOF_SEAL_EVENTS;
use crate::row::Stored;
use crate::segment::{FORMAT, Hashes, Header, Line, Segment};
use crate::{event, freeze, leaves, now, query, schema, seal, tree};

/// Most events of a segment where `ARCHIVE_EVENTS` is not set.
pub const DEFAULT_ARCHIVE_EVENTS: u64 = 1024;
/// Most bytes of a segment's rows where `ARCHIVE_BYTES` is not set: its file, in which quotes are escaped, must fit in a
/// body of `MAX_BODY_BYTES` to come back. A segment has one event at least, which is always smaller.
pub const DEFAULT_ARCHIVE_BYTES: usize = 1 << 20;
/// Newest events that are never archived where `ARCHIVE_KEEP` is not set. At least one stays.
pub const DEFAULT_ARCHIVE_KEEP: u64 = 1024;

/// How a file begins, and no other body.
const FILE_START: &[u8] = b"{\"format\":";

/// The body of a request that is not a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    first: Option<u64>,
    last: Option<u64>,
    tree_size: Option<u64>,
    sha256: Option<Digest>,
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let store = Store::open(schema::SCHEMA)?;
    if request.body.starts_with(FILE_START) {
        let file = std::str::from_utf8(&request.body)
            .map_err(|_| Problem::new(Code::InvalidSegment, "the file is not UTF-8"))?;
        return restore(&store, file);
    }
    match request.json()? {
        Asked { first: None, last: None, tree_size: None, sha256: None } => hand_out(&store),
        Asked { first: Some(first), last: Some(last), tree_size: Some(size), sha256: Some(digest) } => {
            confirm(&store, first, last, size, digest)
        }
        _ => Err(Problem::new(
            Code::InvalidArchive,
            "give {} for the next segment; first, last, tree_size and sha256 to confirm one; or a file to restore",
        )),
    }
}

/// How many events, from the first, are archived.
///
/// # Errors
/// 503 if the store does not answer.
pub fn until(store: &Store) -> Result<u64, Problem> {
    let rows = store.execute("SELECT COALESCE(MAX(last), 0) FROM timeline_segments", [])?;
    rows.first().map_or(Ok(0), |row| row.uint(0))
}

/// What the caller of an id that has no row is told: 410 `event-archived` with its `seq` and the file's digest, or 404.
pub fn gone(store: &Store, id: &Digest) -> Problem {
    let found = || -> Result<Option<(u64, Digest)>, Problem> {
        let rows = store.execute(
            "SELECT a.seq, s.digest FROM timeline_archived AS a JOIN timeline_segments AS s
             ON a.seq BETWEEN s.first AND s.last WHERE a.event_id = ?1",
            [Sql::from(id.as_bytes().as_slice())],
        )?;
        let read = |row: &ramanujan_shell::Row| Ok((row.uint(0)?, checkpoint::digest(row, 1)?));
        rows.first().map(read).transpose()
    };
    match found() {
        Ok(Some((seq, file))) => {
            let detail = format!("event {id} is number {seq}, archived in the file with SHA-256 {file}");
            Problem::new(Code::EventArchived, detail).with("seq", seq).with("file_sha256", file.to_string())
        }
        Ok(None) => Problem::new(Code::NoSuchEvent, format!("the timeline has no event {id}")),
        Err(problem) => problem,
    }
}

/// The state of the hashes at any size: the last seal not beyond it, and the leaves since.
///
/// # Errors
/// 503 if the store does not answer, 500 `log-damaged` if an event is missing.
pub(crate) fn state_at(store: &Store, size: u64) -> Result<Accumulator, Problem> {
    let mut state = seal::at(store, size)?;
    for leaf in leaves::read(store, state.size(), size)? {
        state.push(leaf);
    }
    Ok(state)
}

/// Makes the segment of `rows`, which follow what is archived, proven within the first `tree_size` events.
fn segment(store: &Store, rows: Vec<Stored>, tree_size: u64, sealed: u64) -> Result<Segment, Problem> {
    let (Some(first), Some(last)) = (rows.first().map(|row| row.seq), rows.last().map(|row| row.seq)) else {
        return Err(Problem::new(Code::StoreShape, "a segment without events"));
    };
    let before = state_at(store, first - 1)?;
    let mut after = before.clone();
    rows.iter().for_each(|row| after.push(row.leaf_hash()));
    let mut ranges = tree::consistency(last, tree_size);
    ranges.extend([0..last, 0..tree_size]);
    let mut consistency = Tree::new(store, sealed).hashes(&ranges)?;
    let roots = consistency.split_off(consistency.len() - 2);
    // Never archives rows that are not those that were sealed.
    if roots[0] != after.root() {
        return Err(damaged(first));
    }
    let header = Header {
        format: FORMAT.into(),
        first,
        last,
        before: Hashes::from(&before),
        after: Hashes::from(&after),
        tree_size,
        merkle_root: roots[1],
        consistency,
    };
    Ok(Segment { header, rows })
}

/// The greatest seq that may be archived: sealed, and not among those kept.
fn end(store: &Store, sealed: u64) -> Result<u64, Problem> {
    let keep = setting::number("ARCHIVE_KEEP", DEFAULT_ARCHIVE_KEEP)?.max(1);
    let rows = store.execute("SELECT COALESCE(MAX(seq), 0) FROM timeline_events", [])?;
    let newest = rows.first().map_or(Ok(0), |row| row.uint(0))?;
    Ok(newest.saturating_sub(keep).min(sealed))
}

fn hand_out(store: &Store) -> Result<Response, Problem> {
    let archived = until(store)?;
    let most = setting::number("ARCHIVE_EVENTS", DEFAULT_ARCHIVE_EVENTS)?.max(1);
    let bytes = setting::number("ARCHIVE_BYTES", DEFAULT_ARCHIVE_BYTES)?;
    let wanted = end(store, u64::MAX)?.min(archived + most);
    let budget = setting::number("PROOF_SEAL_EVENTS", DEFAULT_PROOF_SEAL_EVENTS)?;
    let sealed = seal::up_to(store, wanted, budget)?;
    let count = wanted.saturating_sub(archived);
    let mut rows = query::after(store, archived, count)?;
    let mut total = 0;
    let fits = rows.iter().take_while(|row| {
        total += row.body.len() + 512;
        total <= bytes
    });
    let fits = fits.count().max(1);
    rows.truncate(fits);
    if rows.is_empty() {
        return ok(&json!({"file": null, "archived_until": archived}));
    }
    if let Some(seq) = seal::first_gap(archived, &rows) {
        return Err(damaged(seq));
    }
    let segment = segment(store, rows, sealed, sealed)?;
    let (first, last) = (segment.header.first, segment.header.last);
    let file = segment.write()?;
    ok(&json!({
        "first": first,
        "last": last,
        "tree_size": sealed,
        "sha256": Digest::of(file.as_bytes()),
        "file": file,
        "archived_until": archived,
    }))
}

fn confirm(
    store: &Store,
    first: u64,
    last: u64,
    tree_size: u64,
    digest: Digest,
) -> Result<Response, Problem> {
    let done = |duplicate: bool| {
        ok(
            &json!({"first": first, "last": last, "archived_until": last.max(until(store)?), "duplicate": duplicate}),
        )
    };
    let known =
        store.execute("SELECT last, digest FROM timeline_segments WHERE first = ?1", [first.into()])?;
    if let Some(row) = known.first() {
        if row.uint(0)? == last && row.blob(1)? == digest.as_bytes() {
            return done(true);
        }
        let detail = format!("the events from {first} on are archived in another file");
        return Err(Problem::new(Code::ArchiveConflict, detail));
    }
    let (archived, sealed) = (until(store)?, seal::sealed_size(store)?);
    if first != archived + 1
        || last < first
        || last > end(store, sealed)?
        || tree_size < last
        || tree_size > sealed
    {
        let detail = format!("events {first} to {last} cannot be archived now; ask for the next segment");
        return Err(Problem::new(Code::ArchiveConflict, detail).with("archived_until", archived));
    }
    if last - archived > setting::number("ARCHIVE_EVENTS", DEFAULT_ARCHIVE_EVENTS)?.max(1) {
        return Err(Problem::new(Code::InvalidArchive, "the segment is longer than ARCHIVE_EVENTS"));
    }
    let rows = query::after(store, archived, last - archived)?;
    if rows.len() as u64 != last - archived || seal::first_gap(archived, &rows).is_some() {
        return Err(damaged(first));
    }
    let hashes: Vec<u8> = rows.iter().flat_map(|row| *row.leaf_hash().as_bytes()).collect();
    let contents: Vec<u8> = rows
        .iter()
        .flat_map(|row| {
            let document = row.document.as_deref();
            *event::content_digest(&row.agent, &row.kind, document, row.color, &row.body).as_bytes()
        })
        .collect();
    if Digest::of(segment(store, rows, tree_size, sealed)?.write()?.as_bytes()) != digest {
        let detail = "sha256 is not that of the segment: the file is not what was handed out";
        return Err(Problem::new(Code::DigestMismatch, detail));
    }
    // What the rows alone can tell of earlier states is told before they go.
    let reached = checkpoint::up_to(store, last, CHECKPOINT_EVENTS, freeze::budget()?)?;
    if reached < last {
        return Err(freeze::behind(reached, last));
    }
    let inserted = store.execute(
        "INSERT INTO timeline_segments (first, last, digest, leaves, contents, archived_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE ?1 = 1 + (SELECT COALESCE(MAX(last), 0) FROM timeline_segments)
           AND (SELECT COUNT(*) FROM timeline_events WHERE seq BETWEEN ?1 AND ?2) = ?2 - ?1 + 1
         ON CONFLICT DO NOTHING RETURNING first",
        [
            first.into(),
            last.into(),
            digest.as_bytes().as_slice().into(),
            hashes.into(),
            contents.into(),
            now().into(),
        ],
    )?;
    if inserted.is_empty() {
        let detail = "another archiver was quicker; ask for the next segment";
        return Err(Problem::new(Code::ArchiveConflict, detail));
    }
    done(false)
}

fn restore(store: &Store, file: &str) -> Result<Response, Problem> {
    let Segment { header: Header { first, last, .. }, rows } = Segment::read(file)?;
    let done = |restored: u64| {
        ok(&json!({"first": first, "last": last, "restored": restored, "archived_until": until(store)?}))
    };
    let known = store.execute(
        "SELECT last, leaves FROM timeline_segments WHERE first = ?1 AND last = (SELECT MAX(last) FROM timeline_segments)",
        [first.into()],
    )?;
    let hashes: Vec<u8> = rows.iter().flat_map(|row| *row.leaf_hash().as_bytes()).collect();
    match known.first() {
        Some(row) if row.uint(0)? == last && row.blob(1)? == hashes => {}
        Some(_) => {
            let detail = "these are not the events that were archived here";
            return Err(Problem::new(Code::ArchiveConflict, detail));
        }
        None if leaves::read(store, first - 1, last)
            .is_ok_and(|now| now.iter().flat_map(|l| l.0).eq(hashes))
            && until(store)? < first =>
        {
            return done(0);
        }
        None => {
            let detail = "only the newest archived segment can be restored, one after the other";
            return Err(Problem::new(Code::ArchiveConflict, detail).with("archived_until", until(store)?));
        }
    }
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    let lines = serde_json::to_string(&lines).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    store.execute(
        "INSERT INTO timeline_restored (first, last, rows)
         SELECT ?1, ?2, ?3 WHERE ?2 = (SELECT MAX(last) FROM timeline_segments)",
        [first.into(), last.into(), lines.into()],
    )?;
    done(last - first + 1)
}
