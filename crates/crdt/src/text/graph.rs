//! Text as an event graph (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys 2025).
//!
//! A node is an insertion or deletion at a position of the document as its parents left it. diamond-types merges the
//! graph; this module keeps our dots, checks that each operation fits its parents' version, and knows the length of
//! every version without building its text.
//!
//! The length after a node with one parent follows from the parent's. With several parents the concurrent part is
//! replayed over a placeholder of the fork's length, so the cost is that of the concurrency, not of the document.

use std::collections::{BTreeSet, HashMap};

use diamond_types::list::OpLog;
use ramanujan_core::{Dot, VectorClock};
use thiserror::Error;

use crate::Op;

/// Longest document, in code points: keeps every position in 32 bits and a checkout within an instance's memory.
pub const MAX_DOCUMENT_LENGTH: u64 = 16 << 20;

/// Why an operation cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    #[error("parent {0} is unknown")]
    UnknownParent(Dot),
    #[error("{0} exists already")]
    DuplicateDot(Dot),
    #[error(
        "position {position} + length {length} is past the end: the document has {document} code points there"
    )]
    OutOfRange { position: u64, length: u64, document: u64 },
    #[error("an insertion or deletion of nothing is not an operation")]
    Empty,
    #[error("the document would have {0} code points; the limit is {MAX_DOCUMENT_LENGTH}")]
    TooLong(u64),
    #[error("{0} is not a text operation")]
    NotText(&'static str),
    /// Only a partly loaded graph says this.
    #[error("the fork of the parents is not loaded")]
    NeedsHistory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Insert,
    Delete,
}

#[derive(Clone, Debug)]
struct Node {
    agent: u32,
    kind: Kind,
    position: u32,
    length: u32,
    /// Code points of the document after this node.
    size: u32,
    parents: Vec<u32>,
    /// Some parent is not loaded.
    open: bool,
    /// Where the inserted text ends in `content` (it begins where the previous node's ends).
    content_end: usize,
}

/// A set of text deltas in a topological order, whole or (for checking new deltas only) in part.
#[derive(Clone, Debug, Default)]
pub struct TextGraph {
    agents: Vec<String>,
    agent_index: HashMap<String, u32>,
    dots: HashMap<(u32, u64), u32>,
    nodes: Vec<Node>,
    content: String,
}

impl TextGraph {
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of deltas.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn contains(&self, dot: &Dot) -> bool {
        self.find(dot).is_some()
    }

    fn find(&self, dot: &Dot) -> Option<u32> {
        let agent = self.agent_index.get(dot.agent.as_str())?;
        self.dots.get(&(*agent, dot.seq)).copied()
    }

    /// Adds a delta whose parents are in the graph, and returns the document's length after it in code points.
    ///
    /// # Errors
    /// [`TextError`] if it does not fit; the graph is then unchanged.
    pub fn push(&mut self, dot: &Dot, parents: &[Dot], op: &Op) -> Result<u64, TextError> {
        let (kind, position, length) = match op {
            Op::Insert { position, text } => (Kind::Insert, *position, text.chars().count() as u64),
            Op::Delete { position, length } => (Kind::Delete, *position, *length),
            other => return Err(TextError::NotText(other.name())),
        };
        if self.contains(dot) {
            return Err(TextError::DuplicateDot(dot.clone()));
        }
        if length == 0 {
            return Err(TextError::Empty);
        }
        let mut indexes = Vec::with_capacity(parents.len());
        for parent in parents {
            indexes.push(self.find(parent).ok_or_else(|| TextError::UnknownParent(parent.clone()))?);
        }
        let before = self.length_at(&indexes)?;
        let out_of_range = TextError::OutOfRange { position, length, document: before };
        let after = match kind {
            Kind::Insert if position > before => return Err(out_of_range),
            Kind::Insert => before + length,
            Kind::Delete if position.checked_add(length).is_none_or(|end| end > before) => {
                return Err(out_of_range);
            }
            Kind::Delete => before - length,
        };
        if after > MAX_DOCUMENT_LENGTH {
            return Err(TextError::TooLong(after));
        }
        let text = if let Op::Insert { text, .. } = op { text.as_str() } else { "" };
        self.append(dot, indexes, false, kind, position, length, after, text);
        Ok(after)
    }

    /// Adds a stored delta on trust, with the length of the document after it; parents that are not loaded leave it
    /// open. `length` is the number of code points inserted or deleted; `text` may be left out where only lengths
    /// are asked for. Must be called in a topological order.
    pub fn push_stored(&mut self, dot: &Dot, parents: &[Dot], insert: bool, shape: StoredShape, text: &str) {
        if self.contains(dot) {
            return;
        }
        let indexes: Vec<u32> = parents.iter().filter_map(|parent| self.find(parent)).collect();
        let open = indexes.len() < parents.len();
        let kind = if insert { Kind::Insert } else { Kind::Delete };
        self.append(dot, indexes, open, kind, shape.position, shape.length, shape.size, text);
    }

    #[allow(clippy::too_many_arguments)] // one place, called by the two functions above only
    fn append(
        &mut self,
        dot: &Dot,
        parents: Vec<u32>,
        open: bool,
        kind: Kind,
        position: u64,
        length: u64,
        size: u64,
        text: &str,
    ) {
        let agent = match self.agent_index.get(dot.agent.as_str()) {
            Some(agent) => *agent,
            None => {
                let agent = self.agents.len() as u32;
                self.agents.push(dot.agent.as_str().to_owned());
                self.agent_index.insert(dot.agent.as_str().to_owned(), agent);
                agent
            }
        };
        self.dots.insert((agent, dot.seq), self.nodes.len() as u32);
        self.content.push_str(text);
        // MAX_DOCUMENT_LENGTH keeps all three within 32 bits.
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        self.nodes.push(Node {
            agent,
            kind,
            position: narrow(position),
            length: narrow(length),
            size: narrow(size),
            parents,
            open,
            content_end: self.content.len(),
        });
    }

