//! Statements on agents: registration, heartbeat, departure, reading.

use ramanujan_core::{Code, Polarity, Problem, VectorClock};
use ramanujan_shell::{Row, Value};

use super::{Database, MAX_CLOCK_ENTRIES, corrupt, optional_text, optional_uint, stored_json};
use crate::agent::{Agent, Registration};

/// A registration that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The agent as the registration left it.
    pub agent: Agent,
    /// Whether it was not registered before; else the registration counts as a heartbeat.
    pub new: bool,
}

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

const COLUMNS: &str =
    "agent_id, node_id, mathematician, polarity, address, role, neighbors, region, registered_at,
    last_heartbeat, vector_clock, egraph_nodes,
    (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = agent_id),
    (SELECT COUNT(*) FROM orchestrator_messages WHERE sender_id = agent_id),
    (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = agent_id AND msg_type = 'StateUpdate'),
    (SELECT COUNT(*) FROM orchestrator_messages WHERE receiver_id = agent_id AND acknowledged_at IS NULL)";

/// Place of what a statement returns behind [`COLUMNS`].
const AFTER_COLUMNS: usize = 16;

/// Whether a registration says nothing else of an agent than its row. True of every row that took it, and of no other:
/// so it can be asked before the change and after it.
const AGREES: &str = "((?2 IS NULL OR mathematician IS ?2) AND (?3 IS NULL OR polarity = ?3)
    AND (registration IS NULL OR ((?4 IS NULL OR neighbors IS ?4) AND (?5 IS NULL OR region IS ?5))))";

/// Whether an agent's clock joined with the clock in ?2 has at most ?4 entries; also the same before and after.
const FITS: &str = "((SELECT COUNT(*) FROM (SELECT key FROM json_each(orchestrator_agents.vector_clock)
    UNION SELECT key FROM json_each(?2))) <= ?4)";

fn agent(row: &Row) -> Result<Agent, Problem> {
    let neighbours = optional_text(row, 6)?
        .map(|text| stored_json(&text, "list of neighbors"))
        .transpose()?
        .map(|names| {
            let names = names.as_array().into_iter().flatten();
            names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
        });
    Ok(Agent {
        agent_id: row.text(0)?.to_owned(),
        node_id: row.text(1)?.to_owned(),
        mathematician: optional_text(row, 2)?,
        polarity: row.text(3)?.parse::<Polarity>().map_err(|_| corrupt("polarity"))?,
        address: optional_text(row, 4)?,
        role: optional_text(row, 5)?,
        neighbours,
        region: optional_text(row, 7)?,
        registered_at: optional_uint(row, 8)?,
        last_heartbeat: optional_uint(row, 9)?,
        vector_clock: stored_json(row.text(10)?, "clock")?,
        egraph_nodes: row.uint(11)?,
        messages_received: row.uint(12)?,
        messages_sent: row.uint(13)?,
        syncs_completed: row.uint(14)?,
        pending: row.uint(15)?,
    })
}

