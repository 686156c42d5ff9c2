//! Freezes: named versions of a prefix of the log, each with its hashes and the defects that were accepted with it.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Page, Pager, Row, Store};
use ramanujan_timeline::Accumulator;
use serde_json::Value;

use crate::store::checkpoints::Violations;
use crate::store::log;

const SELECT: &str =
    "SELECT name, size, created, chain_head, root, missing, backwards, violations FROM timeline_freezes";

/// A freeze.
#[derive(Clone, Debug)]
pub(crate) struct Freeze {
    pub(crate) chain_head: String,
    /// Times that run backwards.
    pub(crate) clock: u64,
    pub(crate) created: String,
    pub(crate) merkle_root: String,
    pub(crate) missing_dependencies: u64,
    pub(crate) name: String,
    pub(crate) size: u64,
    /// The defects, at most so many of each kind as a reply has.
    violations: String,
}

impl Freeze {
    fn read(mut row: Row) -> Result<Self, Problem> {
        Ok(Freeze {
            chain_head: log::digest(&row, 3)?.to_string(),
            clock: row.uint(6)?,
            created: log::time(&row, 2)?,
            merkle_root: log::digest(&row, 4)?.to_string(),
            missing_dependencies: row.uint(5)?,
            name: row.take_text(0)?,
            size: row.uint(1)?,
            violations: row.take_text(7)?,
        })
    }

    /// The defects on record.
    ///
    /// # Errors
    /// 500 `store-shape`.
    pub(crate) fn violations(&self) -> Result<Value, Problem> {
        serde_json::from_slice(self.violations.as_bytes())
            .map_err(|_| Problem::new(Code::StoreShape, "the violations of a freeze are not JSON"))
    }
}

/// Records a freeze of the events that `hashes` are of; nothing if there is one of this name, or if there are `most`.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn insert(
    store: &Store,
    name: &str,
    hashes: &Accumulator,
    violations: &Violations,
    most: u64,
) -> Result<(), Problem> {
    let list = Value::from(violations.list.clone()).to_string();
    store.execute(
        "INSERT INTO timeline_freezes (name, size, created, chain_head, root, missing, backwards, violations)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE (SELECT COUNT(*) FROM timeline_freezes) < ?9
         ON CONFLICT DO NOTHING",
        [
            name.into(),
            hashes.size().into(),
            log::now().into(),
            hashes.chain_head().as_bytes().as_slice().into(),
            hashes.root().as_bytes().as_slice().into(),
            violations.missing.into(),
            violations.backwards.into(),
            list.into(),
            most.into(),
        ],
    )?;
    Ok(())
}

/// The freeze of this name.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn find(store: &Store, name: &str) -> Result<Option<Freeze>, Problem> {
    store.execute(&format!("{SELECT} WHERE name = ?1"), [name.into()])?.pop().map(Freeze::read).transpose()
}

/// The last freeze not beyond `size`.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn latest(store: &Store, size: u64) -> Result<Option<Freeze>, Problem> {
    let sql = format!("{SELECT} WHERE size <= ?1 ORDER BY size DESC, name LIMIT 1");
    store.execute(&sql, [size.into()])?.pop().map(Freeze::read).transpose()
}

/// A page of the freezes by size and name, after the one of this size and name.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn list(store: &Store, after: Option<(u64, &str)>, pager: Pager) -> Result<Page<Freeze>, Problem> {
    let (condition, mut params) = match after {
        Some((size, name)) => ("WHERE (size, name) > (?2, ?3)", vec![size.into(), name.into()]),
        None => ("", Vec::new()),
    };
    params.insert(0, pager.fetch().into());
    let rows = store.execute(&format!("{SELECT} {condition} ORDER BY size, name LIMIT ?1"), params)?;
    pager.cut(rows).try_map(Freeze::read)
}
