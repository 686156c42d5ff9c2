//! Deltas: what an operation is, its canonical bytes and its digest.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::{AgentId, Color, Digest, Dot};
use serde::{Deserialize, Serialize};

use crate::{Action, Edit, Json, TapPhase};

/// First byte of a delta's canonical form.
pub(crate) const CANONICAL_VERSION: u8 = 1;

/// The type of a document; its first delta decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrdtType {
    Text,
    PnCounter,
    GCounter,
    OrSet,
    LwwRegister,
    MvRegister,
    Json,
    TapState,
}

impl CrdtType {
    pub const ALL: [CrdtType; 8] = [
        CrdtType::Text,
        CrdtType::PnCounter,
        CrdtType::GCounter,
        CrdtType::OrSet,
        CrdtType::LwwRegister,
        CrdtType::MvRegister,
        CrdtType::Json,
        CrdtType::TapState,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            CrdtType::Text => "text",
            CrdtType::PnCounter => "pn-counter",
            CrdtType::GCounter => "g-counter",
            CrdtType::OrSet => "or-set",
            CrdtType::LwwRegister => "lww-register",
            CrdtType::MvRegister => "mv-register",
            CrdtType::Json => "json",
            CrdtType::TapState => "tap-state",
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
        CrdtType::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            let known = CrdtType::ALL.map(CrdtType::as_str).join(", ");
            format!("{text:.40?} is not a CRDT type ({known})")
        })
    }
}

/// One operation. Positions and lengths count Unicode code points of the document as the parents left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Text.
    Insert { position: u64, text: String },
    /// Text.
    Delete { position: u64, length: u64 },
    /// PN-counter.
    Increment { amount: u64 },
    /// PN-counter.
    Decrement { amount: u64 },
    /// G-counter.
    Grow { amount: u64 },
    /// OR-set.
    Add { element: Json },
    /// OR-set: removes the additions of the element that the delta has seen.
    Remove { element: Json },
    /// LWW-register.
    SetLast { value: Json },
    /// MV-register.
    SetEach { value: Json },
    /// JSON document.
    Edit(Edit),
    /// TAP state.
    Transition { to: TapPhase },
}

impl Op {
    pub fn crdt_type(&self) -> CrdtType {
        match self {
            Op::Insert { .. } | Op::Delete { .. } => CrdtType::Text,
            Op::Increment { .. } | Op::Decrement { .. } => CrdtType::PnCounter,
            Op::Grow { .. } => CrdtType::GCounter,
            Op::Add { .. } | Op::Remove { .. } => CrdtType::OrSet,
            Op::SetLast { .. } => CrdtType::LwwRegister,
            Op::SetEach { .. } => CrdtType::MvRegister,
            Op::Edit(_) => CrdtType::Json,
            Op::Transition { .. } => CrdtType::TapState,
        }
    }

    /// Name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Insert { .. } => "insert",
            Op::Delete { .. } => "delete",
            Op::Increment { .. } | Op::Grow { .. } => "increment",
            Op::Decrement { .. } => "decrement",
            Op::Add { .. } => "add",
            Op::Remove { .. } => "remove",
            Op::SetLast { .. } | Op::SetEach { .. } => "set",
            Op::Edit(edit) => edit.name(),
            Op::Transition { .. } => "transition",
        }
    }

    /// Colour by what the operation does (network.md §2.1).
    pub fn color(&self) -> Color {
        match self {
            Op::Transition { to } => to.color(),
            Op::Delete { .. } | Op::Decrement { .. } | Op::Remove { .. } => Color::Blue,
            Op::Edit(edit) => match edit.action {
                Action::Delete {} | Action::Decrement { .. } | Action::DeleteText { .. } => Color::Blue,
                _ => Color::Red,
            },
            _ => Color::Red,
        }
    }

    /// First operand byte of the canonical form.
    pub(crate) fn tag(&self) -> u8 {
        match self {
            Op::Insert { .. } => 1,
            Op::Delete { .. } => 2,
            Op::Increment { .. } => 3,
            Op::Decrement { .. } => 4,
            Op::Grow { .. } => 5,
            Op::Add { .. } => 6,
            Op::Remove { .. } => 7,
            Op::SetLast { .. } => 8,
            Op::SetEach { .. } => 9,
            Op::Edit(_) => 10,
            Op::Transition { .. } => 11,
        }
    }

    /// Appends what follows the tag.
    pub(crate) fn put_operands(&self, out: &mut Vec<u8>) {
        match self {
            Op::Insert { position, text } => {
                put_uint(out, *position);
                put_text(out, text);
            }
            Op::Delete { position, length } => {
                put_uint(out, *position);
                put_uint(out, *length);
            }
            Op::Increment { amount } | Op::Decrement { amount } | Op::Grow { amount } => {
                put_uint(out, *amount);
            }
            Op::Add { element: value }
            | Op::Remove { element: value }
            | Op::SetLast { value }
            | Op::SetEach { value } => value.put_canonical(out),
            Op::Edit(edit) => edit.put_canonical(out),
            Op::Transition { to } => out.push(*to as u8),
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
        out.push(self.op.tag());
        put_dot(&mut out, &self.dot.agent, self.dot.seq);
        put_uint(&mut out, self.parents.len() as u64);
        for parent in &self.parents {
            put_dot(&mut out, &parent.agent, parent.seq);
        }
        self.op.put_operands(&mut out);
        out
    }

    /// Content address of the delta.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }
}

pub(crate) fn put_dot(out: &mut Vec<u8>, agent: &AgentId, seq: u64) {
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
pub(crate) mod tests {
    use super::*;
    use crate::Step;
    use proptest::prelude::*;

    pub(crate) fn any_delta() -> impl Strategy<Value = Delta> {
        let dot = ("[ab]{1,2}", 1u64..300).prop_map(|(a, seq)| Dot::new(a.parse().unwrap(), seq));
        let op = prop_oneof![
            (0u64..300, "\\PC{0,4}").prop_map(|(position, text)| Op::Insert { position, text }),
            (0u64..300, 0u64..300).prop_map(|(position, length)| Op::Delete { position, length }),
            (0u64..300).prop_map(|amount| Op::Increment { amount }),
            (0u64..300).prop_map(|amount| Op::Decrement { amount }),
            (0u64..300).prop_map(|amount| Op::Grow { amount }),
            (0i64..3).prop_map(|n| Op::Add { element: Json::Int(n) }),
            (0i64..3).prop_map(|n| Op::Remove { element: Json::Int(n) }),
            (0i64..3).prop_map(|n| Op::SetLast { value: Json::Int(n) }),
            (0i64..3).prop_map(|n| Op::SetEach { value: Json::Int(n) }),
            ("[ab]", 0u64..3).prop_map(|(key, amount)| Op::Edit(Edit {
                path: vec![Step::Key(key)],
                action: Action::Increment { amount },
            })),
            (0usize..3).prop_map(|n| Op::Transition { to: TapPhase::ALL[n] }),
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
