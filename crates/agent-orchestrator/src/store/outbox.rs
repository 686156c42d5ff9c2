//! The transactional outbox: events owed to the timeline, written in the same step as what they tell of.
//!
//! A request is acknowledged when its event is on the timeline. If the timeline is away the request fails after its
//! effect is stored; the events stay here and go with the retry or with whatever comes next. Their ids derive from
//! what they tell of, so an event sent twice is one, and so an event can name what it came after: a departure the
//! registration that it ends, an acknowledgement the messages that it is about.

use std::collections::BTreeSet;

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Digest, Problem};
use ramanujan_shell::Row;
use serde_json::{Value as Json, json};

use super::{Database, corrupt, stored_json};

/// Events per call: well below the timeline's batch limit.
const BATCH: u64 = 100;

/// Bytes of stored events per call: a quarter of the smallest body limit, the rest is what an event gains on the way.
const BATCH_BYTES: usize = 1 << 18;

/// The oldest events; with each that tells of an acknowledgement, what the events of the messages are made of that had
/// arrived at its sender by then. Messages are never changed, so that an event that is sent again is the same. 64 is what
/// the timeline takes.
const OWED: &str = "
    SELECT o.id, o.type, o.agent_id, o.token, o.at, o.event, (
        SELECT json_group_array(json_array(type, agent_id, token)) FROM (
            SELECT r.event_type AS type, COALESCE(r.receiver_id, r.sender_id) AS agent_id,
                r.message_id || ' ' || r.digest AS token
            FROM orchestrator_messages m CROSS JOIN orchestrator_messages r
                ON r.message_id IN (SELECT value FROM json_each(m.acks))
            WHERE o.type = 'AckReceived' AND m.message_id || ' ' || m.digest = o.token
                AND m.message_id = substr(o.token, 1, length(o.token) - 65)
                AND r.receiver_id = m.sender_id AND r.seq < m.seq
            ORDER BY r.seq LIMIT 64))
    FROM orchestrator_outbox o WHERE o.refused IS NULL ORDER BY o.id LIMIT ?1";

impl Database {
    /// The oldest events that the timeline is owed, with their ids here: as many as one call takes.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn owed(&self) -> Result<Vec<(u64, Json)>, Problem> {
        let (mut owed, mut bytes) = (Vec::new(), 0);
        for row in &self.0.execute(OWED, [BATCH.into()])? {
            bytes += row.text(5)?.len();
            if bytes > BATCH_BYTES && !owed.is_empty() {
                break;
            }
            owed.push((row.uint(0)?, event(row)?));
        }
        Ok(owed)
    }

    /// Strikes off what the timeline has.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn paid(&self, ids: &[u64]) -> Result<(), Problem> {
        const SQL: &str = "DELETE FROM orchestrator_outbox WHERE id IN (SELECT value FROM json_each(?1))";
        self.0.execute(SQL, [json!(ids).to_string().into()]).map(|_| ())
    }

    /// Sets an event aside that the timeline will never take, so that it does not hold up the others.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn set_aside(&self, id: u64, reason: &str) -> Result<(), Problem> {
        const SQL: &str = "UPDATE orchestrator_outbox SET refused = ?2 WHERE id = ?1";
        self.0.execute(SQL, [id.into(), reason.into()]).map(|_| ())
    }
}

fn event_id(kind: &str, agent: &str, token: &str) -> Digest {
    Digest::of(["agent-event", kind, agent, token].join("\0").as_bytes())
}

/// The event as the timeline takes it.
fn event(row: &Row) -> Result<Json, Problem> {
    let (kind, agent, token) = (row.text(1)?, row.text(2)?, row.text(3)?);
    let acknowledged: Vec<(String, String, String)> =
        serde_json::from_str(row.text(6)?).map_err(|_| corrupt("acks"))?;
    let mut causes: BTreeSet<Digest> =
        acknowledged.iter().map(|(kind, agent, token)| event_id(kind, agent, token)).collect();
    if kind == "AgentDeregistered" {
        // Both have the token of the registration.
        causes.insert(event_id("AgentRegistered", agent, token));
    }
    let mut event: Json = stored_json(row.text(5)?, "event")?;
    let members = event.as_object_mut().ok_or_else(|| corrupt("event"))?;
    members.retain(|_, value| !value.is_null());
    members.insert("event_id".into(), event_id(kind, agent, token).to_string().into());
    if !causes.is_empty() {
        members.insert("depends_on".into(), json!(causes));
    }
    members.insert("type".into(), kind.into());
    members.insert("agent_id".into(), agent.into());
    members.insert("timestamp".into(), format_rfc3339(row.uint(4)?).into());
    Ok(event)
}
