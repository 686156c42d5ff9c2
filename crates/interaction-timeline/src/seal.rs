//! Sealing: which ranges of the log are fixed, and what a seal keeps of one.
//!
//! A seal holds the chain head and the Merkle root over everything up to its size, what is needed to continue from
//! there, and a short tag of each leaf of its range, by which a changed event is found. Ranges end at the end of the log
//! or at a multiple of 1024, so that each of those has a seal, which keeps the roots of the perfect subtrees that end
//! there.

use ramanujan_core::Digest;
use ramanujan_timeline::{Accumulator, Stored};

/// Events between two seals at most, and the size of which every multiple is sealed: the rows of a range fit in a
/// megabyte or so and hash in milliseconds.
pub const SEAL_EVENTS: u64 = 1 << NODE_LEVEL;
/// The smallest perfect subtrees whose roots are kept; proofs compute those within one range from its rows.
pub const NODE_LEVEL: u32 = 10;
/// Bytes of a leaf hash kept in a seal, enough to tell which event of a range was changed.
pub const TAG_BYTES: usize = 8;

/// The state of the hashes at one size of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Seal {
    pub state: Accumulator,
    /// Tags of the leaves from the previous seal to this one.
    pub tags: Vec<u8>,
    /// The Merkle root as stored.
    pub root: Vec<u8>,
    /// See [`State::nodes`]; `None` in a seal from before they were kept.
    pub nodes: Option<Vec<u8>>,
}

/// The hashes while leaves are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub accumulator: Accumulator,
    /// Roots of the perfect subtrees from [`NODE_LEVEL`] on that end with the last leaf, smallest first.
    pub nodes: Vec<u8>,
}

impl State {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let nodes = &mut self.nodes;
        nodes.clear();
        self.accumulator.push_with(leaf, |level, node| {
            if level >= NODE_LEVEL {
                nodes.extend_from_slice(node.as_bytes());
            }
        });
    }
}

/// How many events follow `size` up to the next place that is always sealed.
pub fn to_next_end(size: u64) -> u64 {
    SEAL_EVENTS - size % SEAL_EVENTS
}

/// Whether `events` are the ones right after `size`, without a gap; else the first seq that is missing.
pub fn first_gap(size: u64, events: &[Stored]) -> Option<u64> {
    let expected = size + 1..;
    expected.zip(events).find(|(expected, event)| *expected != event.seq).map(|(expected, _)| expected)
}

/// The hashes after the events of a range, and the tags of their leaves.
pub fn over(state: Accumulator, events: &[Stored]) -> (State, Vec<u8>) {
    let mut state = State { accumulator: state, nodes: Vec::new() };
    let mut tags = Vec::with_capacity(events.len() * TAG_BYTES);
    for event in events {
        let leaf = event.leaf_hash();
        tags.extend_from_slice(&leaf.as_bytes()[..TAG_BYTES]);
        state.push(leaf);
    }
    (state, tags)
}
