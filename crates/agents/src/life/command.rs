use std::collections::BTreeMap;

use ramanujan_core::AgentId;
use serde_json::Value;

use super::tagged::tagged;
use super::{AgentType, Capability, Metadata, Permission, Tool};

tagged! {
    /// What may be asked of an agent. In JSON the name stands in `type`, beside the members.
    pub enum Command read as #[serde(deny_unknown_fields)] Read {
        DeployAgent {
            agent_id: AgentId,
            agent_type: AgentType,
            metadata: Metadata,
            initial_configuration: Option<BTreeMap<String, Value>>,
            deployed_by: Option<String>,
        },
        ActivateAgent {
            agent_id: AgentId,
            activated_by: Option<String>,
        },
        SuspendAgent {
            agent_id: AgentId,
            reason: String,
            suspended_by: Option<String>,
        },
        DecommissionAgent {
            agent_id: AgentId,
            reason: Option<String>,
            decommissioned_by: Option<String>,
        },
        UpdateCapabilities {
            agent_id: AgentId,
            #[serde(default)]
            add_capabilities: Vec<Capability>,
            #[serde(default)]
            remove_capability_ids: Vec<String>,
            updated_by: Option<String>,
        },
        GrantPermissions {
            agent_id: AgentId,
            permissions: Vec<Permission>,
            granted_by: Option<String>,
            reason: Option<String>,
        },
        RevokePermissions {
            agent_id: AgentId,
            permission_ids: Vec<String>,
            revoked_by: Option<String>,
            reason: Option<String>,
        },
        EnableTools {
            agent_id: AgentId,
            tools: Vec<Tool>,
            enabled_by: Option<String>,
        },
        DisableTools {
            agent_id: AgentId,
            tool_ids: Vec<String>,
            disabled_by: Option<String>,
            reason: Option<String>,
        },
        UpdateConfiguration {
            agent_id: AgentId,
            changes: BTreeMap<String, Value>,
            changed_by: Option<String>,
        },
    }
}

/// Verbs in subjects `agent.commands.<id>.<verb>`, and the commands that they stand for.
const VERBS: [(&str, &str); 10] = [
    ("deploy", "DeployAgent"),
    ("activate", "ActivateAgent"),
    ("suspend", "SuspendAgent"),
    ("decommission", "DecommissionAgent"),
    ("update_capabilities", "UpdateCapabilities"),
    ("grant_permissions", "GrantPermissions"),
    ("revoke_permissions", "RevokePermissions"),
    ("enable_tools", "EnableTools"),
    ("disable_tools", "DisableTools"),
    ("update_configuration", "UpdateConfiguration"),
];

impl Command {
    /// The `type` of the command that a verb stands for; `None` if there is no such verb.
    pub fn type_of(verb: &str) -> Option<&'static str> {
        VERBS.iter().find(|(known, _)| *known == verb).map(|(_, name)| *name)
    }

    /// All verbs.
    pub fn verbs() -> impl Iterator<Item = &'static str> {
        VERBS.iter().map(|(verb, _)| *verb)
    }

    /// The agent that it is for.
    pub fn agent_id(&self) -> &AgentId {
        match self {
            Self::DeployAgent { agent_id, .. }
            | Self::ActivateAgent { agent_id, .. }
            | Self::SuspendAgent { agent_id, .. }
            | Self::DecommissionAgent { agent_id, .. }
            | Self::UpdateCapabilities { agent_id, .. }
            | Self::GrantPermissions { agent_id, .. }
            | Self::RevokePermissions { agent_id, .. }
            | Self::EnableTools { agent_id, .. }
            | Self::DisableTools { agent_id, .. }
            | Self::UpdateConfiguration { agent_id, .. } => agent_id,
        }
    }

    /// Its verb in a subject `agent.commands.<id>.<verb>`.
    pub fn verb(&self) -> &'static str {
        let place = match self {
            Self::DeployAgent { .. } => 0,
            Self::ActivateAgent { .. } => 1,
            Self::SuspendAgent { .. } => 2,
            Self::DecommissionAgent { .. } => 3,
            Self::UpdateCapabilities { .. } => 4,
            Self::GrantPermissions { .. } => 5,
            Self::RevokePermissions { .. } => 6,
            Self::EnableTools { .. } => 7,
            Self::DisableTools { .. } => 8,
            Self::UpdateConfiguration { .. } => 9,
        };
        VERBS[place].0
    }
}

/// A command with what its caller says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names the command: the same id has its effect once.
    pub command_id: String,
    /// Chain of work that it belongs to; the command's id where none is named.
    pub correlation_id: Option<String>,
    /// Version that the caller has seen; `None` = any.
    pub expected_version: Option<u64>,
    /// Who is asking.
    pub actor: Option<String>,
    /// What is asked.
    pub command: Command,
}

impl Request {
    /// A command that expects no version.
    pub fn new(command_id: &str, command: Command) -> Self {
        Self {
            command_id: command_id.to_owned(),
            correlation_id: None,
            expected_version: None,
            actor: None,
            command,
        }
    }
}
