//! What a request makes of an agent: events that are decided on its life and not stored yet.
//!
//! A life begins with a deployment and ends with a decommissioning, for good; a name may have several, one after the
//! other. Registering, leaving, waking up and falling silent are nothing but commands and events of the life, decided by
//! the library as those that are sent as such. An agent of the roster that leaves begins its next life at once.

use std::collections::BTreeMap;

use ramanujan_agents::life::{
    self, AgentType, Command, Decision, Event, Metadata, Recorded, Request, Status, Time, decide, go_offline,
};
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{AgentId, Problem};
use serde_json::{Value, json};

use crate::agent::{Agent, Registration, check_name};
use crate::profile::{self, Profile};
use crate::rejection::{problem, strange_time, unknown_agent};
use crate::stored::Stored;
use crate::uuid::Uuids;

/// Version in the description of an agent that says none.
const UNVERSIONED: &str = "1";

/// What decisions depend on besides the log.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Unix milliseconds.
    pub now: u64,
    /// Milliseconds of silence that a life at work stands.
    pub health_timeout: u64,
    /// Most agents that are known.
    pub max_agents: u64,
}

/// An event that is to be stored.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The event.
    pub record: Recorded,
    /// What the timeline is told under the event's own type; `None` if registration or departure tell it.
    pub told: Option<&'static str>,
}

/// A life with the events that are decided.
pub struct Draft {
    name: AgentId,
    now: Time,
    life: Option<life::Agent>,
    /// The newest event that the decisions are based on.
    base: Option<(String, u64)>,
    row: Agent,
    known: bool,
    seeded: bool,
    uuids: Uuids,
    events: Vec<Decided>,
    /// The last sign of life that a silence was decided on.
    silent_since: Option<u64>,
}

fn time(millis: u64) -> Result<Time, Problem> {
    Time::parse(&format_rfc3339(millis)).map_err(|error| strange_time(&error))
}

impl Draft {
    /// Begins with what is stored, and with the silence that has passed since.
    ///
    /// # Errors
    /// 500 `store-corrupt`.
    pub fn new(stored: Stored, rules: &Rules) -> Result<Self, Problem> {
        let Stored { name, life, row, known, seeded, uuids } = stored;
        let base = life.as_ref().map(|life| (life.agent_id.to_string(), life.version));
        let now = time(rules.now)?;
        let mut draft = Draft {
            name,
            now,
            life,
            base,
            row,
            known,
            seeded,
            uuids,
            events: Vec::new(),
            silent_since: None,
        };
        draft.settle(rules)?;
        Ok(draft)
    }

    /// The event of an agent that was not heard of for too long, at the time when it was due: whoever looks first writes
    /// it.
    fn settle(&mut self, rules: &Rules) -> Result<(), Problem> {
        let Some(life) = self.life.as_ref().filter(|_| self.known) else { return Ok(()) };
        let Some(heard) = self.row.overdue(rules.now, rules.health_timeout) else { return Ok(()) };
        let due = heard.saturating_add(rules.health_timeout).saturating_add(1);
        let reason = format!("not heard of for {} ms", rules.health_timeout);
        let offline = go_offline(life, Some(reason), &time(due.max(life.updated_at.millis()))?);
        self.push(offline.map_err(|rejection| problem(&rejection, &self.name))?)?;
        self.silent_since = Some(heard);
        Ok(())
    }

    /// Appends an event and applies it.
    fn push(&mut self, mut record: Recorded) -> Result<(), Problem> {
        record.event_id = Some(self.uuids.ordered());
        let damaged = |error: life::FoldError| crate::rejection::damaged(&self.name, &error);
        match &mut self.life {
            Some(life) if life.agent_id == record.aggregate_id => {
                life.apply(&record).map_err(damaged)?;
            }
            life => {
                *life = Some(life::Agent::begin(&record).map_err(damaged)?);
                (self.row.registered_at, self.row.last_heartbeat) = (None, None);
            }
        }
        let first = self.row.registered_at.is_none();
        let told = match &record.event {
            Event::AgentDeployed { .. } | Event::AgentDecommissioned { .. } => None,
            Event::AgentActivated { .. } if first => None,
            // What a deployment brings along.
            Event::ConfigurationChanged { .. } if record.sequence == 2 && self.began_now() => None,
            event => Some(event.token()),
        };
        if let Event::AgentActivated { activated_at, .. } = &record.event {
            self.row.registered_at.get_or_insert(activated_at.millis());
            // From here on its silence counts.
            self.row.last_heartbeat = self.row.last_heartbeat.max(Some(activated_at.millis()));
        }
        self.events.push(Decided { record, told });
        self.show();
        Ok(())
    }

