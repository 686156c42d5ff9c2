//! What records say of deltas beside what these do, as one digest: who recomputes it compares it without having it sent.
//! The deltas go as canonical bytes, which are what their digests are of.

use ramanujan_core::{Digest, VectorClock};

use crate::codec::{Bytes, DecodeError, put_text, put_uint};
use crate::delta::Delta;

/// Appends the canonical bytes of a delta behind their length.
pub fn put_delta(out: &mut Vec<u8>, delta: &Delta) {
    let bytes = delta.canonical_bytes();
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

/// Deltas that [`put_delta`] wrote, each with the digest of its bytes; what cannot be read ends them.
///
/// ```
/// use ramanujan_crdt::claims::{deltas, put_delta};
/// use ramanujan_crdt::{Delta, Op};
///
/// let delta = Delta { dot: "ann:1".parse()?, parents: vec![], op: Op::Increment { amount: 2 } };
/// let mut bytes = Vec::new();
/// put_delta(&mut bytes, &delta);
/// let read = deltas(&bytes).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(read, [(delta.clone(), delta.digest())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn deltas(bytes: &[u8]) -> impl Iterator<Item = Result<(Delta, Digest), DecodeError>> + '_ {
    let mut reader = Bytes(bytes);
    std::iter::from_fn(move || {
        if reader.is_empty() {
            return None;
        }
        let read = reader.length().and_then(|length| reader.bytes(length));
        let read = read.and_then(|bytes| Ok((Delta::from_canonical(bytes)?, Digest::of(bytes))));
        if read.is_err() {
            reader = Bytes(&[]);
        }
        Some(read)
    })
}

/// Takes in what the records of deltas say, one after the other.
///
/// ```
/// use ramanujan_core::{Digest, VectorClock};
/// use ramanujan_crdt::claims::Claims;
///
/// let digest = |length| {
///     let mut claims = Claims::default();
///     claims.push(&Digest::of(b"a delta"), Some(&VectorClock::from_iter([("ann", 1)])), Some(length));
///     claims.digest()
/// };
/// assert_eq!(digest(3), digest(3));
/// assert_ne!(digest(3), digest(4));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Claims(Vec<u8>);

impl Claims {
    /// The digest of a delta, the version after it and the code points of a text after it, where its record has them.
    pub fn push(&mut self, digest: &Digest, clock: Option<&VectorClock>, length: Option<u64>) {
        let out = &mut self.0;
        out.extend_from_slice(digest.as_bytes());
        put_uint(out, clock.map_or(0, |clock| clock.len() as u64 + 1));
        for (agent, seq) in clock.into_iter().flat_map(VectorClock::iter) {
            put_text(out, agent);
            put_uint(out, seq);
        }
        put_uint(out, length.map_or(0, |length| length.saturating_add(1)));
    }

    /// SHA-256 of all that was said: numbers as unsigned LEB128, texts behind their length in bytes; each one more than it
    /// is where it may be left out, and then 0.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}
