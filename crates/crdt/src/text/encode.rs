//! The columns of a set of operations, in canonical order (`docs/encoding.md`).
//!
//! What a reader can foresee is left out: a run goes on where its agent's cursor is, right after the operation before
//! it, with operations as long as the last ones.

use ramanujan_core::AgentId;
use smallvec::SmallVec;

use super::inserted::take_chars;
use super::log::{Log, Note};
use super::order::{Part, canonical};
use super::receive::OpId;
use super::run::{Kind, Lv};
use super::stretch::Stretch;
use crate::codec::{ColumnWriter, Effort, Expansion, put_text, put_uint, zigzag};

/// Runs take memory that their bytes do not, so their columns may hardly expand.
pub(crate) const RUNS_EXPANSION: Expansion = Expansion(2);
/// Typed text shrinks to a third or fourth; this leaves room for text that repeats itself.
pub(crate) const TEXT_EXPANSION: Expansion = Expansion(32);

/// Where an agent's cursor is after a stretch, and where the next one is expected.
pub(crate) fn cursor_after(stretch: &Stretch) -> i64 {
    let last = i64::from(stretch.position_of(stretch.ops - 1));
    if stretch.kind == Kind::Insert { last + i64::from(stretch.unit) } else { last }
}

/// An agent as the columns know it: its place in the table of agents.
struct Agent {
    cursor: i64,
    /// Number of its last operation written so far.
    last: u32,
}

/// A run that may still grow.
struct Open {
    agent: u32,
    stretch: Stretch,
    link: Link,
}

/// The parents of a run's first operation.
enum Link {
    /// The operation written just before; of the very first, none.
    Follows,
    /// Operations by agent.
    Ops(SmallVec<[OpId; 2]>),
}

#[derive(Default)]
struct Columns {
    agents: Vec<u8>,
    units: Vec<u8>,
    links: Vec<u8>,
    shapes: Vec<u8>,
    jumps: Vec<u8>,
    /// Runs since the last change of agent, of unit, and the last entry of `links`.
    same_agent: (u32, u64),
    same_unit: (u32, u64),
    follows: u64,
}

pub(super) struct Encoder {
    agents: Vec<Agent>,
    columns: Columns,
    content: String,
    open: Option<Open>,
    previous: Option<OpId>,
}

/// Body of an encoding of the operations beyond the first `since[author]` of each author.
pub(crate) fn body(log: &Log, since: &[u32], effort: Effort) -> Vec<u8> {
    let ranks = log.ranks();
    let parts = canonical(log, since, &ranks);
    let (table, place) = agent_table(log, since, &ranks);
    let mut out = Vec::new();
    put_uint(&mut out, table.len() as u64);
    for author in &table {
        let name: &AgentId = &log.authors[*author as usize].id;
        put_text(&mut out, name.as_str());
        put_uint(&mut out, u64::from(since[*author as usize]));
        put_uint(&mut out, u64::from(log.authors[*author as usize].ops - since[*author as usize]));
    }
    let mut encoder = Encoder::new(table.iter().map(|author| since[*author as usize]));
    for Part { chain, skipped } in parts {
        encoder.push_chain(log, &place, chain as usize, skipped);
    }
    encoder.finish(&mut out, effort);
    out
}

/// The authors that a body names, in order of their names, and for each author its place among them: those with
/// operations in it, and those that parents refer to.
fn agent_table(log: &Log, since: &[u32], ranks: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut table = vec![0; log.authors.len()];
    for (author, rank) in (0..).zip(ranks) {
        table[*rank as usize] = author;
    }
    table.retain(|author| log.authors[*author as usize].ops > 0);
    if since.iter().any(|ops| *ops > 0) {
        let mut named = vec![false; log.authors.len()];
        for (author, since) in log.authors.iter().zip(since) {
            for chain in &author.chains[log.chains_done(author, *since)..] {
                let chain = *chain as usize;
                named[log.runs.chain_agent(chain) as usize] = true;
                // Of a chain that is written in part, the first operation is not among the written ones.
                if log.notes[chain].seq > *since {
                    for parent in log.runs.chain_parents(chain) {
                        named[log.parent_op(chain, *parent).0 as usize] = true;
                    }
                }
            }
        }
        table.retain(|author| named[*author as usize]);
    }
    let mut place = vec![0; log.authors.len()];
    for (index, author) in table.iter().enumerate() {
        place[*author as usize] = index as u32;
    }
    (table, place)
}

impl Encoder {
    /// `agents`: of each agent of the table, the number of operations that the reader has.
    pub(super) fn new(agents: impl Iterator<Item = u32>) -> Self {
        let agents = agents.map(|last| Agent { cursor: 0, last }).collect();
        Encoder { agents, columns: Columns::default(), content: String::new(), open: None, previous: None }
    }

