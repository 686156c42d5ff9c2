//! The component's tables and every statement on them.
//!
//! A write is one INSERT of checked deltas, and no row of a delta is ever updated. `schema` has the tables, `rows` reads
//! and writes deltas, `versions` finds what a document was when, `materialise` builds its content, `apply` stores
//! operations. `snapshots`, `tier2` and `counters` only save time; `later` holds work that nobody waits for.

mod apply;
mod counters;
mod database;
mod deletions;
mod freezes;
mod insert;
mod joined;
mod later;
mod materialise;
mod referred;
mod rows;
mod schema;
mod snapshots;
mod tier2;
pub(crate) mod tiers;
mod versions;

pub(crate) use database::Database;
pub(crate) use tier2::{BREAK_EVEN as TIER2_BREAK_EVEN, MAX_BYTES as TIER2_MAX_BYTES};
pub(crate) use versions::missing;
