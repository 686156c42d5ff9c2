use std::collections::BTreeMap;

use ramanujan_core::AgentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tagged::tagged;
use super::{AgentType, Capability, Metadata, Permission, Time, Tool};

/// Version of the stored form.
pub const SCHEMA: u64 = 1;

tagged! {
    /// What happened to an agent. In JSON the name stands in `type`, beside the members; members that are not known are
    /// passed over, so that an older reader reads a newer log.
    pub enum Event read as Read {
        AgentDeployed {
            agent_id: AgentId,
            agent_type: AgentType,
            metadata: Metadata,
            deployed_at: Time,
            deployed_by: Option<String>,
        },
        AgentActivated {
            agent_id: AgentId,
            activated_at: Time,
            activated_by: Option<String>,
        },
        AgentSuspended {
            agent_id: AgentId,
            reason: String,
            suspended_at: Time,
            suspended_by: Option<String>,
        },
        AgentDecommissioned {
            agent_id: AgentId,
            reason: Option<String>,
            decommissioned_at: Time,
            decommissioned_by: Option<String>,
        },
        AgentWentOffline {
            agent_id: AgentId,
            reason: Option<String>,
            offline_at: Time,
        },
        CapabilitiesUpdated {
            agent_id: AgentId,
            added_capabilities: Vec<Capability>,
            removed_capabilities: Vec<String>,
            updated_at: Time,
            updated_by: Option<String>,
        },
        PermissionsGranted {
            agent_id: AgentId,
            permissions: Vec<Permission>,
            granted_at: Time,
            granted_by: Option<String>,
            reason: Option<String>,
        },
        PermissionsRevoked {
            agent_id: AgentId,
            permission_ids: Vec<String>,
            revoked_at: Time,
            revoked_by: Option<String>,
            reason: Option<String>,
        },
        ToolsEnabled {
            agent_id: AgentId,
            tools: Vec<Tool>,
            enabled_at: Time,
            enabled_by: Option<String>,
        },
        ToolsDisabled {
            agent_id: AgentId,
            tool_ids: Vec<String>,
            disabled_at: Time,
            disabled_by: Option<String>,
            reason: Option<String>,
        },
        ConfigurationChanged {
            agent_id: AgentId,
            changed_keys: Vec<String>,
            old_values: BTreeMap<String, Value>,
            new_values: BTreeMap<String, Value>,
            changed_at: Time,
            changed_by: Option<String>,
        },
    }
}

impl Event {
    /// Its token in a subject `agent.events.<id>.<token>`, the agent, and the time that it carries.
    fn facts(&self) -> (&'static str, &AgentId, &Time) {
        match self {
            Self::AgentDeployed { agent_id, deployed_at, .. } => ("deployed", agent_id, deployed_at),
            Self::AgentActivated { agent_id, activated_at, .. } => ("activated", agent_id, activated_at),
            Self::AgentSuspended { agent_id, suspended_at, .. } => ("suspended", agent_id, suspended_at),
            Self::AgentDecommissioned { agent_id, decommissioned_at, .. } => {
                ("decommissioned", agent_id, decommissioned_at)
            }
            Self::AgentWentOffline { agent_id, offline_at, .. } => ("went_offline", agent_id, offline_at),
            Self::CapabilitiesUpdated { agent_id, updated_at, .. } => {
                ("capabilities_updated", agent_id, updated_at)
            }
            Self::PermissionsGranted { agent_id, granted_at, .. } => {
                ("permissions_granted", agent_id, granted_at)
            }
            Self::PermissionsRevoked { agent_id, revoked_at, .. } => {
                ("permissions_revoked", agent_id, revoked_at)
            }
            Self::ToolsEnabled { agent_id, enabled_at, .. } => ("tools_enabled", agent_id, enabled_at),
            Self::ToolsDisabled { agent_id, disabled_at, .. } => ("tools_disabled", agent_id, disabled_at),
            Self::ConfigurationChanged { agent_id, changed_at, .. } => {
                ("configuration_changed", agent_id, changed_at)
            }
        }
    }

    /// Its token in a subject `agent.events.<id>.<token>`.
    pub fn token(&self) -> &'static str {
        self.facts().0
    }

    /// The agent that it happened to.
    pub fn agent_id(&self) -> &AgentId {
        self.facts().1
    }

    /// When it happened.
    pub fn time(&self) -> &Time {
        self.facts().2
    }
}

fn first_schema() -> u64 {
    1
}

/// An event as it stands in the log. The members from `event_id` on are missing in older logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Recorded {
    pub aggregate_id: AgentId,
    /// Number within the agent's log, from 1: the version after it.
    pub sequence: u64,
    pub event: Event,
    pub timestamp: Time,
    pub correlation_id: Option<String>,
    pub causation_id: Option<String>,
    pub event_id: Option<String>,
    pub command_id: Option<String>,
    pub actor: Option<String>,
    #[serde(default = "first_schema")]
    pub schema: u64,
}

impl Recorded {
    /// `<agent>:<sequence>`, by which a store tells a repeated append from a new one.
    pub fn message_id(&self) -> String {
        format!("{}:{}", self.aggregate_id, self.sequence)
    }
}
