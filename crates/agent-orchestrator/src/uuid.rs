//! UUIDs (RFC 9562) out of random bytes that the caller has: nothing here draws any.

/// Random bytes that [`Uuids`] needs, as hex digits.
pub const RANDOM_DIGITS: usize = 48;

/// Names for what one request makes.
#[derive(Clone, Debug)]
pub struct Uuids {
    millis: u64,
    /// 16 bytes for a UUID of version 4, then 8 for those of version 7.
    random: [u8; RANDOM_DIGITS / 2],
    count: u16,
}

impl Uuids {
    /// UUIDs at a time in Unix milliseconds; `None` if `random` is not [`RANDOM_DIGITS`] hex digits.
    pub fn new(millis: u64, random: &str) -> Option<Self> {
        let mut bytes = [0; RANDOM_DIGITS / 2];
        if random.len() != RANDOM_DIGITS {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(random.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Uuids { millis, random: bytes, count: 0 })
    }

    /// The next UUID of version 7. Those of one request differ by a counter in `rand_a`, in the order in which they were
    /// made (RFC 9562 §6.2, method 1).
    pub fn ordered(&mut self) -> String {
        self.count += 1;
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&self.millis.to_be_bytes()[2..]);
        bytes[6..8].copy_from_slice(&(self.count & 0xfff).to_be_bytes());
        bytes[8..].copy_from_slice(&self.random[16..]);
        text(bytes, 7)
    }

    /// A UUID of version 4, the same each time.
    pub fn random(&self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.random[..16]);
        text(bytes, 4)
    }
}

fn text(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_their_version_and_are_distinct_and_in_order() {
        let mut uuids = Uuids::new(0x0123_4567_89ab, &"f5".repeat(24)).unwrap();
        assert_eq!(uuids.random(), "f5f5f5f5-f5f5-45f5-b5f5-f5f5f5f5f5f5");
        assert_eq!(uuids.ordered(), "01234567-89ab-7001-b5f5-f5f5f5f5f5f5");
        let made: Vec<String> = (0..1000).map(|_| uuids.ordered()).collect();
        assert!(made.is_sorted_by(|one, other| one < other));
    }

    #[test]
    fn other_than_so_many_hex_digits_is_refused() {
        for random in ["", "f", &"f5".repeat(23), &"g5".repeat(24), &"ä".repeat(24)] {
            assert!(Uuids::new(0, random).is_none(), "{random}");
        }
    }
}
