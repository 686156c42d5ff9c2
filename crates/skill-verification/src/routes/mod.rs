//! The routes, by subject; what several of them share.

pub(crate) mod agents;
pub(crate) mod analyze;
pub(crate) mod batch;
mod body;
pub(crate) mod collections;
mod event;
pub(crate) mod similarity;
pub(crate) mod votes;
