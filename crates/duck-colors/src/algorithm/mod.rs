//! The colour procedures by name: index and seed in, colour out.
//!
//! Each procedure has its own file and is pure; this one gives them a common face: names, default seeds, first and
//! last index, sequential iteration.

pub mod color_at;
pub mod genesis;
pub mod golden_spiral;
pub mod sample;
pub mod split_chain;

use std::fmt;
use std::str::FromStr;

use ramanujan_core::MAX_SAFE_INTEGER;

use crate::seed::{GAY_SEED, LEGACY_SEED, Seed};

pub use sample::Sample;

/// A colour procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// D3: golden angle in HSL.
    GoldenSpiral,
    /// D1: chain of split seeds, each giving one LCH colour.
    SplitChain,
    /// D2: Gay.jl `color_at`, random access.
    ColorAt,
    /// The published palette of seed 1069: data that no procedure gives.
    Genesis1069,
}

impl Algorithm {
    pub const ALL: [Algorithm; 4] =
        [Algorithm::GoldenSpiral, Algorithm::SplitChain, Algorithm::ColorAt, Algorithm::Genesis1069];

    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::GoldenSpiral => "golden-spiral",
            Algorithm::SplitChain => "split-chain",
            Algorithm::ColorAt => "color-at",
            Algorithm::Genesis1069 => "genesis-1069",
        }
    }

    /// Whether the colours are stored rather than computed.
    pub fn is_data(self) -> bool {
        self == Algorithm::Genesis1069
    }

    /// The seed where none is given; `None` if the procedure works without one.
    pub fn default_seed(self) -> Option<Seed> {
        match self {
            Algorithm::GoldenSpiral => None,
            Algorithm::SplitChain => Some(Seed(LEGACY_SEED)),
            Algorithm::ColorAt | Algorithm::Genesis1069 => Some(Seed(GAY_SEED)),
        }
    }

    /// Where counting begins: the published lists of D2 and the palette count from 1.
    pub fn first_index(self) -> u64 {
        match self {
            Algorithm::GoldenSpiral | Algorithm::SplitChain => 0,
            Algorithm::ColorAt | Algorithm::Genesis1069 => 1,
        }
    }

    /// Smallest index with a colour. D2 is defined, and has a published value, one place before it begins.
    pub fn lowest_index(self) -> u64 {
        if self == Algorithm::Genesis1069 { 1 } else { 0 }
    }

    /// Largest index with a colour: as far as JSON integers are exact, the chain's cap, or the end of the data.
    pub fn last_index(self) -> u64 {
        match self {
            Algorithm::GoldenSpiral | Algorithm::ColorAt => MAX_SAFE_INTEGER,
            Algorithm::SplitChain => split_chain::MAX_INDEX,
            Algorithm::Genesis1069 => genesis::COLORS.len() as u64,
        }
    }

    /// The colours of `seed` from `start` on, each with its index, ending after [`Algorithm::last_index`].
    ///
    /// # Errors
    /// If `start` has no colour, or the procedure has no such seed.
    pub fn samples(self, seed: Option<Seed>, start: u64) -> Result<Samples, Refused> {
        if !(self.lowest_index()..=self.last_index()).contains(&start) {
            return Err(Refused::Index { algorithm: self, index: start });
        }
        let seed = seed.or(self.default_seed());
        let source = match self {
            Algorithm::GoldenSpiral => Source::Golden(golden_spiral::offset(seed.map(|s| s.0))),
            Algorithm::SplitChain => {
                Source::Chain(split_chain::state(seed.map_or(LEGACY_SEED, |s| s.0), start))
            }
            Algorithm::ColorAt => Source::Hash(seed.map_or(GAY_SEED, |s| s.0)),
            Algorithm::Genesis1069 if seed == self.default_seed() => Source::Data,
            Algorithm::Genesis1069 => return Err(Refused::FixedSeed),
        };
        Ok(Samples { source, next: start, last: self.last_index() })
    }

    /// The colour of one index.
    ///
    /// # Errors
    /// As [`Algorithm::samples`].
    pub fn sample(self, seed: Option<Seed>, index: u64) -> Result<Sample, Refused> {
        let first = self.samples(seed, index)?.next();
        first.map(|(_, sample)| sample).ok_or(Refused::Index { algorithm: self, index })
    }
}

