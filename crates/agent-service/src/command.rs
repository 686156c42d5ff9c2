//! Reads a command from a message: the aggregate's command, and what its sender says about it.

use async_nats::HeaderMap;
use ramanujan_agents::life::{Command, MAX_TOKEN_BYTES, Rejection, Request};
use serde_json::{Map, Value};

use crate::subjects;

/// Names the command, where its body does not.
const MESSAGE_ID: &str = "Nats-Msg-Id";
/// Where the sender waits for the outcome.
const REPLY_TO: &str = "Agent-Reply-To";

/// Who is to hear what becomes of a command, known also of one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Id of the command; a token of a subject.
    pub command_id: String,
    /// Where the sender waits, beside the subject of replies.
    pub reply_to: Option<String>,
}

/// Why a message is no command that could be decided on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not the form of a command: no later try can mend it.
    #[error("{0}")]
    Malformed(String),
    /// A command, but not for where it was sent to.
    #[error("{0}")]
    Rejected(#[from] Rejection),
}

/// Reads a message. `fallback_id` names a command that has no id of its own, and is the same each time that the message
/// is delivered. What is said about a command stands in its object, beside its members: `command_id`, `correlation_id`,
/// `expected_version`, `actor`.
///
/// # Errors
/// [`Refused`].
pub fn read(
    subject: &str,
    headers: Option<&HeaderMap>,
    payload: &[u8],
    fallback_id: &str,
) -> (Envelope, Result<Request, Refused>) {
    let header = |name| headers.and_then(|headers| headers.get(name)).map(|value| value.as_str().to_owned());
    let reply_to = header(REPLY_TO).filter(|subject| subjects::may_reply_to(subject));
    let object = serde_json::from_slice::<Map<String, Value>>(payload);
    let named = object.as_ref().ok().and_then(|object| object.get("command_id")).cloned();
    let named = match named {
        Some(Value::String(id)) => Some(id),
        _ => header(MESSAGE_ID),
    };
    let is_id = |id: &String| id.len() <= MAX_TOKEN_BYTES && subjects::is_token(id);
    let bad_id = named.as_ref().is_some_and(|id| !is_id(id));
    let command_id = named.filter(is_id).unwrap_or_else(|| fallback_id.to_owned());
    let read = match object {
        Err(error) => Err(Refused::Malformed(format!("not a JSON object: {error}"))),
        Ok(_) if bad_id => {
            let why = "is not at most 128 printable ASCII characters without dots, `*` and `>`";
            Err(Rejection::Validation { field: "command_id".into(), why }.into())
        }
        Ok(object) => request(subject, object, &command_id),
    };
    (Envelope { command_id, reply_to }, read)
}

