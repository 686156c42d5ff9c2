//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_core::{AgentId, Color, Digest, DocumentId, Dot, Fingerprint, Polarity, VectorClock};
use ramanujan_shell::schema::Schemas;
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::components;
use crate::routes::errors::PastErrors;

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    let names = components::ALL.map(|component| component.name);
    let ids = components::ALL.map(|component| component.id);
    Schemas::new()
        .answers::<Polarity>("Polarity")
        .answers::<Dot>("Dot")
        .answers::<RecordedEvent>("RecordedEvent")
        .answers::<PastErrors>("PastErrors")
        .table(
            "ComponentName",
            json!({"type": "string", "enum": names, "description": "A component by its name."}),
        )
        .table(
            "ComponentId",
            json!({"type": "string", "enum": ids, "description": "A component as `spin.toml` calls it."}),
        )
}

/// An event as interaction-timeline shows it; members that an event has not are left out.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "events are handed on unread, only their schema is of this form")]
pub(crate) struct RecordedEvent {
    /// Place in the log, from 1.
    seq: u64,
    /// Identity: given by the sender, or the SHA-256 of the canonical event.
    event_id: Digest,
    /// What happened.
    #[serde(rename = "type")]
    kind: String,
    /// When, by the sender's clock.
    timestamp: String,
    /// When it was stored, by the timeline's clock.
    received: String,
    /// Whose event it is.
    #[serde(skip_serializing_if = "absent")]
    agent_id: AgentId,
    /// Place among the events of its origin.
    #[serde(skip_serializing_if = "absent")]
    origin_seq: u64,
    /// Who sent.
    #[serde(skip_serializing_if = "absent")]
    from: AgentId,
    /// Who received.
    #[serde(skip_serializing_if = "absent")]
    to: AgentId,
    /// What was done, in the words of whoever did it.
    #[serde(skip_serializing_if = "absent")]
    operation: String,
    /// The document that it is about.
    #[serde(skip_serializing_if = "absent")]
    document_id: DocumentId,
    /// Its colour.
    #[serde(skip_serializing_if = "absent")]
    color: Color,
    /// Of the state that the agent had then.
    #[serde(skip_serializing_if = "absent")]
    fingerprint: Fingerprint,
    /// What the agent had seen.
    #[serde(skip_serializing_if = "absent")]
    vector_clock: VectorClock,
    /// Ids of the events that it came after.
    #[serde(skip_serializing_if = "absent")]
    depends_on: Vec<Digest>,
    /// How many those are, if their sender knows them all.
    #[serde(skip_serializing_if = "absent")]
    cause_count: u64,
    /// Bytes of what was sent.
    #[serde(skip_serializing_if = "absent")]
    payload_size: u64,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "absent")]
    duration_ms: f64,
    /// What only the sender knows; numbers keep their value.
    #[serde(skip_serializing_if = "absent")]
    payload: serde_json::Map<String, Value>,
}
