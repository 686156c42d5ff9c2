//! What is remembered of a peer between two rounds, and who makes one: a lease that only its holder can renew, and that is
//! void when its time is over, so that a round that was cut off holds up nobody.

use std::collections::BTreeMap;

use ramanujan_core::{Digest, DocumentId, Problem};
use ramanujan_shell::{Row, Value as Sql, now_millis};
use ramanujan_sync::SiteId;
use ramanujan_sync::engine::{Cursors, Memory, Trouble};
use ramanujan_sync::interest::Interest;
use ramanujan_sync::pack::Blob;
use serde::de::DeserializeOwned;

use super::shape;

/// What is remembered of a peer. Evidence and quarantines have tables of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Text of what is exchanged with it.
    pub(crate) exchanges: String,
    pub(crate) greeted: Option<(String, Interest)>,
    pub(crate) cursors: Cursors,
    pub(crate) rounds: u64,
    pub(crate) failures: u64,
    pub(crate) trouble: Option<Trouble>,
    /// The trouble in words.
    pub(crate) detail: Option<String>,
    /// When the next round is due, in milliseconds since 1970.
    pub(crate) due: u64,
    /// How often something was seen that a comparison would bring to light.
    pub(crate) suspicious: u64,
    pub(crate) stuck: Vec<(DocumentId, Digest)>,
    /// When the round began that is not finished.
    pub(crate) began: Option<u64>,
    /// When the last round ended well.
    pub(crate) succeeded: Option<u64>,
    /// The last exchanges and rounds, in milliseconds.
    pub(crate) exchange_times: Vec<f64>,
    pub(crate) round_times: Vec<f64>,
    /// Until when somebody makes a round.
    pub(crate) lease: u64,
}

/// Names who holds a lease.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) site: SiteId,
    pub(crate) holder: String,
    /// How long it lasts, in milliseconds.
    pub(crate) lasts: u64,
}

macro_rules! columns {
    () => {
        "exchanges, greeted, pull, push, rounds, failures, trouble, detail, due, suspicious, stuck, began, succeeded, \
         exchange_times, round_times, lease"
    };
}

// A lease that ends later than any could was given by a clock that was set back since.
const TAKE: &str = concat!(
    "INSERT INTO transduction_memory (site, holder, lease) VALUES (?1, ?2, ?3 + ?4)
    ON CONFLICT (site) DO UPDATE SET holder = excluded.holder, lease = excluded.lease
    WHERE transduction_memory.lease <= ?3 OR transduction_memory.lease > ?3 + ?4
    RETURNING ",
    columns!()
);
const RENEW: &str = "UPDATE transduction_memory SET lease = ?3 + ?4, pull = ?5, push = ?6, exchanges = ?7
    WHERE site = ?1 AND holder = ?2 RETURNING site";
const SAVE: &str =
    "UPDATE transduction_memory SET lease = 0, exchanges = ?3, greeted = ?4, pull = ?5, push = ?6,
        rounds = ?7, failures = ?8, trouble = ?9, detail = ?10, due = ?11, stuck = ?12, began = ?13,
        succeeded = ?14, exchange_times = ?15, round_times = ?16, suspicious = MAX(suspicious - ?17, 0)
    WHERE site = ?1 AND holder = ?2 RETURNING site";
const SUSPECT: &str = "INSERT INTO transduction_memory (site, suspicious) VALUES (?1, 1)
    ON CONFLICT (site) DO UPDATE SET suspicious = suspicious + 1";
// Where something else was exchanged before, the cursors are void.
const GREETED: &str = "INSERT INTO transduction_memory (site, greeted, exchanges) VALUES (?1, ?2, ?3)
    ON CONFLICT (site) DO UPDATE SET greeted = excluded.greeted, exchanges = excluded.exchanges,
        pull = CASE exchanges WHEN excluded.exchanges THEN pull END,
        push = CASE exchanges WHEN excluded.exchanges THEN push END";
const UNSTICK: &str = "UPDATE transduction_memory SET stuck = '[]', due = 0 WHERE site = ?1";
const ONE: &str = concat!("SELECT ", columns!(), " FROM transduction_memory WHERE site = ?1");
const ALL: &str = concat!("SELECT ", columns!(), ", site FROM transduction_memory");
const FORGET: &str = "DELETE FROM transduction_memory WHERE site = ?1";

fn text<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, Problem> {
    if row.is_null(column) {
        return Ok(None);
    }
    serde_json::from_str(row.text(column)?).map(Some).map_err(shape("memory of a peer"))
}

fn kept(row: &Row) -> Result<Kept, Problem> {
    let cursor = |column| match row.is_null(column) {
        true => Ok(None),
        false => row.blob(column).map(|bytes| Some(Blob(bytes.to_vec()))),
    };
    let number = |column| match row.is_null(column) {
        true => Ok(None),
        false => row.uint(column).map(Some),
    };
    Ok(Kept {
        exchanges: row.text(0)?.to_owned(),
        greeted: text(row, 1)?,
        cursors: Cursors { pull: cursor(2)?, push: cursor(3)? },
        rounds: row.uint(4)?,
        failures: row.uint(5)?,
        trouble: text(row, 6)?,
        detail: (!row.is_null(7)).then(|| row.text(7).map(str::to_owned)).transpose()?,
        due: row.uint(8)?,
        suspicious: row.uint(9)?,
        stuck: text(row, 10)?.unwrap_or_default(),
        began: number(11)?,
        succeeded: number(12)?,
        exchange_times: text(row, 13)?.unwrap_or_default(),
        round_times: text(row, 14)?.unwrap_or_default(),
        lease: row.uint(15)?,
    })
}

