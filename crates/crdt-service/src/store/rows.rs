//! Reading and writing rows of deltas.

use ramanujan_core::{AgentId, Code, Color, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::types::Columns;
use ramanujan_crdt::{CrdtType, Delta, Op};
use ramanujan_shell::page::Page;
use ramanujan_shell::{Row, Value};

use super::database::Database;
use crate::record::{Outline, Parent, Recorded, before};
use crate::settings::MAX_PAGE_BYTES;
use crate::version::SMALL_CLOCK;

/// The columns of [`Logged`], of the table under the alias `d`.
pub(super) const LOGGED_COLUMNS: &str = "d.log, d.agent_id, d.seq, d.crdt_type, d.operation, d.position, d.length, COALESCE(d.content, d.value), \
     d.parents, d.clock";

/// The columns of [`Recorded`]: those of [`Logged`] and what else follows from the delta.
pub(super) const COLUMNS: &str = "d.log, d.agent_id, d.seq, d.crdt_type, d.operation, d.position, d.length, \
     COALESCE(d.content, d.value), d.parents, d.clock, d.size, d.plus, d.minus, d.digest, d.hash, d.whole, d.received";

/// The columns of [`Outline`] but the last, which is the text or a stand-in.
pub(super) const OUTLINE_COLUMNS: &str = "d.log, d.agent_id, d.seq, d.operation, COALESCE(d.position, 0), d.length, \
     d.size, d.parents, d.whole";

/// The columns of [`Outline`] with its text.
const TEXT_COLUMNS: &str = "d.log, d.agent_id, d.seq, d.operation, COALESCE(d.position, 0), d.length, d.size, d.parents, \
     d.whole, COALESCE(d.content, d.value)";

/// The columns of [`Parent`]: those of [`Outline`] with a stand-in for the text, and what else is asked of a parent. No
/// value is read but that of a transition, on which its colour depends.
pub(super) const PARENT_COLUMNS: &str = "d.log, d.agent_id, d.seq, d.operation, COALESCE(d.position, 0), d.length, \
     d.size, d.parents, d.whole, '', d.crdt_type, d.clock, d.hash, d.plus, d.minus, d.digest, \
     CASE d.operation WHEN 'transition' THEN COALESCE(d.content, d.value) END";

/// Deltas of document `?1` past log position `?2` and up to `?3`.
pub(super) const LOGGED_BETWEEN: &str =
    "crdt_deltas d WHERE d.document_id = ?1 AND d.log > ?2 AND d.log <= ?3";

/// Bytes that a delta's row counts in a page of [`LOGGED_COLUMNS`] or [`COLUMNS`], without a look at them: what it is on
/// the API besides comes to some hundreds.
const DELTA_BYTES: &str = "512 + COALESCE(octet_length(d.content), octet_length(d.value), 0) + octet_length(d.parents) \
     + octet_length(d.clock)";

/// Bits of what a counter shows that are kept in `value`; the others are in `carry`.
const VALUE_BITS: u32 = 26;

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

/// What a counter shows, as `value` and `carry` of its document have it.
pub(super) fn split(value: i128) -> (i64, i64) {
    let low = value & ((1 << VALUE_BITS) - 1);
    (low as i64, (value >> VALUE_BITS) as i64)
}

/// The reverse of [`split`].
pub(super) fn joined(value: i64, carry: i64) -> i128 {
    i128::from(value) + (i128::from(carry) << VALUE_BITS)
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

    /// A page of [`Logged`], see [`Database::page_of`].
    pub(super) fn page_of_logged(
        &self,
        params: impl Into<Vec<Value>>,
        limit: u64,
    ) -> Result<Page<Logged>, Problem> {
        self.page_of(LOGGED_COLUMNS, LOGGED_BETWEEN, params.into(), limit)?
            .try_map(|mut row| read_logged(&mut row))
    }

    /// A page of [`Recorded`] from `source`, see [`Database::page_of`].
    pub(super) fn page_of_recorded(
        &self,
        source: &str,
        params: impl Into<Vec<Value>>,
        limit: u64,
    ) -> Result<Page<Recorded>, Problem> {
        self.page_of(COLUMNS, source, params.into(), limit)?.try_map(read)
    }

    /// A page of a text's history, outlines with their texts, see [`Database::page_of`].
    pub(super) fn page_of_text(
        &self,
        params: impl Into<Vec<Value>>,
        limit: u64,
    ) -> Result<Page<Outline>, Problem> {
        let mut previous = None;
        self.page_of(TEXT_COLUMNS, LOGGED_BETWEEN, params.into(), limit)?
            .try_map(|row| read_outline(row, &mut previous))
    }

    /// The first rows of `source`, by log position: at most `limit`, and no more than `MAX_PAGE_BYTES` but one at least.
    /// How much they are is added up before any is read.
    fn page_of(
        &self,
        columns: &str,
        source: &str,
        params: Vec<Value>,
        limit: u64,
    ) -> Result<Page<Row>, Problem> {
        self.page("crdt_deltas", "log", DELTA_BYTES, columns, source, params, limit)
    }

    /// The first rows of `source`, a part of `table` under the alias `d`, by `key`, the first of `columns`: at most `limit`, and no more than
    /// `MAX_PAGE_BYTES` by `bytes`, which must not be 0, but one at least.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn page(
        &self,
        table: &str,
        key: &str,
        bytes: &str,
        columns: &str,
        source: &str,
        mut params: Vec<Value>,
        limit: u64,
    ) -> Result<Page<Row>, Problem> {
        let (rows, most) = (params.len() + 1, params.len() + 2);
        let sql = format!(
            "SELECT {columns}, p.found FROM (
                SELECT place, bytes, SUM(bytes) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS total,
                    COUNT(*) OVER () AS found
                FROM (SELECT d.{key} AS place, {bytes} AS bytes FROM {source} ORDER BY d.{key} LIMIT ?{rows})
            ) p CROSS JOIN {table} d ON d.{key} = p.place
            WHERE p.total <= ?{most} OR p.total = p.bytes"
        );
        params.push(limit.saturating_add(1).into());
        params.push(MAX_PAGE_BYTES.read()?.into());
        let mut items = self.0.execute(&sql, params)?;
        let found = match items.first() {
            Some(row) => row.uint(row.0.len().saturating_sub(1))?,
            None => 0,
        };
        // They come in order; SQLite, which does not promise it, would copy all of them to make sure.
        items.sort_by_key(|row| row.uint(0).unwrap_or_default());
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Page { more: (items.len() as u64) < found, items })
    }

    /// Runs a query that selects [`PARENT_COLUMNS`].
    pub(super) fn select_parents(
        &self,
        sql: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Parent>, Problem> {
        let mut previous = None;
        let mut read = |mut row: Row| {
            let crdt_type = row.text(10)?.parse().map_err(|_| bad("crdt_type"))?;
            let clock = read_clock(row.text(11)?)?;
            let hash = Digest(row.blob(12)?.try_into().map_err(|_| bad("hash"))?);
            let totals = Totals { p: row.uint(13)?, n: row.uint(14)? };
            let digest = Digest(row.blob(15)?.try_into().map_err(|_| bad("digest"))?);
            let value = if row.is_null(16) { None } else { Some(row.take_text(16)?) };
            let color = read_color(crdt_type, row.text(3)?, value).ok_or_else(|| bad("operation"))?;
            let outline = read_outline(row, &mut previous)?;
            Ok(Parent { outline, crdt_type, color, clock, digest, hash, totals })
        };
        self.0.execute(sql, params)?.into_iter().map(&mut read).collect()
    }

    /// Runs a query that selects [`OUTLINE_COLUMNS`] and a text.
    pub(super) fn select_outlines(
        &self,
        sql: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Outline>, Problem> {
        let mut previous = None;
        self.0.execute(sql, params)?.into_iter().map(|row| read_outline(row, &mut previous)).collect()
    }
}

/// The colour of an operation; `value` is that of a transition.
fn read_color(crdt_type: CrdtType, name: &str, value: Option<String>) -> Option<Color> {
    match value {
        None => Op::color_of_name(name),
        Some(_) => {
            let columns = Columns { position: None, length: 0, value };
            Op::from_columns(crdt_type, name, columns).map(|op| op.color())
        }
    }
}

/// `previous` is the dot of the row before: runs of one agent are the rule, and its id is then checked once.
fn read_outline(mut row: Row, previous: &mut Option<Dot>) -> Result<Outline, Problem> {
    let agent = row.text(1)?;
    let agent = match previous {
        Some(dot) if dot.agent.as_str() == agent => dot.agent.clone(),
        _ => agent.parse().map_err(|_| bad("agent_id"))?,
    };
    let dot = Dot::new(agent, row.uint(2)?);
    let parents = read_parents(&dot, row.text(7)?)?;
    let insert = row.text(3)? == "insert";
    let shape = StoredShape { position: row.uint(4)?, length: row.uint(5)?, size: row.uint(6)? };
    let text = if insert { row.take_text(9)? } else { String::new() };
    *previous = Some(dot.clone());
    let whole = row.uint(8)? == 1;
    Ok(Outline { log: row.uint(0)?, dot, parents, whole, insert, shape, text })
}
