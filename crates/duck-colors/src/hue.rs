//! Hues, and the balanced-ternary digit and colour emoji that they stand for.

use ramanujan_core::Color;

use crate::lab::Perceived;
use crate::srgb::Rgb;

/// Which circle a hue is measured on. The two differ by up to some forty degrees for one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HueSpace {
    /// CIE LCH(ab).
    Lch,
    Hsl,
}

impl HueSpace {
    pub const ALL: [HueSpace; 2] = [HueSpace::Lch, HueSpace::Hsl];

    pub fn as_str(self) -> &'static str {
        match self {
            HueSpace::Lch => "lch",
            HueSpace::Hsl => "hsl",
        }
    }
}

/// A hue in degrees, [0, 360); `None` for a grey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hue {
    pub degrees: Option<f64>,
    pub space: HueSpace,
}

impl Hue {
    /// +1 below 60 and from 300 degrees (warm), 0 below 180 (green to cyan), −1 below 300 (blue). A grey is neutral.
    pub fn trit(self) -> i8 {
        match self.degrees {
            Some(h) if (60.0..180.0).contains(&h) => 0,
            Some(h) if (180.0..300.0).contains(&h) => -1,
            Some(_) => 1,
            None => 0,
        }
    }

    /// The stream colour with this hue's trit.
    pub fn stream_color(self) -> Color {
        match self.trit() {
            1 => Color::Red,
            -1 => Color::Blue,
            _ => Color::Green,
        }
    }
}

/// A colour emoji with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sigil {
    pub emoji: &'static str,
    pub name: &'static str,
}

/// L* up to which every hue looks black.
const BLACK_LIGHTNESS: f64 = 12.0;
/// C* below which a colour looks grey; grey is then black or white by [`GREY_LIGHTNESS`].
const GREY_CHROMA: f64 = 12.0;
/// L* that parts the greys: CSS `gray` (53.6) is ⚫ as in the roster of the verifiers, `silver` (77.7) is ⚪.
const GREY_LIGHTNESS: f64 = 65.0;
/// L* below which orange looks brown.
const BROWN_LIGHTNESS: f64 = 50.0;
/// Upper ends of the HSL hue ranges; red goes on after the last.
const RANGES: [(f64, Sigil); 6] = [
    (15.0, RED),
    (45.0, Sigil { emoji: "🟠", name: "orange" }),
    (70.0, Sigil { emoji: "🟡", name: "yellow" }),
    (165.0, Sigil { emoji: "🟢", name: "green" }),
    (255.0, Sigil { emoji: "🔵", name: "blue" }),
    (330.0, Sigil { emoji: "🟣", name: "purple" }),
];
const RED: Sigil = Sigil { emoji: "🔴", name: "red" };
const BROWN: Sigil = Sigil { emoji: "🟤", name: "brown" };
const BLACK: Sigil = Sigil { emoji: "⚫", name: "black" };
const WHITE: Sigil = Sigil { emoji: "⚪", name: "white" };

/// All colour emoji.
pub fn sigils() -> [Sigil; 9] {
    let [red, orange, yellow, green, blue, purple] = RANGES.map(|(_, sigil)| sigil);
    [red, orange, yellow, green, blue, purple, BROWN, BLACK, WHITE]
}

/// The colour emoji nearest to `rgb`: by HSL hue, after very dark and grey colours are set apart.
pub fn sigil(rgb: Rgb) -> Sigil {
    let perceived = Perceived::from(rgb);
    let lightness = perceived.lightness();
    let hue = match rgb.hue() {
        _ if lightness <= BLACK_LIGHTNESS => return BLACK,
        Some(hue) if perceived.chroma() >= GREY_CHROMA => hue,
        _ => return if lightness < GREY_LIGHTNESS { BLACK } else { WHITE },
    };
    let found = RANGES.iter().find(|(end, _)| hue < *end).map_or(RED, |(_, sigil)| *sigil);
    if found.name == "orange" && lightness < BROWN_LIGHTNESS { BROWN } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srgb::tests::any_rgb;
    use proptest::prelude::*;

    fn hsl(degrees: Option<f64>) -> Hue {
        Hue { degrees, space: HueSpace::Hsl }
    }

    #[test]
    fn css_colours_have_the_emoji_of_their_name() {
        for (hex, name) in [
            ("#FF0000", "red"),
            ("#DC143C", "red"),
            ("#FFA500", "orange"),
            ("#FF8C00", "orange"),
            ("#FFFF00", "yellow"),
            ("#FFD700", "yellow"),
            ("#008000", "green"),
            ("#00FF00", "green"),
            ("#0000FF", "blue"),
            ("#000080", "blue"),
            ("#008080", "blue"),
            ("#800080", "purple"),
            ("#A855F7", "purple"),
            ("#FF00FF", "purple"),
            ("#8B4513", "brown"),
            ("#A0522D", "brown"),
            ("#000000", "black"),
            ("#808080", "black"),
            ("#C0C0C0", "white"),
            ("#FFFFFF", "white"),
        ] {
            assert_eq!(sigil(hex.parse().unwrap()).name, name, "{hex}");
        }
    }

    #[test]
    fn trits_change_at_sixty_one_eighty_and_three_hundred() {
        for (degrees, trit) in
            [(0.0, 1), (59.9, 1), (60.0, 0), (179.9, 0), (180.0, -1), (299.9, -1), (300.0, 1), (359.9, 1)]
        {
            assert_eq!(hsl(Some(degrees)).trit(), trit, "{degrees}");
        }
        assert_eq!(hsl(None).trit(), 0);
    }

    proptest! {
        #[test]
        fn the_trit_names_the_strongest_channel(rgb in any_rgb()) {
            let max = rgb.r.max(rgb.g).max(rgb.b);
            let strongest = [(rgb.r, 1), (rgb.g, 0), (rgb.b, -1)].into_iter().filter(|(v, _)| *v == max);
            let strongest: Vec<_> = strongest.map(|(_, trit)| trit).collect();
            if let [only] = strongest[..] {
                prop_assert_eq!(hsl(rgb.hue()).trit(), only);
            }
        }

        #[test]
        fn the_stream_color_has_the_same_trit(degrees in prop::option::of(0.0..360.0f64)) {
            prop_assert_eq!(hsl(degrees).stream_color().trit(), hsl(degrees).trit());
        }
    }
}
