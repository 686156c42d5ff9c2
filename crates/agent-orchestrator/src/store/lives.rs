//! Changes of agents: read what is stored, decide, append, and begin again if another was quicker.

use ramanujan_core::{AgentId, Code, Problem, VectorClock};
use serde_json::Value as Json;

use super::agents::{agent, columns, counts};
use super::log::{Newest, Until, read_snapshot};
use super::{Database, MAX_CLOCK_ENTRIES, optional_text};
use crate::agent::{Agent, Registration};
use crate::draft::{Draft, Rules};
use crate::rejection::unknown_agent;
use crate::stored::Stored;
use crate::uuid::{RANDOM_DIGITS, Uuids};

/// How often a change is decided anew. Each time that one is too late another has got on, so that many at once are done
/// after as many attempts as they are.
const ATTEMPTS: usize = 32;

/// Agents that one look finds to have fallen silent. The next look finds the others.
const MAX_EXPIRED: u64 = 32;

/// A registration that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The agent as the registration left it.
    pub agent: Agent,
    /// Whether it was not registered before; else the registration counts as a heartbeat.
    pub new: bool,
}

/// Whether an agent's clock joined with the clock in ?2 has at most ?4 entries; the same before the change and after it.
const FITS: &str = "((SELECT COUNT(*) FROM (SELECT key FROM json_each(orchestrator_agents.vector_clock)
    UNION SELECT key FROM json_each(?2))) <= ?4)";

impl Database {
    /// What is stored of a name.
    fn stored(&self, name: &AgentId, now: u64) -> Result<Stored, Problem> {
        let sql = format!(
            "SELECT e.life, s.snapshot, lower(hex(randomblob({}))), COALESCE(a.seeded, 0),
                a.agent_id IS NOT NULL, {}, {}
            FROM (SELECT ?1 AS name) AS n
            LEFT JOIN orchestrator_agents AS a ON a.agent_id = n.name
            LEFT JOIN orchestrator_agent_events AS e ON e.position = (
                SELECT MAX(position) FROM orchestrator_agent_events WHERE agent_id = n.name)
            LEFT JOIN orchestrator_agent_snapshots AS s ON s.life = e.life",
            RANDOM_DIGITS / 2,
            columns("a."),
            counts("n.name"),
        );
        let rows = self.0.execute(&sql, [name.as_str().into()])?;
        let row = rows.first().ok_or_else(|| super::corrupt("agent"))?;
        let uuids = Uuids::new(now, row.text(2)?).ok_or_else(|| super::corrupt("random number"))?;
        let known = row.uint(4)? == 1;
        let agent =
            if known { agent(row, 5)? } else { super::agents::stranger(name, uuids.random(), row, 5)? };
        let life = match optional_text(row, 0)? {
            Some(life) => {
                let snapshot = read_snapshot(optional_text(row, 1)?);
                self.fold(name, Newest { life, snapshot }, &Until::Now)?
            }
            None => None,
        };
        Ok(Stored { name: name.clone(), life, row: agent, known, seeded: row.uint(3)? == 1, uuids })
    }

    /// Decides on what is stored and stores what was decided, as one step: if another has changed the agent in between,
    /// it is decided anew. `decide` may be called several times.
    fn change<T>(
        &self,
        name: &AgentId,
        rules: &Rules,
        mut decide: impl FnMut(&mut Draft) -> Result<T, Problem>,
    ) -> Result<(T, Draft), Problem> {
        for _ in 0..ATTEMPTS {
            let stored = self.stored(name, rules.now)?;
            if !stored.is_of_one_moment() {
                continue;
            }
            let was_known = stored.known;
            let mut draft = Draft::new(stored, rules)?;
            let result = decide(&mut draft)?;
            if draft.events().is_empty() || self.append(&draft, rules.max_agents)? {
                return Ok((result, draft));
            }
            if !was_known && self.census(rules.now)?.agents >= rules.max_agents {
                return Err(too_many_agents(rules.max_agents));
            }
        }
        let detail = format!("others change agent {name} all the time; send the request again");
        Err(Problem::new(Code::TooMuchContention, detail))
    }

