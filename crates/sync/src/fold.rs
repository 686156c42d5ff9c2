//! What two sites compare to find the documents in which they differ: sums of digests over spans of documents.
//!
//! A document has a *place*, a hash of its id, so that documents lie evenly on a line of 64 bits whatever their names, and a
//! *leaf*, a digest of all that is exchanged of it. The sum of leaves modulo 2^256 does not depend on an order and is kept
//! up to date by an addition and a subtraction; hashed with the number of leaves it is the fingerprint of a span. Two sums
//! agree by chance once in 2^128. (Meyer, "Range-Based Set Reconciliation", SRDS 2023, compares such sums.)

use ramanujan_core::{Digest, DocumentId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::FAN_OUT;

/// The place of a document: the first eight bytes of SHA-256 of its id.
pub fn place_of(document: &DocumentId) -> u64 {
    let Digest([a, b, c, d, e, f, g, h, ..]) = Digest::of(document.as_str().as_bytes());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The leaf of a document: its id, its state, its marks, its freezes.
pub fn leaf_of(document: &DocumentId, state: &Digest, marks: u64, freezes: &Fold) -> Digest {
    Digest::of_parts([
        document.as_str().as_bytes(),
        state.as_bytes().as_slice(),
        &marks.to_be_bytes(),
        &freezes.print().0,
    ])
}

/// Sum and number of digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// How many.
    pub count: u64,
    /// Their sum modulo 2^256, little-endian.
    #[serde(with = "sum")]
    pub sum: [u8; 32],
}

/// Sums as 64 hex digits, in the order of the bytes.
mod sum {
    use ramanujan_core::Digest;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(sum: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        Digest(*sum).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        Ok(Digest::deserialize(deserializer)?.0)
    }
}

impl Fold {
    /// Adds a digest.
    pub fn add(&mut self, digest: &Digest) {
        self.count += 1;
        let mut carry = 0u16;
        for (sum, byte) in self.sum.iter_mut().zip(digest.as_bytes()) {
            let total = u16::from(*sum) + u16::from(*byte) + carry;
            *sum = total as u8;
            carry = total >> 8;
        }
    }

    /// Takes a digest away that was added.
    pub fn remove(&mut self, digest: &Digest) {
        self.count = self.count.saturating_sub(1);
        let mut borrow = 0i16;
        for (sum, byte) in self.sum.iter_mut().zip(digest.as_bytes()) {
            let left = i16::from(*sum) - i16::from(*byte) - borrow;
            *sum = left as u8;
            borrow = i16::from(left < 0);
        }
    }

    /// The fold of digests, in any order.
    pub fn of<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> Self {
        let mut fold = Fold::default();
        digests.into_iter().for_each(|digest| fold.add(digest));
        fold
    }

    /// Its fingerprint.
    pub fn print(&self) -> Print {
        let Digest(digest) = Digest::of_parts([self.sum.as_slice(), &self.count.to_be_bytes()]);
        let mut print = [0; 16];
        print.copy_from_slice(&digest[..16]);
        Print(print)
    }
}

/// Fingerprint of a fold: 128 bits. In JSON 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Print(pub [u8; 16]);

impl Serialize for Print {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for Print {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&text, 16) {
            Ok(number) if digits => Ok(Print(number.to_be_bytes())),
            _ => Err(serde::de::Error::custom("expected 32 hex digits")),
        }
    }
}

/// Places from `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The first.
    #[serde(with = "hex")]
    pub from: u64,
    /// The last.
    #[serde(with = "hex")]
    pub to: u64,
}

/// Words of 64 bits as 16 hex digits: not every reader of JSON keeps them exact as numbers.
mod hex {
    use ramanujan_core::Fingerprint;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(word: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        Fingerprint(*word).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        Ok(Fingerprint::deserialize(deserializer)?.0)
    }
}

impl Places {
    /// All places.
    pub const ALL: Places = Places { from: 0, to: u64::MAX };

    /// Whether a place is one of them.
    pub fn holds(&self, place: u64) -> bool {
        (self.from..=self.to).contains(&place)
    }

    /// Divides them into [`FAN_OUT`] parts that are as equal as can be, fewer if there are fewer places.
    pub fn parts(&self) -> Vec<Places> {
        let length = u128::from(self.to - self.from) + 1;
        let cut = |nth: u64| u128::from(self.from) + length * u128::from(nth) / u128::from(FAN_OUT);
        (0..FAN_OUT)
            .map(|nth| (cut(nth), cut(nth + 1)))
            .filter(|(from, next)| from < next)
            .map(|(from, next)| Places { from: from as u64, to: (next - 1) as u64 })
            .collect()
    }
}

/// A span with the fingerprint of its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The places.
    pub places: Places,
    /// Fingerprint of the documents there.
    pub print: Print,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digests() -> impl Strategy<Value = Vec<Digest>> {
        prop::collection::vec(any::<[u8; 32]>().prop_map(Digest), 0..8)
    }

    proptest! {
        #[test]
        fn a_fold_knows_no_order_and_forgets_what_is_taken_away(
            digests in digests(), more in any::<[u8; 32]>(), at in any::<prop::sample::Index>(),
        ) {
            let fold = Fold::of(&digests);
            let mut turned = digests.clone();
            turned.rotate_left(at.index(digests.len() + 1));
            prop_assert_eq!(Fold::of(&turned), fold);
            let mut changed = fold;
            changed.add(&Digest(more));
            prop_assert_ne!(changed.print(), fold.print());
            changed.remove(&Digest(more));
            prop_assert_eq!(changed, fold);
        }

        #[test]
        fn parts_cover_a_span_once(from: u64, length in prop_oneof![0u64..40, any::<u64>()]) {
            let all = Places { from, to: from.saturating_add(length) };
            let parts = all.parts();
            prop_assert_eq!(parts[0].from, all.from);
            prop_assert_eq!(parts[parts.len() - 1].to, all.to);
            prop_assert!(parts.windows(2).all(|pair| pair[0].to + 1 == pair[1].from));
            prop_assert!(parts.len() as u64 <= FAN_OUT);
        }
    }

    #[test]
    fn all_places_are_divided_by_their_first_four_bits() {
        let parts = Places::ALL.parts();
        assert!((0u64..16).zip(&parts).all(|(nth, part)| part.from == nth << 60));
    }
}
