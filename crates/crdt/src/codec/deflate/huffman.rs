//! Prefix codes of least redundancy with limited lengths.

/// A symbol's code, its first bit lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u32,
    pub(super) length: u32,
}

/// For each symbol the length of its code, at most `limit` bits; 0 for a symbol that does not occur.
pub(super) fn code_lengths(counts: &[u32], limit: usize) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let mut symbols: Vec<(u32, usize)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(symbol, count)| (*count, symbol))
        .collect();
    if let [(_, only)] = symbols.as_slice() {
        lengths[*only] = 1;
        return lengths;
    }
    symbols.sort_unstable();
    let mut of_length = [0usize; 64];
    for depth in depths(&symbols) {
        of_length[depth.min(limit)] += 1;
    }
    // Codes that were cut short take more than all there are: others grow until they fit.
    let mut taken: usize = (1..=limit).map(|length| of_length[length] << (limit - length)).sum();
    while taken > 1 << limit {
        of_length[limit] -= 1;
        if let Some(length) = (1..limit).rev().find(|length| of_length[*length] > 0) {
            of_length[length] -= 1;
            of_length[length + 1] += 2;
        }
        taken -= 1;
    }
    let mut rarest_last = symbols.iter().rev();
    for (length, count) in of_length.iter().enumerate() {
        for (_, symbol) in rarest_last.by_ref().take(*count) {
            lengths[*symbol] = length as u8;
        }
    }
    lengths
}

/// Depths in a Huffman tree of symbols that ascend by count: two queues, of leaves and of inner nodes.
fn depths(symbols: &[(u32, usize)]) -> impl Iterator<Item = usize> {
    let leaves = symbols.len();
    let inner = leaves.saturating_sub(1);
    let mut weights: Vec<u64> = symbols.iter().map(|(count, _)| u64::from(*count)).collect();
    let mut parents = vec![0; leaves + inner];
    let (mut leaf, mut node) = (0, leaves);
    for made in leaves..leaves + inner {
        let mut weight = 0;
        for _ in 0..2 {
            let lighter = if leaf < leaves && (node >= made || weights[leaf] <= weights[node]) {
                &mut leaf
            } else {
                &mut node
            };
            weight += weights[*lighter];
            parents[*lighter] = made;
            *lighter += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0; leaves + inner];
    for index in (0..(leaves + inner).saturating_sub(1)).rev() {
        depths[index] = depths[parents[index]] + 1;
    }
    depths.truncate(leaves);
    depths.into_iter()
}

/// The codes that these lengths stand for (RFC 1951 §3.2.2).
pub(super) fn codes(lengths: &[u8]) -> Vec<Code> {
    let mut next = [0u32; 17];
    for length in lengths.iter().filter(|length| **length > 0) {
        next[usize::from(*length) + 1] += 1;
    }
    for length in 1..next.len() {
        next[length] = (next[length] + next[length - 1]) << 1;
    }
    let code = |length: &u8| {
        let place = &mut next[usize::from(*length)];
        let bits = *place;
        *place += 1;
        let length = u32::from(*length);
        Code { bits: bits.reverse_bits().checked_shr(32 - length).unwrap_or(0), length }
    };
    lengths.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Lengths within the limit that fill the code exactly, shorter for what is more frequent.
        #[test]
        fn codes_are_complete(counts in prop::collection::vec(prop_oneof![Just(0u32), 1u32..9, (0u32..31).prop_map(|bits| 1 << bits)], 2..120)) {
            let limit = if counts.len() > 19 { 15 } else { 7 };
            let lengths = code_lengths(&counts, limit);
            let used: Vec<_> = counts.iter().zip(&lengths).filter(|(count, _)| **count > 0).collect();
            prop_assert!(lengths.iter().all(|length| usize::from(*length) <= limit));
            prop_assert!(counts.iter().zip(&lengths).all(|(count, length)| (*count == 0) == (*length == 0)));
            if used.len() > 1 {
                let taken: u32 = used.iter().map(|(_, length)| 1 << (limit - usize::from(**length))).sum();
                prop_assert_eq!(taken, 1 << limit);
            }
            for (a, b) in used.iter().zip(used.iter().skip(1)) {
                prop_assert!(a.0 <= b.0 || a.1 <= b.1);
            }
        }
    }

    /// The example of RFC 1951 §3.2.2.
    #[test]
    fn codes_are_those_of_the_standard() {
        let codes = codes(&[3, 3, 3, 3, 3, 2, 4, 4]);
        let expected = ["010", "011", "100", "101", "110", "00", "1110", "1111"];
        for (Code { bits, length }, expected) in codes.iter().zip(expected) {
            let shown: String =
                (0..*length).map(|bit| if bits >> bit & 1 == 1 { '1' } else { '0' }).collect();
            assert_eq!(shown, expected);
        }
    }
}