    fn began_now(&self) -> bool {
        self.events.last().is_some_and(|last| last.record.sequence == 1)
    }

    /// Brings the registry's row in line with the life.
    fn show(&mut self) {
        let Some(life) = &self.life else { return };
        let Profile { mathematician, polarity, neighbours, region } = Profile::of(life);
        let life_id = life.agent_id.to_string();
        self.row = Agent {
            life: life_id,
            version: life.version,
            status: life.status,
            mathematician,
            polarity,
            neighbours,
            region,
            ..self.row.clone()
        };
        self.known = self.known || life.version == 1;
    }

    /// Has the library decide, and takes what it decides; `None` if the command had its effect before.
    fn run(&mut self, request: &Request) -> Result<Option<u64>, Problem> {
        let ended = self.life.as_ref().is_some_and(|life| life.status == Status::Decommissioned);
        let deploys = matches!(request.command, Command::DeployAgent { .. });
        let present = self.life.as_ref().filter(|_| !(ended && deploys));
        match decide(present, request, &self.now).map_err(|rejection| problem(&rejection, &self.name))? {
            Decision::Already { version } => Ok(Some(version)),
            Decision::Append(records) => {
                for record in records {
                    self.push(record)?;
                }
                Ok(None)
            }
        }
    }

    /// As [`Draft::run`], for a command of this component's own.
    fn act(&mut self, command: Command, correlation: Option<&str>) -> Result<(), Problem> {
        // An id that nobody can have sent: a command that its sender named so would keep this one from its effect.
        let mut request = Request::new(&self.uuids.ordered(), command);
        request.correlation_id = correlation.map(str::to_owned);
        request.actor = Some(self.name.to_string());
        self.run(&request).map(|_| ())
    }

    /// A command as somebody sends it. `command` makes it for the id of the life that it is for; `None` as the result if
    /// it is new, else the version that it led to before.
    ///
    /// # Errors
    /// The library's rejection as a problem, and the problem of `command`.
    pub fn command(
        &mut self,
        command: impl FnOnce(&AgentId) -> Result<Request, Problem>,
    ) -> Result<Option<u64>, Problem> {
        let ended = self.life.as_ref().is_none_or(|life| life.status == Status::Decommissioned);
        let present = self.life.as_ref().map(|life| life.agent_id.clone());
        let mut request = command(&present.unwrap_or_else(|| self.name.clone()))?;
        match &mut request.command {
            Command::DeployAgent { agent_id, initial_configuration, .. } => {
                check_name(&self.name)?;
                if let Some(settings) = initial_configuration {
                    profile::check(&self.name, settings)?;
                }
                if ended {
                    *agent_id = new_life(&mut self.uuids)?;
                }
            }
            Command::UpdateConfiguration { changes, .. } => profile::check(&self.name, changes)?,
            _ => {}
        }
        let already = self.run(&request)?;
        if already.is_none() {
            self.come_back(&request.command_id)?;
        }
        Ok(already)
    }

    /// An agent of the roster that has left begins its next life, as what it is in the roster.
    fn come_back(&mut self, correlation: &str) -> Result<(), Problem> {
        let ended = self.life.as_ref().is_some_and(|life| life.status == Status::Decommissioned);
        if !(ended && self.seeded) {
            return Ok(());
        }
        let mut settings = BTreeMap::new();
        settings.insert("polarity".to_owned(), Value::from(self.row.polarity.as_str()));
        if let Some(mathematician) = &self.row.mathematician {
            settings.insert("mathematician".to_owned(), mathematician.as_str().into());
        }
        let description = self.row.role.clone().unwrap_or_default();
        self.deploy(AgentType::System, &description, Some("roster"), settings, Some(correlation))
    }

    fn deploy(
        &mut self,
        agent_type: AgentType,
        description: &str,
        tag: Option<&str>,
        settings: BTreeMap<String, Value>,
        correlation: Option<&str>,
    ) -> Result<(), Problem> {
        let metadata = Metadata {
            name: self.name.to_string(),
            description: description.to_owned(),
            version: UNVERSIONED.to_owned(),
            owner_id: None,
            tags: tag.into_iter().map(str::to_owned).collect(),
        };
        let deploy = Command::DeployAgent {
            agent_id: new_life(&mut self.uuids)?,
            agent_type,
            metadata,
            initial_configuration: Some(settings),
            deployed_by: None,
        };
        self.act(deploy, correlation)
    }

