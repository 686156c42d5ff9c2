//! A part of a text's history in columns, with its parents outside: written from deltas and given back as deltas, by who
//! has not the history before it at hand.
//!
//! The bytes are those of [`TextDocument::diff`](super::TextDocument::diff). A replica takes them in with
//! [`TextDocument::apply_encoded`](super::TextDocument::apply_encoded), which checks every operation; here they are
//! checked against each other only, so what a delta says of the document before it must be checked by whoever stores it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use ramanujan_core::{AgentId, Dot, VectorClock};
use smallvec::SmallVec;

use super::decode::{Columns, Entry, Read, Runs, read_table};
use super::encode::Encoder;
use super::error::MAX_DOCUMENT_LENGTH;
use super::receive::OpId;
use super::rope::char_offset;
use super::run::Kind;
use super::stretch::Stretch;
use crate::codec::container::{self, Kind as Body};
use crate::codec::{Bytes, DecodeError, Effort, put_text, put_uint};
use crate::crdts::crdt_type::CrdtType;
use crate::crdts::op::Op;
use crate::delta::Delta;

/// An operation as the columns have it.
struct Shaped<'a> {
    stretch: Stretch,
    /// Places in the table, and numbers.
    parents: SmallVec<[OpId; 2]>,
    text: &'a str,
}

/// An agent of the table, and its operations.
#[derive(Default)]
struct Agent<'a> {
    since: u32,
    ops: Vec<Shaped<'a>>,
    /// How many of them are written.
    written: usize,
    /// Parents of the next one that are known to be written.
    checked: usize,
    /// Agents that wait for an operation of this one: its number, their place.
    waiting: BinaryHeap<Reverse<(u32, usize)>>,
}

impl Agent<'_> {
    /// Number of the last operation that is written, or presupposed.
    fn done(&self) -> u32 {
        self.since + self.written as u32
    }
}

/// Encodes deltas of a text, in any order, for a reader who has what `since` counts. `None` if they are not what follows
/// that: of each agent the next operations without a gap, on parents that are among them or counted; or if they are beyond
/// what columns hold.
pub fn encode_part(deltas: &[Delta], since: &VectorClock, effort: Effort) -> Option<Vec<u8>> {
    let mut places: BTreeMap<&AgentId, usize> = BTreeMap::new();
    for delta in deltas {
        places.insert(&delta.dot.agent, 0);
        places.extend(delta.parents.iter().map(|parent| (&parent.agent, 0)));
    }
    let mut agents: Vec<Agent<'_>> = Vec::with_capacity(places.len());
    for (agent, place) in &mut places {
        *place = agents.len();
        let since = u32::try_from(since.counter(*agent)).ok()?;
        agents.push(Agent { since, ..Agent::default() });
    }
    let mut in_order: Vec<&Delta> = deltas.iter().collect();
    in_order.sort_by_key(|delta| (&delta.dot.agent, delta.dot.seq));
    for delta in in_order {
        let agent = &mut agents[*places.get(&delta.dot.agent)?];
        let next = u32::try_from(agent.ops.len()).ok()?.checked_add(agent.since)?.checked_add(1)?;
        if u64::from(next) != delta.dot.seq {
            return None;
        }
        agent.ops.push(shaped(delta, &places)?);
    }
    let mut out = container::begin(CrdtType::Text.envelope_number(), Body::Deltas);
    put_uint(&mut out, agents.len() as u64);
    for (name, agent) in places.keys().zip(&agents) {
        put_text(&mut out, name.as_str());
        put_uint(&mut out, u64::from(agent.since));
        put_uint(&mut out, agent.ops.len() as u64);
    }
    let mut encoder = Encoder::new(agents.iter().map(|agent| agent.since));
    if write(&mut agents, &mut encoder) < deltas.len() {
        return None;
    }
    encoder.finish(&mut out, effort);
    Some(container::seal(out))
}

fn shaped<'a>(delta: &'a Delta, places: &BTreeMap<&AgentId, usize>) -> Option<Shaped<'a>> {
    let (kind, position, length, text) = match &delta.op {
        Op::Insert { position, text } => {
            (Kind::Insert, *position, text.chars().count() as u64, text.as_str())
        }
        Op::Delete { position, length } => (Kind::Delete, *position, *length, ""),
        _ => return None,
    };
    if !(1..=MAX_DOCUMENT_LENGTH).contains(&length) || position > MAX_DOCUMENT_LENGTH {
        return None;
    }
    let parent = |parent: &Dot| Some((*places.get(&parent.agent)? as u32, u32::try_from(parent.seq).ok()?));
    let parents = delta.parents.iter().map(parent).collect::<Option<_>>()?;
    Some(Shaped { stretch: Stretch::one(kind, position as u32, length as u32), parents, text })
}

