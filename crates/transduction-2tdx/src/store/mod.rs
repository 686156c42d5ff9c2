//! What transduction-2tdx keeps: versions of patterns, and how often what was used; of other sites who they are, what is
//! remembered of each, what speaks against them, and what was done.

pub(crate) mod due;
pub(crate) mod evidence;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod mending;
pub(crate) mod patterns;
pub(crate) mod peers;
mod schema;
pub(crate) mod usage;

use ramanujan_core::{Code, Problem};
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

/// A stored text that is not what was written.
fn shape<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl Fn(E) -> Problem {
    move |error| Problem::new(Code::StoreShape, format!("a stored {what} cannot be read")).caused_by(error)
}
