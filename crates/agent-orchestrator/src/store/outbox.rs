//! The transactional outbox: events owed to the timeline, written in the same step as what they tell of.
//!
//! A request is acknowledged when its event is on the timeline. If the timeline is away the request fails after its
//! effect is stored; the events stay here and go with the retry or with whatever comes next. Their ids derive from
//! what they tell of, so an event sent twice is one.

use http::Method;
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, call_json, log};
use serde_json::{Value as Json, json};

use super::{Database, corrupt, stored_json};

/// Events per call: well below the timeline's batch limit.
const BATCH: u64 = 100;

/// Bytes of stored events per call: a quarter of the smallest body limit, the rest is what an event gains on the way.
const BATCH_BYTES: usize = 1 << 18;

/// Most calls per request. What a long absence of the timeline has left over goes with the next requests.
const MAX_BATCHES: usize = 20;

impl Database {
    fn owed(&self) -> Result<Vec<(u64, Json)>, Problem> {
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

    fn paid(&self, ids: &[u64]) -> Result<(), Problem> {
        const SQL: &str = "DELETE FROM orchestrator_outbox WHERE id IN (SELECT value FROM json_each(?1))";
        self.0.execute(SQL, [json!(ids).to_string().into()]).map(|_| ())
    }

    /// Sets an event aside that the timeline will never take, so that it does not hold up the others.
    fn set_aside(&self, id: u64, reason: &str) -> Result<(), Problem> {
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

/// Sends what the timeline is owed.
///
/// # Errors
/// The timeline's problem or 502 `component-unreachable`, saying that the effect is stored and the request may be
/// repeated; 503 `store-unavailable`.
pub async fn flush(database: &Database) -> Result<(), Problem> {
    for _ in 0..MAX_BATCHES {
        let owed = database.owed()?;
        if owed.is_empty() {
            return Ok(());
        }
        let (ids, events): (Vec<u64>, Vec<Json>) = owed.into_iter().unzip();
        match call_json::<Json>("interaction-timeline", Method::POST, "/timeline/events", Some(&events)).await
        {
            Ok(_) => database.paid(&ids)?,
            Err(problem) => match refused_index(&problem).and_then(|index| ids.get(index)) {
                Some(id) => {
                    log::error("agent-orchestrator", &format!("the timeline refuses an event: {problem}"));
                    database.set_aside(*id, &problem.detail)?;
                }
                None => return Err(still_owed(&problem)),
            },
        }
    }
    Ok(())
}

/// Which event of the batch is at fault, if the timeline says that one is.
fn refused_index(problem: &Problem) -> Option<usize> {
    let of_content = matches!(problem.status, 409 | 413 | 422);
    let index = problem.extra.get("index").and_then(Json::as_u64).filter(|_| of_content)?;
    usize::try_from(index).ok()
}

fn still_owed(problem: &Problem) -> Problem {
    // Whatever ails the timeline, the client's request was right and may be repeated.
    let status = if problem.status == 502 { 502 } else { Code::EventNotRecorded.status() };
    let detail = format!(
        "stored, but the timeline has not recorded it ({}); repeat the request, it takes effect once",
        problem.detail
    );
    Problem::new(Code::EventNotRecorded, detail).at_status(status).with("stored", true)
}
