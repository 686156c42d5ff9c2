//! The component's tables and the statements on them: agents, messages, and the outbox to the timeline.
//!
//! Every change is one statement. What has to happen with it (a heartbeat's effect, an acknowledgement, the event that
//! the timeline is owed) happens in triggers, and therefore in the same atomic step.

mod agents;
mod lives;
mod log;
mod messages;
mod outbox;
mod schema;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::store::Health;
use ramanujan_shell::{Row, Store};
use serde_json::Value as Json;

pub use agents::Census;
pub use lives::Registered;
pub use log::{Happened, Until};
pub use messages::{Stored, Waiting};

/// Most entries of an agent's joined clock: far above any network's agents, low enough for a reply.
pub const MAX_CLOCK_ENTRIES: u64 = 1024;

/// Most entries of a clock that comes with a heartbeat or a message: what the timeline takes in an event.
pub const MAX_REPORTED_CLOCK: usize = 256;

/// The component's part of the database.
pub struct Database(Store);

impl Database {
    /// Opens the database.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn open() -> Result<Self, Problem> {
        Store::open(schema::SCHEMA).map(Database)
    }

    /// Reads and writes the database without changing what it holds.
    ///
    /// # Errors
    /// 503 `store-unavailable`, also where the disk is full.
    pub fn check(&self) -> Result<Health, Problem> {
        self.0.check()
    }
}

fn optional_text(row: &Row, column: usize) -> Result<Option<String>, Problem> {
    if row.is_null(column) { Ok(None) } else { row.text(column).map(|text| Some(text.to_owned())) }
}

fn optional_uint(row: &Row, column: usize) -> Result<Option<u64>, Problem> {
    if row.is_null(column) { Ok(None) } else { row.uint(column).map(Some) }
}

/// Reads a column that holds JSON, the way request bodies are read: a second reader would double that code.
fn stored_json(text: &str, what: &str) -> Result<Json, Problem> {
    serde_json::from_slice(text.as_bytes()).map_err(|_| corrupt(what))
}

fn corrupt(what: &str) -> Problem {
    Problem::new(Code::StoreShape, format!("a stored {what} cannot be read"))
}
