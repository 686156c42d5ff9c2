//! Palettes: a run of one procedure's colours, on request only those that keep a distance from all before them.

use std::fmt;

use crate::algorithm::{Algorithm, Refused, Sample};
use crate::lab::Perceived;
use crate::seed::Seed;

/// Most colours in one palette.
pub const MAX_COLORS: usize = 256;
/// Candidates looked at for one palette (the bound of Gay.jl's own rejection sampling).
pub const MAX_CANDIDATES: usize = 10_000;
/// ΔE2000 distances taken for one palette: bounds a request to well under a second.
pub const MAX_DISTANCES: usize = 1_000_000;

/// One colour of a palette.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swatch {
    pub index: u64,
    pub sample: Sample,
}

/// A palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    pub swatches: Vec<Swatch>,
    /// Smallest ΔE2000 between any two; `None` with fewer than two colours.
    pub delta_e: Option<f64>,
    /// Index to go on from; `None` if the procedure has no more colours.
    pub next: Option<u64>,
}

/// There is no such palette.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfound {
    Refused(Refused),
    /// The procedure has no more colours.
    Ended {
        found: usize,
    },
    /// The bounds on candidates or distances were reached.
    TooFar {
        found: usize,
        candidates: usize,
    },
}

impl fmt::Display for Unfound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfound::Refused(refused) => refused.fmt(f),
            Unfound::Ended { found } => {
                write!(f, "the algorithm has only {found} such colours from there on")
            }
            Unfound::TooFar { found, candidates } => write!(
                f,
                "only {found} of the first {candidates} colours keep that distance; lower min_delta_e or n"
            ),
        }
    }
}

impl std::error::Error for Unfound {}

/// The first `n` colours from index `start` on, each at least `min_delta_e` (ΔE2000) from all chosen before it.
///
/// # Errors
/// If the procedure refuses, ends, or gives too few such colours within the bounds.
pub fn palette(
    algorithm: Algorithm,
    seed: Option<Seed>,
    start: u64,
    n: usize,
    min_delta_e: f64,
) -> Result<Palette, Unfound> {
    let mut swatches = Vec::with_capacity(n.min(MAX_COLORS));
    let mut chosen: Vec<Perceived> = Vec::with_capacity(n.min(MAX_COLORS));
    let (mut candidates, mut distances, mut closest) = (0, 0, f64::INFINITY);
    let mut next = Some(start);
    for (index, sample) in algorithm.samples(seed, start).map_err(Unfound::Refused)? {
        if swatches.len() == n {
            break;
        }
        if candidates == MAX_CANDIDATES || distances >= MAX_DISTANCES {
            return Err(Unfound::TooFar { found: swatches.len(), candidates });
        }
        candidates += 1;
        next = (index < algorithm.last_index()).then_some(index + 1);
        let perceived = Perceived::from(sample.rgb);
        let mut nearest = f64::INFINITY;
        for earlier in &chosen {
            distances += 1;
            nearest = nearest.min(perceived.delta_e(*earlier));
            if nearest < min_delta_e {
                break;
            }
        }
        if nearest >= min_delta_e {
            closest = closest.min(nearest);
            chosen.push(perceived);
            swatches.push(Swatch { index, sample });
        }
    }
    if swatches.len() < n {
        return Err(Unfound::Ended { found: swatches.len() });
    }
    Ok(Palette { swatches, delta_e: closest.is_finite().then_some(closest), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn smallest_distance(palette: &Palette) -> f64 {
        let perceived: Vec<_> = palette.swatches.iter().map(|s| Perceived::from(s.sample.rgb)).collect();
        let pairs =
            perceived.iter().enumerate().flat_map(|(i, a)| perceived[..i].iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| a.delta_e(*b)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn all_pairs_keep_the_distance_and_the_figure_is_the_true_one(
            algorithm in prop::sample::select(vec![Algorithm::SplitChain, Algorithm::ColorAt]),
            seed: u64, n in 2usize..12, min in 0.0..20.0f64,
        ) {
            let palette = palette(algorithm, Some(Seed(seed)), algorithm.first_index(), n, min).unwrap();
            prop_assert_eq!(palette.swatches.len(), n);
            let smallest = smallest_distance(&palette);
            prop_assert!(smallest >= min);
            prop_assert!((palette.delta_e.unwrap() - smallest).abs() < 1e-9);
        }

        #[test]
        fn without_a_distance_it_is_the_plain_run_and_pages_join(seed: u64, n in 1usize..20, more in 1usize..20) {
            let run = |start, n| palette(Algorithm::ColorAt, Some(Seed(seed)), start, n, 0.0).unwrap();
            let (first, whole) = (run(1, n), run(1, n + more));
            let second = run(first.next.unwrap(), more);
            prop_assert_eq!([first.swatches, second.swatches].concat(), whole.swatches);
        }
    }

    #[test]
    fn what_cannot_be_found_ends_with_the_reason() {
        // No fifty colours of one saturation and lightness are 30 apart.
        let none = palette(Algorithm::GoldenSpiral, None, 0, 50, 30.0);
        assert!(
            matches!(none, Err(Unfound::TooFar { found: 2..=20, candidates: MAX_CANDIDATES })),
            "{none:?}"
        );
        let data = |start, n| palette(Algorithm::Genesis1069, None, start, n, 0.0);
        assert_eq!(data(1, 13), Err(Unfound::Ended { found: 12 }));
        assert_eq!(data(1, 12).unwrap().next, None);
        assert_eq!(data(12, 1).unwrap().delta_e, None);
        assert!(matches!(data(13, 1), Err(Unfound::Refused(_))));
    }
}
