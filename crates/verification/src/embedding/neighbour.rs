//! The nearest vectors of a reference collection, and how many of them say anything.

/// How many of the nearest neighbours the tests look at; a context may hold fewer, and more are not used.
pub const NEIGHBOURS: usize = 10;

/// Fewest neighbours that say anything about a neighbourhood.
pub const MIN_NEIGHBOURS: usize = 3;

/// Smallest reference collection whose means and spreads say anything.
pub const MIN_REFERENCE: u64 = 16;

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
