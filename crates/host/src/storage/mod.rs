//! SQLite databases, one file each, shared by all instances of all components that may use them.
//!
//! A `Database` answers every statement as one shared connection would, but faster: what is short runs at once, the rest
//! waits for a thread (`desk`), which has it committed in groups (`writer`); reads run beside it on connections of their
//! own while the file is in WAL mode (`readers`). `statement` decides which is which and runs one, `connection` opens
//! them, `file` sees when the files are deleted under the host, `failure` says why a statement gave no rows, `durability`
//! what may be told of what was stored. Knows nothing of components.

mod connection;
mod database;
mod desk;
mod durability;
mod failure;
mod file;
mod readers;
mod statement;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use database::Database;
#[cfg(test)]
pub(crate) use durability::imagined::Commits;
pub(crate) use durability::{Durability, Mark, NotDurable};
pub(crate) use failure::Failure;
pub(crate) use rusqlite::types::Value;
pub(crate) use statement::Rows;