    /// Registers the agent, or wakes it; says whether it was not registered before. One that is at work and says nothing
    /// else than it said makes no event.
    ///
    /// # Errors
    /// 409 `agent-differs`.
    pub fn register(&mut self, registration: &Registration) -> Result<bool, Problem> {
        let members: &[&str] = if self.known {
            let differs = registration.differs(&self.row);
            if !differs.is_empty() {
                return Err(crate::rejection::differs(&self.name, differs));
            }
            &["neighbors", "region"]
        } else {
            &["mathematician", "polarity", "neighbors", "region"]
        };
        let settings = profile::settings(registration, members);
        let new = !self.known || self.row.registered_at.is_none();
        if !self.known {
            self.deploy(AgentType::External, "", None, settings, None)?;
        } else if let (true, Some(life)) = (new && !settings.is_empty(), &self.life) {
            let agent_id = life.agent_id.clone();
            let change = Command::UpdateConfiguration { agent_id, changes: settings, changed_by: None };
            self.act(change, None)?;
        }
        self.wake()?;
        Ok(new)
    }

    /// Brings the agent to work, if it only waits for a sign of life.
    ///
    /// # Errors
    /// 500 `store-corrupt`.
    pub fn wake(&mut self) -> Result<(), Problem> {
        let Some(life) = self.life.as_ref().filter(|_| self.known) else { return Ok(()) };
        if !matches!(life.status, Status::Deployed | Status::Offline) {
            return Ok(());
        }
        let agent_id = life.agent_id.clone();
        self.act(Command::ActivateAgent { agent_id, activated_by: None }, None)
    }

    /// Ends the agent's registration; says whether it had one.
    ///
    /// # Errors
    /// 500 `store-corrupt`.
    pub fn retire(&mut self) -> Result<bool, Problem> {
        let Some(life) = self.life.as_ref().filter(|_| self.known) else { return Ok(false) };
        if self.seeded && self.row.registered_at.is_none() {
            return Ok(false);
        }
        let agent_id = life.agent_id.clone();
        let command = Command::DecommissionAgent { agent_id, reason: None, decommissioned_by: None };
        self.act(command, None)?;
        let correlation = self.events.last().and_then(|last| last.record.command_id.clone());
        self.come_back(&correlation.unwrap_or_default())?;
        Ok(true)
    }

    /// An id for a command that has none.
    pub fn fresh_id(&mut self) -> String {
        self.uuids.ordered()
    }

    /// The agent's name.
    pub fn name(&self) -> &AgentId {
        &self.name
    }

    /// The events, in order.
    pub fn events(&self) -> &[Decided] {
        &self.events
    }

    /// Life and number of the newest event that all was decided on.
    pub fn base(&self) -> Option<&(String, u64)> {
        self.base.as_ref()
    }

    /// The last sign of life, if a silence since then was decided.
    pub fn silent_since(&self) -> Option<u64> {
        self.silent_since
    }

    /// Whether the agent was in the registry, and whether it is after this.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// The life, with the events.
    pub fn life(&self) -> Option<&life::Agent> {
        self.life.as_ref()
    }

    /// What the registry has of the agent after the last event; JSON `null` if the agent is not in it any more.
    pub fn entry(&self) -> Value {
        entry(self.life.as_ref(), &self.row)
    }

    /// The agent as the events leave it.
    pub fn into_agent(self) -> Agent {
        self.row
    }
}

fn entry(life: Option<&life::Agent>, row: &Agent) -> Value {
    if life.is_none_or(|life| life.status == Status::Decommissioned) {
        return Value::Null;
    }
    json!({
        "status": row.status,
        "node_id": row.node_id,
        "registered_at": row.registered_at,
        "heard": row.last_heartbeat,
        "mathematician": row.mathematician,
        "polarity": row.polarity,
        // As a text: that is how the registry keeps it.
        "neighbors": row.neighbours.as_ref().map(|names| json!(names).to_string()),
        "region": row.region,
    })
}

fn new_life(uuids: &mut Uuids) -> Result<AgentId, Problem> {
    // A UUID is of the grammar of names.
    uuids.ordered().parse().map_err(|_| unknown_agent(""))
}