    /// Length of the document at the merge of `dots`, in code points.
    ///
    /// # Errors
    /// [`TextError::UnknownParent`], or [`TextError::NeedsHistory`] from a partly loaded graph.
    pub fn length_at_dots(&self, dots: &[Dot]) -> Result<u64, TextError> {
        let find = |dot: &Dot| self.find(dot).ok_or_else(|| TextError::UnknownParent(dot.clone()));
        self.length_at(&dots.iter().map(find).collect::<Result<Vec<_>, _>>()?)
    }

    fn length_at(&self, heads: &[u32]) -> Result<u64, TextError> {
        match heads {
            [] => Ok(0),
            [one] => Ok(u64::from(self.nodes[*one as usize].size)),
            several => self.merged_length(several),
        }
    }

    /// Walks back from `heads` in descending order until one node is left through which all older history passes,
    /// then replays what was passed over a placeholder of that node's length.
    fn merged_length(&self, heads: &[u32]) -> Result<u64, TextError> {
        let mut frontier: BTreeSet<u32> = heads.iter().copied().collect();
        let mut window = Vec::new();
        let mut reached_root = false;
        let fork = loop {
            if frontier.len() + usize::from(reached_root) == 1 {
                break frontier.first().copied();
            }
            let Some(newest) = frontier.pop_last() else { break None };
            let node = &self.nodes[newest as usize];
            if node.open {
                return Err(TextError::NeedsHistory);
            }
            window.push(newest);
            reached_root |= node.parents.is_empty();
            frontier.extend(&node.parents);
        };
        let (mut log, agents) = self.empty_log();
        let mut ends: HashMap<u32, usize> = HashMap::with_capacity(window.len() + 1);
        if let Some(fork) = fork {
            let size = self.nodes[fork as usize].size as usize;
            let base = log.get_or_create_agent_id("fork");
            // A fork of length 0 still needs an operation to hang the window on.
            let mut end = log.add_insert_at(base, &[], 0, &"x".repeat(size.max(1)));
            if size == 0 {
                end = log.add_delete_at(base, &[end], 0..1);
            }
            ends.insert(fork, end);
        }
        let placeholder =
            "x".repeat(window.iter().map(|i| self.nodes[*i as usize].length).max().unwrap_or(0) as usize);
        for index in window.into_iter().rev() {
            let inserted = &placeholder[..self.nodes[index as usize].length as usize];
            self.add_to_log(&mut log, &agents, &mut ends, index, inserted);
        }
        let version = sorted(heads.iter().map(|head| ends[head]));
        Ok(log.checkout(&version).len() as u64)
    }

    /// An empty log that knows our agents, with its numbers for them.
    fn empty_log(&self) -> (OpLog, Vec<u32>) {
        let mut log = OpLog::new();
        // "ROOT" is a reserved agent name there; the prefix keeps the order of names, which breaks ties.
        let agents =
            self.agents.iter().map(|agent| log.get_or_create_agent_id(&format!("@{agent}"))).collect();
        (log, agents)
    }

    fn add_to_log(
        &self,
        log: &mut OpLog,
        agents: &[u32],
        ends: &mut HashMap<u32, usize>,
        index: u32,
        inserted: &str,
    ) {
        let node = &self.nodes[index as usize];
        let agent = agents[node.agent as usize];
        let parents = sorted(node.parents.iter().map(|parent| ends[parent]));
        let position = node.position as usize;
        let end = match node.kind {
            Kind::Insert => log.add_insert_at(agent, &parents, position, inserted),
            Kind::Delete => log.add_delete_at(agent, &parents, position..position + node.length as usize),
        };
        ends.insert(index, end);
    }

    /// The merged text of the whole graph.
    ///
    /// # Errors
    /// [`TextError::NeedsHistory`] if the graph is not whole.
    pub fn text(&self) -> Result<String, TextError> {
        if self.nodes.iter().any(|node| node.open) {
            return Err(TextError::NeedsHistory);
        }
        let (mut log, agents) = self.empty_log();
        let mut ends = HashMap::with_capacity(self.nodes.len());
        let mut start = 0;
        for (index, node) in self.nodes.iter().enumerate() {
            self.add_to_log(
                &mut log,
                &agents,
                &mut ends,
                index as u32,
                &self.content[start..node.content_end],
            );
            start = node.content_end;
        }
        Ok(log.checkout_tip().content().to_string())
    }
}

/// Numbers of a stored text delta, all in code points.
#[derive(Clone, Copy, Debug)]
pub struct StoredShape {
    pub position: u64,
    /// How many are inserted or deleted.
    pub length: u64,
    /// How many the document has afterwards.
    pub size: u64,
}

fn sorted(times: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut times: Vec<usize> = times.collect();
    times.sort_unstable();
    times
}

/// The maximal elements of `parents` (each with the clock after it), sorted and without duplicates: two ways to name
/// one version become one.
pub fn maximal(mut parents: Vec<(Dot, &VectorClock)>) -> Vec<Dot> {
    parents.sort_by(|(a, _), (b, _)| a.cmp(b));
    parents.dedup_by(|(a, _), (b, _)| a == b);
    let covered = |dot: &Dot| {
        parents.iter().any(|(other, clock)| other != dot && clock.get(dot.agent.as_str()) >= dot.seq)
    };
    parents.iter().filter(|(dot, _)| !covered(dot)).map(|(dot, _)| dot.clone()).collect()
}