fn blob(cursor: &Option<Blob>) -> Sql {
    cursor.as_ref().map(|Blob(bytes)| bytes.clone()).into()
}

impl Kept {
    /// What an engine begins with; `exchanges` is the text of what is exchanged now.
    pub(crate) fn memory(&self, exchanges: &str, wait_ms: u64) -> Memory {
        // With another interest or direction, what the cursors stood for is another thing.
        let same = self.exchanges == exchanges;
        Memory {
            greeted: self.greeted.clone().filter(|_| same),
            cursors: if same { self.cursors.clone() } else { Cursors::default() },
            rounds: self.rounds,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            trouble: self.trouble,
            wait_ms,
            suspicious: self.suspicious > 0,
            stuck: self.stuck.clone(),
            ..Memory::default()
        }
    }
}

impl Lease {
    /// Begins to make a round with a peer; `None` if somebody does already.
    pub(crate) fn take(&self) -> Result<Option<Kept>, Problem> {
        let params: Vec<Sql> = vec![
            self.site.as_str().into(),
            self.holder.as_str().into(),
            now_millis().into(),
            self.lasts.into(),
        ];
        super::open()?.execute(TAKE, params)?.first().map(kept).transpose()
    }

    /// Cursors moved, and the round goes on; false if another has taken over. `exchanges` is what they hold for.
    pub(crate) fn renew(&self, cursors: &Cursors, exchanges: &str) -> Result<bool, Problem> {
        let params: Vec<Sql> = vec![
            self.site.as_str().into(),
            self.holder.as_str().into(),
            now_millis().into(),
            self.lasts.into(),
            blob(&cursors.pull),
            blob(&cursors.push),
            exchanges.into(),
        ];
        Ok(!super::open()?.execute(RENEW, params)?.is_empty())
    }

    /// Ends the round; `suspicions` is how many of them are settled. False if another has taken over.
    pub(crate) fn save(&self, kept: &Kept, suspicions: u64) -> Result<bool, Problem> {
        let json = |value: Option<String>| Sql::from(value);
        let written = |value: &Option<Trouble>| value.as_ref().map(serde_json::to_string).transpose();
        let params: Vec<Sql> = vec![
            self.site.as_str().into(),
            self.holder.as_str().into(),
            kept.exchanges.as_str().into(),
            json(kept.greeted.as_ref().map(serde_json::to_string).transpose()?),
            blob(&kept.cursors.pull),
            blob(&kept.cursors.push),
            kept.rounds.into(),
            kept.failures.into(),
            json(written(&kept.trouble)?),
            kept.detail.clone().into(),
            kept.due.into(),
            serde_json::to_string(&kept.stuck)?.into(),
            kept.began.into(),
            kept.succeeded.into(),
            serde_json::to_string(&kept.exchange_times)?.into(),
            serde_json::to_string(&kept.round_times)?.into(),
            suspicions.into(),
        ];
        Ok(!super::open()?.execute(SAVE, params)?.is_empty())
    }
}

/// Something was seen that a comparison with the peer would bring to light.
pub(crate) fn suspect(site: &SiteId) -> Result<(), Problem> {
    super::open()?.execute(SUSPECT, [site.as_str().into()]).map(|_| ())
}

/// A peer said hello: the version of its manifest, and its interest.
pub(crate) fn greeted(site: &SiteId, greeting: &(String, Interest), exchanges: &str) -> Result<(), Problem> {
    let params = [site.as_str().into(), serde_json::to_string(greeting)?.into(), exchanges.into()];
    super::open()?.execute(GREETED, params).map(|_| ())
}

/// What could not be mended from a peer is tried again, at once.
pub(crate) fn unstick(site: &SiteId) -> Result<(), Problem> {
    super::open()?.execute(UNSTICK, [site.as_str().into()]).map(|_| ())
}

/// What is remembered of a peer.
pub(crate) fn one(site: &SiteId) -> Result<Kept, Problem> {
    let rows = super::open()?.execute(ONE, [site.as_str().into()])?;
    rows.first().map_or_else(|| Ok(Kept::default()), kept)
}

/// What is remembered, by peer.
pub(crate) fn all() -> Result<BTreeMap<String, Kept>, Problem> {
    let rows = super::open()?.execute(ALL, [])?;
    rows.iter().map(|row| Ok((row.text(16)?.to_owned(), kept(row)?))).collect()
}

/// Forgets a peer.
pub(crate) fn forget(site: &SiteId) -> Result<(), Problem> {
    super::open()?.execute(FORGET, [site.as_str().into()]).map(|_| ())
}
