//! `POST /verify/analyze`: one embedding or skill.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use ramanujan_verification::embedding::Embedding;
use serde_json::{Map, Value};

use super::{body, event};
use crate::item::Item;
use crate::settings::Settings;
use crate::store::{Database, collections, neighbours};
use crate::surroundings::Surroundings;

pub(crate) async fn analyze(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let database = Database::open()?;
    let find = |name: &str| collections::find(&database, name);
    let item = Item::read(body::object(&request.body)?, &settings, None, find)?;
    let found = match item.query() {
        Some((collection, query)) => neighbours::around(&database, collection, &[query])?.pop(),
        None => None,
    };
    ok(&answer(&database, &settings, &item, found, &[]).await?)
}

/// Judges, records and shows an item.
pub(crate) async fn answer(
    database: &Database,
    settings: &Settings,
    item: &Item,
    found: Option<Surroundings>,
    peers: &[(u64, &Embedding)],
) -> Result<Map<String, Value>, Problem> {
    let judged =
        item.judge(found, peers, |collection, places| collections::vectors_at(database, collection, places))?;
    let mut reply = item.show(&judged)?;
    let clock = event::record(database, settings, item, &judged).await?;
    reply.insert("vector_clock".into(), clock.into());
    Ok(reply)
}
