//! What is known of a reference collection as a whole: sums over its vectors, so that blocks can be added in any
//! order and merged.
//!
//! All but the norm is taken over vectors scaled to unit length, so it does not depend on how long they are.

/// Mean, standard deviation (of the population) and range of one number over a collection.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Spread {
    pub mean: f64,
    pub deviation: f64,
    pub min: f64,
    pub max: f64,
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
    norm: Moments,
    balance: Moments,
}

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Moments {
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

/// Statistics of a collection of at least one vector that is not zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Vectors that are not zero.
    pub count: u64,
    /// Mean of the unit vectors.
    pub centroid: Vec<f64>,
    /// Variance of each component of the unit vectors.
    pub variance: Vec<f64>,
    /// Euclidean norms of the vectors as stored.
    pub norm: Spread,
    /// Balance of sign mass: (Σ positive − Σ |negative|) / Σ |x|.
    pub balance: Spread,
}

impl Accumulator {
    /// No vectors yet.
    pub fn new(dimension: usize) -> Accumulator {
        const NONE: Moments = Moments { sum: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
        Accumulator {
            count: 0,
            zeros: 0,
            sum: vec![0.0; dimension],
            squares: vec![0.0; dimension],
            norm: NONE,
            balance: NONE,
        }
    }

    /// Components of the vectors.
    pub fn dimension(&self) -> usize {
        self.sum.len()
    }

    /// Adds one vector of that dimension; a vector of another dimension changes nothing and gives `false`.
    pub fn add(&mut self, vector: &[f32]) -> bool {
        if vector.len() != self.dimension() {
            return false;
        }
        let norm = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if norm == 0.0 || !norm.is_finite() {
            self.zeros += 1;
            return true;
        }
        self.count += 1;
        let (mut signed, mut absolute) = (0.0, 0.0);
        for ((sum, squares), x) in self.sum.iter_mut().zip(&mut self.squares).zip(vector) {
            let u = f64::from(*x) / norm;
            *sum += u;
            *squares += u * u;
            signed += u;
            absolute += u.abs();
        }
        self.norm.add(norm);
        self.balance.add(signed / absolute);
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
        self.norm.merge(&other.norm);
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
            norm: self.norm.finish(n),
            balance: self.balance.finish(n),
        })
    }
}

impl Moments {
    fn add(&mut self, x: f64) {
        self.merge(&Moments { sum: x, squares: x * x, min: x, max: x });
    }

    fn merge(&mut self, other: &Moments) {
        self.sum += other.sum;
        self.squares += other.squares;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn finish(&self, n: f64) -> Spread {
        let mean = self.sum / n;
        Spread {
            mean,
            deviation: (self.squares / n - mean * mean).max(0.0).sqrt(),
            min: self.min,
            max: self.max,
        }
    }
}

impl Reference {
    /// Components of the vectors.
    pub fn dimension(&self) -> usize {
        self.centroid.len()
    }

    /// Mean cosine of a vector with the centroid: the mean of u·c/|c| is c·c/|c|.
    pub fn mean_cosine(&self) -> f64 {
        self.centroid.iter().map(|c| c * c).sum::<f64>().sqrt()
    }

    /// Mean cosine of two different vectors: (|Σu|² − n) / (n (n − 1)), 1 for a single vector.
    pub fn mean_pair_cosine(&self) -> f64 {
        let n = self.count as f64;
        if self.count < 2 {
            return 1.0;
        }
        ((n * self.mean_cosine()).powi(2) - n) / (n * (n - 1.0))
    }
}
