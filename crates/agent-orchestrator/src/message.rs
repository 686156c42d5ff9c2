//! Messages between agents, and who they wait for.
//!
//! A message is stored once under its `message_id`. A heartbeat and an acknowledgement take effect when they arrive
//! and wait for nobody; every other message waits in its receiver's buffer until that agent acknowledges it.

use ramanujan_core::time::parse_rfc3339;
use ramanujan_core::{AgentId, Code, Digest, Problem, VectorClock};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::agent::LooseId;
use crate::kind::MessageType;
use crate::payload::Payload;
use crate::subject::Subject;

/// Most messages that one `Ack` settles: a whole buffer of the default size.
const MAX_ACKS: usize = 1000;

/// A message as it is sent.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentMessage {
    /// A UUID, or any other identifier: the key under which the message is stored once.
    pub message_id: AgentId,
    /// What it is for.
    pub msg_type: MessageType,
    /// A known agent.
    pub sender_id: LooseId,
    /// Whose buffer it goes to, where the path does not say it.
    pub receiver_id: Option<LooseId>,
    /// When it was sent, RFC 3339; the time of arrival if missing.
    pub timestamp: Option<String>,
    /// What it carries, up to `MAX_MESSAGE_BYTES`. That of an `Ack` is `{"message_id": "…"}` or `{"message_ids": […]}`.
    #[serde(default)]
    pub payload: Payload,
    /// What the sender has seen; it is joined with the sender's clock.
    #[serde(default)]
    pub vector_clock: VectorClock,
}

/// A message with everything decided but whether there is room for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub message_id: String,
    pub msg_type: MessageType,
    pub sender: AgentId,
    /// Whose buffer it goes to; `None` for a broadcast.
    pub receiver: Option<String>,
    pub subject: Option<String>,
    /// Unix milliseconds.
    pub sent_at: Option<u64>,
    /// The payload as JSON text.
    pub payload: String,
    /// The sender's clock as JSON text.
    pub vector_clock: String,
    /// Messages that an `Ack` settles, as a JSON array of ids.
    pub acks: Option<String>,
    /// Digest of everything but the time and the subject: a retry may be later and take another way.
    pub digest: Digest,
}

impl Message {
    /// Whether the message waits in a buffer.
    pub fn waits(&self) -> bool {
        self.receiver.is_some() && !self.msg_type.is_settled_on_arrival()
    }
}

impl AgentMessage {
    /// The message as posted to `agent`.
    ///
    /// # Errors
    /// 422 `wrong-receiver` if it names another receiver, and as [`AgentMessage::on`].
    pub fn to(self, agent: &AgentId) -> Result<Message, Problem> {
        if let Some(receiver) = self.receiver_id.as_ref().filter(|receiver| receiver.0 != *agent) {
            let detail = format!("the message is for agent {}, it was posted to {agent}", receiver.0);
            return Err(Problem::new(Code::WrongReceiver, detail));
        }
        self.finish(Some(agent.as_str().to_owned()), None)
    }

    /// The message as published on `subject`.
    ///
    /// # Errors
    /// 422 `subject-mismatch`, `receiver-missing`, `invalid-timestamp`, `invalid-ack`.
    pub fn on(self, subject: &Subject) -> Result<Message, Problem> {
        let mismatch = |detail: String| Err(Problem::new(Code::SubjectMismatch, detail));
        if let Some(kinds) = subject.kinds().filter(|kinds| !kinds.contains(&self.msg_type)) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let name = subject.as_str();
            return mismatch(format!("{name} is for {}, not {}", names.join(" and "), self.msg_type));
        }
        let named = self.receiver_id.as_ref().map(|receiver| &receiver.0);
        let owner = subject.agent()?;
        if let (Some(owner), Some(receiver)) = (&owner, named)
            && owner != receiver
            && *owner != self.sender_id.0
        {
            let name = subject.as_str();
            return mismatch(format!("agent {owner} of {name} is neither the sender nor the receiver"));
        }
        let receiver = named.or(owner.as_ref()).map(ToString::to_string);
        if receiver.is_none() && !subject.is_broadcast() && !self.msg_type.is_settled_on_arrival() {
            let detail = "name a receiver_id, or publish on agent.{id}.… or broadcast.…";
            return Err(Problem::new(Code::ReceiverMissing, detail));
        }
        self.finish(receiver, Some(subject.as_str().to_owned()))
    }

    fn finish(self, receiver: Option<String>, subject: Option<String>) -> Result<Message, Problem> {
        let sent_at = self.timestamp.as_deref().map(read_time).transpose()?;
        let acks = (self.msg_type == MessageType::Ack).then(|| acknowledged(&self.payload)).transpose()?;
        let sender = self.sender_id.0;
        let vector_clock = json!(self.vector_clock).to_string();
        // One JSON array, of which the payload is no Value, because that would change its numbers.
        let head = json!([self.message_id.as_str(), self.msg_type, &sender, &receiver]).to_string();
        let head = head.trim_end_matches(']');
        let content = format!("{head},{},{vector_clock}]", self.payload.text());
        Ok(Message {
            digest: Digest::of(content.as_bytes()),
            message_id: self.message_id.into_string(),
            msg_type: self.msg_type,
            sender,
            receiver,
            subject,
            sent_at,
            payload: self.payload.text().to_owned(),
            vector_clock,
            acks,
        })
    }
}

