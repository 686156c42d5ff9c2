//! `/agents/{id}/commands`, `/history` and `/life`: what an agent is asked, what happened to it, and how it was.

use std::str::FromStr;

use ramanujan_agents::life::{self, Command, Time};
use ramanujan_core::{AgentId, Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Map, Value, json};

use super::outbox::flush;
use super::{path_agent, settle};
use crate::rejection::unknown_agent;
use crate::settings::Context;
use crate::store::{Database, Happened, Until};

/// Events in a page unless asked otherwise.
const DEFAULT_PAGE: u64 = 100;

/// What a request says about its command, taken out of the body; what is left is the command.
struct Envelope {
    command_id: Option<String>,
    correlation_id: Option<String>,
    expected_version: Option<u64>,
    actor: Option<String>,
    agent_id: Option<String>,
    command: Map<String, Value>,
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidCommand, detail)
}

fn mismatch(detail: String) -> Problem {
    Problem::new(Code::SubjectMismatch, detail)
}

impl Envelope {
    /// Reads the body; the verb of the path and the header `Idempotency-Key` stand for members that are left out.
    fn read(request: &Request, verb: &str) -> Result<Self, Problem> {
        let mut members: Map<String, Value> =
            if request.body.is_empty() { Map::new() } else { request.object()? };
        let mut text = |name: &str| match members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("{name} is no text")).with("field", name)),
        };
        let (command_id, correlation_id, actor) =
            (text("command_id")?, text("correlation_id")?, text("actor")?);
        let agent_id = text("agent_id")?;
        let key = request.idempotency_key()?.map(str::to_owned);
        if let (Some(id), Some(key)) = (&command_id, &key)
            && id != key
        {
            return Err(mismatch(format!("command_id is {id:?} in the body and {key:?} in Idempotency-Key")));
        }
        let expected_version = match members.remove("expected_version") {
            None | Some(Value::Null) => None,
            Some(version) => Some(version.as_u64().ok_or_else(|| {
                invalid("expected_version is no whole number from 0").with("field", "expected_version")
            })?),
        };
        if !verb.is_empty() {
            let Some(name) = Command::type_of(verb) else {
                let known: Vec<&str> = Command::verbs().collect();
                let detail = format!("{verb:?} is no command; known: {}", known.join(", "));
                return Err(invalid(detail).with("allowed", known));
            };
            let given = members.entry("type").or_insert_with(|| name.into());
            if given != name {
                return Err(mismatch(format!("the path is for {name}, the body for {given}")));
            }
        }
        Ok(Envelope {
            command_id: command_id.or(key),
            correlation_id,
            expected_version,
            actor,
            agent_id,
            command: members,
        })
    }

    /// The command for a life of the agent `name`.
    fn request(&self, name: &AgentId, life: &AgentId, fresh: &str) -> Result<life::Request, Problem> {
        if let Some(given) =
            self.agent_id.as_deref().filter(|id| *id != name.as_str() && *id != life.as_str())
        {
            let cut: String = given.chars().take(40).collect();
            return Err(mismatch(format!("the command is for {cut:?}, the path is agent {name}'s")));
        }
        let mut members = self.command.clone();
        members.insert("agent_id".into(), life.as_str().into());
        let text = Value::Object(members).to_string();
        let command = serde_json::from_slice(text.as_bytes()).map_err(|error| invalid(error.to_string()))?;
        Ok(life::Request {
            command_id: self.command_id.clone().unwrap_or_else(|| fresh.to_owned()),
            correlation_id: self.correlation_id.clone(),
            expected_version: self.expected_version,
            actor: self.actor.clone(),
            command,
        })
    }
}

