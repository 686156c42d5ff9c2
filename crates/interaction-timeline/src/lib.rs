//! interaction-timeline: the append-only history of who did what because of what.
//!
//! `event` reads and canonicalises what senders post, `append` stores it with one statement, `row` is a stored event,
//! `query` and `summary` read, `causal` is the index behind the causal order and `graph` walks it, `flows`, `measure` and
//! `convergence` count, `export` hands out the log as it is, `live` as it grows (`feed`). `checkpoint` and `state` know it
//! at any size, for `freeze` and `recover`. `merkle` and `tree` hash (pure), `seal` fixes ranges of the log, `verify` recomputes them, `leaves` and `proof` prove
//! from them, `archive` moves the oldest to files (`segment`). This file only maps routes to those modules.

pub mod append;
pub mod archive;
pub mod causal;
pub mod checkpoint;
pub mod convergence;
pub mod event;
pub mod export;
pub mod feed;
pub mod flows;
pub mod freeze;
pub mod graph;
pub mod leaves;
pub mod live;
pub mod measure;
pub mod merkle;
pub mod proof;
pub mod query;
pub mod recover;
pub mod row;
pub mod schema;
pub mod seal;
pub mod segment;
pub mod state;
pub mod summary;
pub mod tree;
pub mod verify;

use ramanujan_core::{Digest, Problem};
use ramanujan_shell::{Info, Request, Response, Service, Store, now_millis, ok, setting};
use serde_json::{Map, Value};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "interaction-timeline",
        message: "Interaction timeline ready",
        base: "/timeline",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .post("/timeline/events", append::handle)
    .get("/timeline/query", query::handle)
    .get("/api/timeline", query::handle_array)
    .get("/timeline/event/{id}", event_by_id)
    .get("/timeline/summary", summary::handle)
    .get("/timeline/verify", verify::handle)
    .get("/timeline/event/{id}/causes", graph::causes)
    .get("/timeline/event/{id}/effects", graph::effects)
    .get("/timeline/event/{id}/concurrent", graph::concurrent)
    .get("/timeline/stream", live::stream)
    .get("/timeline/proof", proof::handle)
    .get("/timeline/flows", flows::handle)
    .get("/timeline/metrics", flows::handle_metrics)
    .get("/timeline/export", export::handle)
    .get("/timeline/poll", live::poll)
    .get("/timeline/convergence", convergence::handle)
    .post("/timeline/freeze", freeze::post)
    .get("/timeline/freezes", freeze::list)
    .get("/timeline/freeze/{id}", freeze::get)
    .get("/timeline/recover", recover::handle)
    .post("/timeline/archive", archive::handle)
}

ramanujan_shell::entry!(crate::service);

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members
        .insert("interface".into(), setting::text("INTERFACE").unwrap_or_else(|| "timeline".into()).into());
    members.insert("storage".into(), "sqlite".into());
    members.insert("semantics".into(), "append-only".into());
    members.insert("vector_clock_causality".into(), "enabled".into());
    members
}

async fn event_by_id(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let id: Digest = request.parse_param("id")?;
    let store = Store::open(schema::SCHEMA)?;
    let event = query::find(&store, &id)?.ok_or_else(|| archive::gone(&store, &id))?;
    let sealed = event.seq <= seal::sealed_size(&store)?;
    let leaf = event.leaf_hash();
    let mut reply = event.into_json()?;
    reply.insert("leaf_hash".into(), leaf.to_string().into());
    reply.insert("sealed".into(), sealed.into());
    ok(&reply)
}

/// Now, within the range that the API can print.
fn now() -> u64 {
    now_millis().min(ramanujan_core::time::MAX_UNIX_MILLIS)
}
