//! The log of agents' events: appending with optimistic concurrency, folding, pages of it.

use ramanujan_agents::life::{self, Recorded, Snapshot, Time, fold};
use ramanujan_core::{AgentId, Problem};
use ramanujan_shell::{Page, Value};
use serde_json::{Map, Value as Json, json};

use super::{Database, corrupt};
use crate::draft::Draft;
use crate::rejection::damaged;

/// Events that are read at a time.
const BATCH: u64 = 256;

/// Most bytes of events that are read at a time, the first of them excepted: a reply must have an end.
const BATCH_BYTES: u64 = 1 << 20;

/// Events after the last snapshot that are too many: whoever finds so many writes the next one.
const TAIL: u64 = 100;

/// How far a life is folded.
#[derive(Clone, Debug)]
pub enum Until {
    /// To its end.
    Now,
    /// To a version, that included.
    Version(u64),
    /// To the first event that is later.
    Time(Time),
}

impl Until {
    fn takes(&self, record: &Recorded) -> bool {
        match self {
            Until::Now => true,
            Until::Version(version) => record.sequence <= *version,
            Until::Time(time) => record.timestamp.millis() <= time.millis(),
        }
    }
}

/// An event of a name's history.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Place among all events of all agents.
    pub position: u64,
    /// The event as it is stored.
    pub event: Map<String, Json>,
}

/// The newest life of a name.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    pub life: String,
    /// State to begin the fold with.
    pub snapshot: Option<life::Agent>,
}

pub(super) fn read_snapshot(text: Option<String>) -> Option<life::Agent> {
    // One that cannot be used is no loss: the log is folded from its start, and the next one takes its place.
    Snapshot::decode(text?.as_bytes()).ok()
}

fn read(text: &str) -> Result<Recorded, Problem> {
    serde_json::from_slice(text.as_bytes()).map_err(|_| corrupt("event of an agent"))
}

