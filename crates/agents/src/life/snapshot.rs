use ramanujan_core::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Agent, SCHEMA, Time};

/// A state kept beside the log, so that not all of it need be folded. A cache: what is wrong with it is no loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    schema: u64,
    aggregate_id: String,
    version: u64,
    created_at: Time,
    sha256: String,
    agent: Agent,
}

/// Why a snapshot was not used. The log is then folded from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Not the JSON of a snapshot.
    #[error("not a snapshot: {0}")]
    Malformed(String),
    /// Written by a later revision.
    #[error("snapshot of schema {0}")]
    Schema(u64),
    /// The state is not the one that was written.
    #[error("the snapshot's digest is not that of its state")]
    Digest,
}

fn digest(agent: &Agent) -> String {
    // By way of a value, as events are written: a program has one writer of each part.
    let text = json!(agent).to_string();
    Digest::of(text.as_bytes()).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Snapshot {
    /// A snapshot of a state; its time is that of the newest event.
    pub fn of(agent: &Agent) -> Self {
        Self {
            schema: SCHEMA,
            aggregate_id: agent.agent_id.to_string(),
            version: agent.version,
            created_at: agent.updated_at.clone(),
            sha256: digest(agent),
            agent: agent.clone(),
        }
    }

    /// The JSON that is stored.
    ///
    /// # Errors
    /// None in practice: all keys are texts.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a stored snapshot and gives its state.
    ///
    /// # Errors
    /// [`Damaged`]: cut off, changed, or of a later schema.
    pub fn decode(bytes: &[u8]) -> Result<Agent, Damaged> {
        let malformed = |error: serde_json::Error| Damaged::Malformed(error.to_string());
        // By way of a value, as the parts of events are read: a program has one reader of each.
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
        let read = Self::deserialize(value).map_err(malformed)?;
        if read.schema != SCHEMA {
            return Err(Damaged::Schema(read.schema));
        }
        if Self::of(&read.agent) != read {
            return Err(Damaged::Digest);
        }
        Ok(read.agent)
    }
}
