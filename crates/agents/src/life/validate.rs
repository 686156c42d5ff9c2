use std::collections::BTreeMap;

use ramanujan_core::MAX_SAFE_INTEGER;
use serde_json::Value;

use super::{Capability, Command, Permission, Rejection, Request, Tool};

/// Bytes of an id, a name or a version.
pub const MAX_TOKEN_BYTES: usize = 128;
/// Bytes of a description.
pub const MAX_TEXT_BYTES: usize = 4096;
/// Bytes of a reason.
pub const MAX_REASON_BYTES: usize = 1024;
/// Members of a list in a command, and of a set of an agent.
pub const MAX_ITEMS: usize = 256;
/// Bytes of a free value, written as JSON: a list of as many of the longest names as there may be.
pub const MAX_VALUE_BYTES: usize = MAX_ITEMS * (MAX_TOKEN_BYTES + 3) + 1;
/// Levels of nesting of a free value.
pub const MAX_DEPTH: usize = 16;

type Checked = Result<(), Rejection>;

pub(super) fn refuse(field: impl Into<String>, why: &'static str) -> Checked {
    Err(Rejection::Validation { field: field.into(), why })
}

/// An id, a name or a version.
fn token(field: &str, text: &str) -> Checked {
    match text {
        "" => refuse(field, "is empty"),
        _ if text.len() > MAX_TOKEN_BYTES => refuse(field, "is longer than 128 bytes"),
        _ if text.chars().any(char::is_control) => refuse(field, "has a control character"),
        _ => Ok(()),
    }
}

fn optional(field: &str, text: Option<&String>) -> Checked {
    text.map_or(Ok(()), |text| token(field, text))
}

fn long(field: &str, text: &str, most: usize) -> Checked {
    if text.len() > most { refuse(field, "is too long") } else { Ok(()) }
}

fn count(field: &str, items: usize) -> Checked {
    match items {
        0 => refuse(field, "is empty"),
        1..=MAX_ITEMS => Ok(()),
        _ => refuse(field, "has more than 256 members"),
    }
}

fn tokens<'a>(field: &str, texts: impl ExactSizeIterator<Item = &'a String>) -> Checked {
    if texts.len() > MAX_ITEMS {
        return refuse(field, "has more than 256 members");
    }
    for text in texts {
        token(field, text)?;
    }
    Ok(())
}

/// A free value within its bounds, with numbers that every reader of JSON reads alike.
fn value(field: &str, value: &Value) -> Checked {
    fn walk(field: &str, value: &Value, depth: usize) -> Checked {
        if depth > MAX_DEPTH {
            return refuse(field, "is nested deeper than 16");
        }
        match value {
            Value::Number(number) => match number.as_f64() {
                Some(number) if number.abs() <= MAX_SAFE_INTEGER as f64 => Ok(()),
                _ => refuse(field, "has a number beyond 2^53 - 1"),
            },
            Value::Array(items) => items.iter().try_for_each(|item| walk(field, item, depth + 1)),
            Value::Object(members) => members.values().try_for_each(|item| walk(field, item, depth + 1)),
            _ => Ok(()),
        }
    }
    walk(field, value, 0)?;
    long(field, &value.to_string(), MAX_VALUE_BYTES)
}

fn settings(field: &str, changes: &BTreeMap<String, Value>) -> Checked {
    tokens(field, changes.keys().collect::<Vec<_>>().into_iter())?;
    changes.values().try_for_each(|changed| value(field, changed))
}

fn capability(capability: &Capability) -> Checked {
    let port = &capability.port;
    token("port.id", &port.id)?;
    token("port.name", &port.name)?;
    long("port.category", &port.category, MAX_TOKEN_BYTES)?;
    long("port.description", &port.description, MAX_TEXT_BYTES)?;
    tokens("port.required_inputs", port.required_inputs.iter())?;
    tokens("port.expected_outputs", port.expected_outputs.iter())?;
    value("port.metadata", &Value::Object(port.metadata.clone()))?;
    value("config", &Value::Object(capability.config.clone()))?;
    if capability.usage_count > MAX_SAFE_INTEGER {
        return refuse("usage_count", "is beyond 2^53 - 1");
    }
    Ok(())
}

