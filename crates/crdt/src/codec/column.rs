//! Columns: how many values of one kind lie in an encoding's body.
//!
//! A column is stored as it is or compressed, whichever is smaller, and is read back within a limit that follows from
//! the bytes at hand: a forged length allocates nothing.

use miniz_oxide::inflate::decompress_slice_iter_to_slice;

use super::bytes::{Bytes, put_uint};
use super::deflate::{self, Search};
use super::error::DecodeError;

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

/// Shortest column that is worth compressing.
const MIN_COMPRESSED: usize = 32;

/// A column that may expand by less gains nothing from what it repeats: its bytes' own codes reach the limit.
const REPEATS_FROM: Expansion = Expansion(4);

/// Bytes that are left as they are beyond what the limit on expansion takes: codes for fewer bytes may fit them better.
const SPARE_BYTES: usize = 16;

/// Writes columns.
pub(crate) struct ColumnWriter {
    effort: Effort,
    stored: Vec<u8>,
}

impl ColumnWriter {
    pub(crate) fn new(effort: Effort) -> Self {
        ColumnWriter { effort, stored: Vec::new() }
    }

    /// Writes a column: how it is stored, its length, the stored length if compressed, the bytes.
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, raw: &[u8], expansion: Expansion) {
        let codec = if raw.len() < MIN_COMPRESSED { RAW } else { self.compress(raw, expansion) };
        if codec != RAW && self.stored.len() < raw.len() && expansion.allows(raw.len(), self.stored.len()) {
            out.push(codec);
            put_uint(out, raw.len() as u64);
            put_uint(out, self.stored.len() as u64);
            out.extend_from_slice(&self.stored);
        } else {
            put_raw(out, raw);
        }
    }

    /// Fills `stored` and says how.
    fn compress(&mut self, raw: &[u8], expansion: Expansion) -> u8 {
        match self.effort {
            Effort::Fast => {
                self.stored.resize(lz4_flex::block::get_maximum_output_size(raw.len()), 0);
                let length = lz4_flex::block::compress_into(raw, &mut self.stored).unwrap_or(raw.len());
                self.stored.truncate(length);
                LZ4
            }
            Effort::Small => {
                let repeats = expansion.0 >= REPEATS_FROM.0;
                let search = if repeats { Search::Repeats } else { Search::Bytes };
                self.stored = deflate::compress(raw, 0, search);
                let gain = raw.len().saturating_sub(self.stored.len());
                let mut plain = 0;
                while gain > 0 && !expansion.allows(raw.len(), self.stored.len()) {
                    // Nobody would read it: for each byte that stays as it is, the stored column has the rest more.
                    let short = raw.len().div_ceil(expansion.0) - self.stored.len();
                    plain += (short * raw.len()).div_ceil(gain) + SPARE_BYTES;
                    self.stored = deflate::compress(raw, plain, search);
                }
                DEFLATE
            }
        }
    }
}

/// Writes one column; see [`ColumnWriter::put`].
pub(crate) fn put_column(out: &mut Vec<u8>, raw: &[u8], effort: Effort, expansion: Expansion) {
    ColumnWriter::new(effort).put(out, raw, expansion);
}

/// Writes one column as it is.
pub(crate) fn put_raw(out: &mut Vec<u8>, raw: &[u8]) {
    out.push(RAW);
    put_uint(out, raw.len() as u64);
    out.extend_from_slice(raw);
}

impl<'a> Bytes<'a> {
    /// A column, as [`ColumnWriter::put`] writes it.
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
        let mut raw = vec![0; length];
        let written = match codec {
            DEFLATE => decompress_slice_iter_to_slice(&mut raw, std::iter::once(stored), false, true).ok(),
            LZ4 => lz4_flex::decompress_into(stored, &mut raw).ok(),
            _ => return Err(DecodeError::Malformed("a column is stored in an unknown way")),
        };
        match written {
            Some(written) if written == length => Ok(Column::Expanded(raw)),
            _ => Err(DecodeError::Malformed("a column does not decompress to its length")),
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
