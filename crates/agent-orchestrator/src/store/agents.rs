//! Statements that read the registry of agents, and the caches beside it.

use ramanujan_agents::life::Status;
use ramanujan_core::{AgentId, Code, Polarity, Problem};
use ramanujan_shell::{Row, Value};
use serde_json::Value as Json;

use super::{Database, MAX_CLOCK_ENTRIES, corrupt, optional_text, optional_uint, stored_json};
use crate::agent::Agent;
use crate::rejection::unknown_agent;

/// Counts over all agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// All that are known.
    pub agents: u64,
    /// Those that are registered.
    pub registered: u64,
    /// Those that were heard of in time.
    pub active: u64,
    /// Nodes of all agents' e-graphs when each was last asked for.
    pub egraph_nodes: u64,
}

/// Columns of the registry that make an [`Agent`], without its counts.
const COLUMNS: [&str; 15] = [
    "agent_id",
    "node_id",
    "life",
    "version",
    "life_status",
    "mathematician",
    "polarity",
    "address",
    "role",
    "neighbors",
    "region",
    "registered_at",
    "last_heartbeat",
    "vector_clock",
    "egraph_nodes",
];

/// The columns as a list, each behind the table's name, which ends with a dot or is empty.
pub(super) fn columns(table: &str) -> String {
    COLUMNS.map(|column| format!("{table}{column}")).join(", ")
}

/// What [`agent`] reads behind the columns: counts of the messages of the agent that an expression names.
pub(super) fn counts(agent: &str) -> String {
    format!(
        "(SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = {agent}),
        (SELECT COUNT(*) FROM orchestrator_messages WHERE sender_id = {agent}),
        (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = {agent} AND msg_type = 'StateUpdate'),
        (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = {agent} AND acknowledged_at IS NULL)"
    )
}

fn select() -> String {
    format!("SELECT {}, {} FROM orchestrator_agents", columns(""), counts("agent_id"))
}

/// An agent that is not known, with the counts that stand where those of a known one do.
pub(super) fn stranger(name: &AgentId, node_id: String, row: &Row, at: usize) -> Result<Agent, Problem> {
    let counts = at + COLUMNS.len();
    Ok(Agent {
        agent_id: name.to_string(),
        node_id,
        life: String::new(),
        version: 0,
        status: Status::Deployed,
        mathematician: None,
        polarity: Polarity::Neutral,
        address: None,
        role: None,
        neighbours: None,
        region: None,
        registered_at: None,
        last_heartbeat: None,
        vector_clock: Json::Object(serde_json::Map::new()),
        egraph_nodes: 0,
        messages_received: row.uint(counts)?,
        messages_sent: row.uint(counts + 1)?,
        syncs_completed: row.uint(counts + 2)?,
        pending: row.uint(counts + 3)?,
    })
}

/// The agent whose [`columns`] and [`counts`] begin at a place of the row.
pub(super) fn agent(row: &Row, at: usize) -> Result<Agent, Problem> {
    let neighbours = optional_text(row, at + 9)?
        .map(|text| stored_json(&text, "list of neighbors"))
        .transpose()?
        .map(|names| {
            let names = names.as_array().into_iter().flatten();
            names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
        });
    let counts = at + COLUMNS.len();
    Ok(Agent {
        agent_id: row.text(at)?.to_owned(),
        node_id: row.text(at + 1)?.to_owned(),
        life: row.text(at + 2)?.to_owned(),
        version: row.uint(at + 3)?,
        status: row.text(at + 4)?.parse().map_err(|_| corrupt("life"))?,
        mathematician: optional_text(row, at + 5)?,
        polarity: row.text(at + 6)?.parse::<Polarity>().map_err(|_| corrupt("polarity"))?,
        address: optional_text(row, at + 7)?,
        role: optional_text(row, at + 8)?,
        neighbours,
        region: optional_text(row, at + 10)?,
        registered_at: optional_uint(row, at + 11)?,
        last_heartbeat: optional_uint(row, at + 12)?,
        vector_clock: stored_json(row.text(at + 13)?, "clock")?,
        egraph_nodes: row.uint(at + 14)?,
        messages_received: row.uint(counts)?,
        messages_sent: row.uint(counts + 1)?,
        syncs_completed: row.uint(counts + 2)?,
        pending: row.uint(counts + 3)?,
    })
}