fn permission(permission: &Permission) -> Checked {
    token("permissions.id", &permission.id)?;
    let plain = permission.id.strip_suffix(".*").unwrap_or(&permission.id);
    // A star elsewhere would read as a pattern and cover nothing.
    if permission.id != "*" && (plain.contains('*') || plain.split('.').any(str::is_empty)) {
        return refuse("permissions.id", "is not a dotted name, with `.*` at its end or without");
    }
    long("permissions.description", &permission.description, MAX_TEXT_BYTES)?;
    optional("permissions.scope", permission.scope.as_ref())
}

fn tool(tool: &Tool) -> Checked {
    token("tools.id", &tool.id)?;
    token("tools.name", &tool.name)?;
    token("tools.version", &tool.version)?;
    long("tools.description", &tool.description, MAX_TEXT_BYTES)?;
    tokens("tools.parameters", tool.parameters.keys().collect::<Vec<_>>().into_iter())?;
    for parameter in tool.parameters.values() {
        token("tools.parameters.name", &parameter.name)?;
        token("tools.parameters.type_hint", &parameter.type_hint)?;
        long("tools.parameters.description", &parameter.description, MAX_TEXT_BYTES)?;
        parameter.default.as_ref().map_or(Ok(()), |default| value("tools.parameters.default", default))?;
    }
    value("tools.metadata", &Value::Object(tool.metadata.clone()))
}

fn reason(reason: Option<&String>) -> Checked {
    reason.map_or(Ok(()), |reason| long("reason", reason, MAX_REASON_BYTES))
}

/// Checks every member of a command and of what is said about it, without a state.
///
/// # Errors
/// [`Rejection::Validation`] of the first member that is wrong.
pub fn validate(request: &Request) -> Result<(), Rejection> {
    token("command_id", &request.command_id)?;
    optional("correlation_id", request.correlation_id.as_ref())?;
    optional("actor", request.actor.as_ref())?;
    match &request.command {
        Command::DeployAgent { metadata, initial_configuration, deployed_by, .. } => {
            token("metadata.name", &metadata.name)?;
            token("metadata.version", &metadata.version)?;
            long("metadata.description", &metadata.description, MAX_TEXT_BYTES)?;
            optional("metadata.owner_id", metadata.owner_id.as_ref())?;
            tokens("metadata.tags", metadata.tags.iter().collect::<Vec<_>>().into_iter())?;
            initial_configuration
                .as_ref()
                .map_or(Ok(()), |initial| settings("initial_configuration", initial))?;
            optional("deployed_by", deployed_by.as_ref())
        }
        Command::ActivateAgent { activated_by, .. } => optional("activated_by", activated_by.as_ref()),
        Command::SuspendAgent { reason: why, suspended_by, .. } => {
            if why.is_empty() {
                return refuse("reason", "is empty");
            }
            reason(Some(why))?;
            optional("suspended_by", suspended_by.as_ref())
        }
        Command::DecommissionAgent { reason: why, decommissioned_by, .. } => {
            reason(why.as_ref())?;
            optional("decommissioned_by", decommissioned_by.as_ref())
        }
        Command::UpdateCapabilities { add_capabilities, remove_capability_ids, updated_by, .. } => {
            count("add_capabilities", add_capabilities.len() + remove_capability_ids.len())?;
            add_capabilities.iter().try_for_each(capability)?;
            tokens("remove_capability_ids", remove_capability_ids.iter())?;
            optional("updated_by", updated_by.as_ref())
        }
        Command::GrantPermissions { permissions, granted_by, reason: why, .. } => {
            count("permissions", permissions.len())?;
            permissions.iter().try_for_each(permission)?;
            reason(why.as_ref())?;
            optional("granted_by", granted_by.as_ref())
        }
        Command::RevokePermissions { permission_ids, revoked_by, reason: why, .. } => {
            count("permission_ids", permission_ids.len())?;
            tokens("permission_ids", permission_ids.iter())?;
            reason(why.as_ref())?;
            optional("revoked_by", revoked_by.as_ref())
        }
        Command::EnableTools { tools, enabled_by, .. } => {
            count("tools", tools.len())?;
            tools.iter().try_for_each(tool)?;
            optional("enabled_by", enabled_by.as_ref())
        }
        Command::DisableTools { tool_ids, disabled_by, reason: why, .. } => {
            count("tool_ids", tool_ids.len())?;
            tokens("tool_ids", tool_ids.iter())?;
            reason(why.as_ref())?;
            optional("disabled_by", disabled_by.as_ref())
        }
        Command::UpdateConfiguration { changes, changed_by, .. } => {
            count("changes", changes.len())?;
            settings("changes", changes)?;
            optional("changed_by", changed_by.as_ref())
        }
    }
}