    /// Writes a chain of runs without its first `skipped` operations.
    fn push_chain(&mut self, log: &Log, place: &[u32], chain: usize, mut skipped: u32) {
        let (agent, Note { unit, mut seq, .. }) =
            (place[log.runs.chain_agent(chain) as usize], log.notes[chain]);
        let mut text = log.text_of_chain(chain);
        let mut parents: SmallVec<[OpId; 2]> = if skipped > 0 {
            SmallVec::from_slice(&[(agent, seq + skipped - 1)])
        } else {
            let op = |parent: &Lv| {
                let (author, seq) = log.parent_op(chain, *parent);
                (place[author as usize], seq)
            };
            log.runs.chain_parents(chain).iter().map(op).collect()
        };
        for index in log.runs.chain_runs(chain) {
            let mut stretch = Stretch::of(&log.runs.get(index), unit);
            let left_out = skipped.min(stretch.ops);
            skipped -= left_out;
            if stretch.kind == Kind::Insert {
                take_chars(&mut text, left_out * unit);
            }
            let first = seq + left_out;
            seq += stretch.ops;
            if left_out < stretch.ops {
                if left_out > 0 {
                    stretch = stretch.tail(left_out);
                }
                self.push_stretch(agent, first, stretch, &mut parents);
                parents.clear();
                parents.push((agent, seq - 1));
            }
        }
        self.content.push_str(text);
    }

    /// Writes operations, whose agents are places in the table.
    pub(super) fn push(
        &mut self,
        agent: u32,
        seq: u32,
        stretch: Stretch,
        parents: &mut SmallVec<[OpId; 2]>,
        text: &str,
    ) {
        self.content.push_str(text);
        self.push_stretch(agent, seq, stretch, parents);
    }

    /// Writes all of operations but their text. The parents are those of the first, and may be taken away.
    fn push_stretch(
        &mut self,
        agent: u32,
        seq: u32,
        mut stretch: Stretch,
        parents: &mut SmallVec<[OpId; 2]>,
    ) {
        let follows = parents.as_slice() == self.previous.as_slice();
        self.previous = Some((agent, seq + stretch.ops - 1));
        while follows && let Some(open) = self.open.as_mut().filter(|open| open.agent == agent) {
            let taken = open.stretch.absorb(&stretch);
            if taken == stretch.ops {
                return;
            }
            if taken == 0 {
                break;
            }
            stretch = stretch.tail(taken);
        }
        self.flush();
        let link = if follows {
            Link::Follows
        } else {
            parents.sort_unstable();
            Link::Ops(std::mem::take(parents))
        };
        self.open = Some(Open { agent, stretch, link });
    }

    /// Writes the open run.
    fn flush(&mut self) {
        let Some(Open { agent, stretch, link }) = self.open.take() else { return };
        let columns = &mut self.columns;
        count(&mut columns.agents, &mut columns.same_agent, agent);
        count(&mut columns.units, &mut columns.same_unit, stretch.unit);
        match link {
            Link::Follows => columns.follows += 1,
            Link::Ops(parents) => {
                put_uint(&mut columns.links, columns.follows);
                columns.follows = 0;
                let last = self.agents[agent as usize].last;
                let own = last > 0 && parents.contains(&(agent, last));
                let others = parents.iter().filter(|parent| !own || **parent != (agent, last));
                put_uint(&mut columns.links, (parents.len() as u64 - u64::from(own)) << 1 | u64::from(own));
                for (other, seq) in others {
                    put_uint(&mut columns.links, u64::from(*other));
                    put_uint(&mut columns.links, u64::from(self.agents[*other as usize].last - seq));
                }
            }
        }
        let Agent { cursor, last } = &mut self.agents[agent as usize];
        let (position, unit) = (i64::from(stretch.position), i64::from(stretch.unit));
        let backward = stretch.backward
            || (stretch.kind == Kind::Delete && stretch.ops == 1 && position + unit == *cursor);
        let code = match stretch.kind {
            Kind::Insert => 0,
            Kind::Delete => 1 + u64::from(backward),
        };
        let jump = position - if backward { *cursor - unit } else { *cursor };
        put_uint(&mut columns.shapes, u64::from(stretch.ops - 1) << 3 | code << 1 | u64::from(jump != 0));
        if jump != 0 {
            put_uint(&mut columns.jumps, zigzag(jump));
        }
        *cursor = cursor_after(&stretch);
        *last += stretch.ops;
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>, effort: Effort) {
        self.flush();
        let Columns { mut agents, mut units, links, shapes, jumps, same_agent, same_unit, .. } = self.columns;
        end_count(&mut agents, same_agent);
        end_count(&mut units, same_unit);
        let mut writer = ColumnWriter::new(effort);
        for column in [agents, units, links, shapes, jumps] {
            writer.put(out, &column, RUNS_EXPANSION);
        }
        writer.put(out, self.content.as_bytes(), TEXT_EXPANSION);
    }
}

/// Run lengths: a value and how many runs have it.
fn count(out: &mut Vec<u8>, same: &mut (u32, u64), value: u32) {
    if same.1 > 0 && same.0 != value {
        end_count(out, *same);
        same.1 = 0;
    }
    *same = (value, same.1 + 1);
}

fn end_count(out: &mut Vec<u8>, (value, times): (u32, u64)) {
    if times > 0 {
        put_uint(out, u64::from(value));
        put_uint(out, times);
    }
}
