//! `/verify/collections`: reference collections, which only grow.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, now_millis, ok};
use ramanujan_verification::embedding::{Embedding, MAX_DIMENSION, MIN_DIMENSION};
use ramanujan_verification::knn::COMPONENT_BYTES;
use ramanujan_verification::knn::block::{self, Block, InvalidBlock};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::object;
use crate::collection::Collection;
use crate::components::Components;
use crate::settings::Settings;
use crate::store::{Database, collections, statistics};

const DEFAULT_PAGE: u64 = 100;

/// What a collection is made with.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRequest {
    /// Components of each vector.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = MIN_DIMENSION, max = MAX_DIMENSION)))]
    dimension: usize,
}

/// Vectors of the collection's dimension, at most 1 MiB as f32: given as either `embeddings` or `block`.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendRequest {
    /// Vectors one by one, each an array of numbers or base64.
    #[serde(default)]
    embeddings: Option<Vec<Components>>,
    /// All vectors one after the other, base64 of little-endian f32.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("contentEncoding" = "base64")))]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = block::MAX_BLOCK_BYTES.div_ceil(3) * 4)))]
    block: Option<String>,
    /// A name for each vector, unique in the collection: `[A-Za-z0-9._-]{1,128}`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(inner(regex(pattern = "^[A-Za-z0-9._-]{1,128}$"))))]
    ids: Option<Vec<String>>,
}

/// `PUT` or `POST /verify/collections/{name}`.
pub(crate) async fn create(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let name = name(&request)?;
    let CreateRequest { dimension } = object(&request.body)?;
    if !(MIN_DIMENSION..=MAX_DIMENSION).contains(&dimension) {
        let detail = format!("dimension must be {MIN_DIMENSION} to {MAX_DIMENSION}");
        return Err(Problem::new(Code::InvalidDimension, detail));
    }
    let created = collections::create(&Database::open()?, &settings, name, dimension, now_millis())?;
    ok(&json!({"collection": name, "dimension": dimension, "created": created}))
}

/// `POST /verify/collections/{name}/embeddings`.
pub(crate) async fn append(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let name = name(&request)?;
    let body: AppendRequest = object(&request.body)?;
    let database = Database::open()?;
    let collection = collections::find(&database, name)?;
    let dimension = collection.dimension;
    let block = match (body.embeddings, body.block) {
        (Some(embeddings), None) => {
            let read =
                |(index, vector): (usize, Components)| vector.embedding(&format!("embeddings[{index}]"));
            let vectors =
                embeddings.into_iter().enumerate().map(read).collect::<Result<Vec<Embedding>, _>>()?;
            Block::from_embeddings(dimension, &vectors).map_err(invalid)?
        }
        (None, Some(text)) => Block::from_base64(dimension, &text).map_err(invalid)?,
        _ => {
            return Err(Problem::new(Code::InvalidBlock, "give the vectors as embeddings or as block"));
        }
    };
    let block = match body.ids {
        Some(ids) => block.named(ids).map_err(invalid)?,
        None => block,
    };
    let appended = collections::append(&database, &settings, &collection, &block)?;
    let end = appended.first + block.len() as u64;
    if !appended.duplicate {
        statistics::advance(&database, &collection, end)?;
    }
    ok(&json!({
        "collection": name,
        "first": appended.first,
        "appended": if appended.duplicate { 0 } else { block.len() },
        "duplicate": appended.duplicate,
        "digest": appended.digest,
    }))
}

fn invalid(error: InvalidBlock) -> Problem {
    let code = match &error {
        InvalidBlock::TooLarge { .. } => Code::TooManyVectors,
        InvalidBlock::OtherDimension { .. } => Code::DimensionMismatch,
        InvalidBlock::Names { .. } | InvalidBlock::Name { .. } | InvalidBlock::RepeatedName { .. } => {
            Code::InvalidIds
        }
        _ => Code::InvalidBlock,
    };
    Problem::new(code, error.to_string())
}

/// `GET /verify/collections?limit=&cursor=`, by name.
pub(crate) async fn list(_: Settings, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let after = query.get("cursor").unwrap_or_default();
    let page = pager.cut(collections::list(&Database::open()?, after, pager.fetch())?);
    let next = page.next(|collection| collection.name.clone());
    let shown: Vec<Value> = page.items.iter().map(|collection| Value::Object(show(collection))).collect();
    ok(&json!({"collections": shown, "next_cursor": next}))
}

/// `GET /verify/collections/{name}?components=true`: with statistics, those of each component on request.
pub(crate) async fn read(_: Settings, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["components"])?;
    let components = query.parse::<bool>("components")?.unwrap_or(false);
    let database = Database::open()?;
    let collection = collections::find(&database, name(&request)?)?;
    let sums = statistics::whole(&database, &collection)?;
    let mut reply = show(&collection);
    let statistics = sums.finish().map(|reference| {
        let mut members = Map::new();
        members.insert("count".into(), reference.count.into());
        members.insert("zeros".into(), (sums.count() - reference.count).into());
        members.insert("mean_cosine".into(), reference.mean_cosine().into());
        members.insert("mean_pair_cosine".into(), reference.mean_pair_cosine().into());
        members.insert("log_norm".into(), json!(reference.log_norm));
        members.insert("balance".into(), json!(reference.balance));
        if components {
            members.insert("centroid".into(), json!(reference.centroid));
            members.insert("variance".into(), json!(reference.variance));
        }
        Value::Object(members)
    });
    reply.insert("statistics".into(), json!(statistics));
    ok(&reply)
}

/// `GET /verify/collections/{name}/embeddings?limit=&cursor=`: the vectors as base64, at most a block's bytes.
pub(crate) async fn embeddings(_: Settings, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.pager(DEFAULT_PAGE)?.limit();
    let from = query.parse::<u64>("cursor")?.unwrap_or(0);
    let database = Database::open()?;
    let collection = collections::find(&database, name(&request)?)?;
    let end =
        from.saturating_add(limit.min(block::capacity(collection.dimension) as u64)).min(collection.vectors);
    let places: Vec<u64> = (from..end).collect();
    let ids = collections::ids(&database, &collection.name, &places)?;
    let vectors: Vec<Value> = collections::vectors_at(&database, &collection, &places)?
        .into_iter()
        .map(|(place, vector)| {
            let text = STANDARD.encode(vector.to_le_bytes());
            json!({"index": place, "id": ids.get(&place), "embedding": text})
        })
        .collect();
    let next = (end < collection.vectors && from < end).then_some(end);
    ok(&json!({"collection": collection.name, "dimension": collection.dimension, "embeddings": vectors,
        "next_cursor": next}))
}

fn show(collection: &Collection) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("collection".into(), collection.name.as_str().into());
    members.insert("dimension".into(), collection.dimension.into());
    members.insert("vectors".into(), collection.vectors.into());
    members.insert("blocks".into(), collection.blocks.into());
    let bytes = collection.vectors * (collection.dimension * COMPONENT_BYTES) as u64;
    members.insert("bytes".into(), bytes.into());
    members.insert("created_at".into(), format_rfc3339(collection.created).into());
    members
}

fn name(request: &Request) -> Result<&str, Problem> {
    let name = request.param("name");
    if block::is_name(name) {
        return Ok(name);
    }
    Err(Problem::new(Code::InvalidPath, "name: a collection's name is [A-Za-z0-9._-]{1,128}"))
}
