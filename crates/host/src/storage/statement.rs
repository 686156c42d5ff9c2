//! One statement: what kind it is, and running it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, Connection, StatementStatus, params_from_iter};

use super::failure::{Failure, MAX_RESULT_BYTES};

/// A query's result.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rows {
    /// Names of the columns.
    pub(crate) columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// How a statement may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Beside the writer, if it proves to be read-only.
    Read,
    /// Together with others in one transaction.
    Write,
    /// By itself on the writing connection: it steers transactions or the connection.
    Alone,
}

/// A statement's text, and how it may run.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) sql: Arc<str>,
    pub(super) kind: Kind,
    /// It changes what later statements on the same connection see, so that reads must follow it there.
    pub(super) ties_reads: bool,
    pub(super) pace: Arc<Pace>,
}

/// Whether a statement that writes takes a short time, as far as is known: it is not stopped halfway to find out, because
/// SQLite may say that it was stopped when it has committed.
#[derive(Default)]
pub(super) struct Pace(AtomicU8);

impl Pace {
    const BRISK: u8 = 1;
    const SLOW: u8 = 2;
    /// Steps of SQLite's virtual machine in some milliseconds.
    const MAX_STEPS: i32 = 20_000;

    /// It has run before, and never taken long.
    pub(super) fn is_brisk(&self) -> bool {
        self.0.load(Relaxed) == Self::BRISK
    }

    fn note(&self, steps: i32) {
        self.0.fetch_max(if steps <= Self::MAX_STEPS { Self::BRISK } else { Self::SLOW }, Relaxed);
    }
}

/// The plans of the statements that came lately. A component has some dozens, and their texts are long.
#[derive(Default)]
pub(super) struct Plans(RwLock<HashMap<Arc<str>, Plan>>);

impl Plans {
    /// Texts kept; then all are forgotten.
    const MAX: usize = 1024;

    pub(super) fn of(&self, sql: &str) -> Plan {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        known.unwrap_or_else(|| {
            let (kind, ties_reads) = (classify(sql), ties_reads_to_writer(sql));
            let plan = Plan { sql: sql.into(), kind, ties_reads, pace: Arc::default() };
            self.keep(plan.clone());
            plan
        })
    }

    /// Keeps what has been learned about a statement.
    pub(super) fn keep(&self, plan: Plan) {
        let mut plans = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= Self::MAX {
            plans.clear();
        }
        plans.insert(plan.sql.clone(), plan);
    }
}

/// Statements that change what later ones on the same connection see, so that reads must follow them there.
fn ties_reads_to_writer(sql: &str) -> bool {
    let mut words = words(sql);
    match words.next().as_deref() {
        Some("ATTACH") => true,
        Some("CREATE") => matches!(words.next().as_deref(), Some("TEMP" | "TEMPORARY")),
        Some("PRAGMA") => {
            let name = words.next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or_default();
            sql.contains(['=', '(']) && !HARMLESS_PRAGMAS.contains(&name)
        }
        _ => false,
    }
}

/// Pragmas that no later read depends on.
const HARMLESS_PRAGMAS: [&str; 30] = [
    "ANALYSIS_LIMIT",
    "APPLICATION_ID",
    "AUTO_VACUUM",
    "AUTOMATIC_INDEX",
    "BUSY_TIMEOUT",
    "CACHE_SIZE",
    "CACHE_SPILL",
    "CHECKPOINT_FULLFSYNC",
    "DEFER_FOREIGN_KEYS",
    "FOREIGN_KEY_CHECK",
    "FOREIGN_KEY_LIST",
    "FOREIGN_KEYS",
    "INCREMENTAL_VACUUM",
    "INDEX_INFO",
    "INDEX_LIST",
    "INDEX_XINFO",
    "INTEGRITY_CHECK",
    "JOURNAL_MODE",
    "JOURNAL_SIZE_LIMIT",
    "MMAP_SIZE",
    "OPTIMIZE",
    "PAGE_SIZE",
    "QUICK_CHECK",
    "SYNCHRONOUS",
    "TABLE_INFO",
    "TABLE_XINFO",
    "TEMP_STORE",
    "USER_VERSION",
    "WAL_AUTOCHECKPOINT",
    "WAL_CHECKPOINT",
];

/// Classifies by the first words; what is only found out by compiling is left to the caller.
fn classify(sql: &str) -> Kind {
    let mut words = words(sql);
    match words.next().as_deref() {
        Some("SELECT" | "WITH" | "VALUES" | "EXPLAIN") if !needs_writer(sql) => Kind::Read,
        Some(
            "SELECT" | "WITH" | "VALUES" | "EXPLAIN" | "DELETE" | "REPLACE" | "CREATE" | "DROP" | "ALTER",
        ) => Kind::Write,
        // `OR FAIL` keeps part of a failed statement and `OR ROLLBACK` ends a transaction that others share.
        Some("INSERT" | "UPDATE") => match (words.next().as_deref(), words.next().as_deref()) {
            (Some("OR"), Some("FAIL" | "ROLLBACK")) => Kind::Alone,
            _ => Kind::Write,
        },
        _ => Kind::Alone,
    }
}

