//! The file of an archived segment: stored rows as they are hashed, between the states of the hashes before and after
//! them, and a proof that the tree of a known root continues the one after them.
//!
//! NDJSON: a [`Header`], then a [`Line`] for each event in order. The file verifies by itself up to its
//! `merkle_root`, which whoever trusts nobody compares with one written down elsewhere.

use std::collections::HashMap;

use ramanujan_core::{Digest, MAX_SAFE_INTEGER};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical;
use crate::merkle::Accumulator;
use crate::proof::continued_root;
use crate::row::Stored;
use crate::tree::{self, Node};

/// What the first line calls the format.
pub const FORMAT: &str = "ramanujan-timeline-segment/1";

/// Why a text is not the file of a segment.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// A line is not JSON of its form.
    #[error("line {line}: {source}")]
    Line {
        /// Which one, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The first line is not the header of a segment.
    #[error("line 1: {0}")]
    Header(&'static str),
    /// An event is not the one that follows.
    #[error("line {line}: event {seq} is out of place")]
    Order {
        /// Its line, from 1.
        line: u64,
        /// Its number.
        seq: u64,
    },
    /// Lines are missing, or the last one is not ended.
    #[error("{found} of {expected} events are there")]
    Count {
        /// How many events there are.
        found: usize,
        /// How many the header says.
        expected: u64,
    },
    /// The events do not hash to what the header says.
    #[error("the events are not those that the header's hashes are of")]
    Hashes,
    /// The proof does not lead to the root of the header.
    #[error("the proof does not lead to merkle_root")]
    Proof,
}

/// Both hashes at one size of the log.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hashes {
    /// How many events, from the first, they are of.
    pub size: u64,
    /// The last link of the chain.
    pub chain_head: Digest,
    /// Roots of the perfect subtrees, largest first.
    pub peaks: Vec<Digest>,
}

impl From<&Accumulator> for Hashes {
    fn from(state: &Accumulator) -> Self {
        let peaks = state.peaks();
        let (peaks, _) = peaks.as_chunks::<32>();
        Hashes {
            size: state.size(),
            chain_head: state.chain_head(),
            peaks: peaks.iter().map(|peak| Digest(*peak)).collect(),
        }
    }
}

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// Number of the first event.
    pub first: u64,
    /// Number of the last event.
    pub last: u64,
    /// The hashes before the first event.
    pub before: Hashes,
    /// The hashes after the last event.
    pub after: Hashes,
    /// How many events the tree has that the proof leads to.
    pub tree_size: u64,
    /// Its root.
    pub merkle_root: Digest,
    /// Consistency proof from `after.size` to `tree_size` (RFC 9162 §2.1.4).
    pub consistency: Vec<Digest>,
}

/// A stored row.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Place in the log, from 1.
    pub seq: u64,
    /// Identity of the event.
    pub event_id: Digest,
    /// When it happened, by the sender; Unix milliseconds.
    pub timestamp: u64,
    /// When it was stored, by the timeline; Unix milliseconds.
    pub received: u64,
    /// Place among the events of its agent.
    pub origin_seq: u64,
    /// Who it is of.
    pub agent: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The document that it is about, if any.
    pub document: Option<String>,
    /// As stored: 1, 0 or −1.
    pub color: Option<i64>,
    /// The other members: canonical JSON, as text, because its bytes are what was hashed.
    pub body: String,
}

impl From<Stored> for Line {
    fn from(row: Stored) -> Self {
        Line {
            seq: row.seq,
            event_id: Digest(row.event_id),
            timestamp: row.timestamp,
            received: row.received,
            origin_seq: row.origin_seq,
            agent: row.agent,
            kind: row.kind,
            document: row.document,
            color: row.color,
            body: row.body,
        }
    }
}

impl From<Line> for Stored {
    fn from(line: Line) -> Self {
        Stored {
            seq: line.seq,
            event_id: line.event_id.0,
            timestamp: line.timestamp,
            received: line.received,
            origin_seq: line.origin_seq,
            agent: line.agent,
            kind: line.kind,
            document: line.document,
            color: line.color,
            body: line.body,
        }
    }
}

/// A segment that was read and verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The first line.
    pub header: Header,
    /// The events, in order.
    pub rows: Vec<Stored>,
}

