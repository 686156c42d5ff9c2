//! The file of an archived segment: stored rows as they are hashed, between the states of the hashes before and after
//! them, and a proof that the tree of a known root continues the one after them.
//!
//! Pure. NDJSON: a [`Header`], then a [`Line`] for each event in order. The file verifies by itself up to its
//! `merkle_root`, which whoever trusts nobody compares with one written down elsewhere.

use std::collections::HashMap;

use ramanujan_core::{Code, Digest, MAX_SAFE_INTEGER, Problem};
use serde::{Deserialize, Serialize};

use crate::merkle::{Accumulator, node_hash};
use crate::row::Stored;
use crate::tree::{self, Node};

/// What the first line calls the format.
pub const FORMAT: &str = "ramanujan-timeline-segment/1";

/// Both hashes at one size of the log.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hashes {
    pub size: u64,
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
    pub format: String,
    pub first: u64,
    pub last: u64,
    pub before: Hashes,
    pub after: Hashes,
    /// The tree that the proof leads to.
    pub tree_size: u64,
    pub merkle_root: Digest,
    /// Consistency proof from `after.size` to `tree_size` (RFC 9162 §2.1.4).
    pub consistency: Vec<Digest>,
}

/// A stored row.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub seq: u64,
    pub event_id: Digest,
    /// Unix milliseconds, as `received`.
    pub timestamp: u64,
    pub received: u64,
    pub origin_seq: u64,
    pub agent: String,
    #[serde(rename = "type")]
    pub kind: String,
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
    pub header: Header,
    pub rows: Vec<Stored>,
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidSegment, detail)
}

impl Segment {
    /// The bytes of the file.
    ///
    /// # Errors
    /// 500 if something cannot be written as JSON.
    pub fn write(self) -> Result<String, Problem> {
        let encode = |result: serde_json::Result<String>| {
            result.map_err(|error| Problem::new(Code::Encoding, error.to_string()))
        };
        let mut text = encode(serde_json::to_string(&self.header))?;
        for row in self.rows {
            text.push('\n');
            text.push_str(&encode(serde_json::to_string(&Line::from(row)))?);
        }
        text.push('\n');
        Ok(text)
    }

