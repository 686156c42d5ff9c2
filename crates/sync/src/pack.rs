//! Deltas of one document on their way, in the encoding that crdt-service sends and takes (`docs/encoding.md`).

use std::collections::BTreeMap;

use foldhash::{HashSet, HashSetExt as _};
use ramanujan_core::{AgentId, Digest, DocumentId, Dot, VectorClock};
use ramanujan_crdt::batch::{Batch, encode_deltas};
use ramanujan_crdt::text::{Effort, Part, encode_part};
use ramanujan_crdt::{CrdtType, Delta};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_PACK_DELTAS;

/// Bytes; in JSON as hex digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        let digits = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        serializer.serialize_str(&digits.collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let pair = |pair: &[u8]| Some(nibble(pair[0])? << 4 | nibble(pair[1])?);
        let bytes = match text.len() % 2 {
            0 => text.as_bytes().chunks_exact(2).map(pair).collect(),
            _ => None,
        };
        bytes.map(Blob).ok_or_else(|| serde::de::Error::custom("expected pairs of hex digits"))
    }
}

/// Why a pack cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The bytes are no deltas.
    #[error(transparent)]
    Decode(#[from] ramanujan_crdt::text::DecodeError),
    /// There are too many of them.
    #[error("more than {MAX_PACK_DELTAS} deltas in a pack")]
    TooMany,
    /// They are of another type than the pack says.
    #[error("the deltas are of type {0}, not of that of the pack")]
    Type(CrdtType),
}

/// Deltas with what is claimed of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The document.
    pub document: DocumentId,
    /// Its type.
    pub crdt_type: CrdtType,
    /// The deltas: columns of a text's history, or a batch.
    pub deltas: Blob,
    /// Hashes, in the order of dots: at least of those deltas that no other of the pack was made after.
    pub claims: Vec<(Dot, Digest)>,
}

impl Pack {
    /// Packs deltas with their hashes, in a causal order; `all`: every hash is claimed.
    pub fn of(document: DocumentId, crdt_type: CrdtType, deltas: &[(Delta, Digest)], all: bool) -> Self {
        let claims = if all { every_claim(deltas) } else { claims(deltas) };
        let deltas: Vec<Delta> = deltas.iter().map(|(delta, _)| delta.clone()).collect();
        let bytes = match crdt_type {
            CrdtType::Text => encode_part(&deltas, &before(&deltas), Effort::Small),
            _ => None,
        };
        // A batch holds whatever columns cannot, such as numbers beyond 32 bits.
        let bytes = bytes.unwrap_or_else(|| encode_deltas(crdt_type, &deltas));
        Pack { document, crdt_type, deltas: Blob(bytes), claims }
    }

    /// The deltas.
    ///
    /// # Errors
    /// [`PackError`]; nothing takes more memory than a multiple of the bytes, and of [`MAX_PACK_DELTAS`].
    pub fn open(&self) -> Result<Vec<Delta>, PackError> {
        let bytes = self.deltas.0.as_slice();
        let deltas: Vec<Delta> = match Batch::open(bytes) {
            Ok(batch) if batch.crdt_type() != self.crdt_type => {
                return Err(PackError::Type(batch.crdt_type()));
            }
            Ok(batch) => batch.deltas().take(MAX_PACK_DELTAS + 1).collect::<Result<_, _>>()?,
            Err(ramanujan_crdt::text::DecodeError::Kind(_)) if self.crdt_type == CrdtType::Text => {
                Part::open(bytes)?.deltas()?.take(MAX_PACK_DELTAS + 1).collect()
            }
            Err(error) => return Err(error.into()),
        };
        if deltas.len() > MAX_PACK_DELTAS { Err(PackError::TooMany) } else { Ok(deltas) }
    }
}

/// The hashes of all deltas, in the order of dots.
fn every_claim(deltas: &[(Delta, Digest)]) -> Vec<(Dot, Digest)> {
    let all: BTreeMap<&Dot, &Digest> = deltas.iter().map(|(delta, hash)| (&delta.dot, hash)).collect();
    all.into_iter().map(|(dot, hash)| (dot.clone(), *hash)).collect()
}

/// The hashes of those deltas that no other of them was made after, in the order of dots.
pub(crate) fn claims(deltas: &[(Delta, Digest)]) -> Vec<(Dot, Digest)> {
    let mut parents: HashSet<&Dot> = HashSet::with_capacity(deltas.len());
    parents.extend(deltas.iter().flat_map(|(delta, _)| &delta.parents));
    let last = deltas.iter().filter(|(delta, _)| !parents.contains(&delta.dot));
    let last: BTreeMap<&Dot, &Digest> = last.map(|(delta, hash)| (&delta.dot, hash)).collect();
    last.into_iter().map(|(dot, hash)| (dot.clone(), *hash)).collect()
}

/// What deltas come after: of their agents what precedes the first, of others what they name.
fn before(deltas: &[Delta]) -> VectorClock {
    let mut firsts: BTreeMap<&AgentId, u64> = BTreeMap::new();
    for delta in deltas {
        let first = firsts.entry(&delta.dot.agent).or_insert(delta.dot.seq);
        *first = delta.dot.seq.min(*first);
    }
    let mut before = VectorClock::new();
    for (agent, first) in &firsts {
        before.raise(agent, first.saturating_sub(1));
    }
    for parent in deltas.iter().flat_map(|delta| &delta.parents) {
        if !firsts.contains_key(&parent.agent) {
            before.raise(&parent.agent, parent.seq);
        }
    }
    before
}
