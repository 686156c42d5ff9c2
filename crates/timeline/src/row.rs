//! A stored event: how it is read, shown and hashed.

use std::fmt;

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Color, Digest};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use crate::canonical;
use crate::hash::leaf_hash;

/// A stored event that cannot be shown.
#[derive(Debug, Error)]
#[error("the body of event {seq} is not a JSON object: {source}")]
pub struct BodyError {
    /// Number of the event.
    pub seq: u64,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

/// An event as replies show it: the members of a JSON object by name, each as it is written. They are not read any
/// further, because a reader of numbers could change them.
// A vector, because a map of its own weighs some kilobytes in a component and an event has twenty members at most.
#[derive(Clone, Debug, Default)]
pub struct Shown(Vec<(String, Box<RawValue>)>);

impl Shown {
    /// The members of a JSON object.
    ///
    /// # Errors
    /// The text is not a JSON object.
    pub fn read(object: &str) -> Result<Self, serde_json::Error> {
        canonical::read(object)
    }

    /// Sets a member.
    ///
    /// # Errors
    /// The value has no JSON form.
    pub fn insert(&mut self, name: &str, value: impl Serialize) -> Result<(), serde_json::Error> {
        self.set(name.to_owned(), to_raw_value(&value)?);
        Ok(())
    }

    fn set(&mut self, name: String, value: Box<RawValue>) {
        match self.0.binary_search_by(|(known, _)| known.as_str().cmp(&name)) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// Takes a member away, if it is there.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The names of the members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A member as JSON, `None` if it is absent.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// A member that is a text, without its quotes.
    pub fn text(&self, name: &str) -> Option<String> {
        canonical::read(self.get(name)?.get()).ok()
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shown, A::Error> {
                let mut shown = Shown::default();
                while let Some((name, value)) = members.next_entry()? {
                    shown.set(name, value);
                }
                Ok(shown)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Place in the log, from 1, without gaps.
    pub seq: u64,
    /// Its identity: chosen by the sender, or the digest of its canonical form.
    pub event_id: [u8; 32],
    /// When it happened, by the sender; Unix milliseconds.
    pub timestamp: u64,
    /// When it was stored, by the timeline; Unix milliseconds.
    pub received: u64,
    /// Place among the events of its agent.
    pub origin_seq: u64,
    /// Who it is of.
    pub agent: String,
    /// Its type.
    pub kind: String,
    /// The document that it is about, if any.
    pub document: Option<String>,
    /// As stored, see [`color_code`].
    pub color: Option<i64>,
    /// Canonical JSON of the other members.
    pub body: String,
}

/// The stored form of a colour: its balanced-ternary digit.
pub fn color_code(color: Color) -> i64 {
    i64::from(color.trit())
}

/// The colour of a stored form, `None` for any other number.
pub fn color_of(code: i64) -> Option<Color> {
    Color::ALL.into_iter().find(|color| color_code(*color) == code)
}

impl Stored {
    /// The event as replies show it.
    ///
    /// # Errors
    /// The stored body is not a JSON object.
    pub fn show(&self) -> Result<Shown, BodyError> {
        self.members().map_err(|source| BodyError { seq: self.seq, source })
    }

    fn members(&self) -> Result<Shown, serde_json::Error> {
        let mut event = Shown::read(&self.body)?;
        event.insert("seq", self.seq)?;
        event.insert("event_id", Digest(self.event_id))?;
        event.insert("type", &self.kind)?;
        event.insert("timestamp", format_rfc3339(self.timestamp))?;
        event.insert("received", format_rfc3339(self.received))?;
        event.insert("agent_id", &self.agent)?;
        event.insert("origin_seq", self.origin_seq)?;
        if let Some(document) = &self.document {
            event.insert("document_id", document)?;
        }
        if let Some(color) = self.color.and_then(color_of) {
            event.insert("color", color)?;
        }
        Ok(event)
    }

    /// Whether the columns agree with the body as far as it repeats them: the number that the sender gave.
    pub fn is_consistent(&self) -> bool {
        // The canonical body has its members in order of name, and a quote inside a text is escaped, so that this finds
        // the member itself and nothing that looks like it.
        let head = self.body.split("\"payload\":").next().unwrap_or_default();
        let Some((_, rest)) = head.split_once("\"origin_seq\":") else { return self.body.starts_with('{') };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse() == Ok(self.origin_seq)
    }

    /// The Merkle leaf of this event, over every stored column: numbers as 8 bytes big-endian, texts preceded by
    /// their length, an absent document as the empty text (no document has that name), colour as 8 bytes with 2 for
    /// none.
    pub fn leaf_hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(128 + self.body.len());
        for number in [self.seq, self.timestamp, self.received, self.origin_seq] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.color.unwrap_or(2).to_be_bytes());
        bytes.extend_from_slice(&self.event_id);
        for text in [&self.agent, &self.kind, self.document.as_ref().unwrap_or(&String::new()), &self.body] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        leaf_hash(&bytes)
    }
}
