//! The numbers that the tests compare with thresholds. Each is a function of one vector, or of it and its
//! neighbours; those marked scale-free do not change when the vector is multiplied by a positive number.

use super::neighbour::Neighbour;

/// Smallest ratio to the root mean square at which a component counts for something.
pub(super) const NEGLIGIBLE: f64 = 1e-6;

/// A vector in f64 with the sums that several tests need.
pub(super) struct Vector {
    pub(super) raw: Vec<f64>,
    /// Scaled to unit length; all zero if the vector is.
    pub(super) unit: Vec<f64>,
    pub(super) norm: f64,
}

impl Vector {
    pub(super) fn new(components: &[f32]) -> Vector {
        let raw: Vec<f64> = components.iter().map(|x| f64::from(*x)).collect();
        let norm = dot(&raw, &raw).sqrt();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        Vector { unit: raw.iter().map(|x| x * scale).collect(), raw, norm }
    }

    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.norm == 0.0
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// log2 |x| of the non-zero components, ascending.
pub(super) fn orders(components: &[f64]) -> Vec<f64> {
    let mut orders: Vec<f64> = components.iter().filter(|x| **x != 0.0).map(|x| x.abs().log2()).collect();
    orders.sort_by(f64::total_cmp);
    orders
}

/// Largest distance from the median in robust standard deviations (1.4826 · median absolute deviation), divided by
/// √(2 ln n), which is what the largest of n normal numbers comes to; with its index. `None` if more than half of the
/// components are equal. Scale-free.
pub(super) fn outlier(components: &[f64]) -> Option<(f64, usize)> {
    let median = median(&mut components.to_vec());
    let mut distances: Vec<f64> = components.iter().map(|x| (x - median).abs()).collect();
    let (index, farthest) = distances.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let deviation = 1.4826 * self::median(&mut distances);
    let expected = (2.0 * (components.len() as f64).ln()).sqrt();
    (deviation > 0.0).then(|| (farthest / deviation / expected, index))
}

fn median(numbers: &mut [f64]) -> f64 {
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Components beyond the first that equal the largest, and beyond the first that equal the smallest. Scale-free.
pub(super) fn ties_at_extremes(components: &[f32]) -> (usize, usize) {
    let largest = components.iter().copied().fold(f32::MIN, f32::max);
    let smallest = components.iter().copied().fold(f32::MAX, f32::min);
    let ties = |extreme: f32| components.iter().filter(|x| **x == extreme).count().saturating_sub(1);
    (ties(largest), ties(smallest))
}

/// Share of ordinary components (neither negligible nor equal to an extreme) whose magnitude another one has too, and
/// how many are ordinary.
pub(super) fn repeated_share(components: &[f32], vector: &Vector) -> (f64, usize) {
    let largest = components.iter().copied().fold(f32::MIN, f32::max);
    let smallest = components.iter().copied().fold(f32::MAX, f32::min);
    let negligible = NEGLIGIBLE * vector.norm / (vector.len() as f64).sqrt();
    let ordinary = components
        .iter()
        .filter(|x| f64::from(x.abs()) > negligible && **x != largest && **x != smallest)
        .map(|x| x.abs().to_bits());
    let mut magnitudes: Vec<u32> = ordinary.collect();
    let count = magnitudes.len();
    magnitudes.sort_unstable();
    magnitudes.dedup();
    (if count == 0 { 0.0 } else { 1.0 - magnitudes.len() as f64 / count as f64 }, count)
}

/// Largest absolute autocorrelation over lags 1 to n/2, in units of what white noise of that length shows
/// (√(2 ln(n/2) / n)); with its lag. `None` if all components are equal. Scale-free.
pub(super) fn autocorrelation(components: &[f64]) -> Option<(f64, usize)> {
    let n = components.len();
    let mean = components.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = components.iter().map(|x| x - mean).collect();
    let energy = dot(&centred, &centred);
    if energy <= f64::EPSILON * dot(components, components) {
        return None;
    }
    let lagged = (1..=n / 2).map(|lag| {
        // Fewer products at long lags: brought to the same variance.
        let scale = (n as f64 / (n - lag) as f64).sqrt();
        ((dot(&centred[lag..], &centred[..n - lag]) / energy * scale).abs(), lag)
    });
    let (largest, lag) = lagged.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let expected = (2.0 * (n as f64 / 2.0).ln() / n as f64).sqrt();
    Some((largest / expected, lag))
}

/// (Σ positive − Σ |negative|) / Σ |x|. Scale-free.
pub(super) fn balance(unit: &[f64]) -> f64 {
    let absolute: f64 = unit.iter().map(|x| x.abs()).sum();
    if absolute == 0.0 { 0.0 } else { unit.iter().sum::<f64>() / absolute }
}

/// exp(−Σ p ln p) / n, where p is the share of energy of a component: the number of components that the energy is
/// spread over, as a share of all. The largest 2 % count as much as the next: single outliers have a test of their
/// own. Scale-free; 0 for the zero vector.
pub(super) fn effective_dimension(unit: &[f64]) -> f64 {
    let mut energies: Vec<f64> = unit.iter().map(|u| u * u).collect();
    energies.sort_by(|a, b| b.total_cmp(a));
    let largest = energies.len() / 50;
    let cap = energies[largest];
    energies[..largest].fill(cap);
    let total: f64 = energies.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let entropy: f64 = energies.iter().map(|e| e / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    entropy.exp() / unit.len() as f64
}

/// Angle between unit vectors in radians, exact for small ones too: 2 asin(|a − b| / 2).
pub(super) fn angle(a: &[f64], b: &[f64]) -> f64 {
    let chord = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    2.0 * (chord / 2.0).min(1.0).asin()
}

/// The neighbours as unit vectors, those of another dimension and those of norm zero left out.
pub(super) fn units(neighbours: &[Neighbour], dimension: usize) -> Vec<(&Neighbour, Vector)> {
    let usable = neighbours.iter().filter(|neighbour| neighbour.vector.len() == dimension);
    let vectors = usable.map(|neighbour| (neighbour, Vector::new(&neighbour.vector)));
    vectors.filter(|(_, vector)| !vector.is_zero()).take(super::NEIGHBOURS).collect()
}

/// Share of the energy of `unit` outside the span of `basis`, by Gram–Schmidt done twice.
pub(super) fn residual(unit: &[f64], basis: &[(&Neighbour, Vector)]) -> f64 {
    let mut orthogonal: Vec<Vec<f64>> = Vec::with_capacity(basis.len());
    for (_, vector) in basis {
        let mut rest = vector.unit.clone();
        for _ in 0..2 {
            remove(&mut rest, &orthogonal);
        }
        let norm = dot(&rest, &rest).sqrt();
        // A neighbour that the others give already adds nothing.
        if norm > 1e-6 {
            rest.iter_mut().for_each(|x| *x /= norm);
            orthogonal.push(rest);
        }
    }
    let mut rest = unit.to_vec();
    remove(&mut rest, &orthogonal);
    dot(&rest, &rest)
}

fn remove(vector: &mut [f64], orthonormal: &[Vec<f64>]) {
    for direction in orthonormal {
        let along = dot(vector, direction);
        for (x, d) in vector.iter_mut().zip(direction) {
            *x -= along * d;
        }
    }
}

/// Coefficient of variation, over `parts` contiguous parts, of what each part adds to the inner product.
pub(super) fn part_variation(a: &[f64], b: &[f64], parts: usize) -> (f64, Vec<f64>) {
    let n = a.len();
    let range = |part: usize| part * n / parts..(part + 1) * n / parts;
    let share = |part: usize| dot(&a[range(part)], &b[range(part)]) / range(part).len() as f64 * n as f64;
    let shares: Vec<f64> = (0..parts).map(share).collect();
    let mean = shares.iter().sum::<f64>() / parts as f64;
    let variance = shares.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / parts as f64;
    (variance.sqrt() / mean.abs().max(1e-9), shares)
}

/// Pearson correlation, `None` where one side does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let scale = (aa * bb).sqrt();
    (scale > f64::MIN_POSITIVE).then(|| ab / scale)
}
