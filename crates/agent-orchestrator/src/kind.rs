//! The kinds of messages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// Asks for what the sender has not seen.
    SyncRequest,
    /// Answers that.
    SyncResponse,
    /// Tells what the sender has done.
    StateUpdate,
    /// Says that the sender is alive.
    Heartbeat,
    /// Settles messages that the sender was sent.
    Ack,
}

impl MessageType {
    /// Every kind.
    pub const ALL: [MessageType; 5] = [
        MessageType::SyncRequest,
        MessageType::SyncResponse,
        MessageType::StateUpdate,
        MessageType::Heartbeat,
        MessageType::Ack,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageType::SyncRequest => "SyncRequest",
            MessageType::SyncResponse => "SyncResponse",
            MessageType::StateUpdate => "StateUpdate",
            MessageType::Heartbeat => "Heartbeat",
            MessageType::Ack => "Ack",
        }
    }

    /// The name as a member of a reply, such as `state_update`.
    pub fn snake_case(self) -> String {
        let mut name = String::new();
        for letter in self.as_str().chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// Whether it takes effect on arrival, so that nobody has to fetch it.
    pub fn is_settled_on_arrival(self) -> bool {
        matches!(self, MessageType::Heartbeat | MessageType::Ack)
    }

    /// The type of the timeline event that records its arrival.
    pub fn event_type(self) -> &'static str {
        match self {
            MessageType::Heartbeat => "HeartbeatSent",
            MessageType::Ack => "AckReceived",
            _ => "MessageReceived",
        }
    }
}

impl FromStr for MessageType {
    type Err = String;

    /// Reads `StateUpdate` and the other agents' `STATE_UPDATE` alike.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain: String = text.chars().take(40).filter(|c| *c != '_').collect();
        MessageType::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(&plain)).ok_or_else(
            || format!("{plain:?} is not one of {}", MessageType::ALL.map(MessageType::as_str).join(", ")),
        )
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MessageType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MessageType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for MessageType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MessageType".into()
    }

    /// Because requests may spell a kind in more ways than replies do.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut names: Vec<String> = MessageType::ALL.iter().map(ToString::to_string).collect();
        let mut description = "What a message is for.".to_owned();
        if generator.contract().is_deserialize() {
            names.extend(MessageType::ALL.map(|kind| kind.snake_case().to_ascii_uppercase()));
            description += " Read with and without underscores, and in letters of either case.";
        }
        schemars::json_schema!({"type": "string", "enum": names, "description": description})
    }
}
