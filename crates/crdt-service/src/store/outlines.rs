//! Deltas many at a time, for walks and replays of a text.
//!
//! They are read from rows that hold 32 of them each, which a trigger keeps: of a row per delta, taking the columns across
//! the boundary of the component costs more than the walk. Deltas of other types, which walks seldom ask for, and those that
//! are older than the rows are read one by one.

use foldhash::HashMap;
use ramanujan_core::{AgentId, Dot, Problem};
use ramanujan_crdt::text::StoredShape;
use ramanujan_shell::page::Page;

use super::database::Database;
use super::rows::{OUTLINE_COLUMNS, bad, read_parents};
use crate::record::Outline;

/// Deltas of a row; the trigger has the same number.
const PER_ROW: u64 = 32;
/// Rows read at a time: with the longest lines they are some megabytes.
const PAGE_ROWS: u64 = 64;
/// Stands for parents that take too long a line.
const IN_THE_DELTA: &str = "*";

/// The end of a document's history before some log position.
pub(super) struct Tail {
    /// By log position, which is a causal order.
    pub(super) outlines: Vec<Outline>,
    /// Whether nothing comes before them.
    pub(super) is_all: bool,
}

impl Database {
    /// The newest deltas up to log position `until`, `least` of them or some more, or all.
    pub(super) fn tail(&self, document: &str, until: u64, least: u64) -> Result<Tail, Problem> {
        let sql = "SELECT o.lines, EXISTS (SELECT 1 FROM crdt_deltas d WHERE d.document_id = ?1 AND d.log < o.first)
             FROM crdt_outlines o WHERE o.document_id = ?1 AND o.first <= ?2 ORDER BY o.first DESC LIMIT ?3";
        // The newest row may hold one delta that is asked for.
        let rows = least.div_ceil(PER_ROW).saturating_add(1);
        let rows = self.0.execute(sql, [document.into(), until.into(), rows.into()])?;
        let mut tail = Tail { outlines: Vec::with_capacity(rows.len() * PER_ROW as usize), is_all: false };
        let mut names = Names::default();
        for row in rows.iter().rev() {
            for line in row.text(0)?.lines() {
                let line = Line::read(line).ok_or_else(|| bad("outline"))?;
                if line.log > until {
                    break;
                }
                let mut outline = names.outline(&line, false).ok_or_else(|| bad("outline"))?;
                if line.parents == IN_THE_DELTA {
                    outline.parents = self.parents_at(&outline)?;
                }
                tail.outlines.push(outline);
            }
        }
        match rows.last() {
            Some(last) if last.uint(1)? == 0 => tail.is_all = true,
            _ => self.complete(document, until, least, &mut tail)?,
        }
        Ok(tail)
    }

    /// The deltas of a text past log position `after` and up to `until`, the first some thousands of them, with their texts;
    /// and whether there are more.
    pub(super) fn text_page(&self, document: &str, after: u64, until: u64) -> Result<Page<Outline>, Problem> {
        match self.lines(document, after, until)? {
            Some(page) => Ok(page),
            None => {
                let params = [document.into(), after.into(), until.into()];
                self.page_of_text(params, PAGE_ROWS * PER_ROW)
            }
        }
    }

