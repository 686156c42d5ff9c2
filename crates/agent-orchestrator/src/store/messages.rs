//! Statements on messages: storing once, reading a buffer, acknowledging.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Page, Row, Value};
use serde_json::Value as Json;

use super::agents::clock_too_large;
use super::{Database, MAX_CLOCK_ENTRIES, corrupt, optional_text, optional_uint, stored_json};
use crate::message::Message;
use crate::payload::Payload;
use crate::rejection::unknown_agent;

/// Most bytes of payloads in one page, so that a full buffer of large messages does not become one reply.
const PAGE_BYTES: u64 = 1 << 20;

/// How often a message is tried again that found neither room nor a reason: both may change in between.
const ATTEMPTS: usize = 3;

/// A message that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Position in the order of arrival.
    pub seq: u64,
    /// Whether it was there before.
    pub duplicate: bool,
}

/// A message that waits for its receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Position in the order of arrival.
    pub seq: u64,
    /// Its id.
    pub message_id: String,
    /// The kind, as the wire has it.
    pub msg_type: String,
    /// Who sent it.
    pub sender: String,
    /// The subject that it was published on.
    pub subject: Option<String>,
    /// Unix milliseconds; `None` if the sender did not say.
    pub sent_at: Option<u64>,
    /// Unix milliseconds.
    pub received_at: u64,
    /// What it carries.
    pub payload: Option<Payload>,
    /// The sender's clock.
    pub vector_clock: Json,
}

