//! Bits as DEFLATE packs them (RFC 1951 §3.1.1): the first in the lowest bit of each byte.

use super::huffman::Code;

pub(super) struct BitWriter {
    out: Vec<u8>,
    /// Bits that are not in `out` yet, fewer than 32 between calls.
    ahead: u64,
    count: u32,
}

impl BitWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        BitWriter { out: Vec::with_capacity(bytes), ahead: 0, count: 0 }
    }

    /// Writes the lowest `count` bits, at most 32, of a value that has no others.
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.ahead |= u64::from(bits) << self.count;
        self.count += count;
        self.flush();
    }

    fn flush(&mut self) {
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.ahead as u32).to_le_bytes());
            self.ahead >>= 32;
            self.count -= 32;
        }
    }

    /// Writes the codes of literals.
    pub(super) fn codes(&mut self, literals: &[u8], codes: &[Code]) {
        // With its length known, no index is checked.
        let Some(codes) = codes.first_chunk::<256>() else { return };
        let (pairs, last) = literals.as_chunks::<2>();
        for [first, second] in pairs {
            for literal in [first, second] {
                let Code { bits, length } = codes[usize::from(*literal)];
                self.ahead |= u64::from(bits) << self.count;
                self.count += length;
            }
            self.flush();
        }
        for literal in last {
            let Code { bits, length } = codes[usize::from(*literal)];
            self.put(bits, length);
        }
    }

    /// Goes on at the next whole byte.
    pub(super) fn align(&mut self) {
        while self.count > 0 {
            self.out.push(self.ahead as u8);
            self.ahead >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Writes whole bytes, after [`Self::align`].
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.out
    }
}
