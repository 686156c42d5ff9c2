//! `POST /verify/similarity`: the cosine of two vectors, or the nearest neighbours of one among those of a collection
//! or of the request.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_verification::embedding::Embedding;
use ramanujan_verification::knn::{Hit, Search};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::object;
use crate::components::Components;
use crate::settings::Settings;
use crate::store::{Database, collections};
use crate::surroundings;

const DEFAULT_K: usize = 10;
/// Most neighbours of a reply.
const MAX_K: usize = 1000;

/// A vector, and what to compare it with: one of `other`, `collection` and `reference`.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(transform = crate::aliases::similarity))]
#[serde(deny_unknown_fields)]
pub(crate) struct SimilarityRequest {
    /// The vector, which must not be zero.
    #[serde(alias = "left", alias = "a")]
    embedding: Components,
    /// A second vector, to compare the two.
    #[serde(default, alias = "right", alias = "b")]
    other: Option<Components>,
    /// Stored collection to search.
    #[serde(default)]
    collection: Option<String>,
    /// Vectors to search, at most `MAX_REFERENCE_VECTORS`.
    #[serde(default)]
    reference: Option<Vec<Components>>,
    /// How many neighbours to give, 10 where it is missing; not with `other`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = MAX_K)))]
    k: Option<usize>,
}

pub(crate) async fn similarity(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let body: SimilarityRequest = object(&request.body)?;
    let invalid = |detail: &str| Problem::new(Code::InvalidSimilarity, detail);
    let k = body.k.unwrap_or(DEFAULT_K);
    if !(1..=MAX_K).contains(&k) {
        return Err(invalid(&format!("k must be 1 to {MAX_K}")));
    }
    let embedding = body.embedding.embedding("embedding")?;
    if embedding.norm() == 0.0 {
        return Err(invalid("embedding: every component is zero, so it has no direction"));
    }
    match (body.other, body.collection, body.reference) {
        (Some(other), None, None) if body.k.is_none() => pair(&embedding, &other.embedding("other")?),
        (None, Some(name), None) => {
            let database = Database::open()?;
            let collection = collections::find(&database, &name)?;
            collection.check_dimension("embedding", embedding.dimension())?;
            let mut search = Search::new(embedding.as_slice(), k)
                .ok_or_else(|| invalid("embedding: it has no direction"))?;
            collections::scan(&database, &collection, 0, collection.vectors, |block| {
                search.scan(block.first, &block.rows(collection.dimension)?);
                Ok(())
            })?;
            let hits = search.finish();
            let places: Vec<u64> = hits.iter().map(|hit| hit.index).collect();
            let ids = collections::ids(&database, &name, &places)?;
            let neighbours = show(&hits, |place| ids.get(&place).map(String::as_str));
            ok(&json!({"collection": name, "dimension": collection.dimension, "vectors": collection.vectors,
                "k": k, "neighbours": neighbours}))
        }
        (None, None, Some(reference)) => {
            let limit = settings.max_reference;
            if reference.len() > limit {
                let detail = format!("reference: {} vectors; at most {limit}", reference.len());
                return Err(Problem::new(Code::TooManyVectors, detail).with("limit", limit));
            }
            let read = |(index, vector): (usize, Components)| {
                let place = format!("reference[{index}]");
                let vector = vector.embedding(&place)?;
                same_dimension(&place, &embedding, &vector)?;
                Ok(vector)
            };
            let vectors = reference.into_iter().enumerate().map(read).collect::<Result<Vec<_>, Problem>>()?;
            let neighbours = show(&surroundings::nearest(&embedding, &vectors, k), |_| None);
            ok(&json!({"dimension": embedding.dimension(), "vectors": vectors.len(), "k": k,
                "neighbours": neighbours}))
        }
        _ => Err(invalid("besides embedding, give either other (without k), or collection, or reference")),
    }
}

fn pair(one: &Embedding, other: &Embedding) -> Result<Response, Problem> {
    same_dimension("other", one, other)?;
    if other.norm() == 0.0 {
        let detail = "other: every component is zero, so it has no direction";
        return Err(Problem::new(Code::InvalidSimilarity, detail));
    }
    let cosine = surroundings::cosine(one, other);
    let difference = one.as_slice().iter().zip(other.as_slice());
    let distance = difference.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt();
    ok(
        &json!({"cosine": cosine, "similarity": cosine, "angle": cosine.acos(), "euclidean_distance": distance,
        "dimension": one.dimension(), "norms": [one.norm(), other.norm()]}),
    )
}

fn same_dimension(place: &str, one: &Embedding, other: &Embedding) -> Result<(), Problem> {
    if one.dimension() == other.dimension() {
        return Ok(());
    }
    let detail =
        format!("{place} has {} components, the embedding has {}", other.dimension(), one.dimension());
    Err(Problem::new(Code::DimensionMismatch, detail))
}

fn show<'a>(hits: &[Hit], id: impl Fn(u64) -> Option<&'a str>) -> Vec<Value> {
    hits.iter().map(|hit| json!({"index": hit.index, "id": id(hit.index), "cosine": hit.cosine})).collect()
}
