//! The component's SQLite store: one statement at a time, each atomic, with the component's own migration.
//!
//! Spin may share one connection between instances, so a transaction must never span two calls:
//! everything that has to happen together is one statement.

use std::cell::Cell;

use ramanujan_core::{Code, Problem};
use serde_json::{Map, Value as Json};

use crate::clock::now_millis;

pub use crate::row::{Row, Value};

/// The tables of one component: statements in order, each idempotent (`IF NOT EXISTS`). A later version appends.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Prefix of the component's tables, e.g. `crdt`.
    pub name: &'static str,
    /// The statements; how many of them have run is the version of a database.
    pub statements: &'static [&'static str],
}

/// What [`Store::check`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// How many statements of the schema the database has.
    pub schema_version: u64,
}

impl Health {
    /// The members of a health reply: `store` and `schema_version`.
    pub fn members(self) -> Map<String, Json> {
        let mut members = Map::new();
        members.insert("store".into(), "writable".into());
        members.insert("schema_version".into(), self.schema_version.into());
        members
    }
}

/// A connection to the `default` database.
pub struct Store {
    schema: Schema,
    connection: backend::Connection,
    /// Whether the whole schema was seen in this database.
    complete: Cell<bool>,
}

impl Store {
    /// Opens the database; the schema is made before the first statement that finds it missing or unfinished.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn open(schema: Schema) -> Result<Self, Problem> {
        let connection = backend::Connection::open("default").map_err(unavailable)?;
        Ok(Store { schema, connection, complete: Cell::new(seen::complete(schema)) })
    }

    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// 503 `store-unavailable`; SQLite's message goes to the log.
    pub fn execute(&self, sql: &str, params: impl Into<Vec<Value>>) -> Result<Vec<Row>, Problem> {
        let params = params.into();
        self.await_schema()?;
        match self.connection.execute(sql, &params) {
            Err(message) if is_schema_miss(&message) => {
                self.migrate()?;
                self.connection.execute(sql, &params).map_err(unavailable)
            }
            result => result.map_err(unavailable),
        }
    }

    /// Reads and writes the database, and says what it found. The write is the time, in a row of its own: SQLite writes
    /// nothing where a row stays as it was, so that a full disk would not show.
    ///
    /// # Errors
    /// 503 `store-unavailable`, also where the disk is full.
    pub fn check(&self) -> Result<Health, Problem> {
        self.await_schema()?;
        let name = self.schema.name;
        let sql = format!(
            "INSERT INTO {name}_health (id, checked) VALUES (1, ?1)
            ON CONFLICT (id) DO UPDATE SET checked = excluded.checked
            RETURNING (SELECT COALESCE(MAX(version), 0) FROM {name}_schema)"
        );
        let now = [now_millis().into()];
        let rows = match self.connection.execute(&sql, &now) {
            Err(message) if is_schema_miss(&message) => {
                let table = format!(
                    "CREATE TABLE IF NOT EXISTS {name}_health (id INTEGER PRIMARY KEY, checked INTEGER NOT NULL)"
                );
                self.connection.execute(&table, &[]).map_err(unavailable)?;
                self.connection.execute(&sql, &now)
            }
            result => result,
        };
        let rows = rows.map_err(unavailable)?;
        Ok(Health { schema_version: rows.first().map_or(Ok(0), |row| row.uint(0))? })
    }

    /// Makes sure that the last statement of the schema has run. Another instance may be in the middle of it: its
    /// tables then exist, but a trigger or an index of theirs does not, and a row written now would escape both.
    fn await_schema(&self) -> Result<(), Problem> {
        if self.complete.get() {
            return Ok(());
        }
        let Schema { name, statements } = self.schema;
        let sql = format!("SELECT 1 FROM {name}_schema WHERE version >= ?1 LIMIT 1");
        match self.connection.execute(&sql, &[(statements.len() as u64).into()]) {
            Ok(rows) if !rows.is_empty() => {}
            Err(message) if !is_schema_miss(&message) => return Err(unavailable(message)),
            _ => self.migrate()?,
        }
        self.complete.set(true);
        seen::set_complete(self.schema);
        Ok(())
    }

    fn migrate(&self) -> Result<(), Problem> {
        let run = |sql: &str, params: &[Value]| match self.connection.execute(sql, params) {
            // Another instance was quicker with the same ALTER TABLE.
            Err(message) if message.contains("duplicate column name") => Ok(Vec::new()),
            result => result.map_err(unavailable),
        };
        // Persistent in the file; without it each write costs two fsyncs. A wish, not a need: libSQL over the network
        // keeps its log in a way of its own and refuses the PRAGMA.
        if let Err(message) = self.connection.execute("PRAGMA journal_mode = WAL", &[]) {
            crate::log::debug(
                self.schema.name,
                &format!("the database keeps its own journal mode: {message}"),
            );
        }
        let table = format!("{}_schema", self.schema.name);
        run(&format!("CREATE TABLE IF NOT EXISTS {table} (version INTEGER NOT NULL)"), &[])?;
        let rows = run(&format!("SELECT COALESCE(MAX(version), 0) FROM {table}"), &[])?;
        let done = rows.first().map_or(Ok(0), |row| row.uint(0))? as usize;
        for statement in self.schema.statements.iter().skip(done) {
            run(statement, &[])?;
        }
        let version = self.schema.statements.len() as u64;
        run(
            &format!(
                "INSERT INTO {table} SELECT ?1 WHERE ?1 > (SELECT COALESCE(MAX(version), 0) FROM {table})"
            ),
            &[version.into()],
        )?;
        Ok(())
    }
}

