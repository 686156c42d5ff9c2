//! What was done, as a log that is only appended to; its oldest entries go.

use ramanujan_core::{Digest, Problem, time};
use ramanujan_shell::{Page, Pager, Row, now_millis};
use serde::Serialize;
use serde_json::{Value, json};

use super::shape;
use crate::settings::SYNC_LOG_ENTRIES;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) kind: &'static str,
    pub(crate) site: Option<String>,
    pub(crate) document: Option<String>,
    pub(crate) detail: Value,
}

/// An entry of the log.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "SyncLogEntry"))]
pub(crate) struct Entry {
    /// Its number; numbers rise.
    seq: u64,
    /// When, RFC 3339.
    time: String,
    /// What happened.
    kind: String,
    /// With which peer.
    site: Option<String>,
    /// Of which document.
    document_id: Option<String>,
    /// SHA-256 of `detail` as it is stored: what `/sync/object/{hash}` finds it by.
    digest: String,
    /// What there is to say of it.
    detail: Value,
}

macro_rules! columns {
    () => {
        "SELECT seq, time, kind, site, document, digest, detail FROM transduction_log "
    };
}

const INSERT: &str = "INSERT INTO transduction_log (time, kind, site, document, digest, detail)
    SELECT ?2, value ->> 'kind', value ->> 'site', value ->> 'document', value ->> 'digest', value ->> 'detail'
    FROM json_each(?1) RETURNING seq";
const TRIM: &str = "DELETE FROM transduction_log WHERE seq <= ?1";
const NEWEST: &str = concat!(columns!(), "WHERE seq < ?2 ORDER BY seq DESC LIMIT ?1");
const BY_DIGEST: &str = concat!(columns!(), "WHERE digest = ?1 ORDER BY seq LIMIT 1");

fn entry(mut row: Row) -> Result<Entry, Problem> {
    let optional = |row: &mut Row, column| match row.is_null(column) {
        true => Ok(None),
        false => row.take_text(column).map(Some),
    };
    Ok(Entry {
        seq: row.uint(0)?,
        time: time::format_rfc3339(row.uint(1)?),
        kind: row.take_text(2)?,
        site: optional(&mut row, 3)?,
        document_id: optional(&mut row, 4)?,
        digest: row.take_text(5)?,
        detail: serde_json::from_str(row.text(6)?).map_err(shape("log entry"))?,
    })
}

/// Appends entries, and lets the oldest go past `SYNC_LOG_ENTRIES`. Gives the digests.
pub(crate) fn append(all: &[Happened]) -> Result<Vec<Digest>, Problem> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let (mut rows, mut digests) = (Vec::new(), Vec::new());
    for Happened { kind, site, document, detail } in all {
        let detail = detail.to_string();
        let digest = Digest::of(detail.as_bytes());
        rows.push(
            json!({"kind": kind, "site": site, "document": document, "digest": digest, "detail": detail}),
        );
        digests.push(digest);
    }
    let store = super::open()?;
    let inserted = store.execute(INSERT, [Value::from(rows).to_string().into(), now_millis().into()])?;
    let newest = inserted.iter().filter_map(|row| row.uint(0).ok()).max().unwrap_or(0);
    let kept = SYNC_LOG_ENTRIES.read()?;
    // Not at each append: a few more entries do no harm.
    if newest > kept && newest.is_multiple_of(16) || all.len() > 8 {
        store.execute(TRIM, [newest.saturating_sub(kept).into()])?;
    }
    Ok(digests)
}

/// A page of the log, the newest first, before an entry.
pub(crate) fn list(before: Option<u64>, pager: Pager) -> Result<Page<Entry>, Problem> {
    let params = [pager.fetch().into(), before.unwrap_or(u64::MAX).into()];
    pager.cut(super::open()?.execute(NEWEST, params)?).try_map(entry)
}

impl Entry {
    /// Its number.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }
}

/// The first entry with a digest.
pub(crate) fn find(digest: &Digest) -> Result<Option<Entry>, Problem> {
    super::open()?.execute(BY_DIGEST, [digest.to_string().into()])?.pop().map(entry).transpose()
}
