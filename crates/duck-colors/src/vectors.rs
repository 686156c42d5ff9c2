//! The published vectors as data, and their recomputation: `/colors/verify` and the tests run the same code.
//!
//! `data/vectors.json` is the source. The build script turns it into the constants here, so that the component
//! carries no JSON reader for it.

use std::fmt::Display;

use ramanujan_core::splitmix;
use serde::Serialize;
use serde_json::Value;

use crate::algorithm::{Algorithm, color_at, split_chain};
use crate::hue::sigil;
use crate::seed::Seed;
use crate::srgb::Rgb;

include!(concat!(env!("OUT_DIR"), "/vectors.rs"));

/// Mismatches that a group lists; it counts the rest.
const LISTED: usize = 5;

/// All published vectors. Words are 64 bits, colours are spelt as published.
#[derive(Clone, Copy, Debug)]
pub struct Vectors {
    pub splitmix64_stream: &'static [StreamVector],
    pub split_chain: ChainVectors,
    pub color_at: &'static [RunVector],
    pub color_at_fingerprints: &'static [FingerprintVector],
    pub golden_spiral: ListVector,
    pub sigils: &'static [SigilVector],
    pub genesis_1069: ListVector,
}

/// Output `position` (from 1) of the SplitMix64 stream of `seed`.
#[derive(Clone, Copy, Debug)]
pub struct StreamVector {
    pub seed: u64,
    pub position: u64,
    pub value: u64,
}

/// The chain of one seed. `tolerance` is what publishing to ten decimals costs L, C and H.
#[derive(Clone, Copy, Debug)]
pub struct ChainVectors {
    pub seed: u64,
    pub trit_sum: i64,
    pub tolerance: f64,
    pub rows: &'static [ChainRow],
}

#[derive(Clone, Copy, Debug)]
pub struct ChainRow {
    pub index: u64,
    pub state: u64,
    pub l: f64,
    pub c: f64,
    pub h: f64,
    pub hex: &'static str,
    pub trit: i8,
}

/// Successive colours of one seed.
#[derive(Clone, Copy, Debug)]
pub struct RunVector {
    pub seed: u64,
    pub first_index: u64,
    pub hex: &'static [&'static str],
}

/// XOR fingerprint of the colours 1 to `n`.
#[derive(Clone, Copy, Debug)]
pub struct FingerprintVector {
    pub seed: u64,
    pub n: u64,
    pub xor: u32,
}

/// Successive colours of an algorithm without a seed.
#[derive(Clone, Copy, Debug)]
pub struct ListVector {
    pub first_index: u64,
    pub hex: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
pub struct SigilVector {
    pub color: &'static str,
    pub sigil: &'static str,
}

/// What recomputing one group of vectors gave.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Group {
    /// What the vectors are called.
    pub name: &'static str,
    /// What they were recomputed by.
    pub algorithm: &'static str,
    /// Whether the group only compares stored data with stored data.
    pub data: bool,
    /// Vectors that were compared.
    pub checked: usize,
    /// Those of them that differ.
    pub failed: usize,
    /// Vectors left out because they are beyond the bound.
    pub skipped: usize,
    /// The first failures, each `what: expected …, computed …`.
    pub mismatches: Vec<String>,
}

impl Group {
    fn new(name: &'static str, algorithm: &'static str) -> Self {
        Group { name, algorithm, data: false, checked: 0, failed: 0, skipped: 0, mismatches: Vec::new() }
    }

    fn check<T: Display + PartialEq>(&mut self, what: impl Display, expected: T, computed: T) {
        let same = computed == expected;
        self.record(same, || format!("{what}: expected {expected}, computed {computed}"));
    }

    fn record(&mut self, same: bool, mismatch: impl FnOnce() -> String) {
        self.checked += 1;
        if !same {
            self.failed += 1;
            if self.mismatches.len() < LISTED {
                self.mismatches.push(mismatch());
            }
        }
    }
}

/// Recomputes every vector; of the XOR fingerprints those over at most `fingerprint_limit` colours.
pub fn verify(vectors: &Vectors, fingerprint_limit: u64) -> Vec<Group> {
    vec![
        stream(vectors.splitmix64_stream),
        chain(&vectors.split_chain),
        runs(vectors.color_at),
        fingerprints(vectors.color_at_fingerprints, fingerprint_limit),
        list("golden-spiral", Algorithm::GoldenSpiral, &vectors.golden_spiral),
        sigils(vectors.sigils),
        list("genesis-1069", Algorithm::Genesis1069, &vectors.genesis_1069),
    ]
}

fn stream(vectors: &[StreamVector]) -> Group {
    let mut group = Group::new("splitmix64-stream", "splitmix64");
    for v in vectors {
        let computed = splitmix::nth(v.seed, v.position);
        group.check(
            format_args!("seed {} output {}", Seed(v.seed), v.position),
            Seed(v.value),
            Seed(computed),
        );
    }
    group
}

