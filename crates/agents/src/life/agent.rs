use std::collections::{BTreeMap, VecDeque};

use ramanujan_core::AgentId;
use serde::{Deserialize, Serialize};

use super::{
    AgentType, Capability, Configuration, Event, Metadata, Move, Permission, Recorded, SCHEMA, Status, Time,
    Tool, covers, next,
};

/// Commands whose ids a state remembers. A retry that comes after so many others is not known any more; the log is.
pub const MAX_REMEMBERED_COMMANDS: usize = 1024;

/// An agent: the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub agent_id: AgentId,
    /// Number of events applied.
    pub version: u64,
    /// What kind it is.
    pub agent_type: AgentType,
    /// Where it is in its life.
    pub status: Status,
    /// Who it is.
    pub metadata: Metadata,
    /// What it can do, by port id.
    pub capabilities: BTreeMap<String, Capability>,
    /// What it may do, by pattern.
    pub permissions: BTreeMap<String, Permission>,
    /// What it offers, by tool id.
    pub tools: BTreeMap<String, Tool>,
    /// Its settings.
    pub configuration: Configuration,
    /// Time of its first event.
    pub deployed_at: Time,
    /// Time of its newest event.
    pub updated_at: Time,
    commands: VecDeque<(String, u64)>,
}

/// What an event did to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The state is one version on.
    New,
    /// The state had a version of that number already: the first in the log counts.
    Skipped,
}

/// An event that does not follow from the state. The state is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Events between are missing.
    #[error("event {found} after version {version}")]
    Gap {
        /// Version of the state.
        version: u64,
        /// Number of the event.
        found: u64,
    },
    /// It happened to another agent, or its two names differ.
    #[error("an event of agent {0}")]
    OtherAgent(AgentId),
    /// The life cycle does not allow it.
    #[error("{token} does not follow {from:?}")]
    Illegal {
        /// Status of the state; `None` before the first event.
        from: Option<Status>,
        /// Token of the event.
        token: &'static str,
    },
    /// Written by a later revision.
    #[error("event of schema {0}")]
    Schema(u64),
}

fn check(record: &Recorded, agent: &AgentId) -> Result<(), FoldError> {
    if record.schema != SCHEMA {
        return Err(FoldError::Schema(record.schema));
    }
    for named in [&record.aggregate_id, record.event.agent_id()] {
        if named != agent {
            return Err(FoldError::OtherAgent(named.clone()));
        }
    }
    Ok(())
}

impl Agent {
    /// The state after the first event of a log, which deploys the agent.
    ///
    /// # Errors
    /// [`FoldError`], if it is another event or not numbered 1.
    pub fn begin(record: &Recorded) -> Result<Self, FoldError> {
        check(record, &record.aggregate_id)?;
        if record.sequence != 1 {
            return Err(FoldError::Gap { version: 0, found: record.sequence });
        }
        let Event::AgentDeployed { agent_id, agent_type, metadata, deployed_at, .. } = &record.event else {
            return Err(FoldError::Illegal { from: None, token: record.event.token() });
        };
        let mut agent = Self {
            agent_id: agent_id.clone(),
            version: 1,
            agent_type: *agent_type,
            status: Status::Deployed,
            metadata: metadata.clone(),
            capabilities: BTreeMap::new(),
            permissions: BTreeMap::new(),
            tools: BTreeMap::new(),
            configuration: Configuration::default(),
            deployed_at: deployed_at.clone(),
            updated_at: deployed_at.clone(),
            commands: VecDeque::new(),
        };
        agent.remember(record);
        Ok(agent)
    }

    /// Applies the next event.
    ///
    /// # Errors
    /// [`FoldError`]; the state is then unchanged.
    pub fn apply(&mut self, record: &Recorded) -> Result<Applied, FoldError> {
        check(record, &self.agent_id)?;
        if record.sequence <= self.version {
            return Ok(Applied::Skipped);
        }
        if record.sequence - self.version != 1 {
            return Err(FoldError::Gap { version: self.version, found: record.sequence });
        }
        let illegal = FoldError::Illegal { from: Some(self.status), token: record.event.token() };
        if self.status == Status::Decommissioned {
            return Err(illegal);
        }
        let status = match &record.event {
            Event::AgentDeployed { .. } => None,
            Event::AgentActivated { .. } => next(self.status, Move::Activate),
            Event::AgentSuspended { .. } => next(self.status, Move::Suspend),
            Event::AgentWentOffline { .. } => next(self.status, Move::GoOffline),
            Event::AgentDecommissioned { .. } => next(self.status, Move::Decommission),
            _ => Some(self.status),
        };
        self.status = status.ok_or(illegal)?;
        self.take(&record.event);
        self.version = record.sequence;
        self.updated_at = record.event.time().clone();
        self.remember(record);
        Ok(Applied::New)
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::CapabilitiesUpdated { added_capabilities, removed_capabilities, .. } => {
                for id in removed_capabilities {
                    self.capabilities.remove(id);
                }
                let added = added_capabilities.iter().map(|added| (added.port.id.clone(), added.clone()));
                self.capabilities.extend(added);
            }
            Event::PermissionsGranted { permissions, .. } => {
                self.permissions
                    .extend(permissions.iter().map(|granted| (granted.id.clone(), granted.clone())));
            }
            Event::PermissionsRevoked { permission_ids, .. } => {
                for id in permission_ids {
                    self.permissions.remove(id);
                }
            }
            Event::ToolsEnabled { tools, .. } => {
                let enabled =
                    tools.iter().map(|tool| (tool.id.clone(), Tool { enabled: true, ..tool.clone() }));
                self.tools.extend(enabled);
            }
            Event::ToolsDisabled { tool_ids, .. } => {
                for id in tool_ids {
                    if let Some(tool) = self.tools.get_mut(id) {
                        tool.enabled = false;
                    }
                }
            }
            Event::ConfigurationChanged { new_values, changed_at, .. } => {
                self.configuration.settings.extend(new_values.clone());
                self.configuration.version += 1;
                self.configuration.updated_at = Some(changed_at.clone());
            }
            _ => {}
        }
    }

    fn remember(&mut self, record: &Recorded) {
        let Some(id) = &record.command_id else { return };
        if self.commands.back().is_some_and(|(last, _)| last == id) {
            self.commands.pop_back();
        }
        self.commands.push_back((id.clone(), record.sequence));
        if self.commands.len() > MAX_REMEMBERED_COMMANDS {
            self.commands.pop_front();
        }
    }

    /// Version after the last event of a command, while it is remembered.
    pub fn version_of(&self, command_id: &str) -> Option<u64> {
        self.commands.iter().rev().find(|(id, _)| id == command_id).map(|(_, version)| *version)
    }

    /// Whether a permission that the agent holds covers the name.
    pub fn may(&self, name: &str) -> bool {
        self.permissions.keys().any(|pattern| covers(pattern, name))
    }
}
