//! Questions about agents, also about their past.

use ramanujan_agents::life::{Agent, Recorded, Time};
use ramanujan_core::AgentId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::handler::Handler;
use crate::journal::{Folded, LoadError};
use crate::subjects::{self, Asked};

/// Events of a page of history, and its bound.
const EVENTS: u64 = 100;
const MOST_EVENTS: u64 = 500;
/// Agents of a page of the list, and its bound: each is folded.
const AGENTS: usize = 50;
const MOST_AGENTS: usize = 200;

/// What a question may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asking {
    /// The agent at this version.
    pub version: Option<u64>,
    /// The agent at this time.
    pub at: Option<Time>,
    /// History from this version on.
    pub from: Option<u64>,
    /// The list after this agent.
    pub after: Option<String>,
    /// Items of a page.
    pub limit: Option<u64>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It cannot be read, or asks for what does not go together.
    #[error("{0}")]
    Invalid(String),
    /// No such agent.
    #[error("there is no agent {0}")]
    NoAgent(String),
    /// The agent never was at this version, or is younger.
    #[error("agent {agent} {what}")]
    NoVersion {
        /// The agent.
        agent: String,
        /// What was asked for.
        what: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl QueryError {
    /// What a reply over NATS carries.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "VALIDATION",
            Self::NoAgent(_) | Self::NoVersion { .. } => "NOT_FOUND",
            Self::Load(LoadError::Unavailable(_)) => "UNAVAILABLE",
            Self::Load(_) => "INTERNAL",
        }
    }
}

type Answer = Result<Value, QueryError>;

impl Handler {
    /// Answers a question over NATS.
    pub async fn query(&self, subject: &str, body: &[u8]) -> Value {
        let answer = async {
            let asking = match body {
                b"" => Asking::default(),
                body => {
                    serde_json::from_slice(body).map_err(|error| QueryError::Invalid(error.to_string()))?
                }
            };
            match subjects::query(subject) {
                Some(Asked::Get(id)) => self.get(id, &asking).await,
                Some(Asked::History(id)) => self.history(id, &asking).await,
                Some(Asked::List) => self.list(&asking).await,
                None => {
                    let forms = "agent.queries.get.<id>, agent.queries.history.<id> or agent.queries.list";
                    Err(QueryError::Invalid(format!("{subject} is not {forms}")))
                }
            }
        };
        answer.await.unwrap_or_else(
            |error| json!({"status": "error", "code": error.code(), "message": error.to_string()}),
        )
    }