impl Database {
    /// Stores a message once, if both agents exist and the receiver's buffer has room.
    ///
    /// # Errors
    /// 409 `message-conflict`, 404 `unknown-agent`, 422 `unknown-sender` or `clock-too-large`, 429 `buffer-full`,
    /// 503 `store-unavailable` or `store-busy`.
    pub fn store_message(&self, message: &Message, now: u64, max_buffer: u64) -> Result<Stored, Problem> {
        const SQL: &str = "INSERT INTO orchestrator_messages
            (message_id, digest, msg_type, sender_id, receiver_id, subject, sent_at, received_at, payload,
             payload_size, vector_clock, acks, event_type, acknowledged_at)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
            WHERE EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?4)
                AND (?5 IS NULL OR EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?5))
                AND (?14 IS NOT NULL OR (SELECT COUNT(*) FROM orchestrator_messages
                    WHERE receiver_id = ?5 AND acknowledged_at IS NULL) < ?15)
                AND (?11 = '{}' OR (SELECT COUNT(*) FROM (
                    SELECT key FROM json_each(?11) UNION SELECT key FROM json_each(
                        (SELECT vector_clock FROM orchestrator_agents WHERE agent_id = ?4)))) <= ?16)
            ON CONFLICT (message_id) DO NOTHING RETURNING seq";
        let settled = (!message.waits()).then_some(now);
        let digest = message.digest.to_string();
        let params: Vec<Value> = vec![
            message.message_id.as_str().into(),
            digest.as_str().into(),
            message.msg_type.as_str().into(),
            message.sender.as_str().into(),
            message.receiver.clone().into(),
            message.subject.clone().into(),
            message.sent_at.into(),
            now.into(),
            // What waits for nobody is read by nobody.
            message.waits().then(|| message.payload.clone()).into(),
            (message.payload.len() as u64).into(),
            message.vector_clock.as_str().into(),
            message.acks.clone().into(),
            message.msg_type.event_type().into(),
            settled.into(),
            max_buffer.into(),
            MAX_CLOCK_ENTRIES.into(),
        ];
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.0.execute(SQL, params.clone())?.first() {
                return Ok(Stored { seq: row.uint(0)?, duplicate: false });
            }
            if let Some(known) = self.why_not_stored(message, &digest, max_buffer)? {
                return Ok(known);
            }
        }
        Err(Problem::new(Code::StoreBusy, "the receiver's buffer changes all the time; send it again"))
    }

    /// The message if it was there before, the reason if it cannot be stored, `None` if it now can.
    fn why_not_stored(
        &self,
        message: &Message,
        digest: &str,
        max_buffer: u64,
    ) -> Result<Option<Stored>, Problem> {
        const SQL: &str = "SELECT
            (SELECT digest FROM orchestrator_messages WHERE message_id = ?1),
            (SELECT seq FROM orchestrator_messages WHERE message_id = ?1),
            EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?2),
            ?3 IS NULL OR EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?3),
            (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = ?3 AND acknowledged_at IS NULL),
            (SELECT COUNT(*) FROM (SELECT key FROM json_each(?4) UNION SELECT key FROM json_each(
                (SELECT vector_clock FROM orchestrator_agents WHERE agent_id = ?2))))";
        let id = message.message_id.as_str();
        let receiver = message.receiver.clone();
        let rows = self.0.execute(
            SQL,
            [
                id.into(),
                message.sender.as_str().into(),
                receiver.clone().into(),
                message.vector_clock.as_str().into(),
            ],
        )?;
        let row = rows.first().ok_or_else(|| corrupt("message"))?;
        if let Some(stored) = optional_text(row, 0)? {
            if stored == digest {
                return Ok(Some(Stored { seq: row.uint(1)?, duplicate: true }));
            }
            let detail = format!("{id} is stored with other content; give the new message an id of its own");
            return Err(Problem::new(Code::MessageConflict, detail));
        }
        if row.uint(3)? == 0 {
            return Err(unknown_agent(receiver.as_deref().unwrap_or_default()));
        }
        if row.uint(2)? == 0 {
            let detail =
                format!("the sender {:?} is no agent; POST /agents/register first", message.sender.as_str());
            return Err(Problem::new(Code::UnknownSender, detail));
        }
        if row.uint(5)? > MAX_CLOCK_ENTRIES {
            return Err(clock_too_large());
        }
        if message.waits() && row.uint(4)? >= max_buffer {
            let name = receiver.as_deref().unwrap_or_default();
            let detail = format!(
                "{max_buffer} messages wait for agent {name}; it has to acknowledge some \
                 (DELETE /agent/{name}/messages?through=<seq>, or an Ack), then send this one again"
            );
            return Err(Problem::new(Code::BufferFull, detail).with("limit", max_buffer));
        }
        Ok(None)
    }

    /// Messages that wait for `agent`, oldest first, after the one at `after`.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn waiting(&self, agent: &str, after: u64, limit: u64) -> Result<Page<Waiting>, Problem> {
        const SQL: &str =
            "SELECT seq, message_id, msg_type, sender_id, subject, sent_at, received_at, payload,
                vector_clock
            FROM (SELECT *, SUM(payload_size) OVER (ORDER BY seq) - payload_size AS before
                FROM (SELECT * FROM orchestrator_messages
                    WHERE receiver_id = ?1 AND acknowledged_at IS NULL AND seq > ?2 ORDER BY seq LIMIT ?3))
            WHERE before < ?4 ORDER BY seq";
        let rows = self.0.execute(SQL, [agent.into(), after.into(), limit.into(), PAGE_BYTES.into()])?;
        let last = rows.last().map(|row| row.uint(0)).transpose()?;
        let items = rows.iter().map(waiting).collect::<Result<Vec<_>, _>>()?;
        const MORE: &str = "SELECT 1 FROM orchestrator_messages
            WHERE receiver_id = ?1 AND acknowledged_at IS NULL AND seq > ?2 LIMIT 1";
        let more = match last {
            Some(last) => !self.0.execute(MORE, [agent.into(), last.into()])?.is_empty(),
            None => false,
        };
        Ok(Page { items, more })
    }

    /// Settles what waits for `agent` up to the message at `through`; says how many there were.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn acknowledge(&self, agent: &str, through: u64, now: u64) -> Result<u64, Problem> {
        const SQL: &str = "UPDATE orchestrator_messages SET acknowledged_at = ?3, payload = NULL
            WHERE receiver_id = ?1 AND acknowledged_at IS NULL AND seq <= ?2 RETURNING seq";
        let rows = self.0.execute(SQL, [agent.into(), through.into(), now.into()])?;
        Ok(rows.len() as u64)
    }

    /// How many messages and how many state updates were ever stored.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn message_totals(&self) -> Result<(u64, u64), Problem> {
        const SQL: &str =
            "SELECT COUNT(*), COALESCE(SUM(msg_type = 'StateUpdate'), 0) FROM orchestrator_messages";
        let rows = self.0.execute(SQL, [])?;
        let row = rows.first().ok_or_else(|| corrupt("count"))?;
        Ok((row.uint(0)?, row.uint(1)?))
    }
}

fn payload(text: &str) -> Result<Payload, Problem> {
    Payload::stored(text).ok_or_else(|| corrupt("payload"))
}

fn waiting(row: &Row) -> Result<Waiting, Problem> {
    Ok(Waiting {
        seq: row.uint(0)?,
        message_id: row.text(1)?.to_owned(),
        msg_type: row.text(2)?.to_owned(),
        sender: row.text(3)?.to_owned(),
        subject: optional_text(row, 4)?,
        sent_at: optional_uint(row, 5)?,
        received_at: row.uint(6)?,
        payload: optional_text(row, 7)?.map(|text| payload(&text)).transpose()?,
        vector_clock: stored_json(row.text(8)?, "clock")?,
    })
}
