//! Embeddings: how one is read, what is known around it, and the seventeen tests.
//!
//! [`Embedding`] reads; [`Accumulator`] and [`Reference`] know a collection; `measure` computes the numbers, and
//! `negative`, `neutral` and `positive` compare them with the thresholds of `calibrated`.

mod calibrated;
mod measure;
mod negative;
mod neutral;
mod positive;
mod read;
mod reference;

pub use read::{Embedding, MAX_DIMENSION, MIN_DIMENSION, ReadError};
pub use reference::{Accumulator, MAX_SAMPLE, Reference, Spread, sample_size};

use crate::report::{Finding, Kind, Outcome, Report};
use crate::roster::NUM_VERIFIERS;
use measure::Vector;

/// How many of the nearest neighbours the tests look at; a context may hold fewer, and more are not used.
pub const NEIGHBOURS: usize = 10;

/// Fewest neighbours that say anything about a neighbourhood.
pub const MIN_NEIGHBOURS: usize = 3;

/// Smallest reference collection whose means and spreads say anything.
pub const MIN_REFERENCE: u64 = 16;

/// Standard deviations from the reference's mean within which a number is usual there: 4, which one in
/// sixteen vectors exceeds at most whatever the distribution (Chebyshev), and one in 16,000 of a normal one.
const REFERENCE_DEVIATIONS: f64 = 4.0;

/// Thresholds, in the units of the tests. `calibrated` has the values and how they came about.
struct Thresholds {
    dynamic_range: f64,
    outlier_components: f64,
    saturation: f64,
    sparsity: f64,
    duplicate: f64,
    /// Logarithm of the norm that is expected without a reference.
    norm_centre: f64,
    /// Distance from it that is allowed without a reference, in natural logarithms.
    norm_range: f64,
    /// Distance from the reference's that is allowed at least.
    norm: f64,
    resolution: f64,
    self_similarity: f64,
    interpolation: f64,
    centroid_alignment: f64,
    sign_balance: f64,
    effective_dimension: f64,
    neighbourhood: f64,
    cluster_synergy: f64,
    part_agreement: f64,
    energy_profile: f64,
    novelty: f64,
}

/// One of the nearest vectors of the reference collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Place in the collection, for the evidence.
    pub index: u64,
    /// Name in the collection, for the evidence.
    pub id: Option<String>,
    /// Cosine with the embedding that is judged, for the evidence: tests compute what they need from `vector`.
    pub cosine: f64,
    /// The vector itself, as stored; of the same dimension as the embedding.
    pub vector: Vec<f32>,
}

/// What is known around an embedding. All of it is optional: a verifier that lacks what it needs abstains.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Statistics of the reference collection, without the embedding itself.
    pub reference: Option<&'a Reference>,
    /// Nearest vectors of the reference collection by cosine, nearest first, without the embedding itself.
    pub neighbours: &'a [Neighbour],
    /// Other embeddings of the same request, for the test for duplicates; of any dimension, with their place.
    pub peers: &'a [(u64, &'a Embedding)],
}

type Near<'a> = Vec<(&'a Neighbour, Vector)>;

/// An embedding and its context, prepared once for all tests.
struct Subject<'a> {
    components: &'a [f32],
    vector: Vector,
    /// A collection of the same dimension with at least [`MIN_REFERENCE`] vectors.
    reference: Option<&'a Reference>,
    /// Those of the same dimension that are not zero, at most [`NEIGHBOURS`].
    neighbours: Near<'a>,
    peers: &'a [(u64, &'a Embedding)],
}

impl<'a> Subject<'a> {
    /// The reference, or why there is none.
    fn reference(&self) -> Result<&'a Reference, Finding> {
        if self.vector.is_zero() {
            return Err(Finding::abstain("the vector is zero and has no direction"));
        }
        self.reference.ok_or_else(|| {
            Finding::abstain(format!(
                "needs a reference collection of the same dimension with at least {MIN_REFERENCE} vectors"
            ))
        })
    }

    /// What this verifier measures in the reference's own vectors.
    fn usual(&self, agent_id: usize) -> Option<Spread> {
        self.reference?.usual[agent_id - 1]
    }

    /// Less is better: compared with the threshold, or with the most that is usual in the reference where that is more:
    /// the largest in its sample, if that lies within [`REFERENCE_DEVIATIONS`] of the mean.
    fn less(&self, agent_id: usize, measured: f64, threshold: f64, reason: String) -> Finding {
        let usual = self.usual(agent_id).map_or(0.0, |usual| usual.above().min(usual.max));
        Finding::at_most(measured, threshold.max(usual), reason)
    }

    /// More is better: compared with the threshold, or with the least that is usual in the reference where that is less.
    fn more(&self, agent_id: usize, measured: f64, threshold: f64, reason: String) -> Outcome {
        let usual = self.usual(agent_id).map_or(f64::INFINITY, |usual| usual.below().max(usual.min));
        if usual <= 0.0 {
            return Err(Finding::abstain("this varies so much within the reference that it says nothing"));
        }
        Ok(Finding::at_least(measured, threshold.min(usual), reason))
    }

    /// The reference and the neighbours, or why there are none.
    fn neighbourhood(&self) -> Result<(&'a Reference, &Near<'a>), Finding> {
        let reference = self.reference()?;
        if self.neighbours.len() < MIN_NEIGHBOURS {
            let needs =
                format!("needs at least {MIN_NEIGHBOURS} nearest neighbours from the reference collection");
            return Err(Finding::abstain(needs));
        }
        Ok((reference, &self.neighbours))
    }
}

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