/// `POST /agents/{id}/commands` and `POST /agents/{id}/commands/{verb}`.
pub(crate) async fn command(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let name = path_agent(&request)?;
    let envelope = Envelope::read(&request, request.param("verb"))?;
    let database = Database::open()?;
    let rules = context.rules()?;
    let mut earlier = Vec::new();
    let mut command_id = String::new();
    let (already, draft) = database.command(&name, &rules, |draft| {
        command_id = envelope.command_id.clone().unwrap_or_else(|| draft.fresh_id());
        earlier = database.effect(&name, &command_id)?;
        if let Some(last) = earlier.last() {
            return Ok(Some(last.sequence));
        }
        draft.command(|life| envelope.request(&name, life, &command_id))
    })?;
    flush(&database).await?;
    let events: Vec<&life::Recorded> = match already {
        Some(_) => earlier.iter().collect(),
        None => draft.events().iter().map(|decided| &decided.record).collect(),
    };
    let of_it = |record: &&&life::Recorded| record.command_id.as_deref() == Some(command_id.as_str());
    let last = events.iter().rfind(of_it);
    let event_ids: Vec<_> = events.iter().filter(of_it).map(|record| &record.event_id).collect();
    ok(&json!({
        "agent_id": name,
        "aggregate_id": last.map(|record| &record.aggregate_id),
        "command_id": command_id,
        "duplicate": already.is_some(),
        "version": last.map(|record| record.sequence).or(already),
        "event_ids": event_ids,
        "life_status": draft.life().map(|life| life.status),
    }))
}

/// `GET /agents/{id}/history`: every event of every life of the agent, oldest first.
pub(crate) async fn history(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "life"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let after = query.parse::<u64>("cursor")?.unwrap_or(0);
    let name = path_agent(&request)?;
    let database = Database::open()?;
    settle(&database, &context, &name).await?;
    let page = database.history(&name, query.get("life"), after, pager.limit())?;
    if page.items.is_empty() && !database.has_history(&name)? {
        return Err(unknown_agent(name.as_str()));
    }
    let next = page.next(|last| last.position);
    let events = page.items.into_iter().map(|Happened { position, mut event }| {
        event.insert("position".into(), position.into());
        event
    });
    let events: Vec<Map<String, Value>> = events.collect();
    ok(&json!({"agent_id": name, "events": events, "next_cursor": next}))
}

/// A time in a query.
struct At(Time);

impl FromStr for At {
    type Err = life::NotATime;

    fn from_str(text: &str) -> Result<Self, life::NotATime> {
        Time::parse(text).map(At)
    }
}

/// `GET /agents/{id}/life`: the fold of the agent's events, now or as it was at a version or a time.
pub(crate) async fn life(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["version", "at", "life"])?;
    let until = match (query.parse::<u64>("version")?, query.parse::<At>("at")?) {
        (None, None) => Until::Now,
        (Some(version), None) => Until::Version(version),
        (None, Some(at)) => Until::Time(at.0),
        (Some(_), Some(_)) => {
            return Err(Problem::new(Code::InvalidParameter, "give version=… or at=…, not both"));
        }
    };
    let name = path_agent(&request)?;
    let database = Database::open()?;
    settle(&database, &context, &name).await?;
    let Some(agent) = database.life(&name, query.get("life"), &until)? else {
        if !database.has_history(&name)? {
            return Err(unknown_agent(name.as_str()));
        }
        let detail = match until {
            Until::Version(version) => format!("agent {name} has no version {version}"),
            Until::Time(time) => format!("agent {name} was not there yet at {}", time.as_str()),
            Until::Now => format!("agent {name} has had no such life"),
        };
        return Err(Problem::new(Code::NoSuchAgentVersion, detail));
    };
    let mut members = shown(&agent);
    members.insert("aggregate_id".into(), agent.agent_id.as_str().into());
    members.insert("agent_id".into(), name.as_str().into());
    ok(&members)
}

/// The state as it is shown: the name of the agent is its name here, and ids of commands are the log's affair.
fn shown(agent: &life::Agent) -> Map<String, Value> {
    let Value::Object(mut members) = json!(agent) else { return Map::new() };
    members.remove("commands");
    if let Some(status) = members.remove("status") {
        members.insert("life_status".into(), status);
    }
    members
}
