//! Reading what [`super::encode`] wrote, from a source that may lie: every count is bounded by bytes that are there,
//! and every operation is checked as if it had come alone.

use ramanujan_core::AgentId;
use smallvec::SmallVec;

use super::admit::Admitted;
use super::encode::{RUNS_EXPANSION, TEXT_EXPANSION, cursor_after};
use super::error::{DocumentError, MAX_DOCUMENT_LENGTH};
use super::log::Log;
use super::past::Replay;
use super::receive::{OpId, Received};
use super::rope::char_offset;
use super::run::Kind;
use super::stretch::Stretch;
use crate::codec::{Bytes, Column, DecodeError, unzigzag};

/// An agent as a body's table has it.
pub(crate) struct Entry {
    pub(crate) id: AgentId,
    /// Operations that the body presupposes.
    pub(crate) since: u32,
    /// Operations in the body.
    pub(crate) ops: u32,
}

/// Reads the table of agents, leaving the columns.
pub(crate) fn read_table(reader: &mut Bytes<'_>) -> Result<Vec<Entry>, DecodeError> {
    let count = reader.length()?;
    let mut table: Vec<Entry> = Vec::new();
    for _ in 0..count {
        let length = reader.length()?;
        let name = std::str::from_utf8(reader.bytes(length)?).ok();
        let id: AgentId = name
            .and_then(|name| name.parse().ok())
            .ok_or(DecodeError::Malformed("an agent's name breaks the grammar"))?;
        if table.last().is_some_and(|last| last.id >= id) {
            return Err(DecodeError::Malformed("agents are not in order"));
        }
        let (since, ops) = (reader.uint32()?, reader.uint32()?);
        since.checked_add(ops).ok_or(DecodeError::Malformed("a number exceeds 32 bits"))?;
        table.push(Entry { id, since, ops });
    }
    Ok(table)
}

/// Adds the operations of a body that the log lacks. `length` is that of the document at the log's heads.
///
/// # Errors
/// [`DocumentError`]; the log is then unchanged.
pub(crate) fn read_into(
    log: &mut Log,
    replay: &mut Replay,
    length: u32,
    body: &[u8],
) -> Result<Admitted, DocumentError> {
    let mark = log.mark();
    let (start, base) = (log.end(), log.heads.clone());
    let read = read(log, Bytes(body));
    let admitted = read.and_then(|()| Ok(log.admit(replay, start, &base, length)?));
    if admitted.is_err() {
        log.rewind(mark);
    }
    admitted
}

/// A column of run lengths.
struct Counted<'a> {
    reader: Bytes<'a>,
    value: u32,
    left: u64,
}

impl<'a> Counted<'a> {
    fn new(column: &'a Column<'_>) -> Self {
        Counted { reader: Bytes(column.bytes()), value: 0, left: 0 }
    }

    fn next(&mut self) -> Result<u32, DecodeError> {
        if self.left == 0 {
            (self.value, self.left) = (self.reader.uint32()?, self.reader.uint()?);
        }
        self.left = self.left.checked_sub(1).ok_or(DecodeError::Malformed("a run length of nothing"))?;
        Ok(self.value)
    }

    fn is_done(&self) -> bool {
        self.left == 0 && self.reader.is_empty()
    }
}

struct Agent {
    cursor: i64,
    /// Number of its last operation so far.
    last: u32,
    /// Number of its last operation in the body.
    end: u32,
}

/// The column of parents.
struct Links<'a> {
    reader: Bytes<'a>,
    /// Runs before the next entry, if there is one.
    follows: Option<u64>,
}

impl<'a> Links<'a> {
    fn new(column: &'a Column<'_>) -> Result<Self, DecodeError> {
        let mut links = Links { reader: Bytes(column.bytes()), follows: None };
        links.begin()?;
        Ok(links)
    }

    fn begin(&mut self) -> Result<(), DecodeError> {
        self.follows = if self.reader.is_empty() { None } else { Some(self.reader.uint()?) };
        Ok(())
    }

