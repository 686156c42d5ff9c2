//! Events as senders post them, checked and brought into canonical form.
//!
//! Canonical form: JSON as [`crate::canonical`] describes it, with absent members left out and `depends_on` sorted
//! without repetition. The content of an event is everything but `event_id` and `timestamp`.

mod forms;

use std::collections::BTreeSet;

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{AgentId, Color, Digest, DocumentId, MAX_SAFE_INTEGER, VectorClock};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::canonical::{self, CanonicalError};
use crate::row::{Shown, color_code};
use forms::{Members, Name, Number, Print, Time};

/// Longest `type` or `operation`, in characters: a name, not a message.
pub const MAX_NAME_CHARS: usize = 64;
/// Most entries of `depends_on`: more is a merge that should be an event of its own.
pub const MAX_DEPENDENCIES: usize = 64;
/// Most entries of a vector clock: several times the largest network (48 agents).
pub const MAX_CLOCK_ENTRIES: usize = 256;
/// Largest payload in canonical bytes: the timeline tells that something happened, the content lives elsewhere.
pub const MAX_PAYLOAD_BYTES: usize = 4096;
/// Largest `origin_seq` a sender may claim; half the range of JSON numbers stays free for the numbers after it.
pub const MAX_ORIGIN_SEQ: u64 = 1 << 52;

/// Why what was posted is no event.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventError {
    /// A member is missing or not what it must be.
    #[error("{member}: {reason}")]
    Invalid {
        /// The member.
        member: &'static str,
        /// What it must be.
        reason: String,
    },
    /// The payload has no canonical form.
    #[error("payload: {0}")]
    Payload(#[from] CanonicalError),
    /// The event could not be written as JSON.
    #[error("the event cannot be written as JSON")]
    Encoding(#[from] serde_json::Error),
}

fn invalid(member: &'static str, reason: impl Into<String>) -> EventError {
    EventError::Invalid { member, reason: reason.into() }
}

/// What the schema of [`Posted`] says of it.
#[cfg(not(target_family = "wasm"))]
const POSTED: &str = "An event in any of the forms that senders use. It needs a `type` or an `operation`, and an \
`agent_id` or a `from`. What only one of these forms has goes into the payload.";

/// An event as posted, in any of the forms that senders use. What only one of these forms has goes into the payload;
/// an event that names an operation and no type is of the type `operation`.
///
/// ```
/// use ramanujan_timeline::Posted;
///
/// let text = r#"{"type": "Transfer", "agent_id": "bank", "payload": {"wei": 100000000000000000001}}"#;
/// let event = serde_json::from_str::<Posted>(text).unwrap().check().unwrap();
/// assert_eq!(event.body, r#"{"payload":{"wei":100000000000000000001}}"#);
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(transform = crate::schema::aliases))]
#[cfg_attr(not(target_family = "wasm"), schemars(description = POSTED))]
pub struct Posted {
    /// Identity, if the sender chooses it; else the SHA-256 of the canonical event.
    #[serde(alias = "id")]
    event_id: Option<Digest>,
    /// What happened; `operation` where it is left out beside an `operation`.
    #[serde(rename = "type", alias = "event_type")]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_NAME_CHARS)))]
    kind: Option<String>,
    /// When, by the sender's clock; the time of arrival if left out.
    timestamp: Option<Time>,
    /// Whose event it is; left out, `from` stands for it.
    agent_id: Option<Name>,
    /// Who sent.
    #[serde(alias = "from_agent")]
    from: Option<Name>,
    /// Who received.
    #[serde(alias = "to_agent")]
    to: Option<Name>,
    /// What was done, in the words of whoever did it.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_NAME_CHARS)))]
    operation: Option<String>,
    /// The document that it is about.
    document_id: Option<DocumentId>,
    /// What the agent had seen of the document; at most 256 agents.
    vector_clock: Option<VectorClock>,
    /// Ids of the events that it came after, which may still be on their way.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_DEPENDENCIES)))]
    depends_on: Option<BTreeSet<Digest>>,
    /// How many events it came after directly, if the sender knows them all: those of `depends_on`, which of more than
    /// 64 names some. What it does not name it did not come after, its origin's previous event neither.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_SAFE_INTEGER)))]
    cause_count: Option<u64>,
    /// Of the state that the agent had then.
    fingerprint: Option<Print>,
    /// Its colour.
    color: Option<Color>,
    /// Bytes of what was sent.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_SAFE_INTEGER)))]
    payload_size: Option<u64>,
    /// How long it took, in milliseconds.
    duration_ms: Option<Number>,
    /// The sender's own count of its events; where it is left out, the timeline counts.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = MAX_ORIGIN_SEQ)))]
    origin_seq: Option<u64>,
    /// Anything else, at most 4096 bytes of canonical JSON.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::schema::Anything>"))]
    payload: Option<Box<RawValue>>,
    /// Moved into the payload: the state before.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<serde_json::Value>"))]
    crdt_state_before: Option<Box<RawValue>>,
    /// Moved into the payload: the state after.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<serde_json::Value>"))]
    crdt_state_after: Option<Box<RawValue>>,
    /// Moved into the payload: which instrument.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<serde_json::Value>"))]
    instrument_id: Option<Box<RawValue>>,
    /// Moved into the payload: which preparation.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<serde_json::Value>"))]
    preparation_id: Option<Box<RawValue>>,
}

