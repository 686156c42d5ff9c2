//! Compression into DEFLATE (RFC 1951), several times as fast as a general compressor at a tenth more bytes.
//!
//! Histories are written far more often than zlib's levels are made for, and their columns are short: what a document's
//! text repeats is found by one look into a table that costs nothing to make (`matches`), and each block is written
//! with codes of its own (`huffman`). One input has one output. Reading is left to `miniz_oxide`.

mod bits;
mod huffman;
mod matches;

use bits::BitWriter;
use huffman::{Code, code_lengths, codes};
use matches::{Match, matches};

/// Symbols per block: the codes of longer ones fit less, the tables of shorter ones cost more.
const BLOCK_SYMBOLS: usize = 40_000;

/// Literals and lengths, distances, and the code lengths of both (RFC 1951 §3.2.5 and §3.2.7).
const LITERALS: usize = 256;
const LENGTHS: usize = 286;
const DISTANCES: usize = 30;
const CODE_LENGTHS: usize = 19;
const END_OF_BLOCK: usize = 256;
/// Longest codes, in bits.
const MAX_BITS: usize = 15;
const MAX_CODE_LENGTH_BITS: usize = 7;
/// In which order the lengths of the code for code lengths are written.
const ORDER: [usize; CODE_LENGTHS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Longest stored block.
const MAX_STORED: usize = 0xffff;

/// What is looked for in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Stretches that occurred before, as in text.
    Repeats,
    /// Frequent bytes only.
    Bytes,
}

/// Compresses all but the first `plain` bytes, which stay as they are.
pub(super) fn compress(raw: &[u8], plain: usize, search: Search) -> Vec<u8> {
    let mut out = BitWriter::with_capacity(raw.len() / 2 + 64);
    let (stored, rest) = raw.split_at(plain.min(raw.len()));
    for block in stored.chunks(MAX_STORED) {
        out.put(0, 3);
        out.align();
        let length = block.len() as u16;
        out.bytes(&length.to_le_bytes());
        out.bytes(&(!length).to_le_bytes());
        out.bytes(block);
    }
    let matches = match search {
        Search::Repeats => matches(rest),
        Search::Bytes => vec![Match { literals: rest.len() as u32, length: 0, distance: 0 }],
    };
    let mut ahead = (rest, matches.as_slice());
    loop {
        let mut symbols = 0;
        let fits = |next: &&Match| {
            let before = symbols;
            symbols += next.literals as usize + 1;
            before < BLOCK_SYMBOLS
        };
        let (now, later) = ahead.1.split_at(ahead.1.iter().take_while(fits).count());
        let bytes: usize = now.iter().map(|next| next.literals as usize + usize::from(next.length)).sum();
        let (text, text_later) = ahead.0.split_at(bytes);
        put_block(&mut out, text, now, later.is_empty());
        if later.is_empty() {
            return out.finish();
        }
        ahead = (text_later, later);
    }
}

/// Symbol, number of extra bits, and these.
type Symbol = (usize, u32, u32);

/// Of a length from 3 to 258.
fn length_symbol(length: u16) -> Symbol {
    match usize::from(length) - 3 {
        255 => (285, 0, 0),
        more @ 0..8 => (257 + more, 0, 0),
        more => {
            let extra = more.ilog2() - 2;
            (257 + 4 * extra as usize + (more >> extra), extra, more as u32 & ((1 << extra) - 1))
        }
    }
}

/// Of a distance from 1 to 32768.
fn distance_symbol(distance: u16) -> Symbol {
    match usize::from(distance) - 1 {
        more @ 0..4 => (more, 0, 0),
        more => {
            let extra = more.ilog2() - 1;
            (2 * extra as usize + (more >> extra), extra, more as u32 & ((1 << extra) - 1))
        }
    }
}

/// Writes what `matches` cover, all of `text`, with codes made for it.
fn put_block(out: &mut BitWriter, text: &[u8], matches: &[Match], is_last: bool) {
    // Two tables, in turn: equal bytes next to each other do not wait for one another.
    let mut bytes = [[0u32; LITERALS]; 2];
    let (mut lengths, mut distances) = ([0u32; LENGTHS], [0u32; DISTANCES]);
    let mut rest = text;
    for next in matches {
        let (literals, after) = rest.split_at(next.literals as usize);
        for pair in literals.chunks(2) {
            bytes[0][usize::from(pair[0])] += 1;
            if let [_, second] = pair {
                bytes[1][usize::from(*second)] += 1;
            }
        }
        if next.length > 0 {
            lengths[length_symbol(next.length).0] += 1;
            distances[distance_symbol(next.distance).0] += 1;
        }
        rest = &after[usize::from(next.length)..];
    }
    for (count, (a, b)) in lengths.iter_mut().zip(bytes[0].iter().zip(&bytes[1])) {
        *count = a + b;
    }
    lengths[END_OF_BLOCK] = 1;
    let lengths = code_lengths(&lengths, MAX_BITS);
    let distances = code_lengths(&distances, MAX_BITS);
    out.put(u32::from(is_last), 1);
    out.put(2, 2);
    put_codes(out, &lengths, &distances);

    let (lengths, distances) = (codes(&lengths), codes(&distances));
    let mut rest = text;
    for next in matches {
        let (literals, after) = rest.split_at(next.literals as usize);
        out.codes(literals, &lengths);
        if next.length > 0 {
            for ((symbol, extra, value), codes) in
                [(length_symbol(next.length), &lengths), (distance_symbol(next.distance), &distances)]
            {
                let Code { bits, length } = codes[symbol];
                out.put(bits | value << length, length + extra);
            }
        }
        rest = &after[usize::from(next.length)..];
    }
    let Code { bits, length } = lengths[END_OF_BLOCK];
    out.put(bits, length);
}