fn request(subject: &str, mut object: Map<String, Value>, command_id: &str) -> Result<Request, Refused> {
    let malformed = |what: String| Refused::Malformed(what);
    let mut text = |name: &str| match object.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(format!("{name} is not a text"))),
    };
    text("command_id")?;
    let correlation_id = text("correlation_id")?;
    let actor = text("actor")?;
    let expected_version = match object.remove("expected_version") {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(value.as_u64().ok_or_else(|| malformed("expected_version is not a whole number".into()))?)
        }
    };
    let command: Command =
        serde_json::from_value(Value::Object(object)).map_err(|error| malformed(error.to_string()))?;
    let mismatch = |command: &str, agent: &str| Rejection::SubjectMismatch {
        command: command.to_owned(),
        agent: agent.to_owned(),
    };
    let Some(addressed) = subjects::command(subject) else {
        return Err(malformed(format!(
            "{subject} is not agent.commands.<verb> or agent.commands.<id>.<verb>"
        )));
    };
    if !subjects::is_token(command.agent_id().as_str()) {
        let why = "has a dot, which a subject cannot carry in a name";
        return Err(Rejection::Validation { field: "agent_id".into(), why }.into());
    }
    // Rights are given by subject: a body that says something else would go around them.
    if let Some(agent) = addressed.agent.filter(|agent| *agent != command.agent_id().as_str()) {
        return Err(mismatch(command.agent_id().as_str(), agent).into());
    }
    if addressed.verb != command.verb() {
        return Err(mismatch(command.verb(), addressed.verb).into());
    }
    Ok(Request { command_id: command_id.to_owned(), correlation_id, expected_version, actor, command })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(*name, *value);
        }
        map
    }

    const ACTIVATE: &str = r#"{"type":"ActivateAgent","agent_id":"7","command_id":"c-1","actor":"ann"}"#;

    #[test]
    fn what_is_said_about_a_command_stands_beside_its_members() {
        let (envelope, read) = read("agent.commands.7.activate", None, ACTIVATE.as_bytes(), "S:1");
        assert_eq!(envelope, Envelope { command_id: "c-1".into(), reply_to: None });
        let request = read.unwrap();
        assert_eq!((request.command_id.as_str(), request.actor.as_deref()), ("c-1", Some("ann")));
    }

    #[test]
    fn an_id_comes_from_the_body_the_header_or_the_stream() {
        let id = |headers: Option<&HeaderMap>, body: &str| {
            read("agent.commands.activate", headers, body.as_bytes(), "S:1").0.command_id
        };
        let bare = r#"{"type":"ActivateAgent","agent_id":"7"}"#;
        let header = headers(&[("Nats-Msg-Id", "h-1")]);
        assert_eq!(id(Some(&header), ACTIVATE), "c-1");
        assert_eq!(id(Some(&header), bare), "h-1");
        assert_eq!(id(None, bare), "S:1");
        assert_eq!(id(Some(&header), "{"), "h-1");
    }

    #[test]
    fn a_subject_and_a_body_that_differ_are_refused() {
        for subject in ["agent.commands.8.activate", "agent.commands.7.suspend", "agent.commands.suspend"] {
            let refused = read(subject, None, ACTIVATE.as_bytes(), "S:1").1.unwrap_err();
            assert!(matches!(refused, Refused::Rejected(Rejection::SubjectMismatch { .. })), "{refused:?}");
        }
    }

    #[test]
    fn what_is_no_command_is_malformed() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"type":"Fly","agent_id":"7"}"#,
            r#"{"type":"ActivateAgent","agent_id":"7","x":1}"#,
        ] {
            let refused = read("agent.commands.activate", None, body.as_bytes(), "S:1").1.unwrap_err();
            assert!(matches!(refused, Refused::Malformed(_)), "{body}: {refused:?}");
        }
    }

    #[test]
    fn names_that_subjects_cannot_carry_are_refused() {
        for body in [
            r#"{"type":"ActivateAgent","agent_id":"a.b"}"#,
            r#"{"type":"ActivateAgent","agent_id":"7","command_id":"a b"}"#,
            r#"{"type":"ActivateAgent","agent_id":"7","command_id":"a.>"}"#,
        ] {
            let (envelope, read) = read("agent.commands.activate", None, body.as_bytes(), "S:1");
            assert!(matches!(read, Err(Refused::Rejected(Rejection::Validation { .. }))), "{body}: {read:?}");
            assert_eq!(envelope.command_id, "S:1");
        }
    }

    proptest! {
        /// The id becomes a subject, whatever was sent; a command that is read is for where it was sent to.
        #[test]
        fn any_bytes_have_an_id_that_a_subject_carries(
            subject in "agent\\.commands\\.[a-z7.*>]{0,12}",
            id in ".{0,8}",
            version in any::<i64>(),
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            cut in 0usize..200,
        ) {
            let whole = serde_json::json!({
                "type": "ActivateAgent", "agent_id": "7", "command_id": id, "expected_version": version,
            });
            let whole = whole.to_string().into_bytes();
            for body in [&whole[..], &whole[..cut.min(whole.len())], &bytes] {
                let (envelope, read) = read(&subject, None, body, "S:1");
                prop_assert!(subjects::is_token(&envelope.command_id));
                if let Ok(request) = read {
                    prop_assert!(subject.ends_with(request.command.verb()));
                    prop_assert_eq!(&request.command_id, &envelope.command_id);
                }
            }
        }
    }

    #[test]
    fn an_outcome_is_not_sent_to_any_subject() {
        let reply_to = |subject| {
            read("agent.commands.activate", Some(&headers(&[("Agent-Reply-To", subject)])), b"{}", "S:1")
                .0
                .reply_to
        };
        assert_eq!(reply_to("_INBOX.a"), Some("_INBOX.a".into()));
        assert_eq!(reply_to("$JS.API.STREAM.PURGE.AGENT_EVENTS"), None);
    }
}
