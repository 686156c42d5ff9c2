//! Reproducible randomness: a generator, waiting times of a Poisson process, Zipf's law.

use ramanujan_core::splitmix::{GOLDEN, SplitMix64, step};

/// A generator, and what a load draws from it.
#[derive(Clone, Debug)]
pub(crate) struct Random(SplitMix64);

impl Random {
    /// The `stream`-th generator of a seed; streams of one seed are unrelated.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // Two outputs of a generator are as unrelated as two random numbers, two seeds in a row are not.
        Random(SplitMix64::new(step(seed.wrapping_add(stream.wrapping_mul(GOLDEN)))))
    }

    /// Below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// An element of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len() as u64) as usize)
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Time to the next event of a Poisson process of `rate` events per unit of time, by inversion.
    pub(crate) fn waiting_time(&mut self, rate: f64) -> f64 {
        -(1.0 - self.0.unit()).ln() / rate
    }
}

/// Zipf's law over `0..n`: the k-th is drawn with a probability proportional to (k+1)^-s. Exponent 0 is uniform.
#[derive(Clone, Debug)]
pub(crate) struct Zipf {
    /// Probability of each or an earlier one.
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(n: usize, exponent: f64) -> Self {
        let mut cumulative = Vec::with_capacity(n);
        let mut sum = 0.0;
        for k in 1..=n {
            sum += (k as f64).powf(-exponent);
            cumulative.push(sum);
        }
        cumulative.iter_mut().for_each(|value| *value /= sum);
        Zipf { cumulative }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let u = random.0.unit();
        self.cumulative.partition_point(|value| *value <= u).min(self.cumulative.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_seed_are_what_they_were() {
        let drawn: Vec<u64> = [(1069, 0), (1069, 1), (7, 1 << 32)]
            .map(|(seed, stream)| Random::new(seed, stream).below(1 << 40))
            .into();
        assert_eq!(drawn, [866_245_651_860, 1_043_816_364_498, 883_342_361_440]);
    }

    #[test]
    fn waiting_times_have_the_mean_of_their_rate() {
        let mut random = Random::new(1, 0);
        let total: f64 = (0..100_000).map(|_| random.waiting_time(4.0)).sum();
        assert!((total / 100_000.0 - 0.25).abs() < 0.005, "{total}");
    }

    #[test]
    fn zipf_has_the_frequencies_of_its_law() {
        for exponent in [0.0, 0.99, 2.0] {
            let (zipf, mut random) = (Zipf::new(5, exponent), Random::new(2, 0));
            let mut counts = [0u32; 5];
            (0..200_000).for_each(|_| counts[zipf.draw(&mut random)] += 1);
            let sum: f64 = (1..=5).map(|k| f64::from(k).powf(-exponent)).sum();
            for (k, count) in counts.iter().enumerate() {
                let expected = ((k + 1) as f64).powf(-exponent) / sum;
                assert!((f64::from(*count) / 200_000.0 - expected).abs() < 0.01, "{exponent}: {counts:?}");
            }
        }
    }
}