impl Database {
    /// Stores the events of a draft, if the newest event of the agent is still the one that they were decided on, and the
    /// agent has not been heard of since its silence was decided; says whether. One statement; what the registry shows and
    /// what the timeline is owed change with it, by a trigger.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub(super) fn append(&self, draft: &Draft, max_agents: u64) -> Result<bool, Problem> {
        const SQL: &str = "INSERT INTO orchestrator_agent_events
            (agent_id, life, sequence, command_id, at, event, told, entry)
            SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
                json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
                json_extract(value, '$[6]')
            FROM json_each(?2)
            WHERE (SELECT life || ' ' || sequence FROM orchestrator_agent_events WHERE agent_id = ?1
                    ORDER BY position DESC LIMIT 1) IS ?3
                AND (?4 IS NULL OR (SELECT last_heartbeat FROM orchestrator_agents WHERE agent_id = ?1) IS ?4)
                AND (EXISTS (SELECT 1 FROM orchestrator_agents WHERE agent_id = ?1)
                    OR (SELECT COUNT(*) FROM orchestrator_agents) < ?5)
            ORDER BY key RETURNING position";
        let last = draft.events().len().saturating_sub(1);
        let mut rows = Vec::with_capacity(draft.events().len());
        for (index, decided) in draft.events().iter().enumerate() {
            let record = &decided.record;
            let event = json!(record).to_string();
            let entry = (index == last).then(|| draft.entry().to_string());
            rows.push(json!([
                record.aggregate_id,
                record.sequence,
                record.command_id,
                record.timestamp.millis(),
                event,
                decided.told,
                entry,
            ]));
        }
        let params: [Value; 5] = [
            draft.name().as_str().into(),
            json!(rows).to_string().into(),
            draft.base().map(|(life, version)| format!("{life} {version}")).into(),
            draft.silent_since().into(),
            max_agents.into(),
        ];
        Ok(!self.0.execute(SQL, params)?.is_empty())
    }

    /// Folds a life, from its snapshot where that helps; `None` if there is nothing of it by then.
    ///
    /// # Errors
    /// 500 `store-corrupt` or `store-shape`, 503 `store-unavailable`.
    pub(super) fn fold(
        &self,
        name: &AgentId,
        newest: Newest,
        until: &Until,
    ) -> Result<Option<life::Agent>, Problem> {
        const SQL: &str = "SELECT event FROM (
                SELECT sequence, event, SUM(length(event)) OVER (ORDER BY sequence) - length(event) AS before
                FROM (SELECT sequence, event FROM orchestrator_agent_events
                    WHERE life = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3))
            WHERE before < ?4 ORDER BY sequence";
        let helps = |snapshot: &life::Agent| match until {
            Until::Now => true,
            Until::Version(version) => snapshot.version <= *version,
            Until::Time(_) => false,
        };
        let mut agent = newest.snapshot.filter(helps);
        let kept = agent.as_ref().map_or(0, |agent| agent.version);
        loop {
            let seen = agent.as_ref().map_or(0, |agent| agent.version);
            let rows = self
                .0
                .execute(SQL, [newest.life.as_str().into(), seen.into(), BATCH.into(), BATCH_BYTES.into()])?;
            let records =
                rows.iter().map(|row| read(row.text(0)?)).collect::<Result<Vec<Recorded>, Problem>>()?;
            let wanted = records.iter().take_while(|record| until.takes(record));
            agent = fold(agent, wanted).map_err(|error| damaged(name, &error))?;
            let version = agent.as_ref().map_or(0, |agent| agent.version);
            // Nothing more, or what follows is not wanted. A fold that does not move would be asked for ever.
            if version == seen || records.last().is_none_or(|last| last.sequence > version) {
                break;
            }
        }
        if let Some(agent) = agent.as_ref().filter(|agent| agent.version >= kept + TAIL) {
            self.keep_snapshot(agent)?;
        }
        Ok(match until {
            Until::Version(version) => agent.filter(|agent| agent.version == *version),
            _ => agent,
        })
    }

    /// Keeps a state, if it is newer than the one that is kept.
    fn keep_snapshot(&self, agent: &life::Agent) -> Result<(), Problem> {
        const SQL: &str = "INSERT INTO orchestrator_agent_snapshots (life, version, snapshot)
            VALUES (?1, ?2, ?3) ON CONFLICT (life) DO UPDATE SET
                version = excluded.version, snapshot = excluded.snapshot
            WHERE excluded.version > version";
        let snapshot = json!(Snapshot::of(agent)).to_string();
        self.0
            .execute(SQL, [agent.agent_id.as_str().into(), agent.version.into(), snapshot.into()])
            .map(|_| ())
    }

    /// The life of a name that had begun by then, folded so far.
    ///
    /// # Errors
    /// As `fold`.
    pub fn life(
        &self,
        name: &AgentId,
        life: Option<&str>,
        until: &Until,
    ) -> Result<Option<life::Agent>, Problem> {
        const SQL: &str = "SELECT e.life, s.snapshot FROM orchestrator_agent_events AS e
            LEFT JOIN orchestrator_agent_snapshots AS s ON s.life = e.life
            WHERE e.agent_id = ?1 AND (?2 IS NULL OR e.life = ?2) AND (?3 IS NULL OR e.at <= ?3)
            ORDER BY e.position DESC LIMIT 1";
        let by = match until {
            Until::Time(time) => Some(time.millis()),
            _ => None,
        };
        let rows = self.0.execute(SQL, [name.as_str().into(), life.into(), by.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let newest =
            Newest { life: row.text(0)?.to_owned(), snapshot: read_snapshot(super::optional_text(row, 1)?) };
        self.fold(name, newest, until)
    }

    /// What happened to a name, in order, after the event at `after`; of one life only, if one is named.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn history(
        &self,
        name: &AgentId,
        life: Option<&str>,
        after: u64,
        limit: u64,
    ) -> Result<Page<Happened>, Problem> {
        const SQL: &str = "SELECT position, event, more FROM (
                SELECT position, event, SUM(length(event)) OVER (ORDER BY position) - length(event) AS before,
                    COUNT(*) OVER () AS more
                FROM (SELECT position, event FROM orchestrator_agent_events
                    WHERE agent_id = ?1 AND position > ?2 AND (?3 IS NULL OR life = ?3)
                    ORDER BY position LIMIT ?4 + 1))
            WHERE before < ?5 ORDER BY position LIMIT ?4";
        let params: [Value; 5] =
            [name.as_str().into(), after.into(), life.into(), limit.into(), BATCH_BYTES.into()];
        let mut rows = self.0.execute(SQL, params)?;
        let found = rows.first().map_or(Ok(0), |row| row.uint(2))?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &mut rows {
            let event = serde_json::from_slice(row.take_text(1)?.as_bytes()).map_err(|_| corrupt("event"))?;
            items.push(Happened { position: row.uint(0)?, event });
        }
        Ok(Page { more: found > items.len() as u64, items })
    }

    /// Whether anything ever happened to a name.
    ///
    /// # Errors
    /// 503 `store-unavailable`.
    pub fn has_history(&self, name: &AgentId) -> Result<bool, Problem> {
        const SQL: &str = "SELECT 1 FROM orchestrator_agent_events WHERE agent_id = ?1 LIMIT 1";
        Ok(!self.0.execute(SQL, [name.as_str().into()])?.is_empty())
    }

    /// The events of a name that a command led to, however long ago.
    ///
    /// # Errors
    /// 500 `store-shape`, 503 `store-unavailable`.
    pub fn effect(&self, name: &AgentId, command_id: &str) -> Result<Vec<Recorded>, Problem> {
        const SQL: &str = "SELECT event FROM orchestrator_agent_events
            WHERE agent_id = ?1 AND command_id = ?2 ORDER BY position";
        let rows = self.0.execute(SQL, [name.as_str().into(), command_id.into()])?;
        rows.iter().map(|row| read(row.text(0)?)).collect()
    }
}
