//! The envelope of every binary encoding: magic, version, type, kind, body, checksum (`docs/encoding.md`).

use super::error::{DecodeError, VERSION};

/// The first byte has its high bit set, so that neither text nor a channel of seven bits passes for an encoding.
const MAGIC: [u8; 4] = [0x89, b'R', b'C', b'D'];
/// Magic, version, type, kind.
const HEADER_LENGTH: usize = MAGIC.len() + 3;
/// CRC-32 (ISO 3309, as in zlib) of all bytes before it, little-endian.
const CHECKSUM_LENGTH: usize = 4;

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Operations beyond a version, which may be the empty one.
    Deltas,
    /// A value with the operations that it follows from.
    Snapshot,
    /// Deltas of any type, each with its parents by name.
    Batch,
}

/// Begins an encoding of a document whose type has this number; [`seal`] ends it.
pub(crate) fn begin(type_byte: u8, kind: Kind) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([VERSION, type_byte, kind as u8 + 1]);
    out
}

/// Adds the checksum.
pub(crate) fn seal(mut out: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&out);
    out.extend(checksum.to_le_bytes());
    out
}

/// Kind and body of an encoding of the given type.
///
/// # Errors
/// [`DecodeError`] if the envelope is not intact or from a newer version.
pub(crate) fn open(bytes: &[u8], type_byte: u8) -> Result<(Kind, &[u8]), DecodeError> {
    match open_any(bytes)? {
        (found, kind, body) if found == type_byte => Ok((kind, body)),
        (found, ..) => Err(DecodeError::Type(found)),
    }
}

/// Number of the type, kind and body of an encoding.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_any(bytes: &[u8]) -> Result<(u8, Kind, &[u8]), DecodeError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(DecodeError::Magic)?;
    let version = *rest.first().ok_or(DecodeError::Truncated)?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    if bytes.len() < HEADER_LENGTH + CHECKSUM_LENGTH {
        return Err(DecodeError::Truncated);
    }
    let (sealed, checksum) = bytes.split_at(bytes.len() - CHECKSUM_LENGTH);
    if crc32fast::hash(sealed).to_le_bytes() != checksum {
        return Err(DecodeError::Checksum);
    }
    let (found, kind) = (rest[1], rest[2]);
    let kind = match kind {
        1 => Kind::Deltas,
        2 => Kind::Snapshot,
        3 => Kind::Batch,
        other => return Err(DecodeError::Kind(other)),
    };
    Ok((found, kind, &sealed[HEADER_LENGTH..]))
}
