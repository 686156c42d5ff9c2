//! What lies around embeddings in a stored collection.

use ramanujan_core::{Digest, Problem};
use ramanujan_verification::embedding::{NEIGHBOURS, Neighbour};
use ramanujan_verification::knn::{Hit, Search};

use super::{Database, collections, statistics};
use crate::collection::Collection;
use crate::surroundings::{Query, Surroundings};

/// Surroundings of several embeddings of the collection's dimension, in one pass over it.
pub(crate) fn around(
    database: &Database,
    collection: &Collection,
    queries: &[Query<'_>],
) -> Result<Vec<Surroundings>, Problem> {
    let reference = statistics::reference(database, collection)?;
    // One more than is looked at, in case the embedding itself is among them.
    let mut searches: Vec<Option<Search>> =
        queries.iter().map(|query| Search::new(query.embedding.as_slice(), NEIGHBOURS + 1)).collect();
    let mut digests = Vec::new();
    collections::scan(database, collection, 0, collection.vectors, |block| {
        let rows = block.rows(collection.dimension)?;
        for search in searches.iter_mut().flatten() {
            search.scan(block.first, &rows);
        }
        digests.push(block.digest.clone());
        Ok(())
    })?;
    let digest = Digest::of_parts(digests.iter().map(Vec::as_slice));
    let found: Vec<Vec<Hit>> =
        searches.into_iter().map(|search| search.map(Search::finish).unwrap_or_default()).collect();
    let mut places: Vec<u64> = found.iter().flatten().map(|hit| hit.index).collect();
    places.sort_unstable();
    places.dedup();
    let ids = collections::ids(database, &collection.name, &places)?;
    let near = |hits: Vec<Hit>, own: Option<&str>| {
        let neighbours = hits.into_iter().map(|hit| Neighbour {
            id: ids.get(&hit.index).cloned(),
            index: hit.index,
            cosine: hit.cosine,
            vector: hit.vector,
        });
        let others = neighbours.filter(|neighbour| own.is_none() || neighbour.id.as_deref() != own);
        others.take(NEIGHBOURS).collect()
    };
    Ok(queries
        .iter()
        .zip(found)
        .map(|(query, hits)| Surroundings {
            reference: reference.clone(),
            neighbours: near(hits, query.id),
            digest: Some(digest),
            vectors: collection.vectors,
        })
        .collect())
}
