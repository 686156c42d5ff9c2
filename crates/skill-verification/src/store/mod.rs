//! The tables and their statements: collections and their blocks, statistics, analyses, votes.

pub(crate) mod analyses;
pub(crate) mod collections;
pub(crate) mod statistics;
pub(crate) mod votes;

use ramanujan_core::Problem;
use ramanujan_shell::Store;

use crate::schema::SCHEMA;

pub(crate) fn open() -> Result<Store, Problem> {
    Store::open(SCHEMA)
}
