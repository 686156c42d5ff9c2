//! D1: a chain of seeds, each split off from the one before, each giving one colour in CIE LCH.
//!
//! A chain has no closed form, so state k costs k steps. Checkpoints make that cheap: those of the published seed are
//! computed by the build script, those of other seeds as they are first passed, kept for the life of the instance.

use std::cell::RefCell;

use ramanujan_core::splitmix::{GOLDEN, nth, step};

use super::sample::Sample;
use crate::hue::{Hue, HueSpace};
use crate::lab::Lch;
use crate::seed::{LEGACY_SEED, unit};

/// Steps between two checkpoints: at most this many are walked to any state behind the last checkpoint.
pub const CHECKPOINT_STRIDE: u64 = 1024;
/// Number of checkpoints per chain: 8 kB each.
const CHECKPOINTS: usize = 1024;
/// Largest index: the whole chain is then 2^20 steps, a few milliseconds for a seed seen for the first time.
pub const MAX_INDEX: u64 = CHECKPOINT_STRIDE * CHECKPOINTS as u64 - 1;
/// Seeds whose checkpoints an instance keeps besides the published one: 32 kB at most.
const KEPT_CHAINS: usize = 4;

/// The next seed of the chain.
pub const fn split(state: u64) -> u64 {
    step(state) ^ GOLDEN
}

/// States 0, 1024, 2048, … of the published seed.
static LEGACY_CHECKPOINTS: [u64; CHECKPOINTS] =
    include!(concat!(env!("OUT_DIR"), "/split_chain_checkpoints.rs"));

thread_local! {
    /// Chains in order of last use, each with its checkpoints as far as it was walked.
    static CHAINS: RefCell<Vec<(u64, Vec<u64>)>> = const { RefCell::new(Vec::new()) };
}

/// State `index` of the chain of `seed`; `index` beyond [`MAX_INDEX`] counts as that.
pub fn state(seed: u64, index: u64) -> u64 {
    let index = index.min(MAX_INDEX);
    let slot = (index / CHECKPOINT_STRIDE) as usize;
    let checkpoint = if seed == LEGACY_SEED { LEGACY_CHECKPOINTS[slot] } else { checkpoint(seed, slot) };
    walk(checkpoint, index % CHECKPOINT_STRIDE)
}

fn walk(state: u64, steps: u64) -> u64 {
    (0..steps).fold(state, |state, _| split(state))
}

fn checkpoint(seed: u64, slot: usize) -> u64 {
    CHAINS.with_borrow_mut(|chains| {
        let mut chain = match chains.iter().position(|(kept, _)| *kept == seed) {
            Some(place) => chains.remove(place),
            None => (seed, vec![split(seed)]),
        };
        let mut reached = chain.1[chain.1.len() - 1];
        while chain.1.len() <= slot {
            reached = walk(reached, CHECKPOINT_STRIDE);
            chain.1.push(reached);
        }
        let found = chain.1[slot];
        chains.truncate(KEPT_CHAINS - 1);
        chains.insert(0, chain);
        found
    })
}

/// The LCH colour of a state.
pub fn lch(state: u64) -> Lch {
    let draw = |position: u64| unit(nth(state, position));
    Lch { l: 100.0 * draw(1), c: 100.0 * draw(2), h: 360.0 * draw(3) }
}

/// The colour of a state, with the hue that it was drawn with.
pub fn sample(state: u64) -> Sample {
    let lch = lch(state);
    Sample { rgb: lch.to_rgb(), hue: Hue { degrees: Some(lch.h), space: HueSpace::Lch } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_state_is_split_from_the_one_before(
            seed in prop_oneof![Just(LEGACY_SEED), any::<u64>()],
            index in prop_oneof![0u64..4000, Just(1023u64), Just(MAX_INDEX - 1), 0..MAX_INDEX],
        ) {
            prop_assert_eq!(state(seed, index + 1), split(state(seed, index)));
        }
    }

    #[test]
    fn checkpoints_are_the_states_of_a_plain_walk() {
        for seed in [LEGACY_SEED, 7] {
            let mut plain = split(seed);
            for index in 0..=MAX_INDEX {
                if index % CHECKPOINT_STRIDE == 0 || index == MAX_INDEX {
                    assert_eq!(state(seed, index), plain, "seed {seed} index {index}");
                }
                plain = split(plain);
            }
        }
    }

    #[test]
    fn more_seeds_than_are_kept_stay_right() {
        let expected: Vec<_> = (0..10).map(|seed| walk(split(seed), 3000)).collect();
        for _ in 0..2 {
            for seed in 0..10 {
                assert_eq!(state(seed, 3000), expected[seed as usize]);
            }
        }
        assert!(CHAINS.with_borrow(Vec::len) <= KEPT_CHAINS);
    }
}
