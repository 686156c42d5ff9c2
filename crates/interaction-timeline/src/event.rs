//! Events as senders post them, checked and brought into canonical form.
//!
//! Canonical form: JSON without insignificant space, members sorted by name, absent members left out, `depends_on`
//! sorted without repetition. The content of an event is everything but `event_id` and `timestamp`.

use std::collections::BTreeSet;
use std::fmt;

use ramanujan_core::time::{MAX_UNIX_MILLIS, format_rfc3339, parse_rfc3339};
use ramanujan_core::{
    AgentId, Code, Color, Digest, DocumentId, Fingerprint, MAX_SAFE_INTEGER, Problem, VectorClock,
};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::row::color_code;

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

/// An event as posted (network.md §8.1, with the aliases of its older forms). What only one of these forms has goes
/// into the payload; those that name an operation and no type are of the type `operation`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    #[serde(alias = "id")]
    event_id: Option<Digest>,
    #[serde(rename = "type", alias = "event_type")]
    kind: Option<String>,
    timestamp: Option<Time>,
    agent_id: Option<Name>,
    #[serde(alias = "from_agent")]
    from: Option<Name>,
    #[serde(alias = "to_agent")]
    to: Option<Name>,
    operation: Option<String>,
    document_id: Option<DocumentId>,
    vector_clock: Option<VectorClock>,
    depends_on: Option<BTreeSet<Digest>>,
    fingerprint: Option<Print>,
    color: Option<Color>,
    payload_size: Option<u64>,
    duration_ms: Option<f64>,
    origin_seq: Option<u64>,
    payload: Option<Value>,
    crdt_state_before: Option<Value>,
    crdt_state_after: Option<Value>,
    instrument_id: Option<Value>,
    preparation_id: Option<Value>,
}

/// An event ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub event_id: Digest,
    /// Unix milliseconds; `None` if the sender left it to the timeline.
    pub timestamp: Option<u64>,
    pub agent: AgentId,
    pub kind: String,
    pub document: Option<DocumentId>,
    pub color: Option<Color>,
    /// The sender's own count of its events, if it keeps one.
    pub origin_seq: Option<u64>,
    /// The other members, canonical.
    pub body: String,
}

