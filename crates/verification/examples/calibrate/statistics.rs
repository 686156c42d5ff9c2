//! What the calibration computes with: a seeded generator, ROC-AUC, correlation, Brier score.

use ramanujan_core::splitmix::{GOLDEN, SplitMix64};

/// A seeded generator: the labelled sets are the same every time.
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(SplitMix64::new(seed.wrapping_mul(GOLDEN) ^ 0x7661_6c69_6461_7465))
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// Uniform in low..high.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..n.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Area under the ROC curve: the probability that a sound item scores higher than a defective one, ties counting half.
pub(crate) fn auc(sound: &[f64], defective: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = sound.iter().map(|s| (*s, true)).collect();
    all.extend(defective.iter().map(|s| (*s, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut start) = (0.0, 0);
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|x| x.0 == all[start].0).count();
        let mean_rank = (start + end + 1) as f64 / 2.0;
        rank_sum += mean_rank * all[start..end].iter().filter(|x| x.1).count() as f64;
        start = end;
    }
    let (n, m) = (sound.len() as f64, defective.len() as f64);
    (rank_sum - n * (n + 1.0) / 2.0) / (n * m)
}

/// Pearson correlation over the pairs of which both are there; `None` if fewer than three or one does not vary.
pub(crate) fn correlation(pairs: &[(Option<f64>, Option<f64>)]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = pairs.iter().filter_map(|(a, b)| a.zip(*b)).collect();
    let n = pairs.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| f(a - mean_a, b - mean_b)).sum::<f64>();
    let (ab, aa, bb) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    (pairs.len() > 2 && aa > 1e-12 && bb > 1e-12).then(|| ab / (aa * bb).sqrt())
}

/// A judged item: the evidence of its votes, whether it is sound, and its weight.
pub(crate) type Judged = (f64, bool, f64);

/// Mean squared difference between confidence and truth, weighted.
pub(crate) fn brier(judged: &[Judged]) -> f64 {
    let total: f64 = judged.iter().map(|j| j.2).sum();
    judged.iter().map(|(p, sound, weight)| weight * (p - f64::from(u8::from(*sound))).powi(2)).sum::<f64>()
        / total
}
