//! What the operator sets, and the clock: everything a handler takes from its surroundings but the store.
//!
//! Passed in, so that a test has its own limits and its own time.

use std::rc::Rc;

use ramanujan_core::{AgentId, Code, Problem};
use ramanujan_shell::{now_millis, setting};

use crate::topology::Kind;

/// Limits and names from the component's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `MAX_AGENTS`: most agents known at once, the nine of the roster included.
    pub max_agents: u64,
    /// `HEALTH_TIMEOUT`, in milliseconds: an agent silent for longer is inactive.
    pub health_timeout: u64,
    /// `MAX_BUFFER_SIZE`: most messages that wait for one agent.
    pub max_buffer: u64,
    /// `MAX_MESSAGE_BYTES`: longest payload of a message as JSON.
    pub max_message_bytes: u64,
    /// `SYNC_INTERVAL`, in milliseconds: how often an agent is asked to report.
    pub sync_interval: u64,
    /// `TOPOLOGY`: the shape that gives numbered agents their neighbours.
    pub topology: Kind,
    /// `AGENT_ID`: the agent that `/health` speaks for.
    pub agent_id: AgentId,
}

/// The agent of `/health` where `AGENT_ID` is not set, as in the guide's example reply.
const FIRST_AGENT: &str = "0";

impl Settings {
    /// Reads the environment; unset variables take the guides' values.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub fn from_environment() -> Result<Self, Problem> {
        Ok(Settings {
            max_agents: setting::number("MAX_AGENTS", 48)?,
            health_timeout: setting::number("HEALTH_TIMEOUT", 10_000)?,
            max_buffer: setting::number("MAX_BUFFER_SIZE", 1000)?,
            // Sixteen times the guides' estimate of a large message; a thousand of them are still only 64 MB.
            max_message_bytes: setting::number("MAX_MESSAGE_BYTES", 65_536)?,
            sync_interval: setting::number("SYNC_INTERVAL", 5000)?,
            topology: setting::number("TOPOLOGY", Kind::Ramanujan3d)?,
            agent_id: match setting::text("AGENT_ID") {
                None => parse_agent(FIRST_AGENT)?,
                Some(text) => parse_agent(text.trim())?,
            },
        })
    }
}

fn parse_agent(text: &str) -> Result<AgentId, Problem> {
    let invalid = |error| {
        Problem::new(Code::InvalidSetting, format!("the setting AGENT_ID={text:?} is not usable: {error}"))
    };
    text.parse().map_err(invalid)
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

    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub fn settings(&self) -> Result<Settings, Problem> {
        (self.settings)()
    }

    /// Unix milliseconds.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }
}
