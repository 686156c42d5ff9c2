//! The values of an event's members in the forms that senders use, and the members in canonical form.

#[cfg(not(target_family = "wasm"))]
mod schema;

use std::fmt;

use ramanujan_core::time::{MAX_UNIX_MILLIS, parse_rfc3339};
use ramanujan_core::{AgentId, Color, Digest, DocumentId, Fingerprint, VectorClock};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::canonical;

/// When something happened, as text or as a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(inline))]
pub(super) enum Time {
    /// RFC 3339, with an offset or `Z`.
    Text(#[cfg_attr(not(target_family = "wasm"), schemars(extend("format" = "date-time")))] String),
    /// Unix milliseconds.
    Millis(#[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_UNIX_MILLIS)))] u64),
}

impl Time {
    pub(super) fn millis(&self) -> Option<u64> {
        match self {
            Time::Text(text) => parse_rfc3339(text),
            Time::Millis(millis) => Some(*millis).filter(|millis| *millis <= MAX_UNIX_MILLIS),
        }
    }
}

/// Members in the order of their names, which is the canonical one.
#[derive(Default, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(transform = crate::schema::never_null))]
pub(super) struct Members<'a> {
    /// Whose event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<AgentId>"))]
    pub(super) agent_id: Option<&'a str>,
    /// How many events it came after directly, if the sender knows them all; `depends_on` may name some of them only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause_count: Option<u64>,
    /// Its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) color: Option<Color>,
    /// Ids of the events that it came after, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<&'a Digest>,
    /// The document that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document_id: Option<&'a DocumentId>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Number>"))]
    pub(super) duration_ms: Option<&'a RawValue>,
    /// Of the state that the agent had then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Print>"))]
    pub(super) fingerprint: Option<&'a Print>,
    /// Who sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<AgentId>"))]
    pub(super) from: Option<&'a str>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'a str>,
    /// Place among the events of its agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin_seq: Option<u64>,
    /// What else the sender said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::schema::Anything>"))]
    pub(super) payload: Option<&'a RawValue>,
    /// Bytes of what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payload_size: Option<u64>,
    /// When, by the sender's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::schema::Moment>"))]
    pub(super) timestamp: Option<String>,
    /// Who received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<AgentId>"))]
    pub(super) to: Option<&'a str>,
    /// What happened.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'a str>,
    /// What the agent had seen of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vector_clock: Option<&'a VectorClock>,
}

/// A number that is a measure: in canonical form, and as the float near to it.
#[derive(Clone, Debug)]
pub(super) struct Number(pub(super) Box<RawValue>, pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let literal = Box::<RawValue>::deserialize(deserializer)?;
        let near: f64 = canonical::read(literal.get()).map_err(de::Error::custom)?;
        let text = canonical::number(literal.get(), true).map_err(de::Error::custom)?;
        canonical::read(&text).map(|text| Number(text, near)).map_err(de::Error::custom)
    }
}

/// An agent's name; agents that have numbers for names may be written as numbers.
#[derive(Clone, Debug)]
pub(super) struct Name(pub(super) AgentId);

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
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "ReportedFingerprint"))]
pub(super) enum Print {
    /// As replies of the network have it.
    Short(Fingerprint),
    /// A whole digest.
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
