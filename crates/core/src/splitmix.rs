//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): reproducible
//! randomness for generated sessions, loads, seeded colours and jitter. All arithmetic is modulo 2^64.
//!
//! The generator is a counter behind a bijection: output n of a seed is `mix(seed + n · GOLDEN)`, so any output can be
//! had without those before it ([`nth`]). It is small, the same on every machine, and passes BigCrush; it keeps no
//! secrets, because one output gives away all others.
//!
//! ```
//! use ramanujan_core::splitmix::{SplitMix64, nth};
//!
//! let mut random = SplitMix64::new(1_234_567);
//! assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
//! assert_eq!(random.next_u64(), nth(1_234_567, 2));
//! ```

/// 2^64 divided by the golden ratio, made odd: the step of the counter.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const MIX1: u64 = 0xbf58_476d_1ce4_e5b9;
const MIX2: u64 = 0x94d0_49bb_1331_11eb;

/// The finalizer: a bijection of 64-bit words that spreads every bit over all others.
#[inline]
pub const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(MIX1);
    let z = (z ^ (z >> 27)).wrapping_mul(MIX2);
    z ^ (z >> 31)
}

/// The first output of the seed `x`.
#[inline]
pub const fn step(x: u64) -> u64 {
    mix(x.wrapping_add(GOLDEN))
}

/// Output `position` (from 1) of `seed`.
#[inline]
pub const fn nth(seed: u64, position: u64) -> u64 {
    mix(seed.wrapping_add(position.wrapping_mul(GOLDEN)))
}

/// A generator that gives the outputs of a seed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator of `seed`. Seeds that differ by a multiple of [`GOLDEN`] give the same outputs, shifted.
    pub const fn new(seed: u64) -> Self {
        SplitMix64(seed)
    }

    /// The next output.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`; 0 if `bound` is 0. The bias of the product (Lemire, "Fast random integer generation in
    /// an interval", 2019) is below `bound`/2^64.
    #[inline]
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// A number in 0..1 (1 is never reached), of 53 random bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Outputs of the reference implementation (Vigna, `splitmix64.c`), by seed.
    const PUBLISHED: [(u64, &[u64]); 2] = [
        (
            1_234_567,
            &[
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ],
        ),
        (0, &[0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]),
    ];

    #[test]
    fn the_published_outputs() {
        for (seed, outputs) in PUBLISHED {
            let mut random = SplitMix64::new(seed);
            for (position, output) in (1..).zip(outputs) {
                assert_eq!(random.next_u64(), *output, "output {position} of {seed}");
                assert_eq!(nth(seed, position), *output, "output {position} of {seed}");
            }
        }
    }

    /// Undoes `y ^ (y >> by)`; `by` is above 64/3, so that two terms suffice.
    fn unshift(z: u64, by: u32) -> u64 {
        z ^ (z >> by) ^ (z >> (2 * by))
    }

    /// Undoes `mix`: the factors are the inverses of its own modulo 2^64.
    fn unmix(z: u64) -> u64 {
        let z = unshift(z, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
        let z = unshift(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
        unshift(z, 30)
    }

    proptest! {
        #[test]
        fn mix_is_a_bijection(z: u64) {
            prop_assert_eq!(unmix(mix(z)), z);
            prop_assert_eq!(mix(unmix(z)), z);
        }

        #[test]
        fn any_output_can_be_had_without_those_before_it(seed: u64, skipped in 0u64..50) {
            let mut random = SplitMix64::new(seed);
            for _ in 0..skipped {
                random.next_u64();
            }
            prop_assert_eq!(random.next_u64(), nth(seed, skipped + 1));
            prop_assert_eq!(nth(seed, 1), step(seed));
        }

        #[test]
        fn numbers_keep_to_their_range(seed: u64, bound: u64) {
            let mut random = SplitMix64::new(seed);
            prop_assert!(random.below(bound) < bound.max(1));
            prop_assert!((0.0..1.0).contains(&random.unit()));
        }
    }
}