fn read_time(text: &str) -> Result<u64, Problem> {
    parse_rfc3339(text).ok_or_else(|| {
        let cut: String = text.chars().take(40).collect();
        let detail = format!("timestamp {cut:?} is not an RFC 3339 time such as 2026-01-02T03:04:05Z");
        Problem::new(Code::InvalidTimestamp, detail)
    })
}

/// The ids in an `Ack`'s payload, `{"message_id": …}` or `{"message_ids": […]}`, as a JSON array.
fn acknowledged(payload: &Payload) -> Result<String, Problem> {
    let payload: Value = serde_json::from_slice(payload.text().as_bytes()).unwrap_or_default();
    let one = payload.get("message_id").and_then(Value::as_str).map(|id| vec![Value::from(id)]);
    let many = payload.get("message_ids").and_then(Value::as_array).cloned();
    let ids = one.or(many).unwrap_or_default();
    if (1..=MAX_ACKS).contains(&ids.len()) && ids.iter().all(Value::is_string) {
        return Ok(Value::from(ids).to_string());
    }
    let detail = format!(
        "the payload of an Ack is {{\"message_id\": \"…\"}} or {{\"message_ids\": […]}} with 1 to {MAX_ACKS} ids"
    );
    Err(Problem::new(Code::InvalidAck, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(extra: Value) -> AgentMessage {
        let mut members = json!({"message_id": "m1", "msg_type": "StateUpdate", "sender_id": 1});
        if let (Value::Object(members), Value::Object(extra)) = (&mut members, extra) {
            members.extend(extra);
        }
        serde_json::from_value(members).unwrap()
    }

    fn on(subject: &str, extra: Value) -> Result<Message, Code> {
        message(extra).on(&Subject::parse(subject).unwrap()).map_err(|problem| problem.code)
    }

    #[test]
    fn the_receiver_is_the_one_named_or_the_subjects() {
        assert_eq!(on("agent.0.state", json!({})).unwrap().receiver.as_deref(), Some("0"));
        let named = on("agent.1.state", json!({"receiver_id": 3})).unwrap();
        assert_eq!((named.receiver.as_deref(), named.waits()), (Some("3"), true));
        assert_eq!(on("agent.5.state", json!({"receiver_id": 3})), Err(Code::SubjectMismatch));
        assert_eq!(on("agent.0.heartbeat", json!({})), Err(Code::SubjectMismatch));
        assert_eq!(on("world.merge.1", json!({})), Err(Code::ReceiverMissing));
        let broadcast = on("network.status", json!({})).unwrap();
        assert!(broadcast.receiver.is_none() && !broadcast.waits());
        assert!(!on("broadcast.heartbeat", json!({"msg_type": "HEARTBEAT"})).unwrap().waits());
    }

    #[test]
    fn a_retry_has_the_digest_of_the_first_try_and_other_content_has_not() {
        let first = on("agent.0.state", json!({"timestamp": "2026-01-02T03:04:05Z", "payload": {"a": 1}}));
        let later =
            json!({"timestamp": "2026-01-02T03:04:06.5+00:00", "payload": {"a": 1}, "receiver_id": "0"});
        let retry = message(later).to(&"0".parse().unwrap()).unwrap();
        assert_eq!(first.as_ref().unwrap().digest, retry.digest);
        assert_eq!(retry.sent_at, Some(1_767_323_046_500));
        let other = on("agent.0.state", json!({"payload": {"a": 2}})).unwrap();
        assert_ne!(first.unwrap().digest, other.digest);
    }

    #[test]
    fn acknowledgements_name_what_they_settle() {
        let ack = |payload: Value| on("agent.0.ack", json!({"msg_type": "Ack", "payload": payload}));
        assert_eq!(ack(json!({"message_id": "x"})).unwrap().acks.unwrap(), r#"["x"]"#);
        assert_eq!(ack(json!({"message_ids": ["x", "y"]})).unwrap().acks.unwrap(), r#"["x","y"]"#);
        for refused in [json!(null), json!({"message_ids": []}), json!({"message_ids": [1]})] {
            assert_eq!(ack(refused), Err(Code::InvalidAck));
        }
        assert_eq!(on("agent.0.state", json!({"timestamp": "noon"})), Err(Code::InvalidTimestamp));
    }

    #[test]
    fn what_is_not_a_message_is_not_read() {
        for text in [
            r#"{"test": "message"}"#,
            r#"{"message_id":"m","msg_type":"Shout","sender_id":1}"#,
            r#"{"message_id":"m","msg_type":"Ack","sender_id":1,"colour":"red"}"#,
            r#"{"message_id":"m m","msg_type":"Ack","sender_id":1}"#,
        ] {
            assert!(serde_json::from_str::<AgentMessage>(text).is_err(), "{text}");
        }
    }
}