    /// Parents of the next run's first operation, as places in the table and numbers.
    fn next(
        &mut self,
        agents: &[Agent],
        agent: usize,
        previous: Option<OpId>,
    ) -> Result<SmallVec<[OpId; 2]>, DecodeError> {
        match &mut self.follows {
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                return Ok(previous.into_iter().collect());
            }
            None => return Ok(previous.into_iter().collect()),
        }
        let code = self.reader.uint()?;
        let mut parents = SmallVec::new();
        for _ in 0..code >> 1 {
            let place = self.reader.length()?;
            let other =
                agents.get(place).ok_or(DecodeError::Malformed("a parent's agent is not in the table"))?;
            let seq = other.last.checked_sub(self.reader.uint32()?).filter(|seq| *seq > 0);
            parents.push((
                place as u32,
                seq.ok_or(DecodeError::Malformed("a parent before the first operation"))?,
            ));
        }
        if code & 1 == 1 {
            let own = &agents[agent];
            if own.last == 0 {
                return Err(DecodeError::Malformed("a parent before the first operation"));
            }
            parents.push((agent as u32, own.last));
        }
        self.begin()?;
        Ok(parents)
    }
}

/// Inserted text, handed out by code points.
struct Content<'a> {
    rest: &'a str,
    /// Every code point is a byte.
    ascii: bool,
}

impl<'a> Content<'a> {
    fn take(&mut self, chars: u32) -> Result<&'a str, DecodeError> {
        let end = if self.ascii { chars as usize } else { char_offset(self.rest, chars as usize) };
        let (text, rest) = self.rest.split_at_checked(end).ok_or(DecodeError::Truncated)?;
        // `char_offset` stops at the end.
        if rest.is_empty() && super::rope::count_chars(text) != chars as usize {
            return Err(DecodeError::Truncated);
        }
        self.rest = rest;
        Ok(text)
    }
}

/// The columns of a body.
pub(super) struct Columns<'a> {
    names: Column<'a>,
    units: Column<'a>,
    links: Column<'a>,
    shapes: Column<'a>,
    jumps: Column<'a>,
    text: Column<'a>,
}

impl<'a> Columns<'a> {
    /// Reads what follows the table of agents, to the end.
    pub(super) fn read(mut reader: Bytes<'a>) -> Result<Self, DecodeError> {
        let mut runs = || reader.column(RUNS_EXPANSION);
        let (names, units, links, shapes, jumps) = (runs()?, runs()?, runs()?, runs()?, runs()?);
        let text = reader.column(TEXT_EXPANSION)?;
        if !reader.is_empty() {
            return Err(DecodeError::Malformed("bytes after the end"));
        }
        Ok(Columns { names, units, links, shapes, jumps, text })
    }

    /// The runs of operations of the agents of `table`.
    pub(super) fn runs(&self, table: &[Entry]) -> Result<Runs<'_>, DecodeError> {
        let agent = |entry: &Entry| Agent { cursor: 0, last: entry.since, end: entry.since + entry.ops };
        let rest = std::str::from_utf8(self.text.bytes())
            .map_err(|_| DecodeError::Malformed("the text is not UTF-8"))?;
        Ok(Runs {
            agents: table.iter().map(agent).collect(),
            names: Counted::new(&self.names),
            units: Counted::new(&self.units),
            links: Links::new(&self.links)?,
            shapes: Bytes(self.shapes.bytes()),
            jumps: Bytes(self.jumps.bytes()),
            text: Content { rest, ascii: rest.is_ascii() },
            previous: None,
        })
    }
}

/// Operations as they stand in columns: one run after the other, checked against the columns and the table.
pub(super) struct Runs<'a> {
    agents: Vec<Agent>,
    names: Counted<'a>,
    units: Counted<'a>,
    links: Links<'a>,
    shapes: Bytes<'a>,
    jumps: Bytes<'a>,
    text: Content<'a>,
    previous: Option<OpId>,
}

/// Operations of a run; agents by their places in the table.
pub(super) struct Read<'a> {
    pub(super) agent: u32,
    /// Number of the first.
    pub(super) seq: u32,
    pub(super) stretch: Stretch,
    /// Parents of the first.
    pub(super) parents: SmallVec<[OpId; 2]>,
    pub(super) text: &'a str,
}

