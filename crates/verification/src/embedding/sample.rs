//! The second look at a reference collection: what the tests measure in its own vectors.

use super::findings;
use super::measure::{self, Vector};
use super::neighbour::{MIN_REFERENCE, NEIGHBOURS, Neighbour};
use super::reference::{Moments, Reference};
use super::subject::Context;
use crate::roster::NUM_VERIFIERS;

/// Most vectors of a collection that [`Reference::measure_sample`] looks at; of more than 1024 components it takes
/// fewer, down to 64, since the time for one grows with the square of the dimension.
pub const MAX_SAMPLE: usize = 256;

/// Vectors that [`Reference::measure_sample`] looks at in a collection of this dimension.
pub fn sample_size(dimension: usize) -> usize {
    (MAX_SAMPLE * 1024 / dimension.max(1)).clamp(64, MAX_SAMPLE)
}

impl Reference {
    /// Takes a second look at vectors of the collection: at least [`MIN_REFERENCE`](super::MIN_REFERENCE), of which the first
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
        self.cosine = (cosines.count >= MIN_REFERENCE).then(|| cosines.finish());
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
            near.truncate(NEIGHBOURS);
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
            for (moments, finding) in usual.iter_mut().zip(findings(components, &context)) {
                if let Some(measured) = finding.measured() {
                    moments.add(measured);
                }
            }
        }
        let enough = |moments: Moments| (moments.count >= MIN_REFERENCE).then(|| moments.finish());
        self.usual = usual.map(enough);
    }
}
