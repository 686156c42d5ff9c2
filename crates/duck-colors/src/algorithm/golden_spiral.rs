//! D3: hues a golden angle apart, at one saturation and lightness.

use ramanujan_core::splitmix::step;

use super::sample::Sample;
use crate::hue::{Hue, HueSpace};
use crate::seed::unit;
use crate::srgb::Rgb;

/// The golden angle as published, in thousandths of a degree.
const STEP_MILLIDEGREES: u64 = 137_508;
const TURN_MILLIDEGREES: u64 = 360_000;
const SATURATION: f64 = 0.85;
const LIGHTNESS: f64 = 0.55;

/// Where the spiral of `seed` begins, in degrees; at 0 without a seed.
pub fn offset(seed: Option<u64>) -> f64 {
    seed.map_or(0.0, |seed| 360.0 * unit(step(seed)))
}

/// Colour `index` (from 0) of the spiral that begins at `offset` degrees.
pub fn sample(offset: f64, index: u64) -> Sample {
    // In whole thousandths, so that a far index loses nothing to rounding; the hues repeat after 30,000.
    let turned = (index % TURN_MILLIDEGREES) * STEP_MILLIDEGREES % TURN_MILLIDEGREES;
    let degrees = (turned as f64 / 1000.0 + offset) % 360.0;
    Sample {
        rgb: Rgb::from_hsl(degrees, SATURATION, LIGHTNESS),
        hue: Hue { degrees: Some(degrees), space: HueSpace::Hsl },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_hue_stays_in_one_turn(seed in prop::option::of(any::<u64>()), index: u64) {
            let degrees = sample(offset(seed), index).hue.degrees.unwrap();
            prop_assert!((0.0..360.0).contains(&degrees));
        }

        #[test]
        fn whole_arithmetic_equals_floating_point_where_that_is_exact_enough(index in 0u64..100_000) {
            let apart = (sample(0.0, index).hue.degrees.unwrap() - (index as f64 * 137.508) % 360.0).abs();
            prop_assert!(apart.min(360.0 - apart) < 1e-6);
        }
    }
}
