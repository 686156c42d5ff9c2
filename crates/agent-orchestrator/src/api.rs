//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_core::DocumentId;
use ramanujan_shell::schema::Schemas;
use serde_json::json;

use crate::agent::{LooseId, Registration};
use crate::message::AgentMessage;
use crate::routes::agent_api::Buffer;
use crate::routes::agents::Heartbeat;
use crate::terms::Operation;
use crate::topology::{Kind, Report};
use crate::{routing, terms};

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    let kinds = Kind::ALL.map(Kind::as_str);
    let operations: Vec<_> = routing::operations().collect();
    Schemas::new()
        .reads::<Registration>("Registration")
        .reads::<Heartbeat>("Heartbeat")
        .reads::<AgentMessage>("AgentMessage")
        .reads::<LooseId>("AgentOrNumber")
        .reads::<DocumentId>("DocumentId")
        .answers::<Buffer>("Buffer")
        .answers::<Operation>("AgentOperation")
        .answers::<Report>("Topology")
        .table("TopologyKind", json!({"type": "string", "enum": kinds, "description": "A shape by its name."}))
        .table(
            "RoutedOperation",
            json!({"type": "string", "enum": operations, "description": "An operation of the streams, or of the network."}),
        )
        .table("TermRules", json!({"const": terms::RULES, "description": "The rules that the term is saturated with."}))
}
