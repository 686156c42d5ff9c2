//! NATS subjects, and what their families say about a message.
//!
//! `agent.{id}.state|sync|heartbeat|ack` belong to one agent and one kind of message, `broadcast.…` and
//! `network.status` to no agent. Any other legal subject says nothing.

use ramanujan_core::{AgentId, Code, Problem};

use crate::kind::MessageType;

/// Longest subject in bytes; the NATS server's own limit is that of a protocol line, 4096.
const MAX_SUBJECT: usize = 512;

/// A subject that a message can be published on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Reads a subject; `/` separates tokens as `.` does, so that `agent/0/state` is `agent.0.state`.
    ///
    /// # Errors
    /// 422 `invalid-subject`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let subject = text.replace('/', ".");
        let legal = |token: &str| {
            !token.is_empty()
                && !token.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>'))
        };
        if subject.len() <= MAX_SUBJECT && subject.split('.').all(legal) {
            return Ok(Subject(subject));
        }
        let cut: String = subject.chars().take(80).collect();
        let detail = format!(
            "{cut:?} is not a subject to publish on: tokens joined by dots, none empty, without blanks, * and >, \
             at most {MAX_SUBJECT} bytes"
        );
        Err(Problem::new(Code::InvalidSubject, detail))
    }

    /// The subject with dots.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The agent of an `agent.{id}.…` subject.
    ///
    /// # Errors
    /// 422 `invalid-subject` if that token cannot name an agent.
    pub fn agent(&self) -> Result<Option<AgentId>, Problem> {
        let mut tokens = self.0.split('.');
        match (tokens.next(), tokens.next()) {
            (Some("agent"), Some(id)) => {
                id.parse().map(Some).map_err(|error| Problem::new(Code::InvalidSubject, format!("{error}")))
            }
            _ => Ok(None),
        }
    }

    /// The kinds of message that belong on the subject, `None` if it says nothing about that.
    pub fn kinds(&self) -> Option<&'static [MessageType]> {
        let tokens: Vec<&str> = self.0.split('.').collect();
        match tokens[..] {
            ["agent", _, "state"] => Some(&[MessageType::StateUpdate]),
            ["agent", _, "sync"] => Some(&[MessageType::SyncRequest, MessageType::SyncResponse]),
            ["agent", _, "heartbeat"] | ["broadcast", "heartbeat"] => Some(&[MessageType::Heartbeat]),
            ["agent", _, "ack"] => Some(&[MessageType::Ack]),
            _ => None,
        }
    }

    /// Whether messages on it are for everybody and so wait for nobody.
    pub fn is_broadcast(&self) -> bool {
        self.0.starts_with("broadcast.") || self.0 == "network.status"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_separators_and_refuses_wildcards() {
        let subject = Subject::parse("agent/0/state").unwrap();
        assert_eq!(subject.as_str(), "agent.0.state");
        assert_eq!(subject.agent().unwrap().unwrap().as_str(), "0");
        assert_eq!(subject.kinds(), Some([MessageType::StateUpdate].as_slice()));
        for refused in ["", "agent..state", "agent.>", "agent.*.state", "a b", "a.\n", &"x".repeat(513)] {
            assert_eq!(Subject::parse(refused).unwrap_err().code, Code::InvalidSubject, "{refused:?}");
        }
        assert!(Subject::parse("agent.ä.state").unwrap().agent().is_err());
    }

    #[test]
    fn other_families_say_nothing() {
        let subject = Subject::parse("world.crdt.0.insert").unwrap();
        assert!(subject.agent().unwrap().is_none() && subject.kinds().is_none() && !subject.is_broadcast());
        assert!(Subject::parse("broadcast.heartbeat").unwrap().is_broadcast());
    }
}
