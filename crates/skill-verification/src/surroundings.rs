//! What lies around an embedding that is judged: its nearest neighbours and the statistics of a reference, stored or
//! sent along; and the same found a second time in another way.

use ramanujan_core::Digest;
use ramanujan_verification::embedding::{
    Accumulator, Embedding, MAX_SAMPLE, NEIGHBOURS, Neighbour, Reference,
};
use ramanujan_verification::knn::{Hit, Rows, Search};

/// What is known around one embedding.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) reference: Option<Reference>,
    /// Nearest first, without the embedding itself.
    pub(crate) neighbours: Vec<Neighbour>,
    /// Of what was looked at, in order.
    pub(crate) digest: Option<Digest>,
    /// How many vectors were looked at.
    pub(crate) vectors: u64,
}

/// An embedding with the id under which it may itself be stored.
pub(crate) struct Query<'a> {
    pub(crate) embedding: &'a Embedding,
    pub(crate) id: Option<&'a str>,
}

/// Surroundings of an embedding among vectors that came with it, all of its dimension.
pub(crate) fn inline(embedding: &Embedding, reference: &[Embedding]) -> Surroundings {
    let hits = nearest(embedding, reference, NEIGHBOURS);
    let neighbours = hits.into_iter().map(|hit| Neighbour {
        index: hit.index,
        id: None,
        cosine: hit.cosine,
        vector: hit.vector,
    });
    let digests: Vec<Digest> = reference.iter().map(|vector| Digest::of(&vector.to_le_bytes())).collect();
    Surroundings {
        neighbours: neighbours.collect(),
        reference: self::reference(reference, embedding.dimension(), false),
        digest: (!reference.is_empty())
            .then(|| Digest::of_parts(digests.iter().map(|digest| digest.as_bytes().as_slice()))),
        vectors: reference.len() as u64,
    }
}

/// The `k` nearest of some vectors; none if the embedding has no direction.
pub(crate) fn nearest(embedding: &Embedding, vectors: &[Embedding], k: usize) -> Vec<Hit> {
    let Some(mut search) = Search::new(embedding.as_slice(), k) else { return Vec::new() };
    for (index, vector) in (0u64..).zip(vectors) {
        let bytes = vector.to_le_bytes();
        if let Some(rows) = Rows::new(vector.dimension(), &bytes, &[vector.norm()]) {
            search.scan(index, &rows);
        }
    }
    search.finish()
}

/// The reference that some vectors are, added up from the first to the last or the other way round.
fn reference(vectors: &[Embedding], dimension: usize, reverse: bool) -> Option<Reference> {
    let ordered = |mut places: Vec<usize>| {
        if reverse {
            places.reverse();
        }
        places.into_iter().filter_map(|place| vectors.get(place)).map(Embedding::as_slice)
    };
    let mut sums = Accumulator::new(dimension);
    for vector in ordered((0..vectors.len()).collect()) {
        sums.add(vector);
    }
    let mut reference = sums.finish()?;
    // Evenly from all over, and the same ones in both directions.
    let count = vectors.len().min(MAX_SAMPLE);
    reference.measure_sample(ordered((0..count).map(|n| n * vectors.len() / count).collect()));
    Some(reference)
}

impl Surroundings {
    /// The same found again, neighbours by a plain scan in f64: from the vectors that came with the embedding, taken
    /// in the opposite order; or from the neighbours as they are read again from the store (`reread`), with the
    /// statistics as they were.
    pub(crate) fn again(&self, embedding: &Embedding, source: Again<'_>) -> Surroundings {
        let (vectors, reference, ids): (Vec<(u64, &Embedding)>, _, _) = match source {
            Again::Inline(vectors) => {
                let reference = reference(vectors, embedding.dimension(), true);
                (
                    vectors.iter().enumerate().rev().map(|(at, vector)| (at as u64, vector)).collect(),
                    reference,
                    &[][..],
                )
            }
            Again::Reread(vectors) => (
                vectors.iter().rev().map(|(place, vector)| (*place, vector)).collect(),
                self.reference.clone(),
                self.neighbours.as_slice(),
            ),
        };
        let norm = embedding.norm();
        let mut neighbours: Vec<Neighbour> = vectors
            .into_iter()
            .filter(|(_, vector)| norm > 0.0 && vector.norm() > 0.0)
            .map(|(index, vector)| Neighbour {
                index,
                id: ids.iter().find(|known| known.index == index).and_then(|known| known.id.clone()),
                cosine: cosine(embedding, vector),
                vector: vector.as_slice().to_vec(),
            })
            .collect();
        neighbours.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.index.cmp(&b.index)));
        neighbours.truncate(NEIGHBOURS);
        Surroundings { reference, neighbours, digest: self.digest, vectors: self.vectors }
    }
}

/// From where surroundings are found again.
#[derive(Clone, Copy)]
pub(crate) enum Again<'a> {
    Inline(&'a [Embedding]),
    Reread(&'a [(u64, Embedding)]),
}

/// Cosine of two vectors of one dimension, neither of which is zero.
pub(crate) fn cosine(a: &Embedding, b: &Embedding) -> f64 {
    let products = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| f64::from(*a) * f64::from(*b));
    (products.sum::<f64>() / (a.norm() * b.norm())).clamp(-1.0, 1.0)
}
