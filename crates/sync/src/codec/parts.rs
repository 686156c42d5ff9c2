//! What messages are made of, written and read.

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::codec::{Bytes, DecodeError, put_dot, put_text, put_uint};

use crate::change::{Change, Freeze, FreezeSum};
use crate::fold::{Places, Print, Span};
use crate::interest::Interest;
use crate::limits;
use crate::message::{Compared, Want};
use crate::pack::{Blob, Pack};
use crate::range::Range;

/// Something that is written and read back.
pub(super) trait Part: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError>;
}

pub(super) fn malformed<T>(what: &'static str) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed(what))
}

pub(super) fn put_list<T: Part>(out: &mut Vec<u8>, list: &[T]) {
    put_uint(out, list.len() as u64);
    list.iter().for_each(|item| item.put(out));
}

/// A list of at most `most` items.
pub(super) fn take_list<T: Part>(bytes: &mut Bytes<'_>, most: usize) -> Result<Vec<T>, DecodeError> {
    let count = bytes.count()?;
    if count > most {
        return malformed("a list is longer than its bound");
    }
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(T::take(bytes)?);
    }
    Ok(list)
}

pub(super) fn put_bool(out: &mut Vec<u8>, is: bool) {
    out.push(u8::from(is));
}

pub(super) fn take_bool(bytes: &mut Bytes<'_>) -> Result<bool, DecodeError> {
    match bytes.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => malformed("a truth value is neither 0 nor 1"),
    }
}

/// Bytes behind their length, at most `most`.
pub(super) fn take_blob(bytes: &mut Bytes<'_>, most: usize) -> Result<Blob, DecodeError> {
    let length = bytes.length()?;
    if length > most {
        return malformed("bytes are longer than their bound");
    }
    Ok(Blob(bytes.bytes(length)?.to_vec()))
}

pub(super) fn put_blob(out: &mut Vec<u8>, blob: &Blob) {
    put_uint(out, blob.0.len() as u64);
    out.extend_from_slice(&blob.0);
}

fn take_word(bytes: &mut Bytes<'_>) -> Result<u64, DecodeError> {
    let mut word = [0; 8];
    word.copy_from_slice(bytes.bytes(8)?);
    Ok(u64::from_be_bytes(word))
}

impl<T: Part> Part for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_bool(out, self.is_some());
        if let Some(some) = self {
            some.put(out);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(if take_bool(bytes)? { Some(T::take(bytes)?) } else { None })
    }
}

impl<T: Part, U: Part> Part for (T, U) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok((T::take(bytes)?, U::take(bytes)?))
    }
}

/// Eight bytes of a leaf.
impl Part for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        take_word(bytes)
    }
}

impl Part for Digest {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let mut digest = [0; 32];
        digest.copy_from_slice(bytes.bytes(32)?);
        Ok(Digest(digest))
    }
}

impl Part for Dot {
    fn put(&self, out: &mut Vec<u8>) {
        put_dot(out, self);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        bytes.dot()
    }
}

impl Part for DocumentId {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, self.as_str());
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        bytes.text()?.parse().or(malformed("a document's id is not legal"))
    }
}

impl Part for CrdtType {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.number());
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let number = bytes.byte()?;
        CrdtType::of_number(number).ok_or(DecodeError::Type(number))
    }
}

impl Part for Range {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, self.agent.as_str());
        put_uint(out, self.from);
        put_uint(out, self.to - self.from);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (agent, from, more) = (bytes.agent()?, bytes.safe()?, bytes.safe()?);
        match from.checked_add(more) {
            Some(to) if from > 0 && to <= ramanujan_core::MAX_SAFE_INTEGER => Ok(Range { agent, from, to }),
            _ => malformed("a range has no numbers"),
        }
    }
}

/// The agents of ranges, and the dots of heads and claims, rise: each is there once.
fn rising<T, K: Ord + ?Sized>(list: &[T], key: impl Fn(&T) -> &K) -> Result<(), DecodeError> {
    match list.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])) {
        true => Ok(()),
        false => malformed("a list is not in order"),
    }
}

pub(super) fn take_ranges(bytes: &mut Bytes<'_>) -> Result<Vec<Range>, DecodeError> {
    let ranges: Vec<Range> = take_list(bytes, limits::MAX_RANGES)?;
    rising(&ranges, |range| &range.agent)?;
    Ok(ranges)
}

