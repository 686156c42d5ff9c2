//! What egraph-service keeps: shared facts, which only grow, and replies, which only save time.

pub(crate) mod facts;
pub(crate) mod memo;
mod schema;

use ramanujan_core::Problem;
use ramanujan_shell::Store;
use serde_json::{Map, Value};

use self::schema::SCHEMA;

fn open() -> Result<Store, Problem> {
    Store::open(SCHEMA)
}

/// Whether the store answers, as members of a health reply.
pub(crate) fn check() -> Result<Map<String, Value>, Problem> {
    Ok(open()?.check()?.members())
}
