use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::AgentId;
use serde_json::Value;

use super::validate::{MAX_ITEMS, MAX_REASON_BYTES, refuse, validate};
use super::{Agent, Command, Event, Move, Recorded, Rejection, Request, SCHEMA, Status, Time, next};

/// What a command comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Events to append, in order; never empty.
    Append(Vec<Recorded>),
    /// The command has had its effect, at that version.
    Already {
        /// Version after its last event.
        version: u64,
    },
}

/// Decides on a command. `agent` is the fold of the whole log, `None` if there is none; `now` becomes the time of the
/// events. A command that was cut off between two of its events gives the rest.
///
/// # Errors
/// [`Rejection`], in this order: a member is wrong, the agent is another, unknown, changed meanwhile, or does not take
/// this now.
pub fn decide(agent: Option<&Agent>, request: &Request, now: &Time) -> Result<Decision, Rejection> {
    validate(request)?;
    let command = &request.command;
    let id = command.agent_id();
    if let Some(agent) = agent {
        if agent.agent_id != *id {
            let (command, agent) = (id.to_string(), agent.agent_id.to_string());
            return Err(Rejection::SubjectMismatch { command, agent });
        }
        if let Some(version) = agent.version_of(&request.command_id) {
            return Ok(match unfinished(agent, command, now) {
                Some(event) => Decision::Append(record(agent.version, request, vec![event])),
                None => Decision::Already { version },
            });
        }
    }
    let version = agent.map_or(0, |agent| agent.version);
    if let Some(expected) = request.expected_version.filter(|expected| *expected != version) {
        return Err(Rejection::Conflict { expected, actual: version });
    }
    let events = events(agent, command, now)?;
    Ok(Decision::Append(record(version, request, events)))
}

/// The event of an agent that was not heard of for too long. No command leads here: whoever watches it decides.
///
/// # Errors
/// [`Rejection::InvalidTransition`] unless it is active or suspended; [`Rejection::Validation`] of a long reason.
pub fn go_offline(agent: &Agent, reason: Option<String>, now: &Time) -> Result<Recorded, Rejection> {
    if reason.as_ref().is_some_and(|reason| reason.len() > MAX_REASON_BYTES) {
        refuse("reason", "is too long")?;
    }
    may_move(agent, Move::GoOffline, "going offline")?;
    let agent_id = agent.agent_id.clone();
    Ok(Recorded {
        aggregate_id: agent_id.clone(),
        sequence: agent.version + 1,
        event: Event::AgentWentOffline { agent_id, reason, offline_at: now.clone() },
        timestamp: now.clone(),
        correlation_id: None,
        causation_id: None,
        event_id: None,
        command_id: None,
        actor: None,
        schema: SCHEMA,
    })
}

fn record(version: u64, request: &Request, events: Vec<Event>) -> Vec<Recorded> {
    let numbered = (version + 1..).zip(events);
    let recorded = numbered.map(|(sequence, event)| Recorded {
        aggregate_id: event.agent_id().clone(),
        sequence,
        timestamp: event.time().clone(),
        event,
        correlation_id: Some(request.correlation_id.as_ref().unwrap_or(&request.command_id).clone()),
        causation_id: Some(request.command_id.clone()),
        event_id: None,
        command_id: Some(request.command_id.clone()),
        actor: request.actor.clone(),
        schema: SCHEMA,
    });
    recorded.collect()
}

/// What a deployment that was cut off after its first event still owes.
fn unfinished(agent: &Agent, command: &Command, now: &Time) -> Option<Event> {
    let Command::DeployAgent { agent_id, initial_configuration: Some(initial), deployed_by, .. } = command
    else {
        return None;
    };
    (agent.version == 1 && !initial.is_empty())
        .then(|| changed(agent_id, &BTreeMap::new(), initial, deployed_by, now))
}

fn changed(
    agent_id: &AgentId,
    before: &BTreeMap<String, Value>,
    changes: &BTreeMap<String, Value>,
    changed_by: &Option<String>,
    now: &Time,
) -> Event {
    let old = changes.keys().filter_map(|key| Some((key.clone(), before.get(key)?.clone())));
    Event::ConfigurationChanged {
        agent_id: agent_id.clone(),
        changed_keys: changes.keys().cloned().collect(),
        old_values: old.collect(),
        new_values: changes.clone(),
        changed_at: now.clone(),
        changed_by: changed_by.clone(),
    }
}

