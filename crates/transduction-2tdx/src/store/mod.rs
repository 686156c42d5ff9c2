//! What transduction-2tdx keeps: versions of patterns, and how often what was used.

pub(crate) mod patterns;
mod schema;
pub(crate) mod usage;

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
