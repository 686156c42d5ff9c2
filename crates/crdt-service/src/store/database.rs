//! The component's part of the database.

use ramanujan_core::Problem;
use ramanujan_shell::Store;
use serde_json::{Map, Value};

use super::schema::SCHEMA;

/// The tables of the component; what can be done with them stands in the files beside this one.
pub(crate) struct Database(pub(super) Store);

impl Database {
    /// # Errors
    /// 503 `store-unavailable`.
    pub(crate) fn open() -> Result<Self, Problem> {
        Store::open(SCHEMA).map(Database)
    }

    /// Reads and writes the database without changing it, and says what it found, as members of the health reply.
    ///
    /// # Errors
    /// 503 `store-unavailable`, also where the disk is full.
    pub(crate) fn check(&self) -> Result<Map<String, Value>, Problem> {
        let mut members = self.0.check()?.members();
        let rows = self.0.execute("SELECT COALESCE(MAX(log), 0) FROM crdt_deltas", [])?;
        let newest = rows.first().map_or(Ok(0), |row| row.uint(0))?;
        members.insert("log_position".into(), newest.into());
        Ok(members)
    }
}
