//! Every variable of the component, and the clock: what a handler takes from its surroundings but the store.
//!
//! Passed in as a [`Context`], so that a test has its own limits and its own time. `MAX_BODY_BYTES`, `PAGE_LIMIT_MAX`
//! and `LOG_LEVEL` are shell's.

use std::rc::Rc;

use ramanujan_core::{AgentId, Problem};
use ramanujan_shell::now_millis;
use ramanujan_shell::setting::{self, Fixed};

use crate::draft::Rules;
use crate::topology::Kind;

ramanujan_shell::settings! {
    /// Which service the component is.
    SERVICE: String = "agent-orchestrator".to_owned();
    /// Most agents known at once, the nine of the roster included.
    MAX_AGENTS: u64 = 48, 0.., "agents";
    /// Silence after which an agent is inactive.
    HEALTH_TIMEOUT: u64 = 10_000, 0.., "milliseconds";
    /// Most messages that wait for one agent.
    MAX_BUFFER_SIZE: u64 = 1000, 0.., "messages";
    /// Longest payload of a message as JSON: a thousand of them, a full buffer, are 64 MB.
    MAX_MESSAGE_BYTES: u64 = 65_536, 0.., "bytes";
    /// How often an agent is asked to report.
    SYNC_INTERVAL: u64 = 5000, 0.., "milliseconds";
    /// The shape that gives numbered agents their neighbours.
    TOPOLOGY: Kind = Kind::Ramanujan3d;
    /// The agent that `/health` speaks for.
    AGENT_ID: String = "0".to_owned();
    /// Where the component runs, as the description shows it.
    REGION: String = String::new();
    /// The NATS server of the bridge that posts to `/nats/webhook`. The component itself opens no connection to it.
    NATS_URL: String = String::new();
    /// What the component runs on, as `/status` shows it.
    DEPLOYMENT: String = "Spin".to_owned();
}

/// The variable that says who the component is.
pub const IDENTITY: [Fixed; 1] = [SERVICE.only("agent-orchestrator")];

/// What the variables say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `MAX_AGENTS`.
    pub max_agents: u64,
    /// `HEALTH_TIMEOUT`, in milliseconds.
    pub health_timeout: u64,
    /// `MAX_BUFFER_SIZE`.
    pub max_buffer: u64,
    /// `MAX_MESSAGE_BYTES`.
    pub max_message_bytes: u64,
    /// `SYNC_INTERVAL`, in milliseconds.
    pub sync_interval: u64,
    /// `TOPOLOGY`.
    pub topology: Kind,
    /// `AGENT_ID`.
    pub agent_id: AgentId,
    /// Whether `NATS_URL` names a server.
    pub has_nats: bool,
    /// `DEPLOYMENT`.
    pub deployment: String,
}

impl Settings {
    /// Reads the environment; variables that are not set have the defaults of the table.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub fn from_environment() -> Result<Self, Problem> {
        let agent = AGENT_ID.given()?;
        Ok(Settings {
            max_agents: MAX_AGENTS.read()?,
            health_timeout: HEALTH_TIMEOUT.read()?,
            max_buffer: MAX_BUFFER_SIZE.read()?,
            max_message_bytes: MAX_MESSAGE_BYTES.read()?,
            sync_interval: SYNC_INTERVAL.read()?,
            topology: TOPOLOGY.read()?,
            agent_id: agent.parse().map_err(|error| setting::invalid(AGENT_ID.name, &agent, error))?,
            has_nats: !NATS_URL.read()?.is_empty(),
            deployment: DEPLOYMENT.read()?,
        })
    }
}

/// Settings and clock of one request.
#[derive(Clone)]
pub struct Context {
    settings: Rc<dyn Fn() -> Result<Settings, Problem>>,
    clock: Rc<dyn Fn() -> u64>,
}

impl Context {
    /// The environment and the wall clock.
    pub fn live() -> Self {
        Context { settings: Rc::new(Settings::from_environment), clock: Rc::new(now_millis) }
    }

    /// Fixed settings and a clock of Unix milliseconds.
    pub fn fixed(settings: Settings, clock: impl Fn() -> u64 + 'static) -> Self {
        Context { settings: Rc::new(move || Ok(settings.clone())), clock: Rc::new(clock) }
    }

    /// The settings of this request.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub fn settings(&self) -> Result<Settings, Problem> {
        (self.settings)()
    }

    /// What decisions on agents depend on besides their log.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub fn rules(&self) -> Result<Rules, Problem> {
        let settings = self.settings()?;
        Ok(Rules {
            now: self.now(),
            health_timeout: settings.health_timeout,
            max_agents: settings.max_agents,
        })
    }

    /// Unix milliseconds.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }
}
