//! What is known of a reference collection as a whole: sums over its vectors, so that blocks can be added in any
//! order and merged, and a second look at a sample of them.
//!
//! All but the norm is taken over vectors scaled to unit length, so it does not depend on how long they are.

use super::measure::{self, Vector};
use super::{Context, Neighbour};
use crate::roster::NUM_VERIFIERS;

/// Mean, standard deviation (of the population) and range of one number over a collection.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Spread {
    pub mean: f64,
    pub deviation: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// The least that is within [`super::REFERENCE_DEVIATIONS`] of the mean.
    pub(super) fn below(&self) -> f64 {
        self.mean - super::REFERENCE_DEVIATIONS * self.deviation
    }

    /// The most that is within [`super::REFERENCE_DEVIATIONS`] of the mean.
    pub(super) fn above(&self) -> f64 {
        self.mean + super::REFERENCE_DEVIATIONS * self.deviation
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

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Moments {
    count: u64,
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

/// Most vectors of a collection that [`Reference::measure_sample`] looks at; of more than 1024 components it takes
/// fewer, down to 64, since the time for one grows with the square of the dimension.
pub const MAX_SAMPLE: usize = 256;

/// Vectors that [`Reference::measure_sample`] looks at in a collection of this dimension.
pub fn sample_size(dimension: usize) -> usize {
    (MAX_SAMPLE * 1024 / dimension.max(1)).clamp(64, MAX_SAMPLE)
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
    const NONE: Moments = Moments { count: 0, sum: 0.0, squares: 0.0, range: None };

    fn add(&mut self, x: f64) {
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

    fn finish(&self) -> Spread {
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

    /// Takes a second look at vectors of the collection: at least [`super::MIN_REFERENCE`], of which the first
    /// [`sample_size`] count, drawn from all over it. Sets [`Reference::cosine`] and [`Reference::usual`]; vectors of
    /// another dimension and zero ones are left out. Time: that of judging each with the others as its collection.
    pub fn measure_sample<'a>(&mut self, vectors: impl IntoIterator<Item = &'a [f32]>) {
        let fits = |vector: &&[f32]| vector.len() == self.dimension() && vector.iter().all(|x| x.is_finite());
        let sample: Vec<(&[f32], Vec<f64>)> = vectors
            .into_iter()
            .filter(fits)
            .map(|vector| (vector, Vector::new(vector)))
            .filter(|(_, vector)| !vector.is_zero())
            .map(|(components, vector)| (components, vector.unit))
            .take(sample_size(self.dimension()))
            .collect();
        self.usual = [None; NUM_VERIFIERS];
        let mut cosines = Moments::NONE;
        for (components, _) in &sample {
            cosines.add(self.cosine_with_centroid(components));
        }
        self.cosine = (cosines.count >= super::MIN_REFERENCE).then(|| cosines.finish());
        if self.cosine.is_none() {
            return;
        }
        let mut usual = [Moments::NONE; NUM_VERIFIERS];
        for (own, (components, unit)) in sample.iter().enumerate() {
            let mut near: Vec<(f64, usize)> = sample
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != own)
                .map(|(other, (_, vector))| (measure::dot(unit, vector), other))
                .collect();
            near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            near.truncate(super::NEIGHBOURS);
            let neighbours: Vec<Neighbour> = near
                .into_iter()
                .map(|(cosine, other)| Neighbour {
                    index: other as u64,
                    id: None,
                    cosine,
                    vector: sample[other].0.to_vec(),
                })
                .collect();
            let context = Context { reference: Some(&*self), neighbours: &neighbours, peers: &[] };
            for (moments, finding) in usual.iter_mut().zip(super::findings(components, &context)) {
                if let Some(measured) = finding.measured() {
                    moments.add(measured);
                }
            }
        }
        let enough = |moments: Moments| (moments.count >= super::MIN_REFERENCE).then(|| moments.finish());
        self.usual = usual.map(enough);
    }
}
