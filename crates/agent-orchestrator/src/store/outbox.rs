//! The transactional outbox: events owed to the timeline, written in the same step as what they tell of.
//!
//! A request is acknowledged when its event is on the timeline. If the timeline is away the request fails after its
//! effect is stored; the events stay here and go with the retry or with whatever comes next. Their ids derive from
//! what they tell of, so an event sent twice is one.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Digest, Problem};
use ramanujan_shell::Row;
use serde_json::{Value as Json, json};

use super::{Database, corrupt, stored_json};

/// Events per call: well below the timeline's batch limit.
const BATCH: u64 = 100;

/// Bytes of stored events per call: a quarter of the smallest body limit, the rest is what an event gains on the way.
const BATCH_BYTES: usize = 1 << 18;

impl Database {
    /// The oldest events that the timeline is owed, with their ids here: as many as one call takes.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn owed(&self) -> Result<Vec<(u64, Json)>, Problem> {
        const SQL: &str = "SELECT id, type, agent_id, token, at, event FROM orchestrator_outbox
            WHERE refused IS NULL ORDER BY id LIMIT ?1";
        let (mut owed, mut bytes) = (Vec::new(), 0);
        for row in &self.0.execute(SQL, [BATCH.into()])? {
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

/// The event as the timeline takes it.
fn event(row: &Row) -> Result<Json, Problem> {
    let (kind, agent, token) = (row.text(1)?, row.text(2)?, row.text(3)?);
    let parts = ["agent-event", kind, agent, token].join("\0");
    let mut event: Json = stored_json(row.text(5)?, "event")?;
    let members = event.as_object_mut().ok_or_else(|| corrupt("event"))?;
    members.retain(|_, value| !value.is_null());
    members.insert("event_id".into(), Digest::of(parts.as_bytes()).to_string().into());
    members.insert("type".into(), kind.into());
    members.insert("agent_id".into(), agent.into());
    members.insert("timestamp".into(), format_rfc3339(row.uint(4)?).into());
    Ok(event)
}