fn take_hashes(bytes: &mut Bytes<'_>, most: usize) -> Result<Vec<(Dot, Digest)>, DecodeError> {
    let hashes: Vec<(Dot, Digest)> = take_list(bytes, most)?;
    rising(&hashes, |(dot, _)| dot)?;
    Ok(hashes)
}

impl Part for FreezeSum {
    fn put(&self, out: &mut Vec<u8>) {
        put_uint(out, self.count);
        if self.count > 0 {
            out.extend_from_slice(&self.print.0);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match bytes.safe()? {
            0 => Ok(FreezeSum::none()),
            count => Ok(FreezeSum { count, print: Print::take(bytes)? }),
        }
    }
}

impl Part for Print {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let mut print = [0; 16];
        print.copy_from_slice(bytes.bytes(16)?);
        Ok(Print(print))
    }
}

impl Part for Change {
    fn put(&self, out: &mut Vec<u8>) {
        self.document.put(out);
        self.crdt_type.put(out);
        put_list(out, &self.heads);
        put_list(out, &self.ranges);
        put_bool(out, self.whole);
        put_uint(out, self.marks);
        self.freezes.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Change {
            document: DocumentId::take(bytes)?,
            crdt_type: CrdtType::take(bytes)?,
            heads: take_hashes(bytes, limits::MAX_HEADS)?,
            ranges: take_ranges(bytes)?,
            whole: take_bool(bytes)?,
            marks: bytes.safe()?,
            freezes: FreezeSum::take(bytes)?,
        })
    }
}

impl Part for Freeze {
    fn put(&self, out: &mut Vec<u8>) {
        self.parent.put(out);
        put_list(out, &self.heads);
        self.digest.put(out);
        put_text(out, self.agent.as_ref().map_or("", |agent| agent.as_str()));
        put_uint(out, self.frozen);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let parent = Digest::take(bytes)?;
        let heads: Vec<Dot> = take_list(bytes, limits::MAX_HEADS)?;
        rising(&heads, |head| head)?;
        let digest = Digest::take(bytes)?;
        let agent = match bytes.text()? {
            "" => None,
            name => Some(name.parse().or(malformed("an agent's name is not legal"))?),
        };
        Ok(Freeze { parent, heads, digest, agent, frozen: bytes.safe()? })
    }
}

impl Part for Interest {
    fn put(&self, out: &mut Vec<u8>) {
        put_uint(out, self.0.len() as u64);
        self.0.iter().for_each(|pattern| put_text(out, pattern.as_str()));
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let count = bytes.count()?;
        if count > limits::MAX_PATTERNS {
            return malformed("an interest has too many patterns");
        }
        let pattern = |_| bytes.text()?.parse().or(malformed("a pattern is not legal"));
        Ok(Interest((0..count).map(pattern).collect::<Result<_, _>>()?))
    }
}

impl Part for Want {
    fn put(&self, out: &mut Vec<u8>) {
        self.document.put(out);
        put_list(out, &self.ranges);
        put_bool(out, self.hashes);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Want {
            document: DocumentId::take(bytes)?,
            ranges: take_ranges(bytes)?,
            hashes: take_bool(bytes)?,
        })
    }
}

impl Part for Span {
    fn put(&self, out: &mut Vec<u8>) {
        self.places.from.put(out);
        self.places.to.put(out);
        self.print.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let places = Places { from: take_word(bytes)?, to: take_word(bytes)? };
        if places.from > places.to {
            return malformed("a span ends before it begins");
        }
        Ok(Span { places, print: Print::take(bytes)? })
    }
}

impl Part for Compared {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Compared::Same => out.push(0),
            Compared::Parts(parts) => {
                out.push(1);
                put_list(out, parts);
            }
            Compared::Documents(documents) => {
                out.push(2);
                put_list(out, documents);
            }
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(match bytes.byte()? {
            0 => Compared::Same,
            1 => Compared::Parts(take_list(bytes, limits::FAN_OUT as usize)?),
            2 => Compared::Documents(take_list(bytes, limits::MAX_DOCUMENTS)?),
            _ => return malformed("a comparison has an unknown end"),
        })
    }
}

impl Part for Pack {
    fn put(&self, out: &mut Vec<u8>) {
        self.document.put(out);
        self.crdt_type.put(out);
        put_blob(out, &self.deltas);
        put_list(out, &self.claims);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Pack {
            document: DocumentId::take(bytes)?,
            crdt_type: CrdtType::take(bytes)?,
            deltas: take_blob(bytes, limits::MAX_FRAME)?,
            claims: take_hashes(bytes, limits::MAX_PACK_DELTAS)?,
        })
    }
}
