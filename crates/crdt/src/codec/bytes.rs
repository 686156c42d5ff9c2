//! Integers, texts and dots, written and read.
//!
//! There is one encoding of everything, and a reader refuses every other: what it accepts, it would write again byte
//! by byte. It trusts no count: memory grows with what has been read, never with what a number promises.

use ramanujan_core::{AgentId, Dot, MAX_SAFE_INTEGER};

use super::error::{DecodeError, malformed};

/// Unsigned LEB128 (DWARF 5 §7.6).
pub fn put_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A text behind its length in bytes.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_uint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// The agent's name, then the number.
pub fn put_dot(out: &mut Vec<u8>, dot: &Dot) {
    put_text(out, dot.agent.as_str());
    put_uint(out, dot.seq);
}

/// Signed to unsigned, small absolute values first (Protocol Buffers' ZigZag).
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Bytes as they are read.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Whether all has been read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Unsigned LEB128 of at most 64 bits, without needless bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
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
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn uint32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.uint()?).map_err(|_| DecodeError::Malformed("a number exceeds 32 bits"))
    }

    /// A length of bytes that follow.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.uint()?).map_err(|_| DecodeError::Truncated)
    }

    /// An integer that JSON carries exactly: at most 2^53−1.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn safe(&mut self) -> Result<u64, DecodeError> {
        match self.uint()? {
            value if value <= MAX_SAFE_INTEGER => Ok(value),
            _ => malformed("a number exceeds 2^53-1"),
        }
    }

    /// A count of things that take at least a byte each: bounds what is set aside for them.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn count(&mut self) -> Result<usize, DecodeError> {
        let count = self.length()?;
        if count > self.0.len() { Err(DecodeError::Truncated) } else { Ok(count) }
    }

    /// A text behind its length in bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).or(malformed("a text is not UTF-8"))
    }

    /// The name of an agent.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn agent(&mut self) -> Result<AgentId, DecodeError> {
        self.text()?.parse().or(malformed("an agent's name is not legal"))
    }

    /// A dot as [`put_dot`] writes it.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not there.
    pub fn dot(&mut self) -> Result<Dot, DecodeError> {
        let agent = self.agent()?;
        match self.safe()? {
            0 => malformed("operations count from 1"),
            seq => Ok(Dot::new(agent, seq)),
        }
    }
}
