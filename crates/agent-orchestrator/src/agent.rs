//! Agents: their names, numbers or texts, what a registration says, and how alive one is.

use ramanujan_agents::life::Status;
use ramanujan_core::{AgentId, Code, Polarity, Problem};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::topology::Graph;

/// Last segments of routes below `/agents`, which can therefore not name an agent.
pub const RESERVED_AGENT_IDS: [&str; 6] = ["health", "status", "topology", "route", "register", "round"];

/// Longest name of a mathematician and of a region, in characters: a line on a dashboard.
const MAX_LABEL: usize = 128;

/// Most neighbours in one registration: a graph denser than that over `MAX_AGENTS` agents has no use.
const MAX_NEIGHBOURS: usize = 256;

/// An agent's name, given as text or as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseId(pub AgentId);

impl<'de> Deserialize<'de> for LooseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            Value::Number(number) if number.is_u64() => number.to_string(),
            _ => {
                return Err(serde::de::Error::custom("an agent is named by a text or a whole number from 0"));
            }
        };
        text.parse().map(LooseId).map_err(serde::de::Error::custom)
    }
}

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for LooseId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AgentOrNumber".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<AgentId>();
        schemars::json_schema!({
            "description": "Names an agent; the numbered ones also by their number.",
            "anyOf": [name, {"type": "integer", "minimum": 0}],
        })
    }
}

/// The number that names an agent; `None` for any other name, also for a second spelling such as `01`.
pub fn vertex(agent: &str) -> Option<usize> {
    let number: usize = agent.parse().ok()?;
    (number.to_string() == agent).then_some(number)
}

/// The name as the routes of one agent write it: a number where it is one.
pub fn number_or_name(agent: &str) -> Value {
    match vertex(agent) {
        Some(number) if number as u64 <= ramanujan_core::MAX_SAFE_INTEGER => number.into(),
        _ => agent.into(),
    }
}

/// A direction by its name, or by the colour that stands for it: `RED` for positive, `BLUE` for negative, `GREEN` for
/// neutral.
#[cfg(not(target_family = "wasm"))]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "it is read as a Polarity")]
enum PolarityOrColor {
    Polarity(Polarity),
    Color(ramanujan_core::Color),
}

/// What an agent says of itself when it registers. A missing member is no opinion.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Who it is. Words that are routes below `/agents` name no agent.
    pub agent_id: LooseId,
    /// A name for people.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_LABEL)))]
    pub mathematician: Option<String>,
    /// Which operations go to it: those of this direction. `neutral` if nobody says; a colour stands for its direction.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<PolarityOrColor>"))]
    pub polarity: Option<Polarity>,
    /// Its neighbours, in the place of those of its vertex; none is itself or stands twice.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_NEIGHBOURS)))]
    pub neighbors: Option<Vec<LooseId>>,
    /// Where it runs.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_LABEL)))]
    pub region: Option<String>,
}

/// Refuses a name that no agent may have.
///
/// # Errors
/// 422 `reserved-agent-id`.
pub fn check_name(agent: &AgentId) -> Result<(), Problem> {
    if RESERVED_AGENT_IDS.contains(&agent.as_str()) {
        let detail = format!("{:?} is a route below /agents and cannot name an agent", agent.as_str());
        return Err(Problem::new(Code::ReservedAgentId, detail));
    }
    Ok(())
}

impl Registration {
    /// Refuses what no agent may say.
    ///
    /// # Errors
    /// 422 `reserved-agent-id`, `invalid-neighbors`, `invalid-label`.
    pub fn check(&self) -> Result<(), Problem> {
        check_name(&self.agent_id.0)?;
        self.check_description()
    }

    /// As [`Registration::check`], for an agent that has its name already.
    ///
    /// # Errors
    /// 422 `invalid-neighbors`, `invalid-label`.
    pub fn check_description(&self) -> Result<(), Problem> {
        let id = self.id();
        for (member, label) in [("mathematician", &self.mathematician), ("region", &self.region)] {
            let legal = |text: &String| (1..=MAX_LABEL).contains(&text.chars().count());
            if label.as_ref().is_some_and(|text| !legal(text)) {
                let detail = format!("{member} must have 1 to {MAX_LABEL} characters");
                return Err(Problem::new(Code::InvalidLabel, detail));
            }
        }
        let neighbours = self.neighbors.as_deref().unwrap_or_default();
        if neighbours.len() > MAX_NEIGHBOURS {
            let detail = format!("at most {MAX_NEIGHBOURS} neighbors, not {}", neighbours.len());
            return Err(Problem::new(Code::InvalidNeighbors, detail));
        }
        for (index, neighbour) in neighbours.iter().enumerate() {
            if neighbour.0.as_str() == id || neighbours[..index].contains(neighbour) {
                let detail = format!("neighbors[{index}] is the agent itself or listed twice");
                return Err(Problem::new(Code::InvalidNeighbors, detail));
            }
        }
        Ok(())
    }

