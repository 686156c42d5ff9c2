//! Reading and writing rows of deltas.

use ramanujan_core::{AgentId, Code, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::types::Columns;
use ramanujan_crdt::{CrdtType, Delta, Op};
use ramanujan_shell::{Row, Value};

use super::database::Database;
use crate::record::{Outline, Recorded, before};
use crate::version::SMALL_CLOCK;

/// The columns of [`Logged`], of the table under the alias `d`.
pub(super) const LOGGED_COLUMNS: &str =
    "d.log, d.agent_id, d.seq, d.crdt_type, d.operation, d.position, d.length, d.value, d.parents, d.clock";

/// The columns of [`Recorded`]: those of [`Logged`] and what else follows from the delta.
pub(super) const COLUMNS: &str = "d.log, d.agent_id, d.seq, d.crdt_type, d.operation, d.position, d.length, \
     d.value, d.parents, d.clock, d.size, d.plus, d.minus, d.digest, d.hash, d.whole, d.received";

/// The columns of [`Outline`] but the last, which is `value` or a stand-in.
pub(super) const OUTLINE_COLUMNS: &str =
    "log, agent_id, seq, operation, COALESCE(position, 0), length, size, parents, whole";

/// A page of a text's history: outlines with their texts, of document `?1` after `?2` and up to `?3`.
pub(super) const TEXT_PAGE: &str =
    "SELECT log, agent_id, seq, operation, position, length, size, parents, whole, value
     FROM crdt_deltas WHERE document_id = ?1 AND log > ?2 AND log <= ?3 ORDER BY log LIMIT ?4";

pub(super) fn bad(what: &str) -> Problem {
    Problem::new(Code::StoreCorrupt, format!("a stored delta has a bad {what}"))
}

/// A delta in the log. Its version is read where it is asked for: of most deltas what they were made after is known.
pub(super) struct Logged {
    pub(super) log: u64,
    pub(super) delta: Delta,
    clock: String,
}

impl Logged {
    /// The version before the delta, if it is kept.
    pub(super) fn past(&self) -> Result<Option<VectorClock>, Problem> {
        Ok(read_clock(&self.clock)?.map(|clock| before(&self.delta.dot, &clock)))
    }
}

/// The version after a delta; empty where it is not kept.
pub(super) fn read_clock(clock: &str) -> Result<Option<VectorClock>, Problem> {
    if clock.is_empty() {
        return Ok(None);
    }
    let clock: VectorClock = serde_json::from_str(clock).map_err(|_| bad("clock"))?;
    // Earlier revisions kept it however large.
    Ok(Some(clock).filter(|clock| clock.len() <= SMALL_CLOCK))
}

fn read_logged(row: &mut Row) -> Result<Logged, Problem> {
    let agent: AgentId = row.text(1)?.parse().map_err(|_| bad("agent_id"))?;
    let value = if row.is_null(7) { None } else { Some(row.take_text(7)?) };
    let crdt_type: CrdtType = row.text(3)?.parse().map_err(|_| bad("crdt_type"))?;
    let position = if row.is_null(5) { None } else { Some(row.uint(5)?) };
    let columns = Columns { position, length: row.uint(6)?, value };
    let op = Op::from_columns(crdt_type, row.text(4)?, columns).ok_or_else(|| bad("operation"))?;
    let dot = Dot::new(agent, row.uint(2)?);
    let parents = read_parents(&dot, row.text(8)?)?;
    Ok(Logged { log: row.uint(0)?, delta: Delta { dot, parents, op }, clock: row.take_text(9)? })
}

/// Nearly every delta follows its agent's last, so that case is recognised without reading JSON.
pub(super) fn read_parents(dot: &Dot, parents: &str) -> Result<Vec<Dot>, Problem> {
    let own = Dot::new(dot.agent.clone(), dot.seq.saturating_sub(1));
    if parents == format!("[\"{own}\"]") {
        return Ok(vec![own]);
    }
    serde_json::from_str(parents).map_err(|_| bad("parents"))
}

fn read(mut row: Row) -> Result<Recorded, Problem> {
    let logged = read_logged(&mut row)?;
    Ok(Recorded {
        log: logged.log,
        clock: read_clock(&logged.clock)?,
        delta: logged.delta,
        size: row.uint(10)?,
        totals: Totals { p: row.uint(11)?, n: row.uint(12)? },
        digest: Digest(row.blob(13)?.try_into().map_err(|_| bad("digest"))?),
        hash: Digest(row.blob(14)?.try_into().map_err(|_| bad("hash"))?),
        whole: row.uint(15)? == 1,
        received: row.uint(16)?,
    })
}

/// Dots as a statement takes them: a JSON array of `[agent, seq]`.
pub(super) fn dot_list<'a>(dots: impl Iterator<Item = (&'a str, u64)>) -> Result<String, Problem> {
    Ok(serde_json::to_string(&dots.collect::<Vec<_>>())?)
}

impl Database {
    /// Runs a query that selects [`COLUMNS`].
    pub(super) fn select(&self, sql: &str, params: impl Into<Vec<Value>>) -> Result<Vec<Recorded>, Problem> {
        self.0.execute(sql, params)?.into_iter().map(read).collect()
    }

    /// Runs a query that selects [`LOGGED_COLUMNS`].
    pub(super) fn select_logged(
        &self,
        sql: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Logged>, Problem> {
        self.0.execute(sql, params)?.into_iter().map(|mut row| read_logged(&mut row)).collect()
    }

    /// Runs a query that selects [`OUTLINE_COLUMNS`] and a text.
    pub(super) fn select_outlines(
        &self,
        sql: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Outline>, Problem> {
        let mut previous: Option<Dot> = None;
        let read = |mut row: Row| {
            let agent = row.text(1)?;
            // Runs of one agent are the rule; its id is then checked once.
            let agent = match &previous {
                Some(dot) if dot.agent.as_str() == agent => dot.agent.clone(),
                _ => agent.parse().map_err(|_| bad("agent_id"))?,
            };
            let dot = Dot::new(agent, row.uint(2)?);
            let parents = read_parents(&dot, row.text(7)?)?;
            let insert = row.text(3)? == "insert";
            let shape = StoredShape { position: row.uint(4)?, length: row.uint(5)?, size: row.uint(6)? };
            let text = if insert { row.take_text(9)? } else { String::new() };
            previous = Some(dot.clone());
            let whole = row.uint(8)? == 1;
            Ok(Outline { log: row.uint(0)?, dot, parents, whole, insert, shape, text })
        };
        self.0.execute(sql, params)?.into_iter().map(read).collect()
    }
}