    /// An agent as it is, or was at a version or a time.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn get(&self, id: &str, asking: &Asking) -> Answer {
        self.metrics().queries.inc();
        let id = agent_id(id)?;
        let missing = || QueryError::NoAgent(id.to_string());
        let agent = match (asking.version, &asking.at) {
            (Some(_), Some(_)) => return Err(QueryError::Invalid("give version or at, not both".into())),
            (None, None) => self.current(&id).await?.ok_or_else(missing)?,
            (Some(version), None) => {
                let agent = self.past(&id, |record| record.sequence > version).await?;
                match agent {
                    Some(agent) if agent.version == version => agent,
                    _ => return Err(no_version(&id, format!("was not at version {version}"))),
                }
            }
            (None, Some(time)) => {
                let agent = self.past(&id, |record| record.timestamp.millis() > time.millis()).await?;
                agent.ok_or_else(|| no_version(&id, format!("had no events by {}", time.as_str())))?
            }
        };
        Ok(json!({"status": "ok", "agent": shown(&agent)?}))
    }

    /// The events of an agent, from a version on.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn history(&self, id: &str, asking: &Asking) -> Answer {
        self.metrics().queries.inc();
        let id = agent_id(id)?;
        let from = asking.from.unwrap_or(1).max(1);
        let limit = limit(asking.limit, EVENTS, MOST_EVENTS)?;
        let (mut version, mut place) = (0, 0);
        let mut events: Vec<Recorded> = Vec::new();
        let mut more = true;
        while more {
            let page = self.journal().page(&id, place + 1, MOST_EVENTS as usize).await?;
            more = page.more;
            for (sequence, record) in page.events {
                place = sequence;
                // Of two events of one number the first counts.
                if record.sequence != version + 1 {
                    continue;
                }
                version = record.sequence;
                if version >= from.saturating_add(limit) {
                    return Ok(json!({"status": "ok", "agent_id": id, "events": events, "next": version}));
                }
                if version >= from {
                    events.push(record);
                }
            }
        }
        if version == 0 {
            return Err(QueryError::NoAgent(id.to_string()));
        }
        Ok(json!({"status": "ok", "agent_id": id, "events": events, "next": null}))
    }

    /// The agents, in the order of their names.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn list(&self, asking: &Asking) -> Answer {
        self.metrics().queries.inc();
        let limit = limit(asking.limit, AGENTS as u64, MOST_AGENTS as u64)? as usize;
        let mut ids = self.journal().agents().await.map_err(LoadError::from)?;
        ids.retain(|id| asking.after.as_ref().is_none_or(|after| id.as_str() > after.as_str()));
        ids.sort();
        let next = ids.get(limit).and(ids.get(limit - 1)).map(AgentId::to_string);
        ids.truncate(limit);
        let mut agents = Vec::with_capacity(ids.len());
        for id in &ids {
            if let Some(agent) = self.current(id).await? {
                agents.push(json!({
                    "agent_id": id, "version": agent.version, "status": agent.status, "agent_type": agent.agent_type,
                    "name": agent.metadata.name, "updated_at": agent.updated_at,
                }));
            }
        }
        Ok(json!({"status": "ok", "agents": agents, "next": next}))
    }

    async fn past(&self, id: &AgentId, stop: impl Fn(&Recorded) -> bool) -> Result<Option<Agent>, LoadError> {
        let mut folded = Folded::default();
        let read = self.journal().catch_up(id, &mut folded, stop).await?;
        self.metrics().replayed.inc_by(read);
        Ok(folded.agent)
    }
}

fn no_version(id: &AgentId, what: String) -> QueryError {
    QueryError::NoVersion { agent: id.to_string(), what }
}

fn agent_id(text: &str) -> Result<AgentId, QueryError> {
    let id = text.parse::<AgentId>().map_err(|error| QueryError::Invalid(error.to_string()))?;
    if subjects::is_token(text) { Ok(id) } else { Err(QueryError::Invalid(format!("{id} has a dot"))) }
}

fn limit(asked: Option<u64>, default: u64, most: u64) -> Result<u64, QueryError> {
    match asked.unwrap_or(default) {
        0 => Err(QueryError::Invalid("limit is 0".into())),
        limit if limit > most => Err(QueryError::Invalid(format!("limit is more than {most}"))),
        limit => Ok(limit),
    }
}

/// The agent without what only the aggregate needs.
fn shown(agent: &Agent) -> Answer {
    let mut value = serde_json::to_value(agent).map_err(|error| QueryError::Invalid(error.to_string()))?;
    if let Some(members) = value.as_object_mut() {
        members.remove("commands");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_bounded() {
        assert_eq!(limit(None, 100, 500).unwrap(), 100);
        assert_eq!(limit(Some(500), 100, 500).unwrap(), 500);
        assert!(limit(Some(501), 100, 500).is_err() && limit(Some(0), 100, 500).is_err());
    }

    #[test]
    fn a_question_with_an_unknown_member_is_refused() {
        assert!(serde_json::from_str::<Asking>(r#"{"version":1}"#).is_ok());
        assert!(serde_json::from_str::<Asking>(r#"{"verison":1}"#).is_err());
        assert!(serde_json::from_str::<Asking>(r#"{"at":"yesterday"}"#).is_err());
    }

    #[test]
    fn ids_that_no_subject_carries_are_refused() {
        assert!(agent_id("7").is_ok() && agent_id("a.b").is_err() && agent_id("").is_err());
    }
}
