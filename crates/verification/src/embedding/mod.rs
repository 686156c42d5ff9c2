//! Embeddings: how one is read, what is known around it, and the seventeen tests.

mod read;
mod reference;

pub use read::{Embedding, MAX_DIMENSION, MIN_DIMENSION, ReadError};
pub use reference::{Accumulator, Reference, Spread};

use crate::report::{Finding, Kind, Report};

/// How many of the nearest neighbours the tests look at; a context may hold fewer, and more are not used.
pub const NEIGHBOURS: usize = 10;

/// One of the nearest vectors of the reference collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Place in the collection, for the evidence.
    pub index: u64,
    /// Name in the collection, for the evidence.
    pub id: Option<String>,
    /// Cosine with the embedding that is judged.
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

/// What the seventeen verifiers find in `embedding`.
///
/// A reference or a neighbour of another dimension is as good as none: callers check [`Reference::dimension`] first
/// and refuse, since the two cannot come from one model.
pub fn judge(embedding: &Embedding, context: &Context<'_>) -> Report {
    let _ = (embedding, context);
    Report::of(Kind::Embedding, std::array::from_fn(|_| Finding::abstain("the test is not built yet")))
}
