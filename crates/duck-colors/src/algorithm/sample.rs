//! What a procedure gives.

use crate::hue::{Hue, HueSpace};
use crate::srgb::Rgb;

/// A colour with the hue it was made from, or its HSL hue where the procedure knows none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The colour.
    pub rgb: Rgb,
    /// Its hue.
    pub hue: Hue,
}

impl From<Rgb> for Sample {
    fn from(rgb: Rgb) -> Self {
        Sample { rgb, hue: Hue { degrees: rgb.hue(), space: HueSpace::Hsl } }
    }
}