/// These functions tell about the writing connection.
fn needs_writer(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    ["last_insert_rowid", "changes"].iter().any(|function| lower.contains(function))
}

/// The words of a statement in upper case, without comments.
fn words(sql: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ';');
            if let Some(comment) = rest.strip_prefix("--") {
                rest = comment.split_once('\n').map_or("", |(_, after)| after);
            } else if let Some(comment) = rest.strip_prefix("/*") {
                rest = comment.split_once("*/").map_or("", |(_, after)| after);
            } else {
                break;
            }
        }
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let word = &rest[..end];
        rest = &rest[end..];
        (!word.is_empty()).then(|| word.to_ascii_uppercase())
    })
}

/// Compiles (or takes from the cache) and runs one statement.
pub(super) fn run(connection: &Connection, plan: &Plan, parameters: &[Value]) -> Result<Rows, Failure> {
    let mut statement = connection.prepare_cached(&plan.sql)?;
    let result = step(&mut statement, parameters, MAX_RESULT_BYTES);
    plan.pace.note(statement.reset_status(StatementStatus::VmStep));
    result
}

/// Runs `sql` if it only reads; `None` leaves it to the writer. Its rows may have `max_bytes`.
pub(super) fn run_if_read_only(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
    max_bytes: usize,
) -> Result<Option<Rows>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    if !statement.readonly() {
        return Ok(None);
    }
    let result = step(&mut statement, parameters, max_bytes);
    // SQLite looks whether to stop after so many steps of all runs together.
    statement.reset_status(StatementStatus::VmStep);
    result.map(Some)
}

/// Whether reading the parameters takes a statement no time worth mentioning.
pub(super) fn is_small(parameters: &[Value]) -> bool {
    const SMALL: usize = 64 << 10;
    bytes(parameters) <= SMALL
}

/// Whether what a statement stores is so little that it takes no time worth mentioning, if others with more did not.
pub(super) fn is_tiny(parameters: &[Value]) -> bool {
    const TINY: usize = 8 << 10;
    bytes(parameters) <= TINY
}

fn bytes(parameters: &[Value]) -> usize {
    parameters.iter().map(|value| size(value.into())).sum()
}

fn step(
    statement: &mut CachedStatement<'_>,
    parameters: &[Value],
    max_bytes: usize,
) -> Result<Rows, Failure> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut result = Rows { columns, rows: Vec::new() };
    let mut bytes = 0;
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            let value = row.get_ref(column)?;
            bytes += size(value);
            values.push(Value::try_from(value)?);
        }
        if bytes > max_bytes {
            return Err(Failure::ResultTooLarge);
        }
        result.rows.push(values);
    }
    Ok(result)
}

/// Bytes a value costs in a result.
fn size(value: ValueRef<'_>) -> usize {
    size_of::<Value>()
        + match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_classified_by_their_first_words() {
        for sql in
            ["SELECT 1", " -- note\n select 1", "/* a */ WITH a AS (SELECT 1) SELECT * FROM a", ";VALUES (1)"]
        {
            assert_eq!(classify(sql), Kind::Read, "{sql}");
        }
        for sql in [
            "insert into t values (1)",
            "INSERT OR IGNORE INTO t VALUES (1)",
            "CREATE TABLE t(a)",
            "SELECT last_insert_rowid()",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
        ] {
            assert_eq!(classify(sql), Kind::Write, "{sql}");
        }
        for sql in [
            "PRAGMA journal_mode=WAL",
            "BEGIN",
            "COMMIT",
            "VACUUM",
            "INSERT OR FAIL INTO t VALUES (1)",
            "update or rollback t set a = 1",
            "ATTACH ':memory:' AS m",
            "",
            "nonsense",
        ] {
            assert_eq!(classify(sql), Kind::Alone, "{sql}");
        }
    }

    #[test]
    fn what_a_connection_remembers_ties_reads_to_it() {
        for sql in ["CREATE TEMP TABLE t(a)", "ATTACH ':memory:' AS m", "PRAGMA case_sensitive_like = ON"] {
            assert!(ties_reads_to_writer(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE t(a)",
            "PRAGMA journal_mode = WAL",
            "PRAGMA main.user_version = 3",
            "PRAGMA table_info(t)",
            "PRAGMA encoding",
        ] {
            assert!(!ties_reads_to_writer(sql), "{sql}");
        }
    }
}
