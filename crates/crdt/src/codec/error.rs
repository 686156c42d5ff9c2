//! Why bytes are refused.

/// Version of the encodings in an envelope: raised by every change that an older reader would misread.
pub(crate) const VERSION: u8 = 1;

/// Why bytes are not an encoding. No input panics, and none takes more memory than a multiple of its length that
/// `docs/encoding.md` gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first bytes are not those of an encoding.
    #[error("not an encoding of this network")]
    Magic,
    /// Written by a newer program.
    #[error("encoding version {0} is unknown; this program reads {VERSION}")]
    Version(u8),
    /// The number of a type that is unknown here, or not the one asked for.
    #[error("type {0} is unknown or not the expected one")]
    Type(u8),
    /// The number of a kind of body that is unknown here, or not the one asked for.
    #[error("kind {0} is unknown or not the expected one")]
    Kind(u8),
    /// Bytes are missing at the end.
    #[error("the encoding ends too early")]
    Truncated,
    /// A byte was changed on the way.
    #[error("the checksum does not match")]
    Checksum,
    /// The bytes do not follow the format; says in what.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

/// Refuses bytes that do not follow the format.
pub(crate) fn malformed<T>(what: &'static str) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed(what))
}
