//! Deltas: an operation with its place in history, its canonical bytes and its digest.

use ramanujan_core::{Digest, Dot};

use crate::codec::{Bytes, DecodeError, malformed, put_dot, put_uint};
use crate::crdts::op::Op;

/// First byte of a delta's canonical form.
const CANONICAL_VERSION: u8 = 1;

/// An operation with its dot and its parents: the maximal elements of its causal past, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Its name.
    pub dot: Dot,
    /// Sorted, each once; none for the first of a document.
    pub parents: Vec<Dot>,
    /// What it does.
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
        put_dot(&mut out, &self.dot);
        put_uint(&mut out, self.parents.len() as u64);
        for parent in &self.parents {
            put_dot(&mut out, parent);
        }
        self.op.put_operands(&mut out);
        out
    }

    /// Reads what [`Delta::canonical_bytes`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Bytes(bytes);
        let version = reader.byte()?;
        if version != CANONICAL_VERSION {
            return Err(DecodeError::Version(version));
        }
        let tag = reader.byte()?;
        let dot = reader.dot()?;
        let mut parents: Vec<Dot> = Vec::new();
        for _ in 0..reader.count()? {
            let parent = reader.dot()?;
            if parents.last().is_some_and(|last| *last >= parent) {
                return malformed("parents are not in order");
            }
            parents.push(parent);
        }
        let op = Op::take_operands(&mut reader, tag)?;
        if !reader.is_empty() {
            return malformed("bytes follow the operation");
        }
        Ok(Delta { dot, parents, op })
    }

    /// Content address of the delta.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::edit::{Action, Edit, Step};
    use crate::tap::TapPhase;
    use crate::value::Json;
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_delta_survives(delta in any_delta()) {
            prop_assert_eq!(Delta::from_canonical(&delta.canonical_bytes()), Ok(delta));
        }

        #[test]
        fn what_is_read_is_canonical(delta in any_delta(), place in 0usize..40, byte in any::<u8>()) {
            let mut bytes = delta.canonical_bytes();
            let place = place % bytes.len();
            bytes[place] = byte;
            if let Ok(read) = Delta::from_canonical(&bytes) {
                prop_assert_eq!(read.canonical_bytes(), bytes);
            }
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
