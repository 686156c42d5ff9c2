//! `POST /verify/batch`: several items, answered one by one as they are judged (NDJSON), or together as a JSON array
//! where the client accepts `application/json` only. What is wrong with an item is said in its place.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream;
use ramanujan_core::{Code, Problem, json};
use ramanujan_shell::{Body, Request, Response, response};
use ramanujan_verification::embedding::Embedding;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::analyze::answer;
use super::body::object;
use crate::item::Item;
use crate::settings::Settings;
use crate::store::{Database, collections, neighbours};
use crate::surroundings::{Query, Surroundings};

/// Items with what they have in common.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(transform = crate::aliases::batch))]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRequest {
    /// The items, at most `BATCH_SIZE`.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(with = "Vec<crate::item::ItemRequest>", length(min = 1))
    )]
    #[serde(alias = "images", alias = "skills")]
    items: Vec<Box<RawValue>>,
    /// Stored collection to compare with, for embeddings that name neither a reference nor a collection of their own.
    #[serde(default)]
    collection: Option<String>,
}

/// Items that were read, each with what its collection has around it.
struct Batch {
    settings: Settings,
    database: Database,
    items: Vec<Result<Item, Problem>>,
    found: BTreeMap<usize, Surroundings>,
}

pub(crate) async fn batch(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let array = request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let body = if array {
        BatchRequest { items: request.json()?, collection: None }
    } else {
        object(&request.body)?
    };
    let limit = settings.batch_size;
    if body.items.is_empty() || body.items.len() > limit {
        let detail = format!("a batch has 1 to {limit} items, this one has {}", body.items.len());
        return Err(Problem::new(Code::InvalidBatch, detail).with("limit", limit));
    }
    if let Some(index) = body.items.iter().position(|item| !item.get().starts_with('{')) {
        let detail = format!("item {index} is not a JSON object");
        return Err(Problem::new(Code::InvalidBatch, detail).with("index", index));
    }
    let database = Database::open()?;
    if let Some(name) = &body.collection {
        collections::find(&database, name)?;
    }
    let items: Vec<_> = body
        .items
        .iter()
        .map(|raw| {
            let find = |name: &str| collections::find(&database, name);
            Item::read(json::from_slice(raw.get().as_bytes())?, &settings, body.collection.as_deref(), find)
        })
        .collect();
    let found = look_up(&database, &items)?;
    let count = items.len();
    let batch = Rc::new(Batch { settings, database, items, found });
    let lines = stream::iter(0..count).then(move |index| {
        let batch = batch.clone();
        async move { batch.line(index).await }
    });
    if wants_array(&request) {
        return response::json(&lines.collect::<Vec<_>>().await);
    }
    let lines = lines.map(|line| {
        let mut text = Value::Object(line).to_string().into_bytes();
        text.push(b'\n');
        text
    });
    Ok(response::typed("application/x-ndjson", Body::stream(lines)))
}

/// NDJSON unless JSON is accepted and NDJSON is not.
fn wants_array(request: &Request) -> bool {
    request.preference("accept").is_some_and(|accept| {
        accept.contains("application/json") && !accept.contains("ndjson") && !accept.contains("*/*")
    })
}

/// One pass over each collection, for all items that are compared with it.
fn look_up(
    database: &Database,
    items: &[Result<Item, Problem>],
) -> Result<BTreeMap<usize, Surroundings>, Problem> {
    let mut by_collection: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        if let Some((collection, _)) = item.as_ref().ok().and_then(Item::query) {
            by_collection.entry(&collection.name).or_default().push(index);
        }
    }
    let mut found = BTreeMap::new();
    for indices in by_collection.into_values() {
        let (mut collections, queries): (Vec<_>, Vec<Query<'_>>) =
            indices.iter().filter_map(|index| items[*index].as_ref().ok()?.query()).unzip();
        // All items are looked up in the collection as the first of them saw it.
        let Some(collection) = collections.drain(..1).next() else { continue };
        found.extend(indices.iter().copied().zip(neighbours::around(database, collection, &queries)?));
    }
    Ok(found)
}

impl Batch {
    async fn line(&self, index: usize) -> Map<String, Value> {
        let mut line = match self.answer(index).await {
            Ok(mut reply) => {
                reply.insert("status".into(), "ok".into());
                reply
            }
            Err(problem) => match problem.to_json() {
                Value::Object(document) => document,
                _ => Map::new(),
            },
        };
        line.insert("index".into(), index.into());
        line
    }

    async fn answer(&self, index: usize) -> Result<Map<String, Value>, Problem> {
        let item = self.items[index].as_ref().map_err(Clone::clone)?;
        let peers: Vec<(u64, &Embedding)> = (0u64..)
            .zip(&self.items)
            .filter(|(place, _)| *place != index as u64)
            .filter_map(|(place, other)| Some((place, other.as_ref().ok()?.embedding()?)))
            .collect();
        answer(&self.database, &self.settings, item, self.found.get(&index).cloned(), &peers).await
    }
}