    pub fn id(&self) -> &str {
        self.agent_id.0.as_str()
    }

    /// The neighbours' names, sorted, so that equal sets are equal lists; `None` if not given.
    pub fn neighbours(&self) -> Option<Vec<&str>> {
        let neighbours = self.neighbors.as_ref()?;
        let mut names: Vec<&str> = Vec::with_capacity(neighbours.len());
        for neighbour in neighbours {
            let name = neighbour.0.as_str();
            let place = names.partition_point(|other| (other.len(), *other) < (name.len(), name));
            names.insert(place, name);
        }
        Some(names)
    }

    /// The members that say something else of an agent than what is stored. Of one that is not registered, only who it
    /// is counts.
    pub fn differs(&self, stored: &Agent) -> Vec<&'static str> {
        let other = |given: &Option<String>, stored: &Option<String>| given.is_some() && given != stored;
        let neighbours = self
            .neighbours()
            .is_some_and(|given| stored.neighbours.as_ref().is_none_or(|stored| *stored != given));
        let registered = stored.registered_at.is_some();
        let checks = [
            ("mathematician", other(&self.mathematician, &stored.mathematician)),
            ("polarity", self.polarity.is_some_and(|given| given != stored.polarity)),
            ("neighbors", registered && neighbours),
            ("region", registered && other(&self.region, &stored.region)),
        ];
        checks.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// One agent with the counts of its stored messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    pub agent_id: String,
    /// UUID (version 4) given when the agent became known; stays.
    pub node_id: String,
    /// Its present life: the id of its aggregate.
    pub life: String,
    /// Number of events of that life.
    pub version: u64,
    /// Where it is in its life.
    pub status: Status,
    pub mathematician: Option<String>,
    pub polarity: Polarity,
    /// Base-3 digits of the roster, row and column first.
    pub address: Option<String>,
    /// What the roster has the agent do.
    pub role: Option<String>,
    /// Neighbours that the agent gave itself.
    pub neighbours: Option<Vec<String>>,
    pub region: Option<String>,
    /// Unix milliseconds; `None` for an agent of the roster that has not come yet.
    pub registered_at: Option<u64>,
    /// Unix milliseconds.
    pub last_heartbeat: Option<u64>,
    /// The join of the clocks the agent has reported.
    pub vector_clock: Value,
    /// Nodes of the agent's e-graph when it was last asked for.
    pub egraph_nodes: u64,
    pub messages_received: u64,
    pub messages_sent: u64,
    pub syncs_completed: u64,
    /// Messages that wait for the agent.
    pub pending: u64,
}

impl Agent {
    /// Milliseconds since the last sign of life; 0 for one that a clock set back has in the future.
    pub fn silence(&self, now: u64) -> Option<u64> {
        self.last_heartbeat.map(|heard| now.saturating_sub(heard))
    }

    /// Whether a sign of life brings it to work.
    pub fn waits_for_a_sign(&self) -> bool {
        matches!(self.status, Status::Deployed | Status::Offline)
    }

    /// The last sign of life of an agent that should have given another within `timeout` milliseconds.
    pub fn overdue(&self, now: u64, timeout: u64) -> Option<u64> {
        // A suspended agent is not expected to do anything, and silence must not be its way back to work.
        self.last_heartbeat
            .filter(|heard| self.status == Status::Active && now.saturating_sub(*heard) > timeout)
    }

    /// Whether the agent is at work and was heard of within `timeout` milliseconds.
    pub fn is_active(&self, now: u64, timeout: u64) -> bool {
        self.status == Status::Active && self.silence(now).is_some_and(|silence| silence <= timeout)
    }