impl Database {
    /// The agent of a name, `None` if there is none.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn agent(&self, id: &str) -> Result<Option<Agent>, Problem> {
        let sql = format!("{} WHERE agent_id = ?1", select());
        self.0.execute(&sql, [id.into()])?.first().map(|row| agent(row, 0)).transpose()
    }

    /// The agent, or 404 `unknown-agent`.
    ///
    /// # Errors
    /// 404 `unknown-agent`, 503 `store-unavailable`.
    pub fn known_agent(&self, id: &str) -> Result<Agent, Problem> {
        self.agent(id)?.ok_or_else(|| unknown_agent(id))
    }

    /// Agents after `cursor`, those at one point of their lives if one is named, short names first and each length in alphabetical order, so that numbers are in theirs.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn agents(
        &self,
        cursor: Option<&str>,
        status: Option<Status>,
        limit: u64,
    ) -> Result<Vec<Agent>, Problem> {
        let sql = format!(
            "{} WHERE (length(agent_id), agent_id) > (length(?1), ?1)
                AND (?3 IS NULL OR life_status = ?3) ORDER BY length(agent_id), agent_id LIMIT ?2",
            select()
        );
        let after: Value = cursor.unwrap_or_default().into();
        let status = status.map(Status::as_str).into();
        self.0.execute(&sql, [after, limit.into(), status])?.iter().map(|row| agent(row, 0)).collect()
    }

    /// Names of the agents of one polarity that were heard of at `since` or later.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn active_names(&self, polarity: Polarity, since: u64) -> Result<Vec<String>, Problem> {
        const SQL: &str = "SELECT agent_id FROM orchestrator_agents
            WHERE polarity = ?1 AND life_status = 'Active' AND last_heartbeat >= ?2 ORDER BY agent_id";
        let mut rows = self.0.execute(SQL, [polarity.as_str().into(), since.into()])?;
        rows.iter_mut().map(|row| row.take_text(0)).collect()
    }

    /// The greatest number that names an agent, `None` if none does.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn greatest_vertex(&self) -> Result<Option<usize>, Problem> {
        // At most four digits: a longer number is past every graph there is.
        const SQL: &str = "SELECT agent_id FROM orchestrator_agents
            WHERE length(agent_id) <= 4 AND agent_id NOT GLOB '*[^0-9]*'";
        let rows = self.0.execute(SQL, [])?;
        let mut greatest = None;
        for row in &rows {
            greatest = greatest.max(crate::agent::vertex(row.text(0)?));
        }
        Ok(greatest)
    }

    /// Counts of agents; active are those heard of at `since` or later.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn census(&self, since: u64) -> Result<Census, Problem> {
        const SQL: &str = "SELECT COUNT(*), COUNT(registered_at),
            COALESCE(SUM(life_status = 'Active' AND last_heartbeat >= ?1), 0),
            COALESCE(SUM(egraph_nodes), 0) FROM orchestrator_agents";
        let rows = self.0.execute(SQL, [since.into()])?;
        let row = rows.first().ok_or_else(|| corrupt("count"))?;
        Ok(Census {
            agents: row.uint(0)?,
            registered: row.uint(1)?,
            active: row.uint(2)?,
            egraph_nodes: row.uint(3)?,
        })
    }

    /// Remembers how large the agent's e-graph was: a cache, the next look renews it.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn remember_egraph(&self, agent: &str, nodes: u64) -> Result<(), Problem> {
        const SQL: &str = "UPDATE orchestrator_agents SET egraph_nodes = ?2
            WHERE agent_id = ?1 AND egraph_nodes <> ?2";
        self.0.execute(SQL, [agent.into(), nodes.into()]).map(|_| ())
    }
}

pub(super) fn clock_too_large() -> Problem {
    let detail = format!("the agent's clock would have more than {MAX_CLOCK_ENTRIES} entries");
    Problem::new(Code::ClockTooLarge, detail)
}
