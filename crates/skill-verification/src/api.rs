//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_core::{AgentId, VectorClock};
use ramanujan_shell::schema::Schemas;
use ramanujan_verification::Report;
use ramanujan_verification::embedding::Spread;
use ramanujan_verification::votes::{Outcome, VoteRecord};

use crate::item::ItemRequest;
use crate::routes::batch::BatchRequest;
use crate::routes::collections::{AppendRequest, CreateRequest};
use crate::routes::similarity::SimilarityRequest;

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    Schemas::new()
        .reads::<ItemRequest>("Item")
        .reads::<BatchRequest>("Batch")
        .reads::<SimilarityRequest>("Similarity")
        .reads::<CreateRequest>("NewCollection")
        .reads::<AppendRequest>("Block")
        .reads::<VoteRecord>("NewVote")
        .answers::<Report>("Report")
        .answers::<Spread>("Spread")
        .answers::<VoteRecord>("VoteRecord")
        .answers::<Outcome>("Outcome")
        .answers::<VectorClock>("VectorClock")
        .answers::<AgentId>("AgentId")
}