    /// Registers an agent, or counts a repeated registration as a heartbeat. What the reply says is what the statement
    /// left that stored it: another statement could find what a third has made of the agent.
    ///
    /// # Errors
    /// 409 `agent-differs`, 429 `too-many-agents`, 503 `store-unavailable` or `too-much-contention`.
    pub fn register(&self, registration: &Registration, rules: &Rules) -> Result<Registered, Problem> {
        let name = &registration.agent_id.0;
        let (new, draft) = self.change(name, rules, |draft| draft.register(registration))?;
        let woken = draft.events().last().is_some_and(|last| last.record.event.token() == "activated");
        let agent = if woken {
            draft.into_agent()
        } else {
            // It was at work or is suspended. It may have left in the meantime; then it was there when it said this.
            let beat = self.beat(name, &VectorClock::default(), rules.now, 0)?;
            beat.unwrap_or_else(|| draft.into_agent())
        };
        Ok(Registered { agent, new })
    }

    /// Counts a sign of life, joins the clock that came with it, and gives the agent as that left it. It brings an agent
    /// to work that waited for it: one of the roster, or one that had fallen silent.
    ///
    /// # Errors
    /// 404 `unknown-agent`, 422 `clock-too-large`, 503 `store-unavailable` or `too-much-contention`.
    pub fn heartbeat(&self, name: &AgentId, clock: &VectorClock, rules: &Rules) -> Result<Agent, Problem> {
        let since = rules.now.saturating_sub(rules.health_timeout);
        let heard = match self.beat(name, clock, rules.now, since)? {
            Some(agent) => agent,
            None => {
                // Silent for too long, which comes before that it is heard of again; or not there.
                self.known_agent(name.as_str())?;
                self.change(name, rules, |_| Ok(()))?;
                self.beat(name, clock, rules.now, 0)?.ok_or_else(|| unknown_agent(name.as_str()))?
            }
        };
        self.wake(name, heard, rules)
    }

    /// Brings an agent to work that was heard of and waits for nothing else.
    fn wake(&self, name: &AgentId, heard: Agent, rules: &Rules) -> Result<Agent, Problem> {
        if !heard.waits_for_a_sign() {
            return Ok(heard);
        }
        let (known, draft) = self.change(name, rules, |draft| {
            draft.wake()?;
            Ok(draft.is_known())
        })?;
        // One that has left in the meantime was heard all the same.
        Ok(if known { draft.into_agent() } else { heard })
    }

    /// The event of an agent that was not heard of for too long, before a sign of life wipes its silence out; says whether
    /// there was need of it.
    ///
    /// # Errors
    /// 503 `store-unavailable` or `too-much-contention`.
    pub fn settle(&self, name: &AgentId, rules: &Rules) -> Result<bool, Problem> {
        let overdue = |agent: Agent| agent.overdue(rules.now, rules.health_timeout).is_some();
        let silent = self.agent(name.as_str())?.is_some_and(overdue);
        if silent {
            self.change(name, rules, |_| Ok(()))?;
        }
        Ok(silent)
    }