fn chain(vectors: &ChainVectors) -> Group {
    let mut group = Group::new("split-chain", Algorithm::SplitChain.as_str());
    let mut sum = 0;
    for row in vectors.rows {
        let k = row.index;
        let state = split_chain::state(vectors.seed, k);
        let (lch, sample) = (split_chain::lch(state), split_chain::sample(state));
        group.check(format_args!("state {k}"), Seed(row.state), Seed(state));
        for (name, expected, computed) in [("L", row.l, lch.l), ("C", row.c, lch.c), ("H", row.h, lch.h)] {
            let near = (computed - expected).abs() <= vectors.tolerance;
            group.record(near, || {
                format!("{name} {k}: expected {}, computed {}", Value::from(expected), Value::from(computed))
            });
        }
        group.check(format_args!("hex {k}"), row.hex, sample.rgb.to_string().as_str());
        group.check(format_args!("trit {k}"), row.trit, sample.hue.trit());
        sum += i64::from(sample.hue.trit());
    }
    group.check("sum of trits", vectors.trit_sum, sum);
    group
}

fn runs(vectors: &[RunVector]) -> Group {
    let mut group = Group::new("color-at", Algorithm::ColorAt.as_str());
    for run in vectors {
        for (index, hex) in (run.first_index..).zip(run.hex) {
            let computed = color_at::color_at(run.seed, index).to_string();
            group.check(format_args!("seed {} index {index}", Seed(run.seed)), *hex, computed.as_str());
        }
    }
    group
}

fn fingerprints(vectors: &[FingerprintVector], limit: u64) -> Group {
    let mut group = Group::new("color-at-fingerprints", Algorithm::ColorAt.as_str());
    for v in vectors {
        if v.n > limit {
            group.skipped += 1;
            continue;
        }
        let computed = color_at::xor_fingerprint(v.seed, v.n);
        group.record(computed == v.xor, || {
            format!("seed {} n {}: expected {:08x}, computed {computed:08x}", Seed(v.seed), v.n, v.xor)
        });
    }
    group
}

fn list(name: &'static str, algorithm: Algorithm, vectors: &ListVector) -> Group {
    let mut group = Group::new(name, algorithm.as_str());
    group.data = algorithm.is_data();
    for (index, hex) in (vectors.first_index..).zip(vectors.hex) {
        let computed = algorithm.sample(None, index).map_or_else(|e| e.to_string(), |s| s.rgb.to_string());
        group.check(format_args!("index {index}"), *hex, computed.as_str());
    }
    group
}

fn sigils(vectors: &[SigilVector]) -> Group {
    let mut group = Group::new("sigils", "hue-with-cut-offs");
    for v in vectors {
        let computed = v.color.parse::<Rgb>().map_or("not a colour", |rgb| sigil(rgb).emoji);
        group.check(v.color, v.sigil, computed);
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_vector_is_met_to_a_million_colours() {
        let groups = verify(&PUBLISHED, 1_000_000);
        for group in &groups {
            assert_eq!(group.failed, 0, "{group:?}");
        }
        let checked: Vec<_> = groups.iter().map(|g| (g.name, g.checked, g.skipped)).collect();
        assert_eq!(
            checked,
            [
                ("splitmix64-stream", 8, 0),
                ("split-chain", 36 * 6 + 1, 0),
                ("color-at", 26, 0),
                ("color-at-fingerprints", 6, 2),
                ("golden-spiral", 12, 0),
                ("sigils", 1, 0),
                ("genesis-1069", 12, 0),
            ]
        );
    }

    /// What fails when the published vectors are changed by `change`.
    fn failures(change: impl FnOnce(&mut Vectors)) -> Vec<(&'static str, usize)> {
        let mut vectors = PUBLISHED;
        change(&mut vectors);
        let groups = verify(&vectors, 1000);
        groups.iter().filter(|g| g.failed > 0).map(|g| (g.name, g.mismatches.len())).collect()
    }

    fn changed<T: Copy>(list: &[T], change: impl FnOnce(&mut T)) -> &'static [T] {
        let mut list = list.to_vec();
        change(&mut list[0]);
        list.leak()
    }

    #[test]
    fn a_changed_vector_is_found() {
        assert_eq!(failures(|_| ()), []);
        let stream = failures(|v| v.splitmix64_stream = changed(v.splitmix64_stream, |s| s.value ^= 1));
        assert_eq!(stream, [("splitmix64-stream", 1)]);
        for change in [
            (|row| row.l += 1e-9) as fn(&mut ChainRow),
            |row| row.state ^= 1,
            |row| row.hex = "#232101",
            |row| row.trit = 1,
        ] {
            let chain = failures(|v| v.split_chain.rows = changed(v.split_chain.rows, change));
            assert_eq!(chain, [("split-chain", 1)]);
        }
        assert_eq!(failures(|v| v.split_chain.trit_sum = 0), [("split-chain", 1)]);
        assert_eq!(failures(|v| v.color_at = changed(v.color_at, |r| r.first_index = 1)), [("color-at", 5)]);
        let prints =
            failures(|v| v.color_at_fingerprints = changed(v.color_at_fingerprints, |f| f.xor ^= 1 << 31));
        assert_eq!(prints, [("color-at-fingerprints", 1)]);
        assert_eq!(failures(|v| v.golden_spiral.first_index = 1), [("golden-spiral", 5)]);
        assert_eq!(failures(|v| v.genesis_1069.first_index = 0), [("genesis-1069", 5)]);
        assert_eq!(failures(|v| v.sigils = changed(v.sigils, |s| s.sigil = "🔴")), [("sigils", 1)]);
    }
}