    /// 1 just after a heartbeat, falling by whole seconds to 0 at the time limit.
    pub fn health_score(&self, now: u64, timeout: u64) -> f64 {
        match self.silence(now) {
            Some(silence) if self.is_active(now, timeout) => {
                let seconds = (silence / 1000) as f64;
                (1.0 - seconds * 1000.0 / timeout.max(1) as f64).clamp(0.0, 1.0)
            }
            _ => 0.0,
        }
    }

    /// Seconds since the registration, 0 for an agent that has not come.
    pub fn uptime_seconds(&self, now: u64) -> f64 {
        self.registered_at.map_or(0.0, |since| now.saturating_sub(since) as f64 / 1000.0)
    }

    /// The agent's neighbours: those it gave itself, else those of its vertex in `graph`, else none.
    pub fn neighbours_in(&self, graph: &Graph) -> Vec<String> {
        match (&self.neighbours, vertex(&self.agent_id)) {
            (Some(own), _) => own.clone(),
            (None, Some(vertex)) => graph.neighbours(vertex).iter().map(ToString::to_string).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The mathematician's name where there is one, else the agent's own.
    pub fn name(&self) -> &str {
        self.mathematician.as_deref().unwrap_or(&self.agent_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Kind;
    use proptest::prelude::*;

    fn agent(id: &str) -> Agent {
        Agent {
            agent_id: id.into(),
            node_id: String::new(),
            life: String::new(),
            version: 3,
            status: Status::Active,
            mathematician: None,
            polarity: Polarity::Neutral,
            address: None,
            role: None,
            neighbours: None,
            region: None,
            registered_at: Some(1000),
            last_heartbeat: Some(5000),
            vector_clock: Value::Null,
            egraph_nodes: 0,
            messages_received: 0,
            messages_sent: 0,
            syncs_completed: 0,
            pending: 0,
        }
    }

    proptest! {
        #[test]
        fn health_falls_with_silence_and_is_nothing_when_inactive(
            earlier in 0u64..40_000, later in 0u64..40_000, timeout in 0u64..20_000,
        ) {
            let agent = agent("a");
            let (earlier, later) = (earlier.min(later) + 5000, earlier.max(later) + 5000);
            let (before, after) = (agent.health_score(earlier, timeout), agent.health_score(later, timeout));
            prop_assert!((0.0..=1.0).contains(&before) && after <= before);
            prop_assert!(agent.is_active(later, timeout) || after == 0.0);
            prop_assert_eq!(agent.is_active(later, timeout), later - 5000 <= timeout);
        }

        #[test]
        fn a_number_has_one_spelling(text in "[0-9+]{1,4}") {
            if let Some(number) = vertex(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn an_agent_that_never_came_is_not_up() {
        let mut agent = agent("0");
        (agent.registered_at, agent.status) = (None, Status::Deployed);
        assert!(!agent.is_active(5000, 10_000));
        assert_eq!((agent.uptime_seconds(9000), agent.health_score(5000, 10_000)), (0.0, 0.0));
    }

    #[test]
    fn neighbours_come_from_the_agent_or_from_its_vertex() {
        let grid = Kind::Grid3x3.graph(9).unwrap();
        assert_eq!(agent("0").neighbours_in(&grid), ["1", "3"]);
        assert!(
            agent("alice").neighbours_in(&grid).is_empty() && agent("12").neighbours_in(&grid).is_empty()
        );
        let own = Agent { neighbours: Some(vec!["bob".into()]), ..agent("0") };
        assert_eq!(own.neighbours_in(&grid), ["bob"]);
    }

    #[test]
    fn registrations_are_checked() {
        let read = |text: &str| serde_json::from_str::<Registration>(text);
        let legal = read(r#"{"agent_id": 3, "polarity": "RED", "neighbors": [10, "b", 2]}"#).unwrap();
        assert!(legal.check().is_ok() && legal.id() == "3");
        assert_eq!(legal.neighbours().unwrap(), ["2", "b", "10"]);
        for refused in [r#"{"agent_id": "status"}"#, r#"{"agent_id": "a", "neighbors": ["a"]}"#] {
            assert_eq!(read(refused).unwrap().check().unwrap_err().status, 422);
        }
        for unread in [
            r#"{"agent_id": -1}"#,
            r#"{"agent_id": 1.5}"#,
            r#"{"agent_id": "a/b"}"#,
            r#"{"agent_id":"a","x":1}"#,
        ] {
            assert!(read(unread).is_err(), "{unread}");
        }
    }
}
