//! The envelope of binary encodings, mended: a fuzzer does not guess checksums, and what it would find behind them is
//! what matters.

/// Magic and version of the encodings (`docs/encoding.md`).
const BEGIN: [u8; 5] = [0x89, b'R', b'C', b'D', 1];
/// Type and kind follow.
const HEADER_LENGTH: usize = BEGIN.len() + 2;
const CHECKSUM_LENGTH: usize = 4;

/// `data` with magic, version and checksum as they must be; the rest is the fuzzer's. What is too short or begins with
/// an even byte stays as it is, so that the envelope itself is read too.
pub fn mended(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if data.len() < HEADER_LENGTH + CHECKSUM_LENGTH || data[0] & 1 == 0 {
        return bytes;
    }
    bytes[..BEGIN.len()].copy_from_slice(&BEGIN);
    let end = bytes.len() - CHECKSUM_LENGTH;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}
