//! `POST /verify/analyze`: one embedding or skill.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, Store, ok};
use ramanujan_verification::embedding::Embedding;
use serde_json::{Map, Value};

use crate::item::Item;
use crate::settings::Settings;
use crate::store;
use crate::surroundings::{self, Surroundings};
use crate::{body, event};

pub(crate) async fn analyze(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let item = Item::read(body::object(&request.body)?, &settings, None)?;
    let store = store::open()?;
    let found = match item.query() {
        Some((collection, query)) => surroundings::stored(&store, collection, &[query])?.pop(),
        None => None,
    };
    ok(&answer(&store, &settings, &item, found, &[]).await?)
}

/// Judges, records and shows an item.
pub(crate) async fn answer(
    store: &Store,
    settings: &Settings,
    item: &Item,
    found: Option<Surroundings>,
    peers: &[(u64, &Embedding)],
) -> Result<Map<String, Value>, Problem> {
    let judged = item.judge(store, found, peers)?;
    let mut reply = item.show(&judged)?;
    let clock = event::record(store, settings, item, &judged).await?;
    reply.insert("vector_clock".into(), clock.into());
    Ok(reply)
}