impl Database {
    /// Registers an agent, or counts a repeated registration as a heartbeat. The statement decides, and its row says
    /// both what it decided and what it left: another statement could find what a third has made of the agent.
    ///
    /// # Errors
    /// 409 `agent-differs`, 429 `too-many-agents`, 503 `store-unavailable`.
    pub fn register(
        &self,
        registration: &Registration,
        now: u64,
        max_agents: u64,
    ) -> Result<Registered, Problem> {
        // An agent of the roster that has not come yet may still choose neighbours and region, not who it is. A row
        // that differs stays as it is and is returned all the same.
        let sql = format!(
            "INSERT INTO orchestrator_agents
            (agent_id, mathematician, polarity, neighbors, region, seeded, fresh, registration, registered_at,
             last_heartbeat, node_id)
            SELECT ?1, ?2, COALESCE(?3, 'neutral'), ?4, ?5, 0, 1, lower(hex(randomblob(16))), ?6, ?6,
                lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
                    || '-' || substr('89AB', (random() & 3) + 1, 1) || substr(hex(randomblob(2)), 2) || '-'
                    || hex(randomblob(6)))
            WHERE EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?1)
                OR (SELECT COUNT(*) FROM orchestrator_agents) < ?7
            ON CONFLICT (agent_id) DO UPDATE SET
                fresh = CASE WHEN {AGREES} THEN registration IS NULL ELSE fresh END,
                neighbors = CASE WHEN {AGREES} AND registration IS NULL THEN excluded.neighbors ELSE neighbors END,
                region = CASE WHEN {AGREES} AND registration IS NULL THEN excluded.region ELSE region END,
                registration = CASE WHEN {AGREES} THEN COALESCE(registration, excluded.registration)
                    ELSE registration END,
                registered_at = CASE WHEN {AGREES} THEN COALESCE(registered_at, excluded.registered_at)
                    ELSE registered_at END,
                last_heartbeat = CASE WHEN {AGREES}
                    THEN MAX(COALESCE(last_heartbeat, 0), excluded.last_heartbeat) ELSE last_heartbeat END
            RETURNING {COLUMNS}, {AGREES}, fresh"
        );
        let rows = self.0.execute(
            &sql,
            [
                registration.id().into(),
                registration.mathematician.clone().into(),
                registration.polarity.map(|polarity| polarity.as_str().to_owned()).into(),
                registration.neighbours_json().into(),
                registration.region.clone().into(),
                now.into(),
                max_agents.into(),
            ],
        )?;
        let row = rows.first().ok_or_else(|| too_many_agents(max_agents))?;
        let agent = agent(row)?;
        if row.uint(AFTER_COLUMNS)? == 0 {
            return Err(differs(registration, &agent));
        }
        Ok(Registered { agent, new: row.uint(AFTER_COLUMNS + 1)? == 1 })
    }

    /// Counts a sign of life, joins the clock that came with it, and gives the agent as that left it. An agent of the
    /// roster is registered by its first. One statement decides, as in [`Database::register`].
    ///
    /// # Errors
    /// 404 `unknown-agent`, 422 `clock-too-large`, 503 `store-unavailable`.
    pub fn heartbeat(&self, id: &str, clock: &VectorClock, now: u64) -> Result<Agent, Problem> {
        let sql = format!(
            "UPDATE orchestrator_agents SET
                vector_clock = CASE WHEN {FITS} THEN (SELECT json_group_object(key, seq) FROM (
                    SELECT key, MAX(value) AS seq FROM (
                        SELECT key, value FROM json_each(orchestrator_agents.vector_clock)
                        UNION ALL SELECT key, value FROM json_each(?2)
                    ) GROUP BY key ORDER BY key)) ELSE vector_clock END,
                registration = CASE WHEN {FITS} THEN COALESCE(registration, lower(hex(randomblob(16))))
                    ELSE registration END,
                registered_at = CASE WHEN {FITS} THEN COALESCE(registered_at, ?3) ELSE registered_at END,
                last_heartbeat = CASE WHEN {FITS} THEN MAX(COALESCE(last_heartbeat, 0), ?3)
                    ELSE last_heartbeat END
            WHERE agent_id = ?1 RETURNING {COLUMNS}, {FITS}"
        );
        let clock = serde_json::json!(clock).to_string();
        let rows = self.0.execute(&sql, [id.into(), clock.into(), now.into(), MAX_CLOCK_ENTRIES.into()])?;
        let row = rows.first().ok_or_else(|| unknown_agent(id))?;
        if row.uint(AFTER_COLUMNS)? == 0 {
            return Err(clock_too_large());
        }
        agent(row)
    }

    /// Ends an agent's registration; says whether it had one. An agent of the roster stays known.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn deregister(&self, agent: &str) -> Result<bool, Problem> {
        // A row is of the roster or not for good, so exactly one of the two can find it.
        const OTHERS: &str = "DELETE FROM orchestrator_agents WHERE agent_id = ?1 AND seeded = 0 RETURNING 1";
        const ROSTER: &str = "UPDATE orchestrator_agents
            SET registration = NULL, registered_at = NULL, last_heartbeat = NULL, neighbors = NULL, region = NULL
            WHERE agent_id = ?1 AND seeded = 1 AND registration IS NOT NULL RETURNING 1";
        for sql in [OTHERS, ROSTER] {
            if !self.0.execute(sql, [agent.into()])?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The agent of a name, `None` if there is none.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn agent(&self, id: &str) -> Result<Option<Agent>, Problem> {
        let sql = format!("SELECT {COLUMNS} FROM orchestrator_agents WHERE agent_id = ?1");
        self.0.execute(&sql, [id.into()])?.first().map(agent).transpose()
    }

    /// The agent, or 404 `unknown-agent`.
    ///
    /// # Errors
    /// 404 `unknown-agent`, 503 `store-unavailable`.
    pub fn known_agent(&self, id: &str) -> Result<Agent, Problem> {
        self.agent(id)?.ok_or_else(|| unknown_agent(id))
    }

    /// Agents after `cursor`, short names first and each length in alphabetical order, so that numbers are in theirs.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn agents(&self, cursor: Option<&str>, limit: u64) -> Result<Vec<Agent>, Problem> {
        let sql = format!(
            "SELECT {COLUMNS} FROM orchestrator_agents
            WHERE (length(agent_id), agent_id) > (length(?1), ?1) ORDER BY length(agent_id), agent_id LIMIT ?2"
        );
        let after: Value = cursor.unwrap_or_default().into();
        self.0.execute(&sql, [after, limit.into()])?.iter().map(agent).collect()
    }

    /// Names of the agents of one polarity that were heard of at `since` or later.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn active_names(&self, polarity: Polarity, since: u64) -> Result<Vec<String>, Problem> {
        const SQL: &str = "SELECT agent_id FROM orchestrator_agents
            WHERE polarity = ?1 AND registered_at IS NOT NULL AND last_heartbeat >= ?2 ORDER BY agent_id";
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
            COALESCE(SUM(registered_at IS NOT NULL AND last_heartbeat >= ?1), 0),
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

/// 404 for a name that no agent has.
pub(super) fn unknown_agent(id: &str) -> Problem {
    let cut: String = id.chars().take(40).collect();
    Problem::new(Code::UnknownAgent, format!("there is no agent {cut:?}; POST /agents/register makes one"))
}

/// 409 naming the members in which a registration differs from what is stored.
fn differs(registration: &Registration, stored: &Agent) -> Problem {
    let (members, id) = (registration.differs(stored), &stored.agent_id);
    let detail = format!(
        "agent {id} is known with another {}; leave that out to register, or DELETE /agents/{id} first",
        members.join(", ")
    );
    Problem::new(Code::AgentDiffers, detail).with("differs", members)
}

fn too_many_agents(limit: u64) -> Problem {
    let detail =
        format!("{limit} agents are known, which is the limit (MAX_AGENTS); DELETE /agents/{{id}} one first");
    Problem::new(Code::TooManyAgents, detail).with("limit", limit)
}

pub(super) fn clock_too_large() -> Problem {
    let detail = format!("the agent's clock would have more than {MAX_CLOCK_ENTRIES} entries");
    Problem::new(Code::ClockTooLarge, detail)
}
