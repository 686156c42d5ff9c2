//! JSON documents: nested maps and lists with counters and texts as leaves (in the manner of Kleppmann and Beresford,
//! "A Conflict-Free Replicated JSON Datatype", 2017, with presence by dots instead of tombstones).
//!
//! [`JsonDocument`] is a tree of places (`place`). A place holds whatever was written there and not removed since, of
//! every kind at once; `show` decides what is seen. Lists and texts (`text`) order their items by a Fugue tree
//! (`tree`, `order`), counters (`increments`) keep each increment that something may yet remove. `resolve` turns indexes
//! into identities; for that a tree is laid out in a row (`sequence`, `row`) when it is first asked for, and the row is
//! kept up from then on (`kept`). `restore` brings an earlier version back, `encoding` has the canonical bytes. The rules
//! are in `docs/types.md`.

mod document;
mod encoding;
mod increments;
mod kept;
mod leaf;
mod load;
mod order;
mod place;
mod resolve;
mod restore;
mod row;
mod sequence;
mod show;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod tree;

pub use document::JsonDocument;
pub use resolve::EditError;
pub use show::Conflict;

pub(super) use document::State;
