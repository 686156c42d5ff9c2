//! Embeddings: how one is read, what is known around it, and the seventeen tests.
//!
//! [`Embedding`] reads; [`Accumulator`] and [`Reference`] know a collection; `measure` computes the numbers, and
//! `negative`, `neutral` and `positive` compare those of a `subject` with the thresholds of `calibrated`; `sample` runs
//! the tests on a collection's own vectors.

mod calibrated;
mod measure;
mod negative;
mod neighbour;
mod neutral;
mod positive;
mod read;
mod reference;
mod sample;
mod subject;
mod thresholds;

pub use neighbour::{MIN_NEIGHBOURS, MIN_REFERENCE, NEIGHBOURS, Neighbour};
pub use read::{Embedding, MAX_DIMENSION, MIN_DIMENSION, ReadError};
pub use reference::{Accumulator, Reference, Spread};
pub use sample::{MAX_SAMPLE, sample_size};
pub use subject::Context;

use crate::report::{Finding, Outcome, Report};
use crate::roster::{Kind, NUM_VERIFIERS};
use measure::Vector;
use subject::Subject;

/// What the seventeen verifiers find in `embedding`.
///
/// A reference or a neighbour of another dimension is as good as none: callers check [`Reference::dimension`] first
/// and refuse, since the two cannot come from one model.
pub fn judge(embedding: &Embedding, context: &Context<'_>) -> Report {
    Report::of(Kind::Embedding, findings(embedding.as_slice(), context))
}

fn findings(components: &[f32], context: &Context<'_>) -> [Finding; NUM_VERIFIERS] {
    let fits = |reference: &&Reference| {
        reference.dimension() == components.len() && reference.count >= MIN_REFERENCE
    };
    let subject = Subject {
        components,
        vector: Vector::new(components),
        reference: context.reference.filter(fits),
        neighbours: measure::units(context.neighbours, components.len()),
        peers: context.peers,
    };
    let tests: [fn(&Subject<'_>) -> Outcome; NUM_VERIFIERS] = [
        negative::dynamic_range,
        negative::outlier_components,
        negative::saturation,
        negative::sparsity,
        negative::duplicate,
        negative::norm,
        neutral::resolution,
        neutral::self_similarity,
        neutral::interpolation,
        neutral::centroid_alignment,
        neutral::sign_balance,
        positive::effective_dimension,
        positive::neighbourhood,
        positive::cluster_synergy,
        positive::part_agreement,
        positive::energy_profile,
        positive::novelty,
    ];
    tests.map(|test| test(&subject).unwrap_or_else(|abstention| abstention))
}
