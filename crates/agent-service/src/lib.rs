//! Agents as streams of events on NATS JetStream.
//!
//! A command comes from a durable consumer that all instances share. [`handler`] folds the agent from its events, lets
//! the aggregate of `ramanujan-agents` decide, and appends the events behind the last one it has seen. If another writer
//! was first, the server refuses and the command is decided again. So a command has its effect once: a repeat finds its
//! id in the state.
//!
//! Pure: [`subjects`], [`command`], [`delivery`], [`stream`], [`tier`], [`reply`], and the form of [`snapshots`]. The program is [`service`].

#![deny(missing_docs)]

pub mod args;
pub mod cache;
pub mod check;
pub mod clock;
pub mod command;
pub mod delivery;
pub mod handler;
pub mod health;
pub mod http;
pub mod journal;
pub mod listeners;
pub mod log;
pub mod metrics;
pub mod processor;
pub mod queries;
pub mod reply;
pub mod service;
pub mod setup;
pub mod snapshots;
pub mod stop;
pub mod stream;
pub mod subjects;
pub mod tier;
pub mod worker;