impl Event {
    /// Whether the content is the same: everything but `event_id` and `timestamp`.
    pub fn same_content(&self, other: &Event) -> bool {
        (&self.agent, &self.kind, &self.document, self.color, &self.body)
            == (&other.agent, &other.kind, &other.document, other.color, &other.body)
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
    /// 422 with the member that is wrong.
    pub fn check(mut self) -> Result<Event, Problem> {
        let invalid = |detail: String| Problem::new(Code::InvalidEvent, detail);
        let kind = match (self.kind.take(), &self.operation) {
            (Some(kind), _) => kind,
            (None, Some(_)) => "operation".to_owned(),
            (None, None) => return Err(invalid("type: needed (or operation, of which it then is)".into())),
        };
        check_name("type", &kind)?;
        self.gather_payload()?;
        if let Some(operation) = &self.operation {
            check_name("operation", operation)?;
        }
        let timestamp = match &self.timestamp {
            None => None,
            Some(time) => Some(time.millis().ok_or_else(|| {
                let detail = "timestamp: neither an RFC 3339 time in UTC such as 2026-01-02T03:04:05.678Z nor Unix milliseconds";
                invalid(detail.into())
            })?),
        };
        let agent = match (&self.agent_id, &self.from) {
            (Some(agent), _) | (None, Some(agent)) => agent.0.clone(),
            (None, None) => {
                return Err(invalid("agent_id: needed (or from, which then stands for it)".into()));
            }
        };
        for (member, value) in [("payload_size", self.payload_size), ("origin_seq", self.origin_seq)] {
            if value.is_some_and(|value| value > MAX_SAFE_INTEGER) {
                return Err(invalid(format!("{member}: exceeds 2^53-1")));
            }
        }
        if self.origin_seq.is_some_and(|seq| !(1..=MAX_ORIGIN_SEQ).contains(&seq)) {
            return Err(invalid("origin_seq: must be 1 to 2^52".into()));
        }
        if self.duration_ms.is_some_and(|ms| !(0.0..=MAX_SAFE_INTEGER as f64).contains(&ms)) {
            return Err(invalid("duration_ms: must be 0 to 2^53-1".into()));
        }
        let depends_on = self.depends_on.unwrap_or_default();
        if depends_on.len() > MAX_DEPENDENCIES {
            return Err(invalid(format!("depends_on: at most {MAX_DEPENDENCIES} events")));
        }
        let clock = self.vector_clock.unwrap_or_default();
        if clock.len() > MAX_CLOCK_ENTRIES {
            return Err(invalid(format!("vector_clock: at most {MAX_CLOCK_ENTRIES} agents")));
        }
        if let Some(payload) = &self.payload {
            if !payload.is_object() {
                return Err(invalid("payload: must be an object".into()));
            }
            if encode(&Sorted(payload))?.len() > MAX_PAYLOAD_BYTES {
                return Err(invalid(format!("payload: exceeds {MAX_PAYLOAD_BYTES} bytes of JSON")));
            }
        }
        let rest = Members {
            depends_on: depends_on.iter().collect(),
            duration_ms: self.duration_ms,
            fingerprint: self.fingerprint.as_ref(),
            from: self.from.as_ref().map(|name| name.0.as_str()),
            operation: self.operation.as_deref(),
            origin_seq: self.origin_seq,
            payload: self.payload.as_ref().map(Sorted),
            payload_size: self.payload_size,
            to: self.to.as_ref().map(|name| name.0.as_str()),
            vector_clock: (!clock.is_empty()).then_some(&clock),
            ..Members::default()
        };
        let body = encode(&rest)?;
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
                Digest::of(encode(&whole)?.as_bytes())
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
}

impl Posted {
    /// Moves the members of single forms into the payload.
    fn gather_payload(&mut self) -> Result<(), Problem> {
        for (name, value) in [
            ("crdt_state_before", self.crdt_state_before.take()),
            ("crdt_state_after", self.crdt_state_after.take()),
            ("instrument_id", self.instrument_id.take()),
            ("preparation_id", self.preparation_id.take()),
        ] {
            let Some(value) = value else { continue };
            let payload = self.payload.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Value::Object(members) = payload
                && members.insert(name.to_owned(), value).is_some()
            {
                let detail = format!("{name}: stands in the payload too");
                return Err(Problem::new(Code::InvalidEvent, detail));
            }
        }
        Ok(())
    }
}

/// When something happened, as text or as a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Millis(u64),
}

impl Time {
    fn millis(&self) -> Option<u64> {
        match self {
            Time::Text(text) => parse_rfc3339(text),
            Time::Millis(millis) => Some(*millis).filter(|millis| *millis <= MAX_UNIX_MILLIS),
        }
    }
}

/// Members in the order of their names, which is the canonical one.
#[derive(Default, Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<Color>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<&'a DocumentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a Print>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Sorted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector_clock: Option<&'a VectorClock>,
}

fn encode(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
}

fn check_name(member: &str, text: &str) -> Result<(), Problem> {
    let length = text.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let detail =
        format!("{member}: must be 1 to {MAX_NAME_CHARS} characters, none of them a control character");
    Err(Problem::new(Code::InvalidEvent, detail))
}

/// A value whose objects are written with their members sorted, whatever order the map keeps.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| name.as_str());
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (name, value) in sorted {
                    map.serialize_entry(name, &Sorted(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            other => other.serialize(serializer),
        }
    }
}

/// An agent's name; the numbered agents of the guides may be written as numbers.
#[derive(Clone, Debug)]
struct Name(AgentId);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or number of an agent")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                text.parse().map(Name).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Name, E> {
                number.to_string().parse().map(Name).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NameVisitor)
    }
}

/// A fingerprint for display (16 hex digits) or a digest (64).
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Print {
    Short(Fingerprint),
    Long(Digest),
}

impl<'de> Deserialize<'de> for Print {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.len() {
            16 => text.parse().map(Print::Short).map_err(de::Error::custom),
            64 => text.parse().map(Print::Long).map_err(de::Error::custom),
            _ => Err(de::Error::custom("a fingerprint has 16 or 64 hex digits")),
        }
    }
}

#[cfg(test)]
mod tests;
