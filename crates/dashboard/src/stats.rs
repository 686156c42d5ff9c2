//! Order statistics of a few measurements.

/// Nearest-rank percentiles over sorted values: each one is a value that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    sorted: Vec<f64>,
}

impl Sample {
    /// Keeps the finite values.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Sample { sorted }
    }

    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    pub fn min(&self) -> Option<f64> {
        self.sorted.first().copied()
    }

    pub fn max(&self) -> Option<f64> {
        self.sorted.last().copied()
    }

    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sorted.iter().sum::<f64>() / self.len() as f64)
    }

    /// The smallest value that at least `percent` per cent of the values do not exceed.
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.len() * percent.min(100)).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn percentiles_are_ordered_values_of_the_sample(values in prop::collection::vec(0.0f64..1e6, 1..40)) {
            let sample = Sample::new(values.clone());
            let mut last = sample.min().unwrap();
            for percent in [1, 50, 95, 99, 100] {
                let value = sample.percentile(percent).unwrap();
                prop_assert!(value >= last && values.contains(&value));
                let covered = values.iter().filter(|v| **v <= value).count();
                prop_assert!(covered * 100 >= percent * values.len());
                last = value;
            }
            prop_assert_eq!(last, sample.max().unwrap());
            let mean = sample.mean().unwrap();
            prop_assert!(mean >= sample.min().unwrap() - 1e-6 && mean <= last + 1e-6);
        }
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        let empty = Sample::new([f64::NAN]);
        assert_eq!((empty.min(), empty.mean(), empty.percentile(50), empty.max()), (None, None, None, None));
    }
}