    /// As the sender of a heartbeat that came as a message, and that the message's trigger has counted.
    ///
    /// # Errors
    /// 503 `store-unavailable` or `too-much-contention`.
    pub fn heard(&self, name: &AgentId, rules: &Rules) -> Result<(), Problem> {
        let agent = self.agent(name.as_str())?;
        // A message may come a second time, when the agent has long been silent.
        let fresh =
            |agent: &Agent| agent.silence(rules.now).is_some_and(|silence| silence <= rules.health_timeout);
        match agent.filter(fresh) {
            Some(agent) => self.wake(name, agent, rules).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Writes the sign of life. `None` if there is no such agent, or if it was at work and last heard of before `since`.
    fn beat(
        &self,
        name: &AgentId,
        clock: &VectorClock,
        now: u64,
        since: u64,
    ) -> Result<Option<Agent>, Problem> {
        let sql = format!(
            "UPDATE orchestrator_agents SET
                vector_clock = CASE WHEN {FITS} THEN (SELECT json_group_object(key, seq) FROM (
                    SELECT key, MAX(value) AS seq FROM (
                        SELECT key, value FROM json_each(orchestrator_agents.vector_clock)
                        UNION ALL SELECT key, value FROM json_each(?2)
                    ) GROUP BY key ORDER BY key)) ELSE vector_clock END,
                last_heartbeat = CASE WHEN {FITS} THEN MAX(COALESCE(last_heartbeat, 0), ?3)
                    ELSE last_heartbeat END
            WHERE agent_id = ?1
                AND NOT (life_status = 'Active' AND COALESCE(last_heartbeat, ?5) < ?5)
            RETURNING {FITS}, {}, {}",
            columns(""),
            counts("agent_id"),
        );
        let clock = serde_json::json!(clock).to_string();
        let rows = self.0.execute(
            &sql,
            [name.as_str().into(), clock.into(), now.into(), MAX_CLOCK_ENTRIES.into(), since.into()],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.uint(0)? == 0 {
            return Err(super::agents::clock_too_large());
        }
        agent(row, 1).map(Some)
    }

    /// Ends an agent's registration; says whether it had one. An agent of the roster stays known.
    ///
    /// # Errors
    /// 503 `store-unavailable` or `too-much-contention`.
    pub fn deregister(&self, name: &AgentId, rules: &Rules) -> Result<bool, Problem> {
        self.change(name, rules, Draft::retire).map(|(ended, _)| ended)
    }

    /// Decides on a command; gives the draft, and the version that the command led to before if it is not new.
    ///
    /// # Errors
    /// The problems of `decide`, 429 `too-many-agents`, 503 `store-unavailable` or `too-much-contention`.
    pub fn command(
        &self,
        name: &AgentId,
        rules: &Rules,
        decide: impl FnMut(&mut Draft) -> Result<Option<u64>, Problem>,
    ) -> Result<(Option<u64>, Draft), Problem> {
        self.change(name, rules, decide)
    }

    /// The events of agents that were not heard of for too long; says how many there were, and what kept it from the
    /// others: an agent with a damaged log must not hide the rest.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn expire(&self, rules: &Rules) -> Result<(usize, Option<Problem>), Problem> {
        const SQL: &str = "SELECT agent_id FROM orchestrator_agents
            WHERE life_status = 'Active' AND last_heartbeat < ?1 ORDER BY last_heartbeat LIMIT ?2";
        let since = rules.now.saturating_sub(rules.health_timeout);
        let rows = self.0.execute(SQL, [since.into(), MAX_EXPIRED.into()])?;
        let (mut expired, mut trouble) = (0, None);
        for row in &rows {
            let name: AgentId = row.text(0)?.parse().map_err(|_| super::corrupt("name"))?;
            match self.change(&name, rules, |_| Ok(())) {
                Ok(_) => expired += 1,
                Err(problem) => trouble = Some(problem),
            }
        }
        Ok((expired, trouble))
    }

    /// How many agents are where in their lives.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn lives(&self) -> Result<serde_json::Map<String, Json>, Problem> {
        const SQL: &str = "SELECT life_status, COUNT(*) FROM orchestrator_agents GROUP BY life_status";
        let rows = self.0.execute(SQL, [])?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?.into()))).collect()
    }
}

fn too_many_agents(limit: u64) -> Problem {
    let detail =
        format!("{limit} agents are known, which is the limit (MAX_AGENTS); DELETE /agents/{{id}} one first");
    Problem::new(Code::TooManyAgents, detail).with("limit", limit)
}