/// Writes the lengths of both codes, themselves in a code.
fn put_codes(out: &mut BitWriter, lengths: &[u8], distances: &[u8]) {
    let used = |lengths: &[u8]| lengths.iter().rposition(|length| *length > 0).map_or(0, |last| last + 1);
    let (literal_count, distance_count) = (used(lengths).max(END_OF_BLOCK + 1), used(distances).max(1));
    let all = [&lengths[..literal_count], &distances[..distance_count]].concat();
    // Symbol, extra bits, how many of them.
    let mut symbols: Vec<(usize, u32, u32)> = Vec::with_capacity(all.len());
    for same in all.chunk_by(|a, b| a == b) {
        let (length, mut left) = (usize::from(same[0]), same.len());
        if length > 0 {
            symbols.push((length, 0, 0));
            left -= 1;
        }
        while left >= 3 {
            let (symbol, taken, extra) = match (length, left) {
                (0, 11..) => (18, left.min(138), 7),
                (0, _) => (17, left, 3),
                _ => (16, left.min(6), 2),
            };
            let least = if symbol == 18 { 11 } else { 3 };
            symbols.push((symbol, (taken - least) as u32, extra));
            left -= taken;
        }
        symbols.extend(std::iter::repeat_n((length, 0, 0), left));
    }
    let mut counts = [0; CODE_LENGTHS];
    symbols.iter().for_each(|(symbol, ..)| counts[*symbol] += 1);
    let code = code_lengths(&counts, MAX_CODE_LENGTH_BITS);
    let written = ORDER.iter().rposition(|symbol| code[*symbol] > 0).map_or(4, |last| (last + 1).max(4));
    out.put((literal_count - END_OF_BLOCK - 1) as u32, 5);
    out.put((distance_count - 1) as u32, 5);
    out.put((written - 4) as u32, 4);
    for symbol in &ORDER[..written] {
        out.put(u32::from(code[*symbol]), 3);
    }
    let code = codes(&code);
    for (symbol, value, extra) in symbols {
        let Code { bits, length } = code[symbol];
        out.put(bits | value << length, length + extra);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::inflate::decompress_to_vec;
    use proptest::prelude::*;

    fn comes_back(raw: &[u8], plain: usize, search: Search) -> Result<(), TestCaseError> {
        let stored = compress(raw, plain, search);
        prop_assert_eq!(decompress_to_vec(&stored).unwrap_or_default(), raw);
        Ok(())
    }

    fn any_search() -> impl Strategy<Value = Search> {
        prop_oneof![Just(Search::Repeats), Just(Search::Bytes)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_compressed_comes_back(raw in prop::collection::vec(any::<u8>(), 0..600), plain in 0usize..700, search in any_search()) {
            comes_back(&raw, plain, search)?;
        }

        /// Words from a small dictionary, so that there are matches of every length, near and far.
        #[test]
        fn text_comes_back(words in prop::collection::vec("[ab]{1,12}", 1..12), picks in prop::collection::vec((any::<u8>(), 1usize..40), 0..400), search in any_search()) {
            let raw: String = picks.iter().map(|(pick, times)| words[usize::from(*pick) % words.len()].repeat(*times)).collect();
            comes_back(raw.as_bytes(), 0, search)?;
        }
    }

    /// Symbols of every frequency, more than one block, and distances up to the window's end.
    #[test]
    fn long_inputs_come_back() {
        let skewed: Vec<u8> = (0..24u32).flat_map(|byte| vec![byte as u8; 1 << (byte / 2)]).collect();
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise: Vec<u8> = (0..100_000).map(|_| noise()).collect();
        let far = [&noise[..20_000], &noise[..15_000], &noise[..30_000], &noise[..30_000], &skewed].concat();
        for raw in [&skewed, &noise, &far, &vec![b'x'; 70_000]] {
            for (plain, search) in [(0, Search::Repeats), (0, Search::Bytes), (66_000, Search::Repeats)] {
                comes_back(raw, plain, search).unwrap();
            }
        }
        assert!(compress(&far, 0, Search::Repeats).len() < far.len() * 2 / 3);
    }

    #[test]
    fn lengths_and_distances_have_the_symbols_of_the_standard() {
        assert_eq!(
            [3, 10, 11, 12, 13, 257, 258].map(length_symbol),
            [(257, 0, 0), (264, 0, 0), (265, 1, 0), (265, 1, 1), (266, 1, 0), (284, 5, 30), (285, 0, 0)]
        );
        assert_eq!(
            [1, 4, 5, 6, 7, 32_768].map(distance_symbol),
            [(0, 0, 0), (3, 0, 0), (4, 1, 0), (4, 1, 1), (5, 1, 0), (29, 13, 8191)]
        );
    }
}
