//! CIE colour spaces: LCH(ab) to sRGB exactly as the published split chain does it, and CIEDE2000 distances.
//!
//! The two directions differ on purpose. The split chain's own conversion truncates channels, so its vectors hold
//! only with these constants; distances go through the `palette` crate's CIELAB.

use palette::color_difference::Ciede2000;
use palette::white_point::D65;
use palette::{IntoColor, Lab, Srgb};

use crate::srgb::Rgb;

/// CIE LCH(ab) under D65: lightness from 0 to 100, chroma from 0, hue in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lch {
    pub l: f64,
    pub c: f64,
    pub h: f64,
}

impl Lch {
    /// LCH → Lab → XYZ → linear sRGB → gamma → clip → bytes, truncated.
    pub fn to_rgb(self) -> Rgb {
        const KAPPA: f64 = 24389.0 / 27.0;
        const EPSILON: f64 = 216.0 / 24389.0;
        let (sin, cos) = self.h.to_radians().sin_cos();
        let fy = (self.l + 16.0) / 116.0;
        let fx = fy + self.c * cos / 500.0;
        let fz = fy - self.c * sin / 200.0;
        let inverse = |t: f64| {
            let cube = t * t * t;
            if cube > EPSILON { cube } else { (116.0 * t - 16.0) / KAPPA }
        };
        let (x, y, z) = (0.95047 * inverse(fx), inverse(fy), 1.08883 * inverse(fz));
        let byte = |v: f64| {
            let encoded = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
            (255.0 * encoded.clamp(0.0, 1.0)) as u8
        };
        Rgb {
            r: byte(3.240_454_2 * x - 1.537_138_5 * y - 0.498_531_4 * z),
            g: byte(-0.969_266_0 * x + 1.876_010_8 * y + 0.041_556_0 * z),
            b: byte(0.055_643_4 * x - 0.204_025_9 * y + 1.057_225_2 * z),
        }
    }
}

/// A colour in CIELAB, kept so that each is converted once however many distances are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perceived(Lab<D65, f64>);

impl Perceived {
    /// Lightness L*, from 0 to 100.
    pub fn lightness(self) -> f64 {
        self.0.l
    }

    /// Chroma C*ab: the distance from grey.
    pub fn chroma(self) -> f64 {
        self.0.a.hypot(self.0.b)
    }

    /// ΔE2000 (Sharma, Wu and Dalal 2005): about 1 is just noticeable, 30 is plainly another colour.
    pub fn delta_e(self, other: Perceived) -> f64 {
        self.0.difference(other.0)
    }
}

impl From<Rgb> for Perceived {
    fn from(rgb: Rgb) -> Self {
        Perceived(Srgb::new(rgb.r, rgb.g, rgb.b).into_format::<f64>().into_color())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srgb::tests::any_rgb;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn delta_e_is_symmetric_and_zero_only_on_itself(a in any_rgb(), b in any_rgb()) {
            let (p, q) = (Perceived::from(a), Perceived::from(b));
            prop_assert!((p.delta_e(q) - q.delta_e(p)).abs() < 1e-9);
            prop_assert_eq!(p.delta_e(q) == 0.0, a == b);
        }
    }

    #[test]
    fn delta_e_meets_published_pairs() {
        // Sharma, Wu and Dalal (2005), table 1, pairs 1, 7, 17 and 25.
        for (left, right, expected) in [
            ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
            ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
            ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
            ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ] {
            let at = |[l, a, b]: [f64; 3]| Perceived(Lab::new(l, a, b));
            assert!((at(left).delta_e(at(right)) - expected).abs() < 5e-5, "{left:?} {right:?}");
        }
    }

    #[test]
    fn lightness_and_chroma_of_the_corners() {
        let white = Perceived::from(Rgb::WHITE);
        assert!((white.lightness() - 100.0).abs() < 1e-3 && white.chroma() < 0.05);
        assert!(Perceived::from(Rgb::BLACK).lightness().abs() < 1e-9);
    }
}
