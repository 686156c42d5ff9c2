//! The published vectors as data, and their recomputation: `/colors/verify` and the tests run the same code.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Algorithm, color_at, split_chain};
use crate::hue::sigil;
use crate::splitmix::{self, Seed};
use crate::srgb::Rgb;

/// The vectors, compiled in.
pub const DATA: &str = include_str!("../data/vectors.json");
/// Mismatches that a group lists; it counts the rest.
const LISTED: usize = 5;

#[derive(Deserialize)]
struct Vectors {
    splitmix64_stream: Vec<StreamVector>,
    split_chain: ChainVectors,
    color_at: Vec<RunVector>,
    color_at_fingerprints: Vec<FingerprintVector>,
    golden_spiral: ListVector,
    sigils: Vec<SigilVector>,
    genesis_1069: ListVector,
}

#[derive(Deserialize)]
struct StreamVector {
    seed: String,
    position: u64,
    value: String,
}

#[derive(Deserialize)]
struct ChainVectors {
    seed: String,
    trit_sum: i64,
    tolerance: f64,
    rows: Vec<ChainRow>,
}

#[derive(Deserialize)]
struct ChainRow {
    index: u64,
    state: String,
    l: f64,
    c: f64,
    h: f64,
    hex: String,
    trit: i8,
}

#[derive(Deserialize)]
struct RunVector {
    seed: String,
    first_index: u64,
    hex: Vec<String>,
}

#[derive(Deserialize)]
struct FingerprintVector {
    seed: String,
    n: u64,
    xor: String,
}

#[derive(Deserialize)]
struct ListVector {
    first_index: u64,
    hex: Vec<String>,
}

#[derive(Deserialize)]
struct SigilVector {
    color: String,
    sigil: String,
}

/// What recomputing one group of vectors gave.
#[derive(Debug, Serialize)]
pub struct Group {
    pub name: &'static str,
    pub algorithm: &'static str,
    /// Whether the group only compares stored data with stored data.
    pub data: bool,
    pub checked: usize,
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

    fn check<E: Display, C: Display + PartialEq<E>>(&mut self, what: impl Display, expected: E, computed: C) {
        self.checked += 1;
        if computed != expected {
            self.failed += 1;
            if self.mismatches.len() < LISTED {
                self.mismatches.push(format!("{what}: expected {expected}, computed {computed}"));
            }
        }
    }
}

/// Recomputes every vector; of the XOR fingerprints those over at most `fingerprint_limit` colours.
///
/// # Errors
/// If `data` is not a set of vectors.
pub fn verify(data: &str, fingerprint_limit: u64) -> Result<Vec<Group>, serde_json::Error> {
    let vectors: Vectors = serde_json::from_str(data)?;
    Ok(vec![
        stream(&vectors.splitmix64_stream)?,
        chain(&vectors.split_chain)?,
        runs(&vectors.color_at)?,
        fingerprints(&vectors.color_at_fingerprints, fingerprint_limit)?,
        list("golden-spiral", Algorithm::GoldenSpiral, &vectors.golden_spiral),
        sigils(&vectors.sigils)?,
        list("genesis-1069", Algorithm::Genesis1069, &vectors.genesis_1069),
    ])
}

/// A word of 16 hex digits.
fn word(text: &str) -> Result<u64, serde_json::Error> {
    u64::from_str_radix(text, 16).map_err(serde::de::Error::custom)
}

fn stream(vectors: &[StreamVector]) -> Result<Group, serde_json::Error> {
    let mut group = Group::new("splitmix64-stream", "splitmix64");
    for v in vectors {
        let computed = splitmix::stream(word(&v.seed)?, v.position);
        group.check(
            format_args!("seed {} output {}", v.seed, v.position),
            v.value.as_str(),
            format!("{computed:016x}"),
        );
    }
    Ok(group)
}

