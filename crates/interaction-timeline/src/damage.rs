//! What can be wrong with a log, and how it is found: the hashes of the rows beside the seals.

use ramanujan_core::Digest;
use ramanujan_timeline::{Accumulator, Stored};

use crate::seal::{Seal, State, TAG_BYTES};

/// Why the log is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The first event that is not what it was.
    pub first_bad_seq: u64,
    /// `missing`, `changed`, `reordered` (the row of another event stands here), `seal` (the rows are those that were
    /// sealed, but the seal is not), `tally` (the counts are not those of the log) or `inserted` (a row stands where the
    /// log is archived).
    pub reason: &'static str,
    /// Of a `reordered` row, the seq under which it was sealed.
    pub original_seq: Option<u64>,
}

impl Damage {
    /// Damage at an event.
    pub fn new(first_bad_seq: u64, reason: &'static str) -> Self {
        Damage { first_bad_seq, reason, original_seq: None }
    }
}

/// How far a check came and what it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The hashes recomputed from the rows.
    pub state: Accumulator,
    /// The first damage, if any.
    pub damage: Option<Damage>,
    /// Whether everything stored was looked at.
    pub complete: bool,
    /// Events hashed in this request.
    pub checked: u64,
}

/// The state after the leaves of `archived` events and those of `events` if it is the sealed one.
pub fn compare(
    before: &Accumulator,
    seal: &Seal,
    archived: &[Digest],
    events: &[Stored],
) -> Result<Accumulator, Damage> {
    let mut state = State { accumulator: before.clone(), nodes: Vec::new() };
    let mut tags = seal.tags.chunks(TAG_BYTES);
    let archived = (before.size() + 1..).zip(archived.iter().copied());
    for (seq, leaf) in archived.chain(events.iter().map(|event| (event.seq, event.leaf_hash()))) {
        let expected = state.accumulator.size() + 1;
        if seq != expected {
            return Err(Damage::new(expected, "missing"));
        }
        if tags.next() != Some(&leaf.as_bytes()[..TAG_BYTES]) {
            return Err(Damage::new(expected, "changed"));
        }
        state.push(leaf);
    }
    let State { accumulator: state, nodes } = state;
    if state.size() < seal.state.size() {
        return Err(Damage::new(state.size() + 1, "missing"));
    }
    let same = state == seal.state
        && state.root().as_bytes().as_slice() == seal.root
        && seal.nodes.as_ref().is_none_or(|stored| *stored == nodes);
    if same { Ok(state) } else { Err(Damage::new(before.size() + 1, "seal")) }
}

/// Under which number the row of `event` was sealed, if it is one of the range of `seal` other than its own.
pub fn original(event: &Stored, seal: &Seal) -> Option<u64> {
    let mut moved = event.clone();
    let first = seal.state.size() + 1 - (seal.tags.len() / TAG_BYTES) as u64;
    (first..).zip(seal.tags.chunks(TAG_BYTES)).find_map(|(seq, tag)| {
        moved.seq = seq;
        (seq != event.seq && moved.leaf_hash().as_bytes()[..TAG_BYTES] == *tag).then_some(seq)
    })
}
