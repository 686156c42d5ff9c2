//! The tables and their statements: collections and their blocks, what lies around a vector, statistics, analyses,
//! votes.

pub(crate) mod analyses;
pub(crate) mod collections;
pub(crate) mod neighbours;
mod schema;
pub(crate) mod statistics;
pub(crate) mod votes;

use ramanujan_core::Problem;
use ramanujan_shell::store::Health;
use ramanujan_shell::{Row, Store, Value};

/// The component's tables.
pub(crate) struct Database(Store);

impl Database {
    /// # Errors
    /// 503 `store-unavailable`.
    pub(crate) fn open() -> Result<Self, Problem> {
        Store::open(schema::SCHEMA).map(Database)
    }

    /// Reads and writes without changing anything.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub(crate) fn check(&self) -> Result<Health, Problem> {
        self.0.check()
    }

    fn execute(&self, sql: &str, values: impl Into<Vec<Value>>) -> Result<Vec<Row>, Problem> {
        self.0.execute(sql, values)
    }
}
