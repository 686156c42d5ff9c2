//! The database of a thread: rusqlite.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use rusqlite::types::ValueRef;

use crate::row::{Row, Value};

thread_local! {
    static DATABASE: RefCell<Option<Rc<rusqlite::Connection>>> = const { RefCell::new(None) };
}

/// Gives the thread an empty database in memory.
pub(super) fn open_in_memory() {
    let connection = rusqlite::Connection::open_in_memory().expect("an in-memory database");
    DATABASE.set(Some(Rc::new(connection)));
}

/// Gives the thread the database in a file.
pub(super) fn open_file(file: &Path) {
    let connection = rusqlite::Connection::open(file).expect("a database file");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a file that takes a write-ahead log");
    connection.pragma_update(None, "synchronous", "FULL").expect("a database that takes a setting");
    DATABASE.set(Some(Rc::new(connection)));
}

/// A database of the thread.
pub(super) type Database = Option<Rc<rusqlite::Connection>>;

/// Exchanges the thread's database for another.
pub(super) fn exchange(database: Database) -> Database {
    DATABASE.replace(database)
}

/// Forgets the thread's database.
pub(super) fn close() {
    DATABASE.set(None);
}

pub(crate) struct Connection(Rc<rusqlite::Connection>);

impl Connection {
    pub(crate) fn open(_label: &str) -> Result<Self, String> {
        DATABASE.with_borrow(|database| {
            database.clone().map(Connection).ok_or_else(|| "call native::fresh_database() first".to_owned())
        })
    }

    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
        self.run(sql, params).map_err(|error| error.to_string())
    }

    fn run(&self, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let width = statement.column_count();
        let params = rusqlite::params_from_iter(params.iter().map(to_sql));
        let rows = statement.query_map(params, |row| {
            (0..width).map(|i| row.get_ref(i).map(from_sql)).collect::<rusqlite::Result<Vec<_>>>().map(Row)
        })?;
        rows.collect()
    }
}

fn to_sql(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Sql;
    match value {
        Value::Null => Sql::Null,
        Value::Integer(value) => Sql::Integer(*value),
        Value::Real(value) => Sql::Real(*value),
        Value::Text(value) => Sql::Text(value.clone()),
        Value::Blob(value) => Sql::Blob(value.clone()),
    }
}

fn from_sql(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
