//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_shell::schema::Schemas;
use ramanujan_timeline::Posted;
use ramanujan_timeline::measure::Latency;
use ramanujan_timeline::row::Shown;
use serde_json::json;

use crate::routes::{archive, events, freezes, graph, index, live, proof, query};
use crate::state::{ByColor, List};
use crate::store::summary::Summary;

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    let lists: Vec<_> = List::ALL.map(List::name).into();
    Schemas::new()
        .reads::<Posted>("Posted")
        .answers::<events::Posts>("Posts")
        .answers::<Shown>("Event")
        .answers::<query::Events>("Events")
        .answers::<graph::Related>("Related")
        .answers::<live::News>("News")
        .answers::<proof::Proof>("Proof")
        .answers::<Summary>("Summary")
        .answers::<ByColor>("ByColor")
        .answers::<Latency>("Latency")
        .reads::<freezes::Asked>("FreezeRequest")
        .reads::<archive::Asked>("ArchiveStep")
        .reads::<index::Asked>("IndexStep")
        .answers::<index::Indexed>("Indexed")
        .table("List", json!({"type": "string", "enum": lists, "description": "A list of a state."}))
}