/// An event ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As the sender chose it, or the digest of the whole event in canonical form.
    pub event_id: Digest,
    /// Unix milliseconds; `None` if the sender left it to the timeline.
    pub timestamp: Option<u64>,
    /// Who it is of.
    pub agent: AgentId,
    /// Its type.
    pub kind: String,
    /// The document that it is about, if any.
    pub document: Option<DocumentId>,
    /// Its colour, if it has one.
    pub color: Option<Color>,
    /// The sender's own count of its events, if it keeps one.
    pub origin_seq: Option<u64>,
    /// The other members, canonical.
    pub body: String,
}

/// The members that say what an event came after.
const CAUSES: [&str; 3] = ["cause_count", "depends_on", "vector_clock"];

impl Event {
    /// Whether the content is the same: everything but `event_id` and `timestamp`.
    pub fn same_content(&self, other: &Event) -> bool {
        (&self.agent, &self.kind, &self.document, self.color, &self.body)
            == (&other.agent, &other.kind, &other.document, other.color, &other.body)
    }

    /// Whether an event of the same agent, type, document and colour that has this body tells of the same, though perhaps
    /// less or more of what it came after: of `cause_count`, `depends_on` and `vector_clock` one of the two may lack what
    /// the other has; everything else is equal.
    pub fn tells_the_same(&self, body: &str) -> bool {
        let (Ok(one), Ok(other)) = (Shown::read(&self.body), Shown::read(body)) else { return false };
        let text = |shown: &Shown, name: &str| shown.get(name).map(|value| value.get().to_owned());
        let mut names = one.names().chain(other.names());
        names.all(|name| match (text(&one, name), text(&other, name)) {
            (Some(one), Some(other)) => one == other,
            _ => CAUSES.contains(&name),
        })
    }

    /// The event as a sender tells it that knows no causes: without `cause_count` and `depends_on`.
    ///
    /// # Errors
    /// The body is not a JSON object.
    pub fn without_causes(&self) -> Result<Event, EventError> {
        self.without(&["cause_count", "depends_on"])
    }

    /// Digest of what the event tells, whatever is said of what it came after: one for all events of which
    /// [`Event::tells_the_same`] holds.
    ///
    /// # Errors
    /// The body is not a JSON object.
    pub fn told_digest(&self) -> Result<Digest, EventError> {
        Ok(self.without(&CAUSES)?.content_digest())
    }

    fn without(&self, members: &[&str]) -> Result<Event, EventError> {
        let mut body = Shown::read(&self.body)?;
        for member in members {
            body.remove(member);
        }
        Ok(Event { body: serde_json::to_string(&body)?, ..self.clone() })
    }

    /// See [`content_digest`].
    pub fn content_digest(&self) -> Digest {
        let document = self.document.as_ref().map(|document| document.as_str());
        content_digest(self.agent.as_str(), &self.kind, document, self.color.map(color_code), &self.body)
    }
}

