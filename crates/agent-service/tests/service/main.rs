//! The service against a real nats-server, which each test starts for itself.

mod common;
mod conflicts;
mod dead_letters;
mod effects;
mod operation;
mod queries;
mod snapshots;
