//! A colour as a reply shows it.

#[cfg(not(target_family = "wasm"))]
use ramanujan_core::Color;
use serde::Serialize;

use crate::algorithm::Sample;
use crate::hue::sigil;
#[cfg(not(target_family = "wasm"))]
use crate::hue::sigils;
use crate::srgb::Rgb;

/// What a colour looks like and which of black and white is readable on it, with its index where it has one.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Look {
    /// Its place in the sequence of the algorithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "u64", range(max = ramanujan_core::MAX_SAFE_INTEGER)))]
    pub(super) index: Option<u64>,
    /// The colour as `#RRGGBB`.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Rgb"))]
    pub(super) hex: String,
    /// Its red, green and blue.
    pub(super) rgb: [u8; 3],
    /// The emoji of the nearest of nine colours.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = sigils().map(|sigil| sigil.emoji))))]
    pub(super) sigil: &'static str,
    /// The name of that colour.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = sigils().map(|sigil| sigil.name))))]
    pub(super) name: &'static str,
    /// In degrees on the circle that `hue_space` names; null for a grey, which has none.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 360.0)))]
    pub(super) hue: Option<f64>,
    /// The circle that the hue is measured on: that of the algorithm.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::hue::HueSpace"))]
    pub(super) hue_space: &'static str,
    /// 1 for warm hues (from 300 to 60 degrees), 0 for green ones and greys, -1 for blue ones (from 180 to 300).
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = -1, max = 1)))]
    pub(super) trit: i8,
    /// The trit as a polarity.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "ramanujan_core::Polarity"))]
    pub(super) polarity: &'static str,
    /// The trit as a sign.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = Color::ALL.map(Color::sigil))))]
    pub(super) polarity_sigil: &'static str,
    /// Contrast with black and with white.
    pub(super) contrast: Contrast,
    /// The better readable of black and white on it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["#000000", "#FFFFFF"])))]
    pub(super) text: &'static str,
    /// The algorithm that gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::algorithm::Algorithm"))]
    pub(super) algorithm: Option<&'static str>,
    /// Whether the algorithm computes its colours or has them stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "String", extend("enum" = super::SOURCES)))]
    pub(super) source: Option<&'static str>,
    /// The seed; absent where no algorithm is, null where the algorithm has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::seed::Seed>"))]
    pub(super) seed: Option<Option<String>>,
}

/// WCAG contrast ratios, cut (not rounded up) to two decimals, so that 4.5 means passed.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Contrast {
    /// With `#000000`.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1.0, max = 21.0)))]
    pub(super) black: f64,
    /// With `#FFFFFF`.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1.0, max = 21.0)))]
    pub(super) white: f64,
}

impl From<Sample> for Look {
    fn from(Sample { rgb, hue }: Sample) -> Self {
        let (black, white) = (rgb.contrast(Rgb::BLACK), rgb.contrast(Rgb::WHITE));
        let cut = |ratio: f64| (ratio * 100.0 + 1e-9).floor() / 100.0;
        let (emoji, stream) = (sigil(rgb), hue.stream_color());
        Look {
            index: None,
            hex: rgb.to_string(),
            rgb: rgb.channels(),
            sigil: emoji.emoji,
            name: emoji.name,
            hue: hue.degrees.map(|degrees| (degrees * 1e6).round() / 1e6),
            hue_space: hue.space.as_str(),
            trit: hue.trit(),
            polarity: stream.polarity().as_str(),
            polarity_sigil: stream.sigil(),
            contrast: Contrast { black: cut(black), white: cut(white) },
            text: if black >= white { "#000000" } else { "#FFFFFF" },
            algorithm: None,
            source: None,
            seed: None,
        }
    }
}
