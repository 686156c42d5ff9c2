//! The subjects that the service hears and writes.
//!
//! | subject | what |
//! |---|---|
//! | `agent.commands.<id>.<verb>`, `agent.commands.<verb>` | commands, kept in the stream |
//! | `agent.events.<id>.<token>` | events, kept in the stream |
//! | `agent.replies.<command id>` | what became of a command; not kept |
//! | `agent.dlq.<command id>` | commands that can never work, kept in a stream of their own |
//! | `agent.queries.get.<id>`, `.history.<id>`, `.list` | questions, answered on the request's inbox |

use ramanujan_core::AgentId;

/// All commands.
pub const COMMANDS: &str = "agent.commands.>";
/// All events.
pub const EVENTS: &str = "agent.events.>";
/// All dead letters.
pub const DEAD_LETTERS: &str = "agent.dlq.>";
/// All queries.
pub const QUERIES: &str = "agent.queries.>";

/// What the subject of a command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addressed<'s> {
    /// The agent, where the subject names one.
    pub agent: Option<&'s str>,
    /// What is asked.
    pub verb: &'s str,
}

/// Reads the subject of a command; `None` for one of another form.
pub fn command(subject: &str) -> Option<Addressed<'_>> {
    let rest = subject.strip_prefix("agent.commands.")?;
    let (agent, verb) = match rest.split_once('.') {
        Some((agent, verb)) => (Some(agent), verb),
        None => (None, rest),
    };
    (is_token(verb) && agent.is_none_or(is_token)).then_some(Addressed { agent, verb })
}

/// A question by its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'s> {
    /// The state of an agent.
    Get(&'s str),
    /// Its events.
    History(&'s str),
    /// The agents.
    List,
}

/// Reads the subject of a query; `None` for one of another form.
pub fn query(subject: &str) -> Option<Asked<'_>> {
    let rest = subject.strip_prefix("agent.queries.")?;
    match rest.split_once('.') {
        None if rest == "list" => Some(Asked::List),
        Some(("get", id)) if is_token(id) => Some(Asked::Get(id)),
        Some(("history", id)) if is_token(id) => Some(Asked::History(id)),
        _ => None,
    }
}

/// The subject of one event of an agent.
pub fn event(agent: &AgentId, token: &str) -> String {
    format!("agent.events.{agent}.{token}")
}

/// All events of an agent.
pub fn events_of(agent: &AgentId) -> String {
    format!("agent.events.{agent}.>")
}

/// Where the outcome of a command is told.
pub fn reply(command_id: &str) -> String {
    format!("agent.replies.{command_id}")
}

/// Where a command goes that can never work.
pub fn dead_letter(command_id: &str) -> String {
    format!("agent.dlq.{command_id}")
}

/// Whether a text can be one token of a subject: printable ASCII without dots and wildcards.
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'.' | b'*' | b'>'))
}

/// Whether an outcome may be sent where a command asks for it. A command's sender may be less trusted than the service,
/// which may publish events and call JetStream: so nothing but inboxes and replies.
pub fn may_reply_to(subject: &str) -> bool {
    let rest = subject.strip_prefix("_INBOX.").or_else(|| subject.strip_prefix("agent.replies."));
    rest.is_some_and(|rest| rest.split('.').all(is_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_command_are_read() {
        let with = command("agent.commands.7.activate");
        assert_eq!(with, Some(Addressed { agent: Some("7"), verb: "activate" }));
        assert_eq!(command("agent.commands.deploy"), Some(Addressed { agent: None, verb: "deploy" }));
        for other in [
            "agent.commands",
            "agent.commands.",
            "agent.commands.7.",
            "agent.commands..deploy",
            "agent.commands.7.a.b",
        ] {
            assert_eq!(command(other), None, "{other}");
        }
    }

    #[test]
    fn queries_are_read() {
        assert_eq!(query("agent.queries.get.7"), Some(Asked::Get("7")));
        assert_eq!(query("agent.queries.history.7"), Some(Asked::History("7")));
        assert_eq!(query("agent.queries.list"), Some(Asked::List));
        for other in
            ["agent.queries.get", "agent.queries.get.", "agent.queries.get.a.b", "agent.queries.list.7"]
        {
            assert_eq!(query(other), None, "{other}");
        }
    }

    #[test]
    fn outcomes_go_to_inboxes_and_replies_only() {
        assert!(may_reply_to("_INBOX.abc.1") && may_reply_to("agent.replies.c-1"));
        for hostile in [
            "$JS.API.STREAM.DELETE.AGENT_EVENTS",
            "agent.events.7.deployed",
            "_INBOX.",
            "_INBOX.a..b",
            "_INBOX.>",
            "_INBOX.a b",
        ] {
            assert!(!may_reply_to(hostile), "{hostile}");
        }
    }
}
