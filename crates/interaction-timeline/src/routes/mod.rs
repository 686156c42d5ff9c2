//! Requests and replies, a file for each noun.

pub(crate) mod archive;
pub(crate) mod convergence;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod flows;
pub(crate) mod freezes;
pub(crate) mod graph;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod proof;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod state;
pub(crate) mod summary;
pub(crate) mod verify;
pub(crate) mod window;
