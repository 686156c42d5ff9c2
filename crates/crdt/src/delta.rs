//! Deltas: what an operation is, its canonical bytes and its digest.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::{AgentId, Color, Digest, Dot};
use serde::{Deserialize, Serialize};

/// First byte of a delta's canonical form.
const CANONICAL_VERSION: u8 = 1;

/// The type of a document; its first delta decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CrdtType {
    #[serde(rename = "text")]
    Text,
    #[serde(rename = "pn-counter")]
    PnCounter,
}

impl CrdtType {
    pub fn as_str(self) -> &'static str {
        match self {
            CrdtType::Text => "text",
            CrdtType::PnCounter => "pn-counter",
        }
    }
}

impl fmt::Display for CrdtType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CrdtType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(CrdtType::Text),
            "pn-counter" => Ok(CrdtType::PnCounter),
            _ => Err(format!("{text:?} is not a CRDT type (text, pn-counter)")),
        }
    }
}

/// One operation. Positions and lengths count Unicode code points of the document as the parents left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Insert { position: u64, text: String },
    Delete { position: u64, length: u64 },
    Increment { amount: u64 },
    Decrement { amount: u64 },
}

impl Op {
    pub fn crdt_type(&self) -> CrdtType {
        match self {
            Op::Insert { .. } | Op::Delete { .. } => CrdtType::Text,
            Op::Increment { .. } | Op::Decrement { .. } => CrdtType::PnCounter,
        }
    }

    /// Name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Insert { .. } => "insert",
            Op::Delete { .. } => "delete",
            Op::Increment { .. } => "increment",
            Op::Decrement { .. } => "decrement",
        }
    }

    pub fn color(&self) -> Color {
        match self {
            Op::Insert { .. } | Op::Increment { .. } => Color::Red,
            Op::Delete { .. } | Op::Decrement { .. } => Color::Blue,
        }
    }
}

/// An operation with its dot and its parents: the maximal elements of its causal past, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    pub dot: Dot,
    pub parents: Vec<Dot>,
    pub op: Op,
}

impl Delta {
    /// Canonical bytes: version, operation tag, dot, parents, operands; integers as LEB128, texts length-prefixed.
    ///
    /// Two deltas have equal bytes exactly if they are equal, given parents sorted and without duplicates.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.push(CANONICAL_VERSION);
        out.push(match self.op {
            Op::Insert { .. } => 1,
            Op::Delete { .. } => 2,
            Op::Increment { .. } => 3,
            Op::Decrement { .. } => 4,
        });
        put_dot(&mut out, &self.dot.agent, self.dot.seq);
        put_uint(&mut out, self.parents.len() as u64);
        for parent in &self.parents {
            put_dot(&mut out, &parent.agent, parent.seq);
        }
        match &self.op {
            Op::Insert { position, text } => {
                put_uint(&mut out, *position);
                put_text(&mut out, text);
            }
            Op::Delete { position, length } => {
                put_uint(&mut out, *position);
                put_uint(&mut out, *length);
            }
            Op::Increment { amount } | Op::Decrement { amount } => put_uint(&mut out, *amount),
        }
        out
    }

    /// Content address of the delta.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }
}

fn put_dot(out: &mut Vec<u8>, agent: &AgentId, seq: u64) {
    put_text(out, agent.as_str());
    put_uint(out, seq);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_uint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Unsigned LEB128 (DWARF 5 §7.6).
pub(crate) fn put_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_delta() -> impl Strategy<Value = Delta> {
        let dot = ("[ab]{1,2}", 1u64..300).prop_map(|(a, seq)| Dot::new(a.parse().unwrap(), seq));
        let op = prop_oneof![
            (0u64..300, "\\PC{0,4}").prop_map(|(position, text)| Op::Insert { position, text }),
            (0u64..300, 0u64..300).prop_map(|(position, length)| Op::Delete { position, length }),
            (0u64..300).prop_map(|amount| Op::Increment { amount }),
            (0u64..300).prop_map(|amount| Op::Decrement { amount }),
        ];
        (dot.clone(), prop::collection::btree_set(dot, 0..3), op).prop_map(|(dot, parents, op)| Delta {
            dot,
            parents: parents.into_iter().collect(),
            op,
        })
    }

    proptest! {
        #[test]
        fn equal_bytes_exactly_if_equal(a in any_delta(), b in any_delta()) {
            prop_assert_eq!(a == b, a.canonical_bytes() == b.canonical_bytes());
            prop_assert_eq!(a == b, a.digest() == b.digest());
        }
    }

    #[test]
    fn the_canonical_form_is_fixed() {
        let delta = Delta {
            dot: "a:300".parse().unwrap(),
            parents: vec!["a:299".parse().unwrap(), "b:1".parse().unwrap()],
            op: Op::Insert { position: 5, text: "é".into() },
        };
        let bytes =
            [&[1, 1, 1, b'a', 0xac, 2, 2, 1, b'a', 0xab, 2, 1, b'b', 1, 5, 2][..], "é".as_bytes()].concat();
        assert_eq!(delta.canonical_bytes(), bytes);
    }
}
