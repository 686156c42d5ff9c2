//! What an agent is made of. Absent optional members are written as `null` and may be left out when read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Time;

/// What kind of agent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AgentType {
    System,
    AI,
    External,
    Integration,
}

/// Where an agent is in its life ([`super::next`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Known, not yet at work.
    Deployed,
    /// At work.
    Active,
    /// Stopped by somebody.
    Suspended,
    /// Not heard of for too long.
    Offline,
    /// Gone for good.
    Decommissioned,
}

impl Status {
    /// Every status, in the order in which a life may first reach them.
    pub const ALL: [Status; 5] =
        [Status::Deployed, Status::Active, Status::Suspended, Status::Offline, Status::Decommissioned];

    /// The name, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Deployed => "Deployed",
            Status::Active => "Active",
            Status::Suspended => "Suspended",
            Status::Offline => "Offline",
            Status::Decommissioned => "Decommissioned",
        }
    }
}

/// A text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of Deployed, Active, Suspended, Offline, Decommissioned")]
pub struct NotAStatus;

impl std::str::FromStr for Status {
    type Err = NotAStatus;

    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or(NotAStatus)
    }
}

/// Who the agent is. Tags are a set and are written in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Metadata {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub version: String,
    pub owner_id: Option<String>,
    #[serde(default)]
    pub tags: BTreeSet<String>,
}

/// What a capability takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Port {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub category: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub required_inputs: Vec<String>,
    #[serde(default)]
    pub expected_outputs: Vec<String>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Something that the agent can do, known by its port's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Capability {
    pub port: Port,
    pub enabled: bool,
    #[serde(default)]
    pub config: Map<String, Value>,
    #[serde(default)]
    pub usage_count: u64,
    pub last_used: Option<Time>,
}

/// Something that the agent may do; the id is a pattern ([`super::covers`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Permission {
    pub id: String,
    #[serde(default)]
    pub description: String,
    pub scope: Option<String>,
}

/// A parameter of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Parameter {
    pub name: String,
    pub type_hint: String,
    pub required: bool,
    pub default: Option<Value>,
    #[serde(default)]
    pub description: String,
}

/// A tool that the agent offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Tool {
    pub id: String,
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    pub enabled: bool,
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Settings, how often they changed, and when last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Configuration {
    pub settings: BTreeMap<String, Value>,
    pub version: u64,
    pub updated_at: Option<Time>,
}
