//! When things were written, and what the two sides of a join have seen.

use ramanujan_core::{AgentId, VectorClock};

use crate::crdts::event::Stamp;

/// The versions of two joining documents.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) mine: &'a VectorClock,
    pub(super) theirs: &'a VectorClock,
}

/// When something was written; ordered as [`Stamp`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time<'a> {
    lamport: u64,
    agent: &'a AgentId,
    seq: u64,
}

impl<'a> Time<'a> {
    pub(super) fn new(lamport: u64, agent: &'a AgentId, seq: u64) -> Self {
        Time { lamport, agent, seq }
    }

    pub(super) fn of(stamp: &'a Stamp) -> Self {
        Time::new(stamp.lamport, &stamp.dot.agent, stamp.dot.seq)
    }
}