impl<'a> Runs<'a> {
    /// The next run; `None` at the end, which all columns must have in common.
    pub(super) fn next(&mut self) -> Result<Option<Read<'a>>, DecodeError> {
        if self.shapes.is_empty() {
            let done = self.names.is_done()
                && self.units.is_done()
                && self.jumps.is_empty()
                && self.text.rest.is_empty()
                && self.links.follows.is_none();
            return match done && self.agents.iter().all(|agent| agent.last == agent.end) {
                true => Ok(None),
                false => Err(DecodeError::Malformed("columns of different lengths")),
            };
        }
        let index = self.names.next()? as usize;
        let unit = self.units.next()?;
        let agent = self.agents.get(index).ok_or(DecodeError::Malformed("an agent is not in the table"))?;
        let parents = self.links.next(&self.agents, index, self.previous)?;
        let stretch = read_stretch(&mut self.shapes, &mut self.jumps, unit, agent.cursor)?;
        let text = if stretch.kind == Kind::Insert { self.text.take(stretch.chars())? } else { "" };
        let seq = agent.last + 1;
        if stretch.ops > agent.end - agent.last {
            return Err(DecodeError::Malformed("an agent has more operations than its table says"));
        }
        let agent = &mut self.agents[index];
        agent.cursor = cursor_after(&stretch);
        agent.last += stretch.ops;
        self.previous = Some((index as u32, agent.last));
        Ok(Some(Read { agent: index as u32, seq, stretch, parents, text }))
    }
}

fn read(log: &mut Log, mut reader: Bytes<'_>) -> Result<(), DocumentError> {
    let table = read_table(&mut reader)?;
    let authors: Vec<u32> = table.iter().map(|entry| log.intern(&entry.id)).collect();
    let columns = Columns::read(reader)?;
    let mut runs = columns.runs(&table)?;
    // The last byte of each integer is the one below 0x80.
    log.reserve(runs.shapes.0.iter().filter(|byte| **byte < 0x80).count(), runs.text.rest.len());
    while let Some(Read { agent, seq, stretch, mut parents, text }) = runs.next()? {
        parents.iter_mut().for_each(|(place, _)| *place = authors[*place as usize]);
        let author = authors[agent as usize];
        log.receive(Received { author, seq, stretch, parents, text, before: None })?;
    }
    Ok(())
}

/// The next run's operations, with every number within a document's length.
fn read_stretch(
    shapes: &mut Bytes<'_>,
    jumps: &mut Bytes<'_>,
    unit: u32,
    cursor: i64,
) -> Result<Stretch, DecodeError> {
    let shape = shapes.uint()?;
    let (kind, backward) = match shape >> 1 & 3 {
        0 => (Kind::Insert, false),
        1 => (Kind::Delete, false),
        2 => (Kind::Delete, true),
        _ => return Err(DecodeError::Malformed("an operation of an unknown kind")),
    };
    let ops = shape >> 3;
    let chars = ops.checked_add(1).and_then(|ops| ops.checked_mul(u64::from(unit)));
    if unit == 0 || chars.is_none_or(|chars| chars > MAX_DOCUMENT_LENGTH) {
        return Err(DecodeError::Malformed("an operation of nothing, or longer than a document"));
    }
    let jump = if shape & 1 == 1 { unzigzag(jumps.uint()?) } else { 0 };
    let expected = if backward { cursor - i64::from(unit) } else { cursor };
    let position = expected
        .checked_add(jump)
        .and_then(|position| u32::try_from(position).ok())
        .filter(|position| u64::from(*position) <= MAX_DOCUMENT_LENGTH)
        .ok_or(DecodeError::Malformed("a position outside every document"))?;
    let ops = ops as u32 + 1;
    if backward && u64::from(ops - 1) * u64::from(unit) > u64::from(position) {
        return Err(DecodeError::Malformed("a position outside every document"));
    }
    Ok(Stretch { kind, backward: backward && ops > 1, position, unit, ops })
}
