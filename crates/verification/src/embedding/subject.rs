//! An embedding as the tests see it: with what is known around it.

use super::measure::Vector;
use super::neighbour::{MIN_NEIGHBOURS, MIN_REFERENCE, Neighbour};
use super::read::Embedding;
use super::reference::{Reference, Spread};
use crate::report::{Finding, Outcome};

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

pub(super) type Near<'a> = Vec<(&'a Neighbour, Vector)>;

/// An embedding and its context, prepared once for all tests.
pub(super) struct Subject<'a> {
    pub(super) components: &'a [f32],
    pub(super) vector: Vector,
    /// A collection of the same dimension with at least [`MIN_REFERENCE`] vectors.
    pub(super) reference: Option<&'a Reference>,
    /// Those of the same dimension that are not zero, at most [`NEIGHBOURS`].
    pub(super) neighbours: Near<'a>,
    pub(super) peers: &'a [(u64, &'a Embedding)],
}

impl<'a> Subject<'a> {
    /// The reference, or why there is none.
    pub(super) fn reference(&self) -> Result<&'a Reference, Finding> {
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
    pub(super) fn usual(&self, agent_id: usize) -> Option<Spread> {
        self.reference?.usual[agent_id - 1]
    }

    /// Less is better: compared with the threshold, or with the most that is usual in the reference where that is more:
    /// the largest in its sample, if that lies within [`REFERENCE_DEVIATIONS`] of the mean.
    pub(super) fn less(&self, agent_id: usize, measured: f64, threshold: f64, reason: String) -> Finding {
        let usual = self.usual(agent_id).map_or(0.0, |usual| usual.above().min(usual.max));
        Finding::at_most(measured, threshold.max(usual), reason)
    }

    /// More is better: compared with the threshold, or with the least that is usual in the reference where that is less.
    pub(super) fn more(&self, agent_id: usize, measured: f64, threshold: f64, reason: String) -> Outcome {
        let usual = self.usual(agent_id).map_or(f64::INFINITY, |usual| usual.below().max(usual.min));
        if usual <= 0.0 {
            return Err(Finding::abstain("this varies so much within the reference that it says nothing"));
        }
        Ok(Finding::at_least(measured, threshold.min(usual), reason))
    }

    /// The reference and the neighbours, or why there are none.
    pub(super) fn neighbourhood(&self) -> Result<(&'a Reference, &Near<'a>), Finding> {
        let reference = self.reference()?;
        if self.neighbours.len() < MIN_NEIGHBOURS {
            let needs =
                format!("needs at least {MIN_NEIGHBOURS} nearest neighbours from the reference collection");
            return Err(Finding::abstain(needs));
        }
        Ok((reference, &self.neighbours))
    }
}
