//! Integers and columns: how values lie in an encoding's body.
//!
//! A column is stored as it is or compressed, whichever is smaller, and is read back within a limit that follows from
//! the bytes at hand: a forged length allocates nothing.

use super::container::DecodeError;
use crate::delta::put_uint;

/// Of a column that is compressed, at most this many times its stored bytes, ...
#[derive(Clone, Copy)]
pub(crate) struct Expansion(pub(crate) usize);

/// ... or this many bytes, whichever is more: short columns compress without limit.
const FREE_BYTES: usize = 4 << 10;

/// How a column is stored.
const RAW: u8 = 0;
/// RFC 1951.
const DEFLATE: u8 = 1;
/// LZ4 block format.
const LZ4: u8 = 2;

impl Expansion {
    fn allows(self, raw: usize, stored: usize) -> bool {
        raw <= FREE_BYTES.max(stored.saturating_mul(self.0))
    }
}

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Effort {
    /// LZ4: some 10 times faster to write and to read.
    Fast,
    /// Deflate: a third smaller.
    #[default]
    Small,
}

/// Level of deflate (zlib's scale): beyond it a key's time doubles for the next percent.
const DEFLATE_LEVEL: u8 = 4;

/// Shortest column that is worth compressing.
const MIN_COMPRESSED: usize = 32;

/// Signed to unsigned, small absolute values first (Protocol Buffers' ZigZag).
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Writes a column: how it is stored, its length, the stored length if compressed, the bytes.
pub(crate) fn put_column(out: &mut Vec<u8>, raw: &[u8], effort: Effort, expansion: Expansion) {
    let (codec, stored) = if raw.len() < MIN_COMPRESSED {
        (RAW, None)
    } else {
        match effort {
            Effort::Fast => (LZ4, Some(lz4_flex::compress(raw))),
            Effort::Small => (DEFLATE, Some(miniz_oxide::deflate::compress_to_vec(raw, DEFLATE_LEVEL))),
        }
    };
    match stored.filter(|stored| stored.len() < raw.len() && expansion.allows(raw.len(), stored.len())) {
        Some(stored) => {
            out.push(codec);
            put_uint(out, raw.len() as u64);
            put_uint(out, stored.len() as u64);
            out.extend(stored);
        }
        None => {
            out.push(RAW);
            put_uint(out, raw.len() as u64);
            out.extend_from_slice(raw);
        }
    }
}

/// A body as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Unsigned LEB128 of at most 64 bits, without needless bytes.
    pub(crate) fn uint(&mut self) -> Result<u64, DecodeError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(DecodeError::Malformed("an integer exceeds 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return match byte {
                    0 => Err(DecodeError::Malformed("an integer is longer than it needs to be")),
                    _ => Ok(value),
                };
            }
        }
        Err(DecodeError::Malformed("an integer exceeds 64 bits"))
    }

    /// An integer that must fit 32 bits.
    pub(crate) fn uint32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.uint()?).map_err(|_| DecodeError::Malformed("a number exceeds 32 bits"))
    }

    /// A length of bytes that follow.
    pub(crate) fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.uint()?).map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn column(&mut self, expansion: Expansion) -> Result<Column<'a>, DecodeError> {
        let codec = self.byte()?;
        let length = self.length()?;
        if codec == RAW {
            return Ok(Column::Raw(self.bytes(length)?));
        }
        let stored = self.length()?;
        let stored = self.bytes(stored)?;
        if !expansion.allows(length, stored.len()) {
            return Err(DecodeError::Malformed("a column expands beyond its limit"));
        }
        let raw = match codec {
            DEFLATE => miniz_oxide::inflate::decompress_to_vec_with_limit(stored, length).ok(),
            LZ4 => lz4_flex::decompress(stored, length).ok(),
            _ => return Err(DecodeError::Malformed("a column is stored in an unknown way")),
        };
        match raw.filter(|raw| raw.len() == length) {
            Some(raw) => Ok(Column::Expanded(raw)),
            None => Err(DecodeError::Malformed("a column does not decompress to its length")),
        }
    }
}

/// A column's bytes.
pub(crate) enum Column<'a> {
    Raw(&'a [u8]),
    Expanded(Vec<u8>),
}

impl Column<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Column::Raw(bytes) => bytes,
            Column::Expanded(bytes) => bytes,
        }
    }
}
