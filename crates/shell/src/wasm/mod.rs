//! The adapter to spin-sdk 5.2 (WASI 0.2): requests in, requests out, SQLite.

pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod sqlite;
pub(crate) mod variables;
