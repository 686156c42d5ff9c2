//! What is known of a reference collection as a whole: sums over its vectors, so that blocks can be added in any
//! order and merged, and a second look at a sample of them.
//!
//! All but the norm is taken over vectors scaled to unit length, so it does not depend on how long they are.

use super::measure::{self, Vector};
use crate::roster::NUM_VERIFIERS;

/// Standard deviations from the reference's mean within which a number is usual there: 4, which one in
/// sixteen vectors exceeds at most whatever the distribution (Chebyshev), and one in 16,000 of a normal one.
pub(super) const REFERENCE_DEVIATIONS: f64 = 4.0;

/// Mean, standard deviation (of the population) and range of one number over a collection.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the population, never negative.
    pub deviation: f64,
    /// The smallest; 0 of no numbers.
    pub min: f64,
    /// The largest; 0 of no numbers.
    pub max: f64,
}

impl Spread {
    /// The least that is within [`REFERENCE_DEVIATIONS`] of the mean.
    pub(super) fn below(&self) -> f64 {
        self.mean - REFERENCE_DEVIATIONS * self.deviation
    }

    /// The most that is within [`REFERENCE_DEVIATIONS`] of the mean.
    pub(super) fn above(&self) -> f64 {
        self.mean + REFERENCE_DEVIATIONS * self.deviation
    }
}

/// Sums over a collection; a vector of norm zero is counted and left out of all other sums.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Accumulator {
    count: u64,
    zeros: u64,
    /// Σ u_j over unit vectors u.
    sum: Vec<f64>,
    /// Σ u_j².
    squares: Vec<f64>,
    log_norm: Moments,
    balance: Moments,
}

/// Sums of one number.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Moments {
    pub(super) count: u64,
    sum: f64,
    squares: f64,
    /// Absent while nothing was added: JSON has no infinities.
    range: Option<(f64, f64)>,
}

/// Statistics of a collection of at least one vector that is not zero.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reference {
    /// Vectors that are not zero.
    pub count: u64,
    /// Mean of the unit vectors.
    pub centroid: Vec<f64>,
    /// Variance of each component of the unit vectors.
    pub variance: Vec<f64>,
    /// Natural logarithm of the Euclidean norms of the vectors as stored.
    pub log_norm: Spread,
    /// Balance of sign mass: (Σ positive − Σ |negative|) / Σ |x|.
    pub balance: Spread,
    /// Cosine with the centroid. It needs a second look at the vectors, [`Reference::measure_sample`]; without it the
    /// test `centroid_alignment` abstains.
    pub cosine: Option<Spread>,
    /// What each verifier measures in vectors of the collection, in roster order, by the same second look. Where the
    /// collection is less regular than the data of the calibration, thresholds give way to it.
    pub usual: [Option<Spread>; NUM_VERIFIERS],
}

impl Accumulator {
    /// No vectors yet.
    pub fn new(dimension: usize) -> Accumulator {
        Accumulator {
            count: 0,
            zeros: 0,
            sum: vec![0.0; dimension],
            squares: vec![0.0; dimension],
            log_norm: Moments::NONE,
            balance: Moments::NONE,
        }
    }

    /// Components of the vectors.
    pub fn dimension(&self) -> usize {
        self.sum.len()
    }

    /// Vectors added, those of norm zero included.
    pub fn count(&self) -> u64 {
        self.count + self.zeros
    }

    /// Adds one vector of that dimension; a vector of another dimension, or one that is not finite, changes nothing
    /// and gives `false`.
    pub fn add(&mut self, vector: &[f32]) -> bool {
        if vector.len() != self.dimension() || vector.iter().any(|x| !x.is_finite()) {
            return false;
        }
        let vector = Vector::new(vector);
        if vector.is_zero() {
            self.zeros += 1;
            return true;
        }
        self.count += 1;
        for ((sum, squares), u) in self.sum.iter_mut().zip(&mut self.squares).zip(&vector.unit) {
            *sum += u;
            *squares += u * u;
        }
        self.log_norm.add(vector.norm.ln());
        self.balance.add(measure::balance(&vector.unit));
        true
    }

    /// Adds what another accumulator of the same dimension has; one of another dimension changes nothing and gives
    /// `false`.
    pub fn merge(&mut self, other: &Accumulator) -> bool {
        if other.dimension() != self.dimension() {
            return false;
        }
        self.count += other.count;
        self.zeros += other.zeros;
        for (sum, more) in self.sum.iter_mut().zip(&other.sum) {
            *sum += more;
        }
        for (sum, more) in self.squares.iter_mut().zip(&other.squares) {
            *sum += more;
        }
        self.log_norm.merge(&other.log_norm);
        self.balance.merge(&other.balance);
        true
    }

    /// The statistics, `None` if no vector was added or all were zero.
    pub fn finish(&self) -> Option<Reference> {
        if self.count == 0 {
            return None;
        }
        let n = self.count as f64;
        let centroid: Vec<f64> = self.sum.iter().map(|sum| sum / n).collect();
        let variance =
            self.squares.iter().zip(&centroid).map(|(squares, mean)| (squares / n - mean * mean).max(0.0));
        Some(Reference {
            count: self.count,
            variance: variance.collect(),
            centroid,
            log_norm: self.log_norm.finish(),
            balance: self.balance.finish(),
            cosine: None,
            usual: [None; NUM_VERIFIERS],
        })
    }
}

impl Moments {
    pub(super) const NONE: Moments = Moments { count: 0, sum: 0.0, squares: 0.0, range: None };

    pub(super) fn add(&mut self, x: f64) {
        self.merge(&Moments { count: 1, sum: x, squares: x * x, range: Some((x, x)) });
    }

    fn merge(&mut self, other: &Moments) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }

    pub(super) fn finish(&self) -> Spread {
        let n = self.count.max(1) as f64;
        let mean = self.sum / n;
        let (min, max) = self.range.unwrap_or((0.0, 0.0));
        Spread { mean, deviation: (self.squares / n - mean * mean).max(0.0).sqrt(), min, max }
    }
}

impl Reference {
    /// Components of the vectors.
    pub fn dimension(&self) -> usize {
        self.centroid.len()
    }

    /// Mean cosine of a vector with the centroid: the mean of u·c/|c| is c·c/|c|.
    pub fn mean_cosine(&self) -> f64 {
        measure::dot(&self.centroid, &self.centroid).sqrt()
    }

    /// Mean cosine of two different vectors: (|Σu|² − n) / (n (n − 1)), 1 for a single vector.
    pub fn mean_pair_cosine(&self) -> f64 {
        let n = self.count as f64;
        if self.count < 2 {
            return 1.0;
        }
        ((n * self.mean_cosine()).powi(2) - n) / (n * (n - 1.0))
    }

    /// Cosine of a vector with the centroid, 0 if one of them is zero.
    pub fn cosine_with_centroid(&self, vector: &[f32]) -> f64 {
        let scale = self.mean_cosine();
        if scale > 0.0 { measure::dot(&Vector::new(vector).unit, &self.centroid) / scale } else { 0.0 }
    }
}