fn chain(vectors: &ChainVectors) -> Result<Group, serde_json::Error> {
    let mut group = Group::new("split-chain", Algorithm::SplitChain.as_str());
    let seed = word(&vectors.seed)?;
    let mut sum = 0;
    for row in &vectors.rows {
        let k = row.index;
        let state = split_chain::state(seed, k);
        let (lch, sample) = (split_chain::lch(state), split_chain::sample(state));
        group.check(format_args!("state {k}"), row.state.as_str(), format!("{state:016x}"));
        for (name, expected, computed) in [("L", row.l, lch.l), ("C", row.c, lch.c), ("H", row.h, lch.h)] {
            // Published to ten decimals: equal means within their rounding.
            let near = (computed - expected).abs() <= vectors.tolerance;
            group.check(format_args!("{name} {k}"), expected, if near { expected } else { computed });
        }
        group.check(format_args!("hex {k}"), row.hex.as_str(), sample.rgb.to_string());
        group.check(format_args!("trit {k}"), row.trit, sample.hue.trit());
        sum += i64::from(sample.hue.trit());
    }
    group.check("sum of trits", vectors.trit_sum, sum);
    Ok(group)
}

fn runs(vectors: &[RunVector]) -> Result<Group, serde_json::Error> {
    let mut group = Group::new("color-at", Algorithm::ColorAt.as_str());
    for run in vectors {
        let seed = word(&run.seed)?;
        for (index, hex) in (run.first_index..).zip(&run.hex) {
            let computed = color_at::color_at(seed, index).to_string();
            group.check(format_args!("seed {} index {index}", run.seed), hex.as_str(), computed);
        }
    }
    Ok(group)
}

fn fingerprints(vectors: &[FingerprintVector], limit: u64) -> Result<Group, serde_json::Error> {
    let mut group = Group::new("color-at-fingerprints", Algorithm::ColorAt.as_str());
    for v in vectors {
        if v.n > limit {
            group.skipped += 1;
            continue;
        }
        let computed = color_at::xor_fingerprint(word(&v.seed)?, v.n);
        group.check(format_args!("seed {} n {}", v.seed, v.n), v.xor.as_str(), format!("{computed:08x}"));
    }
    Ok(group)
}

fn list(name: &'static str, algorithm: Algorithm, vectors: &ListVector) -> Group {
    let mut group = Group::new(name, algorithm.as_str());
    group.data = algorithm.is_data();
    for (index, hex) in (vectors.first_index..).zip(&vectors.hex) {
        let computed =
            algorithm.sample(None::<Seed>, index).map_or_else(|e| e.to_string(), |s| s.rgb.to_string());
        group.check(format_args!("index {index}"), hex.as_str(), computed);
    }
    group
}

fn sigils(vectors: &[SigilVector]) -> Result<Group, serde_json::Error> {
    let mut group = Group::new("sigils", "hue-with-cut-offs");
    for v in vectors {
        let rgb: Rgb = v.color.parse().map_err(serde::de::Error::custom)?;
        group.check(&v.color, v.sigil.as_str(), sigil(rgb).emoji);
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_vector_is_met_to_a_million_colours() {
        let groups = verify(DATA, 1_000_000).unwrap();
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

    #[test]
    fn a_changed_vector_is_found() {
        for (right, wrong, name) in [
            ("f061ebbc2ca74d78", "f061ebbc2ca74d79", "splitmix64-stream"),
            ("\"l\": 9.9530515180", "\"l\": 9.9530515190", "split-chain"),
            ("\"trit_sum\": 6", "\"trit_sum\": 0", "split-chain"),
            ("#03F166", "#03F167", "color-at"),
            ("04dd5d6b", "04dd5d6c", "color-at-fingerprints"),
            ("#2BEE64", "#2BEE65", "golden-spiral"),
            ("🟣", "🔴", "sigils"),
            ("#E67F86", "#E67F87", "genesis-1069"),
        ] {
            assert!(DATA.contains(right), "{right}");
            let groups = verify(&DATA.replacen(right, wrong, 1), 1000).unwrap();
            let failed: Vec<_> = groups.iter().filter(|g| g.failed > 0).map(|g| (g.name, g.failed)).collect();
            assert_eq!(failed, [(name, 1)], "{wrong}");
        }
        assert!(verify("{}", 0).is_err());
    }
}
