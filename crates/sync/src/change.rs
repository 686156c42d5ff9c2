//! What a site says of a document, and freezes as they travel.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::{CrdtType, StateDigest};
use serde::{Deserialize, Serialize};

use crate::fold::Print;
use crate::range::Range;

/// A document at a site: its heads with their hashes, which commit to all of it, and some or all of its deltas by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The document.
    pub document: DocumentId,
    /// Its type.
    pub crdt_type: CrdtType,
    /// The deltas that none other has for a parent, with their hashes, in the order of their dots.
    pub heads: Vec<(Dot, Digest)>,
    /// Deltas of the version that the heads make: all if `whole`, else those that are new since a cursor.
    pub ranges: Vec<Range>,
    /// Whether `ranges` are all.
    pub whole: bool,
    /// How often it was deleted or recovered.
    pub marks: u64,
    /// How many freezes it has, and the fingerprint of their ids.
    pub freezes: FreezeSum,
}

impl Change {
    /// Bytes of its encoding, roughly.
    pub fn weight(&self) -> u64 {
        let heads = self.heads.iter().map(|(dot, _)| dot.agent.as_str().len() + 36);
        let ranges = self.ranges.iter().map(|range| range.agent.as_str().len() + 6);
        let own = self.document.as_str().len() + 30;
        (heads.chain(ranges).sum::<usize>() + own) as u64
    }

    /// The first of these that take so many bytes, one at least, and the others.
    pub fn split(mut changes: Vec<Change>, budget: u32) -> (Vec<Change>, Vec<Change>) {
        let (mut bytes, mut count) = (0, 0);
        for change in &changes {
            bytes += change.weight();
            if count > 0 && bytes > u64::from(budget) {
                break;
            }
            count += 1;
        }
        let rest = changes.split_off(count);
        (changes, rest)
    }

    /// The canonical state that the heads make.
    pub fn state(&self) -> StateDigest {
        StateDigest::of(self.crdt_type, self.heads.iter().cloned())
    }
}

/// A set of freezes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeSum {
    /// How many.
    pub count: u64,
    /// Fingerprint of the fold of their ids.
    pub print: Print,
}

impl FreezeSum {
    /// Of no freezes.
    pub fn none() -> Self {
        FreezeSum { count: 0, print: crate::fold::Fold::default().print() }
    }
}

/// A named version of a document, as crdt-service keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// The freeze before it; zeros for the first.
    pub parent: Digest,
    /// The version's heads, in the order of their dots.
    pub heads: Vec<Dot>,
    /// Digest of the version.
    pub digest: Digest,
    /// Who froze it, if that was said.
    pub agent: Option<AgentId>,
    /// When, in milliseconds since 1970, by the clock of the site that froze it.
    pub frozen: u64,
}

impl Freeze {
    /// Its id: SHA-256 over document, parent, heads as JSON, and digest.
    pub fn id(&self, document: &DocumentId) -> Digest {
        let mut heads = String::from("[");
        for (place, head) in self.heads.iter().enumerate() {
            // Names of agents need no escapes in JSON.
            heads += if place > 0 { ",\"" } else { "\"" };
            heads += &head.to_string();
            heads.push('"');
        }
        heads.push(']');
        Digest::of_parts([
            document.as_str().as_bytes(),
            self.parent.as_bytes().as_slice(),
            heads.as_bytes(),
            self.digest.as_bytes().as_slice(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_hashed_as_json_writes_them() {
        let heads: Vec<Dot> = vec!["a.b:1".parse().unwrap(), "z_-:22".parse().unwrap()];
        let freeze = |heads| Freeze {
            parent: Digest([0; 32]),
            heads,
            digest: Digest::of(b"state"),
            agent: None,
            frozen: 0,
        };
        for heads in [vec![], heads] {
            let document: DocumentId = "d".parse().unwrap();
            let json = serde_json::to_string(&heads).unwrap();
            let state = Digest::of(b"state");
            let parts: [&[u8]; 4] = [b"d", &[0; 32], json.as_bytes(), state.as_bytes()];
            assert_eq!(freeze(heads).id(&document), Digest::of_parts(parts));
        }
    }
}
