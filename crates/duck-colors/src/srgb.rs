//! 8-bit sRGB colours: spelling, hue, relative luminance and contrast.

use std::fmt;
use std::str::FromStr;

/// An sRGB colour (IEC 61966-2-1), 8 bits per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl Rgb {
    pub const BLACK: Rgb = Rgb { r: 0, g: 0, b: 0 };
    pub const WHITE: Rgb = Rgb { r: 255, g: 255, b: 255 };

    pub fn channels(self) -> [u8; 3] {
        [self.r, self.g, self.b]
    }

    /// HSL to sRGB. `hue` in degrees of any turn, `saturation` and `lightness` from 0 to 1; channels are rounded.
    pub fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Rgb {
        let reach = saturation * lightness.min(1.0 - lightness);
        let channel = |offset: f64| {
            let k = (offset + hue / 30.0).rem_euclid(12.0);
            let value = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            (value * 255.0).round() as u8
        };
        Rgb { r: channel(0.0), g: channel(8.0), b: channel(4.0) }
    }

    /// HSL hue in degrees, [0, 360); `None` for a grey, which has none.
    pub fn hue(self) -> Option<f64> {
        let [r, g, b] = self.channels().map(f64::from);
        let (max, min) = (r.max(g).max(b), r.min(g).min(b));
        if max == min {
            return None;
        }
        let sector = if max == r {
            (g - b) / (max - min)
        } else if max == g {
            2.0 + (b - r) / (max - min)
        } else {
            4.0 + (r - g) / (max - min)
        };
        Some((60.0 * sector).rem_euclid(360.0))
    }

    /// Relative luminance, 0 for black to 1 for white (WCAG 2.2).
    pub fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let v = f64::from(byte) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)
    }

    /// Contrast ratio with `other`, from 1 to 21 (WCAG 2.2); at least 4.5 is readable as body text.
    pub fn contrast(self, other: Rgb) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// `#RRGGBB`, upper-case.
impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02X}{:02X}{:02X}", self.r, self.g, self.b)
    }
}

/// The text is not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidColor;

impl fmt::Display for InvalidColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a colour is #RRGGBB or #RGB (in a URL the # is written %23, or left out)")
    }
}

impl std::error::Error for InvalidColor {}

impl FromStr for Rgb {
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        let digits: Option<Vec<u8>> = text
            .strip_prefix('#')
            .unwrap_or(text)
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        match digits.as_deref() {
            Some(&[r, g, b]) => Ok(Rgb { r: 17 * r, g: 17 * g, b: 17 * b }),
            Some(&[r1, r0, g1, g0, b1, b0]) => Ok(Rgb { r: 16 * r1 + r0, g: 16 * g1 + g0, b: 16 * b1 + b0 }),
            _ => Err(InvalidColor),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_rgb() -> impl Strategy<Value = Rgb> {
        any::<[u8; 3]>().prop_map(|[r, g, b]| Rgb { r, g, b })
    }

    proptest! {
        #[test]
        fn hex_round_trips(rgb in any_rgb()) {
            let hex = rgb.to_string();
            prop_assert!(hex.len() == 7 && hex[1..].bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
            prop_assert_eq!(hex.parse(), Ok(rgb));
            prop_assert_eq!(hex[1..].to_lowercase().parse(), Ok(rgb));
        }

        #[test]
        fn contrast_is_symmetric_and_bounded(a in any_rgb(), b in any_rgb()) {
            prop_assert_eq!(a.contrast(b), b.contrast(a));
            prop_assert!((1.0..=21.0 + 1e-9).contains(&a.contrast(b)));
            // Black or white is always readable on it: the geometric mean of the two contrasts is √21.
            prop_assert!(a.contrast(Rgb::BLACK).max(a.contrast(Rgb::WHITE)) >= 4.5);
        }

        #[test]
        fn hue_survives_a_round_trip_within_the_rounding_of_bytes(hue in 0.0..360.0f64) {
            let back = Rgb::from_hsl(hue, 0.85, 0.55).hue().unwrap();
            let apart = (back - hue).abs();
            prop_assert!(apart.min(360.0 - apart) < 0.5, "{} became {}", hue, back);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,8}") {
            let digits = text.strip_prefix('#').unwrap_or(&text);
            let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit()) && matches!(digits.len(), 3 | 6);
            prop_assert_eq!(text.parse::<Rgb>().is_ok(), is_hex);
        }
    }

    #[test]
    fn known_values() {
        assert_eq!("#a5F".parse::<Rgb>().unwrap().to_string(), "#AA55FF");
        assert_eq!(Rgb::from_hsl(-120.0, 1.0, 0.5).to_string(), "#0000FF");
        assert_eq!(Rgb::WHITE.hue(), None);
        assert!((Rgb::BLACK.contrast(Rgb::WHITE) - 21.0).abs() < 1e-9);
        // The example of WebAIM's contrast checker: the lightest grey that passes 4.5 on white is #767676.
        let grey = |v| Rgb { r: v, g: v, b: v }.contrast(Rgb::WHITE);
        assert!(grey(0x76) >= 4.5 && grey(0x77) < 4.5);
        for bad in ["", "#", "#12", "#12345", "#1234567", "#12345G", "##12345", "+12345"] {
            assert_eq!(bad.parse::<Rgb>(), Err(InvalidColor), "{bad:?}");
        }
    }
}