    /// As [`Database::text_page`]; `None` if not all of it is in lines.
    fn lines(&self, document: &str, after: u64, until: u64) -> Result<Option<Page<Outline>>, Problem> {
        let sql = "SELECT o.lines, EXISTS (
                SELECT 1 FROM crdt_deltas d WHERE d.document_id = ?1 AND d.log > ?2 AND d.log < o.first)
             FROM crdt_outlines o WHERE o.document_id = ?1 AND o.first <= ?3 AND o.first >= COALESCE(
                (SELECT MAX(b.first) FROM crdt_outlines b WHERE b.document_id = ?1 AND b.first <= ?2 + 1), 0)
             ORDER BY o.first LIMIT ?4";
        let params = [document.into(), after.into(), until.into(), PAGE_ROWS.into()];
        let rows = self.0.execute(sql, params)?;
        let mut names = Names::default();
        let mut items: Vec<Outline> = Vec::with_capacity(rows.len() * PER_ROW as usize);
        match rows.first() {
            Some(first) if first.uint(1)? == 0 => {}
            _ => return Ok(None),
        }
        for row in &rows {
            for line in row.text(0)?.lines() {
                let line = Line::read(line).ok_or_else(|| bad("outline"))?;
                if line.log <= after || line.log > until {
                    continue;
                }
                if line.parents == IN_THE_DELTA || line.text == IN_THE_DELTA {
                    return Ok(None);
                }
                items.push(names.outline(&line, true).ok_or_else(|| bad("outline"))?);
            }
        }
        let more = rows.len() as u64 == PAGE_ROWS && items.last().is_none_or(|last| last.log < until);
        Ok(Some(Page { items, more }))
    }

    fn parents_at(&self, outline: &Outline) -> Result<Vec<Dot>, Problem> {
        let rows = self.0.execute("SELECT parents FROM crdt_deltas WHERE log = ?1", [outline.log.into()])?;
        let row = rows.first().ok_or_else(|| bad("outline"))?;
        read_parents(&outline.dot, row.text(0)?)
    }

    /// Puts before a tail what it lacks of the number that is asked for.
    fn complete(&self, document: &str, until: u64, least: u64, tail: &mut Tail) -> Result<(), Problem> {
        let lacking = least.saturating_sub(tail.outlines.len() as u64);
        if lacking == 0 {
            return Ok(());
        }
        let sql = format!(
            "SELECT {OUTLINE_COLUMNS}, '' FROM crdt_deltas d
             WHERE d.document_id = ?1 AND d.log <= ?2 ORDER BY d.log DESC LIMIT ?3"
        );
        let below = tail.outlines.first().map_or(until, |first| first.log.saturating_sub(1));
        let mut older = self.select_outlines(&sql, [document.into(), below.into(), lacking.into()])?;
        tail.is_all = (older.len() as u64) < lacking;
        older.reverse();
        older.append(&mut tail.outlines);
        tail.outlines = older;
        Ok(())
    }
}

/// A delta as the trigger writes it down.
struct Line<'a> {
    log: u64,
    agent: &'a str,
    seq: u64,
    insert: bool,
    shape: StoredShape,
    whole: bool,
    parents: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(10, ' ');
        let mut next = || fields.next();
        let log = next()?.parse().ok()?;
        let agent = next()?;
        let seq = next()?.parse().ok()?;
        let insert = match next()? {
            "i" => true,
            "d" => false,
            _ => return None,
        };
        let shape = StoredShape {
            position: next()?.parse().ok()?,
            length: next()?.parse().ok()?,
            size: next()?.parse().ok()?,
        };
        let whole = next()? == "1";
        Some(Line { log, agent, seq, insert, shape, whole, parents: next()?, text: next()? })
    }
}

/// The agents of several lines by their names: each is checked once, and its dots share it.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, AgentId>);

impl<'a> Names<'a> {
    fn agent(&mut self, name: &'a str) -> Option<AgentId> {
        if let Some(agent) = self.0.get(name) {
            return Some(agent.clone());
        }
        let agent: AgentId = name.parse().ok()?;
        self.0.insert(name, agent.clone());
        Some(agent)
    }

    /// A delta; without parents if they are not in the line.
    fn outline(&mut self, line: &Line<'a>, with_text: bool) -> Option<Outline> {
        let Line { log, seq, insert, shape, whole, .. } = *line;
        let agent = self.agent(line.agent)?;
        let parents = match line.parents {
            "" => vec![Dot::new(agent.clone(), seq.checked_sub(1)?)],
            IN_THE_DELTA => Vec::new(),
            list => self.parents(list)?,
        };
        let text = if insert && with_text { serde_json::from_str(line.text).ok()? } else { String::new() };
        Some(Outline { log, dot: Dot::new(agent, seq), parents, whole, insert, shape, text })
    }

    /// Dots in the form that rows have them in, JSON in which nothing needs an escape.
    fn parents(&mut self, list: &'a str) -> Option<Vec<Dot>> {
        let inner = list.strip_prefix('[')?.strip_suffix(']')?;
        if inner.is_empty() {
            return Some(Vec::new());
        }
        let dot = |quoted: &'a str| {
            let (agent, seq) = quoted.strip_prefix('"')?.strip_suffix('"')?.rsplit_once(':')?;
            Some(Dot::new(self.agent(agent)?, seq.parse().ok()?))
        };
        inner.split(',').map(dot).collect()
    }
}