/// Digest of what makes two events the same: texts preceded by their length, an absent document as the empty text,
/// colour as stored with 2 for none. What is kept of an archived event's content.
pub fn content_digest(
    agent: &str,
    kind: &str,
    document: Option<&str>,
    color: Option<i64>,
    body: &str,
) -> Digest {
    let mut bytes = Vec::with_capacity(64 + body.len());
    bytes.extend_from_slice(&color.unwrap_or(2).to_be_bytes());
    for text in [agent, kind, document.unwrap_or_default(), body] {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Digest::of(&bytes)
}

impl Posted {
    /// Checks the event and makes it canonical.
    ///
    /// # Errors
    /// The member that is wrong, and why.
    pub fn check(mut self) -> Result<Event, EventError> {
        let kind = match (self.kind.take(), &self.operation) {
            (Some(kind), _) => kind,
            (None, Some(_)) => "operation".to_owned(),
            (None, None) => {
                let reason =
                    "an event needs a type; an event with an operation and no type is of the type operation";
                return Err(invalid("type", reason));
            }
        };
        check_name("type", &kind)?;
        let payload = self.payload()?;
        if let Some(operation) = &self.operation {
            check_name("operation", operation)?;
        }
        let timestamp = match &self.timestamp {
            None => None,
            Some(time) => Some(time.millis().ok_or_else(|| {
                let reason =
                    "neither an RFC 3339 time such as 2026-01-02T03:04:05.678Z nor Unix milliseconds";
                invalid("timestamp", reason)
            })?),
        };
        let agent = match (&self.agent_id, &self.from) {
            (Some(agent), _) | (None, Some(agent)) => agent.0.clone(),
            (None, None) => {
                let reason = "an event needs an agent_id; without one, from stands for it";
                return Err(invalid("agent_id", reason));
            }
        };
        self.check_numbers()?;
        let depends_on = self.depends_on.unwrap_or_default();
        if depends_on.len() > MAX_DEPENDENCIES {
            return Err(invalid("depends_on", format!("at most {MAX_DEPENDENCIES} events")));
        }
        if self.cause_count.is_some_and(|count| count < depends_on.len() as u64) {
            return Err(invalid("cause_count", "depends_on names more"));
        }
        let clock = self.vector_clock.unwrap_or_default();
        if clock.len() > MAX_CLOCK_ENTRIES {
            return Err(invalid("vector_clock", format!("at most {MAX_CLOCK_ENTRIES} agents")));
        }
        let rest = Members {
            cause_count: self.cause_count,
            depends_on: depends_on.iter().collect(),
            duration_ms: self.duration_ms.as_ref().map(|number| number.0.as_ref()),
            fingerprint: self.fingerprint.as_ref(),
            from: self.from.as_ref().map(|name| name.0.as_str()),
            operation: self.operation.as_deref(),
            origin_seq: self.origin_seq,
            payload: payload.as_deref(),
            payload_size: self.payload_size,
            to: self.to.as_ref().map(|name| name.0.as_str()),
            vector_clock: (!clock.is_empty()).then_some(&clock),
            ..Members::default()
        };
        let body = serde_json::to_string(&rest)?;
        let event_id = match self.event_id {
            Some(id) => id,
            None => {
                let whole = Members {
                    agent_id: Some(agent.as_str()),
                    color: self.color,
                    document_id: self.document_id.as_ref(),
                    timestamp: timestamp.map(format_rfc3339),
                    kind: Some(&kind),
                    ..rest
                };
                Digest::of(serde_json::to_string(&whole)?.as_bytes())
            }
        };
        Ok(Event {
            event_id,
            timestamp,
            agent,
            kind,
            document: self.document_id,
            color: self.color,
            origin_seq: self.origin_seq,
            body,
        })
    }

    fn check_numbers(&self) -> Result<(), EventError> {
        for (member, value) in [
            ("payload_size", self.payload_size),
            ("origin_seq", self.origin_seq),
            ("cause_count", self.cause_count),
        ] {
            if value.is_some_and(|value| value > MAX_SAFE_INTEGER) {
                return Err(invalid(member, "exceeds 2^53-1"));
            }
        }
        if self.origin_seq.is_some_and(|seq| !(1..=MAX_ORIGIN_SEQ).contains(&seq)) {
            return Err(invalid("origin_seq", "must be 1 to 2^52"));
        }
        let duration = self.duration_ms.as_ref().map(|number| number.1);
        if duration.is_some_and(|ms| !(0.0..=MAX_SAFE_INTEGER as f64).contains(&ms)) {
            return Err(invalid("duration_ms", "must be 0 to 2^53-1"));
        }
        Ok(())
    }

    /// The payload in canonical form, with the members of single forms in it.
    fn payload(&mut self) -> Result<Option<Box<RawValue>>, EventError> {
        let mut members = match &self.payload {
            None => None,
            Some(payload) => {
                Some(canonical::members(payload)?.ok_or_else(|| invalid("payload", "must be an object"))?)
            }
        };
        for (name, value) in [
            ("crdt_state_before", self.crdt_state_before.take()),
            ("crdt_state_after", self.crdt_state_after.take()),
            ("instrument_id", self.instrument_id.take()),
            ("preparation_id", self.preparation_id.take()),
        ] {
            let Some(value) = value else { continue };
            let members = members.get_or_insert_with(canonical::Members::new);
            if members.iter().any(|(known, _)| known == name) {
                return Err(invalid(name, "stands in the payload too"));
            }
            members.push((name.to_owned(), canonical::of_raw(&value)?));
        }
        let Some(members) = members else { return Ok(None) };
        let text = canonical::object(members)?;
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(invalid("payload", format!("exceeds {MAX_PAYLOAD_BYTES} bytes of JSON")));
        }
        Ok(Some(canonical::read(&text)?))
    }
}

fn check_name(member: &'static str, text: &str) -> Result<(), EventError> {
    let length = text.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let reason = format!("must be 1 to {MAX_NAME_CHARS} characters, none of them a control character");
    Err(invalid(member, reason))
}

#[cfg(test)]
mod tests;