enum Source {
    Golden(f64),
    Chain(u64),
    Hash(u64),
    Data,
}

/// Colours in index order. See [`Algorithm::samples`].
pub struct Samples {
    source: Source,
    next: u64,
    last: u64,
}

impl Iterator for Samples {
    type Item = (u64, Sample);

    fn next(&mut self) -> Option<(u64, Sample)> {
        let index = self.next;
        if index > self.last {
            return None;
        }
        self.next += 1;
        let sample = match &mut self.source {
            Source::Golden(offset) => golden_spiral::sample(*offset, index),
            Source::Chain(state) => {
                let sample = split_chain::sample(*state);
                *state = split_chain::split(*state);
                sample
            }
            Source::Hash(seed) => color_at::color_at(*seed, index).into(),
            Source::Data => (*genesis::COLORS.get(usize::try_from(index).ok()?.checked_sub(1)?)?).into(),
        };
        Some((index, sample))
    }
}

/// Why a procedure has no colour for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Index { algorithm: Algorithm, index: u64 },
    FixedSeed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Index { algorithm, index } => write!(
                f,
                "{algorithm} has colours for the indexes {} to {}, not {index}",
                algorithm.lowest_index(),
                algorithm.last_index()
            ),
            Refused::FixedSeed => {
                write!(f, "genesis-1069 is a stored palette: leave out seed, or give {GAY_SEED}")
            }
        }
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("known algorithms: ")?;
        f.write_str(&Algorithm::ALL.map(Algorithm::as_str).join(", "))
    }
}

impl std::error::Error for UnknownAlgorithm {}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name; `gay-jl-`, after the library that some of them come from, may stand before it.
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let name = text.strip_prefix("gay-jl-").unwrap_or(text);
        Algorithm::ALL.into_iter().find(|a| a.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sequential_access_equals_random_access(
            algorithm in prop::sample::select(vec![Algorithm::GoldenSpiral, Algorithm::SplitChain, Algorithm::ColorAt]),
            seed in prop::option::of(any::<u64>().prop_map(Seed)),
            start in 0u64..5000,
            mut picks in prop::collection::vec(0usize..40, 1..20),
        ) {
            let run: Vec<_> = algorithm.samples(seed, start).unwrap().take(40).collect();
            picks.sort_by_key(|pick| pick.wrapping_mul(7) % 11);
            for pick in picks {
                let (index, sample) = run[pick];
                prop_assert_eq!(index, start + pick as u64);
                prop_assert_eq!(algorithm.sample(seed, index).unwrap(), sample);
            }
        }
    }

    #[test]
    fn names_round_trip_and_take_a_prefix() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert_eq!(format!("gay-jl-{algorithm}").parse(), Ok(algorithm));
        }
        assert_eq!("spiral".parse::<Algorithm>(), Err(UnknownAlgorithm));
    }

    #[test]
    fn every_range_has_two_ends() {
        for algorithm in Algorithm::ALL {
            let (lowest, last) = (algorithm.lowest_index(), algorithm.last_index());
            assert!(algorithm.sample(None, lowest).is_ok() && algorithm.sample(None, last).is_ok());
            let beyond = Refused::Index { algorithm, index: last + 1 };
            assert_eq!(algorithm.sample(None, last + 1), Err(beyond));
            assert_eq!(algorithm.samples(None, last).unwrap().count(), 1);
        }
        assert!(Algorithm::Genesis1069.sample(None, 0).is_err());
        assert_eq!(Algorithm::Genesis1069.sample(Some(Seed(42)), 1), Err(Refused::FixedSeed));
    }
}
