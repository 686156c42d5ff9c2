//! The routes, by subject.

pub(crate) mod agents;
pub(crate) mod analyze;
pub(crate) mod batch;
pub(crate) mod collections;
pub(crate) mod similarity;
pub(crate) mod votes;
