//! A colour as a reply shows it.

use serde::Serialize;

use crate::algorithm::Sample;
use crate::hue::sigil;
use crate::srgb::Rgb;

/// What a colour looks like and which of black and white is readable on it, with its index where it has one.
#[derive(Serialize)]
pub(super) struct Look {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
    pub(super) hex: String,
    pub(super) rgb: [u8; 3],
    pub(super) sigil: &'static str,
    pub(super) name: &'static str,
    pub(super) hue: Option<f64>,
    pub(super) hue_space: &'static str,
    pub(super) trit: i8,
    pub(super) polarity: &'static str,
    pub(super) polarity_sigil: &'static str,
    pub(super) contrast: Contrast,
    /// The better readable of `#000000` and `#FFFFFF` on it.
    pub(super) text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<&'static str>,
    /// Absent where no algorithm is; null where the algorithm has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<Option<String>>,
}

/// WCAG contrast ratios, cut (not rounded up) to two decimals, so that 4.5 means passed.
#[derive(Serialize)]
pub(super) struct Contrast {
    pub(super) black: f64,
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
