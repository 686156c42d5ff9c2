//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), the source of
//! randomness behind every seeded colour. All arithmetic is modulo 2^64.

use std::fmt;
use std::str::FromStr;

/// 2^64 divided by the golden ratio, made odd: the step of the stream.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const MIX1: u64 = 0xbf58_476d_1ce4_e5b9;
const MIX2: u64 = 0x94d0_49bb_1331_11eb;
const MIX1_INVERSE: u64 = 0x96de_1b17_3f11_9089;
const MIX2_INVERSE: u64 = 0x3196_42b2_d24d_8ec3;

/// Default seed of Gay.jl 0.4, used where an algorithm has no seed of its own.
pub const GAY_SEED: u64 = 1069;
/// ASCII "gay_colo", the seed of the published split chain.
pub const LEGACY_SEED: u64 = 0x6761_795f_636f_6c6f;

/// The finalizer: a bijection of 64-bit words.
pub const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(MIX1);
    let z = (z ^ (z >> 27)).wrapping_mul(MIX2);
    z ^ (z >> 31)
}

/// The inverse of [`mix`].
pub const fn unmix(z: u64) -> u64 {
    let z = unshift(z, 31).wrapping_mul(MIX2_INVERSE);
    let z = unshift(z, 27).wrapping_mul(MIX1_INVERSE);
    unshift(z, 30)
}

/// Solves `y ^ (y >> by) = z` for y; `by` is above 64/3, so that two terms suffice.
const fn unshift(z: u64, by: u32) -> u64 {
    z ^ (z >> by) ^ (z >> (2 * by))
}

/// One step from `x`: the first output of the stream of seed `x`.
pub const fn sm(x: u64) -> u64 {
    mix(x.wrapping_add(GOLDEN))
}

/// Output `position` (from 1) of the stream of `seed`.
pub const fn stream(seed: u64, position: u64) -> u64 {
    mix(seed.wrapping_add(position.wrapping_mul(GOLDEN)))
}

/// A word as a fraction of 2^64, from 0 to 1.
pub fn unit(z: u64) -> f64 {
    z as f64 / 18_446_744_073_709_551_616.0
}

/// A seed as people write it: decimal, or hexadecimal after `0x`. Printed as 16 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

/// The text is not a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSeed;

impl fmt::Display for InvalidSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a seed is a decimal number below 2^64, or 0x and 1 to 16 hex digits")
    }
}

impl std::error::Error for InvalidSeed {}

impl FromStr for Seed {
    type Err = InvalidSeed;

    fn from_str(text: &str) -> Result<Self, InvalidSeed> {
        let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        // `from_str_radix` takes a sign, which a seed has not.
        if digits.starts_with('+') || (radix == 16 && digits.len() > 16) {
            return Err(InvalidSeed);
        }
        u64::from_str_radix(digits, radix).map(Seed).map_err(|_| InvalidSeed)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mix_is_a_bijection(z: u64) {
            prop_assert_eq!(unmix(mix(z)), z);
            prop_assert_eq!(mix(unmix(z)), z);
        }

        #[test]
        fn the_stream_begins_with_one_step(seed: u64) {
            prop_assert_eq!(stream(seed, 1), sm(seed));
            prop_assert!((0.0..=1.0).contains(&unit(seed)));
        }

        #[test]
        fn seeds_read_both_spellings(seed: u64) {
            prop_assert_eq!(seed.to_string().parse(), Ok(Seed(seed)));
            prop_assert_eq!(format!("0x{}", Seed(seed)).parse(), Ok(Seed(seed)));
        }
    }

    #[test]
    fn refuses_what_is_no_seed() {
        for bad in
            ["", "0x", "-1", "+1", "0x+1", "1.5", "18446744073709551616", "0x10000000000000000", "cafe"]
        {
            assert_eq!(bad.parse::<Seed>(), Err(InvalidSeed), "{bad:?}");
        }
    }
}
