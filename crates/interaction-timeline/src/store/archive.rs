//! Archiving: the oldest sealed events move to files, without the log forgetting that they were.
//!
//! A stub keeps leaf hashes, so that proofs and `/timeline/verify` work as before, and of each event its id, number of its
//! origin and digest of its content, so that posting it again is still harmless and contradicting it still refused. What
//! is archived is always the beginning of the log.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::Store;
use ramanujan_timeline::segment::{FORMAT, Hashes, Header, Line, Segment};
use ramanujan_timeline::{Stored, event, tree};

use crate::seal::first_gap;
use crate::settings::{ARCHIVE_BYTES, ARCHIVE_EVENTS, ARCHIVE_KEEP, FREEZE_MAX_EVENTS, PROOF_SEAL_EVENTS};
use crate::store::checkpoints::{self, CHECKPOINT_EVENTS};
use crate::store::leaves::{self, Tree};
use crate::store::log::{self, archived_until, damaged};
use crate::store::seals;

/// The file of a segment, ready to be kept.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) tree_size: u64,
    pub(crate) text: String,
}

/// A segment whose file is safe, by what its keeper says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) tree_size: u64,
    /// Digest of the file.
    pub(crate) sha256: Digest,
}

/// Makes the segment of `rows`, which follow what is archived, proven within the first `tree_size` events.
fn segment(store: &Store, rows: Vec<Stored>, tree_size: u64, sealed: u64) -> Result<Segment, Problem> {
    let (Some(first), Some(last)) = (rows.first().map(|row| row.seq), rows.last().map(|row| row.seq)) else {
        return Err(Problem::new(Code::StoreShape, "a segment without events"));
    };
    let before = leaves::state_at(store, first - 1)?;
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
    let keep = ARCHIVE_KEEP.read()?;
    let newest = log::number(store, "SELECT COALESCE(MAX(seq), 0) FROM timeline_events", [])?;
    Ok(newest.saturating_sub(keep).min(sealed))
}

/// The next segment, `None` if nothing may be archived.
///
/// # Errors
/// 503 `not-sealed`; 500 `log-damaged`.
pub(crate) fn next(store: &Store) -> Result<Option<File>, Problem> {
    let archived = archived_until(store)?;
    let most = ARCHIVE_EVENTS.read()?;
    let bytes = ARCHIVE_BYTES.read()?;
    let wanted = end(store, u64::MAX)?.min(archived + most);
    let sealed = seals::up_to(store, wanted, PROOF_SEAL_EVENTS.read()?)?;
    let count = wanted.saturating_sub(archived);
    let mut rows = log::after(store, archived, count)?;
    let mut total = 0;
    let fits = rows.iter().take_while(|row| {
        total += row.body.len() + 512;
        total <= bytes
    });
    let fits = fits.count().max(1);
    rows.truncate(fits);
    if rows.is_empty() {
        return Ok(None);
    }
    if let Some(seq) = first_gap(archived, &rows) {
        return Err(damaged(seq));
    }
    let segment = segment(store, rows, sealed, sealed)?;
    let (first, last) = (segment.header.first, segment.header.last);
    Ok(Some(File { first, last, tree_size: sealed, text: segment.write()? }))
}

/// Lets go of the rows of a segment that is kept. Says whether it was done before.
///
/// # Errors
/// 409 `archive-conflict`; 422 `invalid-archive`, `digest-mismatch`; 503 `not-ready`, for the same again.
pub(crate) fn confirm(store: &Store, kept: Kept) -> Result<bool, Problem> {
    let Kept { first, last, tree_size, sha256: digest } = kept;
    let known =
        store.execute("SELECT last, digest FROM timeline_segments WHERE first = ?1", [first.into()])?;
    if let Some(row) = known.first() {
        if row.uint(0)? == last && row.blob(1)? == digest.as_bytes() {
            return Ok(true);
        }
        let detail = format!("the events from {first} on are archived in another file");
        return Err(Problem::new(Code::ArchiveConflict, detail));
    }
    let (archived, sealed) = (archived_until(store)?, seals::sealed_size(store)?);
    if first != archived + 1
        || last < first
        || last > end(store, sealed)?
        || tree_size < last
        || tree_size > sealed
    {
        let detail = format!("events {first} to {last} cannot be archived now; ask for the next segment");
        return Err(Problem::new(Code::ArchiveConflict, detail).with("archived_until", archived));
    }
    if last - archived > ARCHIVE_EVENTS.read()? {
        return Err(Problem::new(Code::InvalidArchive, "the segment is longer than ARCHIVE_EVENTS"));
    }
    let rows = log::after(store, archived, last - archived)?;
    if rows.len() as u64 != last - archived || first_gap(archived, &rows).is_some() {
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
    let reached = checkpoints::up_to(store, last, CHECKPOINT_EVENTS, FREEZE_MAX_EVENTS.read()?)?;
    if reached < last {
        return Err(checkpoints::not_ready(reached, last));
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
            log::now().into(),
        ],
    )?;
    if inserted.is_empty() {
        let detail = "another archiver was quicker; ask for the next segment";
        return Err(Problem::new(Code::ArchiveConflict, detail));
    }
    Ok(false)
}

/// Brings the rows of a segment back, which must be the newest archived one. Says how many came back: none if they are
/// there.
///
/// # Errors
/// 409 `archive-conflict`.
pub(crate) fn restore(store: &Store, segment: Segment) -> Result<u64, Problem> {
    let Segment { header: Header { first, last, .. }, rows } = segment;
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
            && archived_until(store)? < first =>
        {
            return Ok(0);
        }
        None => {
            let detail = "only the newest archived segment can be restored, one after the other";
            return Err(
                Problem::new(Code::ArchiveConflict, detail).with("archived_until", archived_until(store)?)
            );
        }
    }
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    let lines = serde_json::to_string(&lines)?;
    store.execute(
        "INSERT INTO timeline_restored (first, last, rows)
         SELECT ?1, ?2, ?3 WHERE ?2 = (SELECT MAX(last) FROM timeline_segments)",
        [first.into(), last.into(), lines.into()],
    )?;
    Ok(last - first + 1)
}