/// What an instance that serves many requests remembers: the schema it has seen complete.
#[cfg(target_family = "wasm")]
mod seen {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Schema;

    static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn complete(schema: Schema) -> bool {
        STATEMENTS.load(Ordering::Relaxed) == schema.statements.as_ptr().addr()
    }

    pub(super) fn set_complete(schema: Schema) {
        STATEMENTS.store(schema.statements.as_ptr().addr(), Ordering::Relaxed);
    }
}

/// Tests change databases under one process.
#[cfg(not(target_family = "wasm"))]
mod seen {
    use super::Schema;

    pub(super) fn complete(_: Schema) -> bool {
        false
    }

    pub(super) fn set_complete(_: Schema) {}
}

fn is_schema_miss(message: &str) -> bool {
    ["no such table", "no such column", "has no column named"].iter().any(|miss| message.contains(miss))
}

#[allow(clippy::needless_pass_by_value)] // it stands in `map_err`
fn unavailable(message: String) -> Problem {
    // SQLite's message may hold statements and paths: for the operator's eyes only.
    crate::log::error("store", &message);
    Problem::new(Code::StoreUnavailable, "the store refused or did not answer; the component's log says why")
}

#[cfg(target_family = "wasm")]
use crate::wasm::sqlite as backend;

#[cfg(not(target_family = "wasm"))]
use crate::native::sqlite as backend;

#[cfg(test)]
mod tests {
    use super::*;

    const V1: Schema =
        Schema { name: "t", statements: &["CREATE TABLE IF NOT EXISTS t_rows (id INTEGER PRIMARY KEY)"] };
    const V2: Schema = Schema {
        name: "t",
        statements: &[
            "CREATE TABLE IF NOT EXISTS t_rows (id INTEGER PRIMARY KEY)",
            "ALTER TABLE t_rows ADD COLUMN note TEXT",
        ],
    };

    #[test]
    fn the_first_statement_makes_the_schema_and_a_later_version_extends_it() {
        let _database = crate::native::fresh_database();
        let store = Store::open(V1).unwrap();
        store.execute("INSERT INTO t_rows (id) VALUES (?1)", [7u64.into()]).unwrap();
        let store = Store::open(V2).unwrap();
        store.execute("INSERT INTO t_rows (id, note) VALUES (8, 'x')", []).unwrap();
        let rows = store.execute("SELECT id, note FROM t_rows ORDER BY id", []).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows[0].uint(0).unwrap() == 7 && rows[0].is_null(1));
        assert_eq!(rows[1].text(1).unwrap(), "x");
    }

    #[test]
    fn a_schema_that_another_instance_is_making_is_finished_before_a_row_is_written() {
        const COUNTED: Schema = Schema {
            name: "t",
            statements: &[
                "CREATE TABLE IF NOT EXISTS t_rows (id INTEGER PRIMARY KEY)",
                "CREATE TABLE IF NOT EXISTS t_count (id INTEGER)",
                "CREATE TRIGGER IF NOT EXISTS t_counts AFTER INSERT ON t_rows BEGIN
                    INSERT INTO t_count VALUES (NEW.id); END",
            ],
        };
        let _database = crate::native::fresh_database();
        let half = backend::Connection::open("default").unwrap();
        for statement in &COUNTED.statements[..2] {
            half.execute(statement, &[]).unwrap();
        }
        let store = Store::open(COUNTED).unwrap();
        store.execute("INSERT INTO t_rows VALUES (1)", []).unwrap();
        assert_eq!(store.execute("SELECT id FROM t_count", []).unwrap().len(), 1);
    }

    #[test]
    fn a_wrong_statement_is_a_store_problem() {
        let _database = crate::native::fresh_database();
        let problem = Store::open(V1).unwrap().execute("SELECT nonsense FROM", []).unwrap_err();
        assert_eq!((problem.status, problem.code), (503, Code::StoreUnavailable));
    }
}
