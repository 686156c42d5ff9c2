//! The seeds of the colours, as people write them and as they were published. What a seed yields are the outputs of
//! SplitMix64, see [`ramanujan_core::splitmix`].

use std::fmt;
use std::str::FromStr;

/// Default seed of Gay.jl 0.4, used where an algorithm has no seed of its own.
pub const GAY_SEED: u64 = 1069;
/// ASCII "gay_colo", the seed of the published split chain.
pub const LEGACY_SEED: u64 = 0x6761_795f_636f_6c6f;

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
        fn a_fraction_is_one(word: u64) {
            prop_assert!((0.0..=1.0).contains(&unit(word)));
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