impl Segment {
    /// The bytes of the file.
    ///
    /// # Errors
    /// Something cannot be written as JSON.
    pub fn write(self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(&self.header)?;
        for row in self.rows {
            text.push('\n');
            text.push_str(&serde_json::to_string(&Line::from(row))?);
        }
        text.push('\n');
        Ok(text)
    }

    /// Reads a file and verifies it: rows, chain, tree and proof.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(text: &str) -> Result<Self, SegmentError> {
        let (head, rest) = text.split_once('\n').ok_or(SegmentError::Header("no header"))?;
        let header: Header =
            canonical::read(head).map_err(|source| SegmentError::Line { line: 1, source })?;
        let count = header.check()?;
        let mut state = header.before.state()?;
        let mut rows = Vec::new();
        for (number, line) in (2u64..).zip(rest.lines()) {
            let line: Line =
                canonical::read(line).map_err(|source| SegmentError::Line { line: number, source })?;
            let row = Stored::from(line);
            if row.seq != state.size() + 1 || row.seq > header.last {
                return Err(SegmentError::Order { line: number, seq: row.seq });
            }
            state.push(row.leaf_hash());
            rows.push(row);
        }
        if rows.len() as u64 != count || !text.ends_with('\n') {
            return Err(SegmentError::Count { found: rows.len(), expected: count });
        }
        if Hashes::from(&state) != header.after {
            return Err(SegmentError::Hashes);
        }
        let root = continued_root(state.size(), state.root(), header.tree_size, &header.consistency);
        if root != Some(header.merkle_root) {
            return Err(SegmentError::Proof);
        }
        Ok(Segment { header, rows })
    }
}

impl Header {
    /// How many events the file must have.
    fn check(&self) -> Result<u64, SegmentError> {
        if self.format != FORMAT {
            return Err(SegmentError::Header("the format is not ramanujan-timeline-segment/1"));
        }
        // Larger ones cannot come from a log, whose numbers end there, and would overflow.
        if self.last.max(self.tree_size) > MAX_SAFE_INTEGER || self.before.size > MAX_SAFE_INTEGER {
            return Err(SegmentError::Header("a size exceeds 2^53-1"));
        }
        let count = self
            .last
            .checked_sub(self.before.size)
            .filter(|count| *count > 0 && self.first == self.before.size + 1 && self.after.size == self.last);
        count.ok_or(SegmentError::Header("first, last and sizes do not fit"))
    }
}

impl Hashes {
    /// The state that they are of.
    fn state(&self) -> Result<Accumulator, SegmentError> {
        let peaks: Vec<u8> = self.peaks.iter().flat_map(|peak| *peak.as_bytes()).collect();
        Accumulator::resume(self.size, &peaks, *self.chain_head.as_bytes())
            .ok_or(SegmentError::Header("peaks do not fit their size"))
    }
}

impl Segment {
    /// Inclusion proof of event `seq` in the tree over the events up to the last of this segment (RFC 9162 §2.1.3), from
    /// the file alone: its path from the leaf upwards. `None` if the event is not here or the segment was not read
    /// with [`read`](Self::read).
    pub fn prove(&self, seq: u64) -> Option<Vec<Digest>> {
        if !(self.header.first..=self.header.last).contains(&seq) {
            return None;
        }
        // Whatever lies beside the event's ancestors was complete before the segment, and so a peak, or became so in it.
        let before = tree::perfect(0..self.header.before.size);
        let mut nodes: HashMap<Node, Digest> =
            before.into_iter().zip(self.header.before.peaks.clone()).collect();
        let mut state = self.header.before.state().ok()?;
        for row in &self.rows {
            let end = state.size() + 1;
            state.push_with(row.leaf_hash(), |level, hash| {
                nodes.insert(Node { level, index: (end >> level) - 1 }, *hash);
            });
        }
        let hash = |range| {
            let parts: Option<Vec<Digest>> =
                tree::perfect(range).iter().map(|node| nodes.get(node).copied()).collect();
            parts.map(|parts| tree::fold(&parts))
        };
        tree::inclusion(seq - 1, self.header.last).into_iter().map(hash).collect()
    }
}

#[cfg(test)]
mod tests;
