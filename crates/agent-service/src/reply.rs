//! What a sender hears of its command.

use ramanujan_agents::life::Rejection;
use serde_json::{Value, json};

/// Codes beside those of [`Rejection::code`].
pub mod code {
    /// The body is not a command.
    pub const MALFORMED: &str = "MALFORMED";
    /// The agent's log cannot be read, or the event not be stored.
    pub const INTERNAL: &str = "INTERNAL";
    /// The server did not answer, or others were first, until the last delivery.
    pub const UNAVAILABLE: &str = "UNAVAILABLE";
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has had its effect.
    Done {
        /// The agent.
        agent: String,
        /// Its version after the last event of the command.
        version: u64,
        /// Ids of the events that this delivery stored; none, if an earlier one did.
        event_ids: Vec<String>,
    },
    /// It was refused, and a repeat would be.
    Refused(Rejection),
    /// It may work later.
    Later(String),
    /// It can never work.
    Never {
        /// What kind of failure it is.
        code: &'static str,
        /// Why, in whole sentences.
        why: String,
    },
}

impl Outcome {
    /// One word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done { event_ids, .. } if event_ids.is_empty() => "duplicate",
            Self::Done { .. } => "ok",
            Self::Refused(_) => "rejected",
            Self::Later(_) => "retried",
            Self::Never { .. } => "dead",
        }
    }

    /// The reply.
    pub fn to_json(&self, command_id: &str) -> Value {
        let error = |code: &str, message: &str| json!({"status": "error", "command_id": command_id, "code": code, "message": message});
        match self {
            Self::Done { agent, version, event_ids } => json!({
                "status": "ok", "command_id": command_id, "agent_id": agent, "version": version,
                "event_ids": event_ids, "duplicate": event_ids.is_empty(),
            }),
            Self::Refused(rejection) => {
                let mut reply = error(rejection.code(), &rejection.to_string());
                if let Rejection::Conflict { expected, actual } = rejection {
                    reply["expected"] = json!(expected);
                    reply["actual"] = json!(actual);
                }
                reply
            }
            Self::Later(why) => error(code::UNAVAILABLE, why),
            Self::Never { code, why } => error(code, why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_what_became_of_the_command() {
        let done = |event_ids: Vec<String>| Outcome::Done { agent: "7".into(), version: 2, event_ids };
        let reply = done(vec!["7:2".into()]).to_json("c-1");
        assert_eq!(
            (&reply["status"], &reply["version"], &reply["duplicate"]),
            (&json!("ok"), &json!(2), &json!(false))
        );
        assert_eq!(done(Vec::new()).to_json("c-1")["duplicate"], json!(true));
        let refused = Outcome::Refused(Rejection::Conflict { expected: 1, actual: 3 }).to_json("c-1");
        assert_eq!((&refused["code"], &refused["actual"]), (&json!("CONFLICT"), &json!(3)));
        assert_eq!(Outcome::Later("down".into()).to_json("c-1")["code"], "UNAVAILABLE");
    }
}
