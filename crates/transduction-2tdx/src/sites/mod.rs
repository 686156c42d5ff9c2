//! What synchronisation of sites decides beside the engine (`crates/sync`): who the peers are, what a call reports, what is
//! told to the timeline, whether a document follows from its deltas. Pure.

pub(crate) mod check;
pub(crate) mod event;
pub(crate) mod ledger;
pub(crate) mod operations;
pub(crate) mod peer;
