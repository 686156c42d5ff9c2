//! Agents and messages as JSON.

#[cfg(not(target_family = "wasm"))]
use ramanujan_core::VectorClock;
use ramanujan_core::time::format_rfc3339;
use serde::Serialize;
use serde_json::{Map, Value, json};

#[cfg(not(target_family = "wasm"))]
use crate::agent::LooseId;
use crate::agent::{Agent, number_or_name};
#[cfg(not(target_family = "wasm"))]
use crate::kind::MessageType;
use crate::payload::Payload;
use crate::store::Waiting;
use crate::topology::Graph;

/// What an agent's reply depends on besides the agent.
pub(super) struct Surroundings<'a> {
    pub graph: &'a Graph,
    /// Unix milliseconds.
    pub now: u64,
    /// Milliseconds.
    pub timeout: u64,
}

/// Everything known of an agent, names as text.
pub(super) fn full(agent: &Agent, around: &Surroundings<'_>) -> Map<String, Value> {
    let mut members = brief(agent, around);
    let rest = json!({
        "node_id": agent.node_id,
        "aggregate_id": agent.life,
        "version": agent.version,
        "address": agent.address,
        "role": agent.role,
        "region": agent.region,
        "is_registered": agent.registered_at.is_some(),
        "registered_at": agent.registered_at.map(format_rfc3339),
        "last_heartbeat": agent.last_heartbeat.map(format_rfc3339),
        "uptime_seconds": agent.uptime_seconds(around.now),
        "neighbors": agent.neighbours_in(around.graph),
        "vector_clock": agent.vector_clock,
        "egraph_nodes": agent.egraph_nodes,
        "messages_received": agent.messages_received,
        "messages_sent": agent.messages_sent,
        "syncs_completed": agent.syncs_completed,
        "pending_messages": agent.pending,
    });
    if let Value::Object(rest) = rest {
        members.extend(rest);
    }
    members
}

/// Who it is and how alive.
pub(super) fn brief(agent: &Agent, around: &Surroundings<'_>) -> Map<String, Value> {
    let members = json!({
        "agent_id": agent.agent_id,
        "name": agent.name(),
        "mathematician": agent.mathematician,
        "polarity": agent.polarity,
        "color": agent.polarity.color(),
        "life_status": agent.status,
        "is_active": agent.is_active(around.now, around.timeout),
        "health_score": agent.health_score(around.now, around.timeout),
        "last_heartbeat_ago_ms": agent.silence(around.now),
    });
    if let Value::Object(members) = members { members } else { Map::new() }
}

/// The state of an agent, with numbers for the names of numbered agents.
pub(super) fn state(agent: &Agent, around: &Surroundings<'_>) -> Value {
    let neighbours: Vec<Value> =
        agent.neighbours_in(around.graph).iter().map(|name| number_or_name(name)).collect();
    json!({
        "agent_id": number_or_name(&agent.agent_id),
        "node_id": agent.node_id,
        "egraph_nodes": agent.egraph_nodes,
        "neighbors": neighbours,
        "messages_received": agent.messages_received,
        "messages_sent": agent.messages_sent,
        "syncs_completed": agent.syncs_completed,
        "uptime_seconds": agent.uptime_seconds(around.now),
        "is_active": agent.is_active(around.now, around.timeout),
        "health_score": agent.health_score(around.now, around.timeout),
        "pending_messages": agent.pending,
        "vector_clock": agent.vector_clock,
    })
}

/// An item of `/api/agents`.
pub(super) fn dashboard_item(agent: &Agent, around: &Surroundings<'_>) -> Value {
    let mut members = full(agent, around);
    let active = agent.is_active(around.now, around.timeout);
    members.insert("status".into(), if active { "active" } else { "inactive" }.into());
    members.insert("uptime".into(), agent.uptime_seconds(around.now).into());
    members.into()
}

/// A message that waits for its receiver.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct WaitingMessage<'a> {
    /// Its place among all messages, in the order of arrival.
    seq: u64,
    /// The id that its sender gave it.
    message_id: &'a str,
    /// What it is for.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "MessageType"))]
    msg_type: &'a str,
    /// Who sent it.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "LooseId"))]
    sender_id: Value,
    /// Whom it waits for.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "LooseId"))]
    receiver_id: Value,
    /// The subject that it was published on; null for one that was posted to the agent.
    subject: Option<&'a str>,
    /// When it was sent by the sender's clock, where it said so, else when it arrived.
    timestamp: String,
    /// When it arrived.
    received_at: String,
    /// What it carries.
    payload: Option<&'a Payload>,
    /// The sender's clock.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: &'a Value,
}

impl<'a> WaitingMessage<'a> {
    /// The message as `receiver` sees it.
    pub(super) fn of(receiver: &str, message: &'a Waiting) -> Self {
        WaitingMessage {
            seq: message.seq,
            message_id: &message.message_id,
            msg_type: &message.msg_type,
            sender_id: number_or_name(&message.sender),
            receiver_id: number_or_name(receiver),
            subject: message.subject.as_deref(),
            timestamp: format_rfc3339(message.sent_at.unwrap_or(message.received_at)),
            received_at: format_rfc3339(message.received_at),
            payload: message.payload.as_ref(),
            vector_clock: &message.vector_clock,
        }
    }
}
