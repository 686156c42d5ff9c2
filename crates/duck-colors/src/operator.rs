//! D7: the stream colour of an operator, by the table of known operations or else by a seeded hash of its name.
//!
//! The first published form hashed with the factor 31, which is 1 modulo 3: anagrams collided and only the seed's
//! remainder mattered. Here the name is hashed by FNV-1a and mixed with the seed.

use ramanujan_core::splitmix::{GOLDEN, step};
use ramanujan_core::{Color, fnv1a64};

/// Where an operator's colour comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The operation is known to the streams, so its colour is theirs under every seed.
    Table,
    /// `[RED, BLUE, GREEN][step(fnv1a64(name) XOR seed) mod 3]`.
    Hash,
}

impl Rule {
    pub const ALL: [Rule; 2] = [Rule::Table, Rule::Hash];

    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Table => "table",
            Rule::Hash => "hash",
        }
    }
}

/// The colour that the hash alone gives `name` under `seed`.
pub fn hashed(name: &str, seed: u64) -> Color {
    match step(fnv1a64(name.as_bytes()) ^ seed) % 3 {
        0 => Color::Red,
        1 => Color::Blue,
        _ => Color::Green,
    }
}

/// The colour of `name` under `seed`, and the rule that gave it.
pub fn assign(name: &str, seed: u64) -> (Color, Rule) {
    match Color::of_operation(name) {
        Some(color) => (color, Rule::Table),
        None => (hashed(name, seed), Rule::Hash),
    }
}

/// Which colour goes first where several could.
pub fn priority(color: Color) -> u8 {
    match color {
        Color::Red => 30,
        Color::Green => 20,
        Color::Blue => 10,
    }
}

/// One line for people.
pub fn explain(name: &str, color: Color) -> String {
    format!("Operator '{name}': Color={color}, Polarity={}, Priority={}", color.polarity(), priority(color))
}

/// How well a set of colours goes together, 0 to 1: evenness over the three colours, less a half if RED meets BLUE.
/// Nothing at all is in harmony.
pub fn harmony(colors: impl IntoIterator<Item = Color>) -> f64 {
    let mut counts = [0u32; 3];
    for color in colors {
        counts[color as usize] += 1;
    }
    let total: u32 = counts.iter().sum();
    if total == 0 {
        return 1.0;
    }
    let spread = counts.iter().max().unwrap_or(&0) - counts.iter().min().unwrap_or(&0);
    let clash = counts[Color::Red as usize] > 0 && counts[Color::Blue as usize] > 0;
    (1.0 - f64::from(spread) / f64::from(total) - if clash { 0.5 } else { 0.0 }).clamp(0.0, 1.0)
}

/// How a child seed is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// `31·seed + offset`, as published. Two families overlap: offset 31 of a seed is offset 0 of the next seed.
    Linear,
    /// `step(step(seed) XOR offset·GOLDEN)`: no such pattern, and still one child per offset.
    Mixed,
}

impl Fork {
    pub const ALL: [Fork; 2] = [Fork::Linear, Fork::Mixed];

    pub fn as_str(self) -> &'static str {
        match self {
            Fork::Linear => "linear",
            Fork::Mixed => "mixed",
        }
    }

    /// Child `offset` of `seed`. Different offsets give different children.
    pub fn child(self, seed: u64, offset: u64) -> u64 {
        match self {
            Fork::Linear => seed.wrapping_mul(31).wrapping_add(offset),
            Fork::Mixed => step(step(seed) ^ offset.wrapping_mul(GOLDEN)),
        }
    }
}

impl std::str::FromStr for Fork {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Fork::ALL.into_iter().find(|fork| fork.as_str() == text).ok_or("known methods: linear, mixed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_color() -> impl Strategy<Value = Color> {
        prop::sample::select(Color::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn known_operations_keep_their_colour_under_every_seed(seed: u64) {
            prop_assert_eq!(assign("insert", seed), (Color::Red, Rule::Table));
            prop_assert_eq!(assign("rollback", seed), (Color::Blue, Rule::Table));
            prop_assert_eq!(assign("verify", seed), (Color::Green, Rule::Table));
            prop_assert_eq!(assign("frobnicate", seed), (hashed("frobnicate", seed), Rule::Hash));
        }

        #[test]
        fn forks_of_one_seed_differ(seed: u64, a: u64, b: u64) {
            for fork in Fork::ALL {
                prop_assert_eq!(fork.child(seed, a) == fork.child(seed, b), a == b);
            }
        }

        #[test]
        fn harmony_ignores_order_and_stays_in_its_range(mut colors in prop::collection::vec(any_color(), 0..20)) {
            let score = harmony(colors.iter().copied());
            colors.reverse();
            prop_assert_eq!(score, harmony(colors));
            prop_assert!((0.0..=1.0).contains(&score));
        }
    }

    #[test]
    fn anagrams_and_seeds_of_one_remainder_no_longer_collide() {
        let names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"];
        let coloring = |seed| names.map(|name| hashed(name, seed));
        assert!(coloring(42) != coloring(99) && coloring(99) != coloring(12345));
        let differ = (0..100u64).filter(|seed| hashed("abc", *seed) != hashed("cba", *seed)).count();
        assert!(differ > 40, "{differ} of 100");
    }

    #[test]
    fn the_hash_uses_all_three_colours_evenly() {
        for color in Color::ALL {
            let share = (0..3000).filter(|i| hashed(&format!("op{i}"), 1069) == color).count();
            assert!((900..1100).contains(&share), "{color}: {share} of 3000");
        }
    }

    #[test]
    fn harmony_and_explanation() {
        use Color::{Blue, Green, Red};
        assert_eq!(harmony([]), 1.0);
        assert_eq!(harmony([Red, Blue, Green]), 0.5);
        assert_eq!(harmony([Red, Red]), 0.0);
        assert_eq!(harmony([Red, Green]), 0.5);
        assert_eq!(explain("insert", Red), "Operator 'insert': Color=RED, Polarity=positive, Priority=30");
        assert_eq!(Fork::Linear.child(42, 1), 1303);
    }
}