    /// Reads a file and verifies it: rows, chain, tree and proof.
    ///
    /// # Errors
    /// 422 `invalid-segment` that says what is wrong and in which line.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let (head, rest) = text.split_once('\n').ok_or_else(|| invalid("line 1: no header".into()))?;
        let header: Header =
            serde_json::from_str(head).map_err(|error| invalid(format!("line 1: {error}")))?;
        if header.format != FORMAT {
            return Err(invalid(format!("line 1: the format is not {FORMAT}")));
        }
        // Larger ones cannot come from a log, whose numbers end there, and would overflow.
        if header.last.max(header.tree_size) > MAX_SAFE_INTEGER || header.before.size > MAX_SAFE_INTEGER {
            return Err(invalid("line 1: a size exceeds 2^53-1".into()));
        }
        let mut state = resume(&header.before)?;
        let count = header.last.checked_sub(header.before.size).filter(|count| {
            *count > 0 && header.first == header.before.size + 1 && header.after.size == header.last
        });
        let count = count.ok_or_else(|| invalid("line 1: first, last and sizes do not fit".into()))?;
        let mut rows = Vec::new();
        for (number, line) in (2u64..).zip(rest.lines()) {
            let line: Line =
                serde_json::from_str(line).map_err(|error| invalid(format!("line {number}: {error}")))?;
            let row = Stored::from(line);
            if row.seq != state.size() + 1 || row.seq > header.last {
                return Err(invalid(format!("line {number}: event {} is out of place", row.seq)));
            }
            state.push(row.leaf_hash());
            rows.push(row);
        }
        if rows.len() as u64 != count || !text.ends_with('\n') {
            return Err(invalid(format!("{} of {count} events are there", rows.len())));
        }
        if Hashes::from(&state) != header.after {
            return Err(invalid("the events are not those that the header's hashes are of".into()));
        }
        let root = continued(&state, header.tree_size, &header.consistency);
        if root != Some(header.merkle_root) {
            return Err(invalid("the proof does not lead to merkle_root".into()));
        }
        Ok(Segment { header, rows })
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
        let mut state = resume(&self.header.before).ok()?;
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

fn resume(hashes: &Hashes) -> Result<Accumulator, Problem> {
    let peaks: Vec<u8> = hashes.peaks.iter().flat_map(|peak| *peak.as_bytes()).collect();
    Accumulator::resume(hashes.size, &peaks, *hashes.chain_head.as_bytes())
        .ok_or_else(|| invalid("line 1: peaks do not fit their size".into()))
}

/// The root of the tree over `size` leaves that `proof` shows to continue `state`; `None` if it does not.
fn continued(state: &Accumulator, size: u64, proof: &[Digest]) -> Option<Digest> {
    let first = state.size();
    if first == 0 || first > size {
        return None;
    }
    let ranges = tree::consistency(first, size);
    if ranges.len() != proof.len() {
        return None;
    }
    if first == size {
        return Some(state.root());
    }
    // What lies within the first tree must be its own; the rest is taken as given, and so decides the root.
    let mut ranges = ranges.iter().zip(proof).peekable();
    let inner = match ranges.peek() {
        Some((range, _)) if range.end == first => ranges.next(),
        _ => None,
    };
    let (mut old, mut start) = match inner {
        Some((range, hash)) => (*hash, range.start),
        None => (state.root(), 0),
    };
    let mut new = old;
    for (range, hash) in ranges {
        if range.start >= first {
            new = node_hash(&new, hash);
        } else {
            (old, new, start) = (node_hash(hash, &old), node_hash(hash, &new), range.start);
        }
    }
    (start == 0 && old == state.root()).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;
    use proptest::prelude::*;

    fn row(seq: u64) -> Stored {
        Stored {
            seq,
            event_id: *Digest::of(&seq.to_be_bytes()).as_bytes(),
            timestamp: 5,
            received: 7,
            origin_seq: seq,
            agent: "a".into(),
            kind: "x".into(),
            document: seq.is_multiple_of(2).then(|| "d".into()),
            color: seq.is_multiple_of(3).then_some(1),
            body: format!("{{\"payload\":{{\"n\":{seq},\"t\":\"ü\\n\"}}}}"),
        }
    }

    fn state(size: u64) -> Accumulator {
        let mut state = Accumulator::default();
        (1..=size).for_each(|seq| state.push(row(seq).leaf_hash()));
        state
    }

    fn segment(first: u64, last: u64, size: u64) -> Segment {
        let leaves: Vec<Digest> = (1..=size).map(|seq| row(seq).leaf_hash()).collect();
        let part = |range: &std::ops::Range<u64>| {
            let nodes: Vec<_> = tree::perfect(range.clone())
                .iter()
                .map(|node| {
                    let mut part = Accumulator::default();
                    let start = (node.index << node.level) as usize;
                    leaves[start..node.end() as usize].iter().for_each(|leaf| part.push(*leaf));
                    part.root()
                })
                .collect();
            tree::fold(&nodes)
        };
        let header = Header {
            format: FORMAT.into(),
            first,
            last,
            before: Hashes::from(&state(first - 1)),
            after: Hashes::from(&state(last)),
            tree_size: size,
            merkle_root: state(size).root(),
            consistency: tree::consistency(last, size).iter().map(part).collect(),
        };
        Segment { header, rows: (first..=last).map(row).collect() }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(first in 1u64..40, count in 1u64..20, more in 0u64..40) {
            let segment = segment(first, first + count - 1, first + count - 1 + more);
            prop_assert_eq!(Segment::read(&segment.clone().write().unwrap()).unwrap(), segment);
        }

        #[test]
        fn a_changed_byte_never_verifies(at in any::<prop::sample::Index>(), bit in 0u32..7) {
            let segment = segment(5, 12, 23);
            let text = segment.clone().write().unwrap();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes)
                && let Ok(read) = Segment::read(&changed)
            {
                // Another spelling of the same values.
                prop_assert_eq!(read, segment);
            }
        }

        #[test]
        fn any_text_is_refused_in_peace(text in "\\PC*\n\\PC*") {
            prop_assert!(Segment::read(&text).is_err());
        }
    }

    #[test]
    fn each_event_is_proven_from_its_file_alone() {
        for (first, last) in [(1, 1), (1, 20), (5, 12), (8, 9), (9, 40), (17, 17), (33, 64)] {
            let segment = segment(first, last, last + 3);
            let root = state(last).root();
            for seq in first..=last {
                let path = segment.prove(seq).unwrap();
                assert_eq!(tree::root_of(row(seq).leaf_hash(), seq - 1, last, &path), Some(root), "{seq}");
            }
            assert_eq!((segment.prove(first - 1), segment.prove(last + 1)), (None, None));
        }
    }

    #[test]
    fn proofs_lead_to_the_root_of_every_small_tree() {
        for size in 1..24 {
            for first in 1..=size {
                let segment = segment(first, first, size);
                assert!(Segment::read(&segment.write().unwrap()).is_ok(), "{first} in {size}");
            }
        }
        let forged = Header { merkle_root: leaf_hash(b"x"), ..segment(3, 4, 9).header };
        let forged = Segment { header: forged, ..segment(3, 4, 9) };
        assert_eq!(Segment::read(&forged.write().unwrap()).unwrap_err().code, Code::InvalidSegment);
    }
}