/// Writes operations in the canonical order, and says how many: all whose parents are there.
fn write(agents: &mut [Agent<'_>], encoder: &mut Encoder) -> usize {
    let mut written = 0;
    let mut ready = BinaryHeap::new();
    for place in 0..agents.len() {
        if !blocked(agents, place) {
            ready.push(Reverse(place));
        }
    }
    while let Some(Reverse(place)) = ready.pop() {
        while agents[place].written < agents[place].ops.len() {
            let agent = &mut agents[place];
            let (seq, Shaped { stretch, parents, text }) = (agent.done() + 1, &mut agent.ops[agent.written]);
            encoder.push(place as u32, seq, *stretch, parents, text);
            (agent.written, agent.checked) = (agent.written + 1, 0);
            written += 1;
            let done = agent.done();
            while let Some(Reverse((seq, other))) = agents[place].waiting.peek().copied()
                && seq <= done
            {
                agents[place].waiting.pop();
                if !blocked(agents, other) {
                    ready.push(Reverse(other));
                }
            }
            if blocked(agents, place) {
                break;
            }
        }
    }
    written
}

/// Whether an agent's next operation has a parent that is not written; it then waits for that one. An agent without
/// further operations is not blocked.
fn blocked(agents: &mut [Agent<'_>], place: usize) -> bool {
    let agent = &agents[place];
    let Some(next) = agent.ops.get(agent.written) else { return false };
    let missing = |(other, seq): &OpId| agents[*other as usize].done() < *seq;
    match next.parents[agent.checked..].iter().position(missing) {
        None => false,
        Some(further) => {
            let checked = agent.checked + further;
            let (other, seq) = next.parents[checked];
            agents[place].checked = checked;
            agents[other as usize].waiting.push(Reverse((seq, place)));
            true
        }
    }
}

/// Deltas of a text in columns, read without the history before them: an open part takes the memory of its columns, and of
/// a list of its agents.
pub struct Part<'a> {
    table: Vec<Entry>,
    columns: Columns<'a>,
}

impl<'a> Part<'a> {
    /// Checks what [`encode_part`], [`TextDocument::diff`](super::TextDocument::diff) or
    /// [`TextDocument::encode`](super::TextDocument::encode) wrote, as far as it can be checked by itself.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, bytes of a newer version too.
    pub fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (kind, body) = container::open(bytes, CrdtType::Text.envelope_number())?;
        if kind != Body::Deltas {
            return Err(DecodeError::Kind(kind as u8 + 1));
        }
        let mut reader = Bytes(body);
        let table = read_table(&mut reader)?;
        let part = Part { table, columns: Columns::read(reader)? };
        let mut runs = part.columns.runs(&part.table)?;
        while let Some(run) = runs.next()? {
            let mut parents = run.parents;
            parents.sort_unstable();
            if !parents.is_sorted_by(|a, b| a < b) {
                return Err(DecodeError::Malformed("a parent is named twice"));
            }
        }
        Ok(part)
    }

    /// What comes before the part, of the agents that it names: so many operations of each. Empty of a whole history.
    pub fn since(&self) -> VectorClock {
        let counted = |entry: &Entry| (entry.id.as_str().to_owned(), u64::from(entry.since));
        let counted = self.table.iter().filter(|entry| entry.since > 0).map(counted);
        counted.collect()
    }

    /// The deltas, each after those of its parents that are in the part.
    ///
    /// # Errors
    /// None once the part is open.
    pub fn deltas(&self) -> Result<PartDeltas<'_>, DecodeError> {
        Ok(PartDeltas { table: &self.table, runs: self.columns.runs(&self.table)?, run: None })
    }
}

/// From [`Part::deltas`].
pub struct PartDeltas<'a> {
    table: &'a [Entry],
    runs: Runs<'a>,
    /// A run that is being given back, and how many of its operations have been.
    run: Option<(Read<'a>, u32)>,
}

impl PartDeltas<'_> {
    fn dot(&self, (place, seq): OpId) -> Dot {
        // Places come from the columns, which have checked them against the table.
        Dot::new(self.table[place as usize].id.clone(), u64::from(seq))
    }
}

impl Iterator for PartDeltas<'_> {
    type Item = Delta;

    fn next(&mut self) -> Option<Delta> {
        if self.run.is_none() {
            self.run = self.runs.next().ok()?.map(|run| (run, 0));
        }
        let (mut run, op) = self.run.take()?;
        let own = (run.agent, run.seq + op);
        let mut parents: Vec<Dot> = match op {
            0 => run.parents.iter().map(|parent| self.dot(*parent)).collect(),
            _ => vec![self.dot((run.agent, own.1 - 1))],
        };
        parents.sort_unstable();
        let position = u64::from(run.stretch.position_of(op));
        let op_of = match run.stretch.kind {
            Kind::Delete => Op::Delete { position, length: u64::from(run.stretch.unit) },
            Kind::Insert => {
                let (text, rest) = run.text.split_at(char_offset(run.text, run.stretch.unit as usize));
                run.text = rest;
                Op::Insert { position, text: text.to_owned() }
            }
        };
        let delta = Delta { dot: self.dot(own), parents, op: op_of };
        if op + 1 < run.stretch.ops {
            self.run = Some((run, op + 1));
        }
        Some(delta)
    }
}
