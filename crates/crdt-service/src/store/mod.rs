//! The component's tables and every statement on them.
//!
//! A write is one INSERT of checked deltas, and no row of a delta is ever updated; a trigger keeps heads, agents and
//! documents beside them. `schema` has the tables, `rows` reads and writes deltas, `graph` walks from one to those before
//! it, `versions` finds what a document was when, `materialise` builds its content, `apply` stores operations, within `bounds`.
//! `outlines` has what a text's walks back need in fewer rows, `causes` finds what is told of an operation's parents. `snapshots`, `tier2` and `counters` only save time; `later` holds
//! work that nobody waits for; `exchange` answers the engine of sites; `withdraw` takes out what parted from them; `upgrade` brings documents of older revisions up to date.

mod apply;
mod bounds;
mod causes;
mod counters;
mod database;
mod deletions;
mod exchange;
mod freezes;
mod graph;
mod insert;
mod joined;
mod later;
mod listed;
mod materialise;
mod outlines;
mod referred;
mod rows;
mod schema;
mod snapshots;
mod tier2;
pub(crate) mod tiers;
mod upgrade;
mod upgrade_freezes;
mod versions;
mod withdraw;

pub(crate) use database::Database;
pub(crate) use tier2::{BREAK_EVEN as TIER2_BREAK_EVEN, MAX_BYTES as TIER2_MAX_BYTES};
pub(crate) use versions::{KnownDelta, missing};
pub(crate) use withdraw::Withdrawn;