fn may_move(agent: &Agent, to: Move, what: &'static str) -> Result<(), Rejection> {
    let refused = Rejection::InvalidTransition { from: agent.status, what };
    next(agent.status, to).map(|_| ()).ok_or(refused)
}

/// Bound on a set of an agent: a log of many small commands must not make a state without end.
fn room<'a>(
    field: &str,
    held: impl Iterator<Item = &'a String>,
    added: impl Iterator<Item = &'a String>,
) -> Result<(), Rejection> {
    let all: BTreeSet<_> = held.chain(added).collect();
    if all.len() > MAX_ITEMS { refuse(field, "would make more than 256 of the agent") } else { Ok(()) }
}

fn events(agent: Option<&Agent>, command: &Command, now: &Time) -> Result<Vec<Event>, Rejection> {
    let at = now.clone();
    let agent_id = command.agent_id().clone();
    if let (None, Command::DeployAgent { agent_type, metadata, initial_configuration, deployed_by, .. }) =
        (agent, command)
    {
        let initial = initial_configuration.as_ref().filter(|initial| !initial.is_empty());
        let rest = initial.map(|initial| changed(&agent_id, &BTreeMap::new(), initial, deployed_by, now));
        let deployed = Event::AgentDeployed {
            agent_id,
            agent_type: *agent_type,
            metadata: metadata.clone(),
            deployed_at: at,
            deployed_by: deployed_by.clone(),
        };
        return Ok([deployed].into_iter().chain(rest).collect());
    }
    let Some(agent) = agent else { return Err(Rejection::NotFound(agent_id.to_string())) };
    if agent.status == Status::Decommissioned {
        return Err(Rejection::InvalidTransition { from: agent.status, what: command.verb() });
    }
    let event = match command.clone() {
        Command::DeployAgent { .. } => {
            return Err(Rejection::InvalidTransition { from: agent.status, what: "deploy" });
        }
        Command::ActivateAgent { activated_by, .. } => {
            may_move(agent, Move::Activate, "activate")?;
            Event::AgentActivated { agent_id, activated_at: at, activated_by }
        }
        Command::SuspendAgent { reason, suspended_by, .. } => {
            may_move(agent, Move::Suspend, "suspend")?;
            Event::AgentSuspended { agent_id, reason, suspended_at: at, suspended_by }
        }
        Command::DecommissionAgent { reason, decommissioned_by, .. } => {
            Event::AgentDecommissioned { agent_id, reason, decommissioned_at: at, decommissioned_by }
        }
        Command::UpdateCapabilities { add_capabilities, remove_capability_ids, updated_by, .. } => {
            let kept = agent.capabilities.keys().filter(|id| !remove_capability_ids.contains(id));
            room("add_capabilities", kept, add_capabilities.iter().map(|added| &added.port.id))?;
            Event::CapabilitiesUpdated {
                agent_id,
                added_capabilities: add_capabilities,
                removed_capabilities: remove_capability_ids,
                updated_at: at,
                updated_by,
            }
        }
        Command::GrantPermissions { permissions, granted_by, reason, .. } => {
            room("permissions", agent.permissions.keys(), permissions.iter().map(|granted| &granted.id))?;
            Event::PermissionsGranted { agent_id, permissions, granted_at: at, granted_by, reason }
        }
        Command::RevokePermissions { permission_ids, revoked_by, reason, .. } => {
            Event::PermissionsRevoked { agent_id, permission_ids, revoked_at: at, revoked_by, reason }
        }
        Command::EnableTools { tools, enabled_by, .. } => {
            room("tools", agent.tools.keys(), tools.iter().map(|tool| &tool.id))?;
            Event::ToolsEnabled { agent_id, tools, enabled_at: at, enabled_by }
        }
        Command::DisableTools { tool_ids, disabled_by, reason, .. } => {
            Event::ToolsDisabled { agent_id, tool_ids, disabled_at: at, disabled_by, reason }
        }
        Command::UpdateConfiguration { changes, changed_by, .. } => {
            room("changes", agent.configuration.settings.keys(), changes.keys())?;
            changed(&agent_id, &agent.configuration.settings, &changes, &changed_by, now)
        }
    };
    Ok(vec![event])
}
