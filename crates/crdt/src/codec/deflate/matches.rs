//! What an input repeats.

/// Bytes that may lie between a stretch and where it occurred before.
const WINDOW: usize = 32 << 10;
/// Longest match.
const LONGEST: usize = 258;
/// Bytes by which an earlier place is looked up. Shorter matches hardly take less than their bytes' codes.
const KEY_BYTES: u32 = 5;
const SHORTEST: usize = 4;
/// A match as long as this is taken without a look at the next byte's.
const LONG_ENOUGH: usize = 16;
/// The table has two to the power of this many places.
const TABLE_BITS: u32 = 13;
/// Where so many bytes in a row match nothing, every other one is passed over, then more.
const PATIENCE: usize = 32;
/// Of a match's bytes, every so manieth is entered into the table.
const ENTERED: usize = 2;
/// Bytes at the end that begin no match.
const TAIL: usize = 8;

/// Bytes as they are, then a stretch that occurred before; the last has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) literals: u32,
    pub(super) length: u16,
    pub(super) distance: u16,
}

/// Where each key occurred last.
struct Table(Vec<u32>);

impl Table {
    /// The longest stretch from `at` on that its key leads to: its length, or 0, and how far back it is. Enters `at`.
    fn find(&mut self, raw: &[u8], at: usize) -> (usize, usize) {
        let place = &mut self.0[key(raw, at)];
        let before = *place as usize;
        *place = at as u32;
        if before >= at || at - before >= WINDOW {
            return (0, 0);
        }
        match common(raw, before, at) {
            length @ SHORTEST.. => (length, at - before),
            _ => (0, 0),
        }
    }
}

fn word(raw: &[u8], at: usize) -> u64 {
    raw.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

/// Place of the bytes at `at` in the table: multiplicative hashing by the golden ratio.
fn key(raw: &[u8], at: usize) -> usize {
    let bytes = word(raw, at) << (64 - 8 * KEY_BYTES);
    (bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - TABLE_BITS)) as usize
}

/// Number of bytes from `earlier` and from `later` on that are the same.
fn common(raw: &[u8], earlier: usize, later: usize) -> usize {
    let limit = LONGEST.min(raw.len() - later);
    let mut length = 0;
    while length + 8 <= limit {
        let difference = word(raw, earlier + length) ^ word(raw, later + length);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let (a, b) = (&raw[earlier + length..], &raw[later + length..later + limit]);
    length + b.iter().zip(a).take_while(|(b, a)| b == a).count()
}

/// Cuts an input into literals and matches.
pub(super) fn matches(raw: &[u8]) -> Vec<Match> {
    let mut out = Vec::with_capacity(raw.len() / 32 + 1);
    let mut table = Table(vec![u32::MAX; 1 << TABLE_BITS]);
    let end = raw.len().saturating_sub(TAIL);
    let (mut at, mut written, mut missed) = (0, 0, 0);
    while at < end {
        let (mut length, mut distance) = table.find(raw, at);
        if length == 0 {
            missed += 1;
            at += 1 + missed / PATIENCE;
            continue;
        }
        missed = 0;
        if length < LONG_ENOUGH && at + 1 < end {
            let next = table.find(raw, at + 1);
            if next.0 > length {
                at += 1;
                (length, distance) = next;
            }
        }
        out.push(Match { literals: (at - written) as u32, length: length as u16, distance: distance as u16 });
        for entered in (at + 1..end.min(at + length)).step_by(ENTERED) {
            table.0[key(raw, entered)] = entered as u32;
        }
        at += length;
        written = at;
    }
    out.push(Match { literals: (raw.len() - written) as u32, length: 0, distance: 0 });
    out
}
