//! The envelope of every binary encoding: magic, version, type, kind, body, checksum (`docs/encoding.md`).

use thiserror::Error;

use crate::CrdtType;

/// The first byte has its high bit set, so that neither text nor a channel of seven bits passes for an encoding.
const MAGIC: [u8; 4] = [0x89, b'R', b'C', b'D'];
/// Raised by every change that an older reader would misread.
const VERSION: u8 = 1;
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

/// Why bytes are not an encoding. No input panics, and none takes more memory than a multiple of its length that
/// `docs/encoding.md` gives.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("not an encoding of this network")]
    Magic,
    /// Written by a newer program.
    #[error("encoding version {0} is unknown; this program reads {VERSION}")]
    Version(u8),
    #[error("type {0} is unknown or not the expected one")]
    Type(u8),
    #[error("kind {0} is unknown or not the expected one")]
    Kind(u8),
    #[error("the encoding ends too early")]
    Truncated,
    #[error("the checksum does not match")]
    Checksum,
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

fn type_byte(crdt_type: CrdtType) -> u8 {
    match crdt_type {
        CrdtType::Text => 1,
        CrdtType::PnCounter => 2,
        CrdtType::GCounter => 3,
        CrdtType::OrSet => 4,
        CrdtType::LwwRegister => 5,
        CrdtType::MvRegister => 6,
        CrdtType::Json => 7,
        CrdtType::TapState => 8,
    }
}

/// Begins an encoding; [`seal`] ends it.
pub(crate) fn begin(crdt_type: CrdtType, kind: Kind) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([VERSION, type_byte(crdt_type), kind as u8 + 1]);
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
pub(crate) fn open(bytes: &[u8], crdt_type: CrdtType) -> Result<(Kind, &[u8]), DecodeError> {
    match open_any(bytes)? {
        (found, kind, body) if found == crdt_type => Ok((kind, body)),
        (found, ..) => Err(DecodeError::Type(type_byte(found))),
    }
}

/// Type, kind and body of an encoding.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_any(bytes: &[u8]) -> Result<(CrdtType, Kind, &[u8]), DecodeError> {
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
    let crdt_type =
        CrdtType::ALL.into_iter().find(|t| type_byte(*t) == found).ok_or(DecodeError::Type(found))?;
    let kind = match kind {
        1 => Kind::Deltas,
        2 => Kind::Snapshot,
        3 => Kind::Batch,
        other => return Err(DecodeError::Kind(other)),
    };
    Ok((crdt_type, kind, &sealed[HEADER_LENGTH..]))
}
