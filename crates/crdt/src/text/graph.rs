//! Text deltas by their dots, whole or in part.
//!
//! A delta is an insertion or deletion at a position of the document as its parents left it. The graph checks that each
//! one fits its parents' version and knows the length of every version; the walker merges.
//!
//! The length after a delta with one parent follows from the parent's. With several parents what is concurrent is
//! replayed, so the cost is that of the concurrency, not of the document. A graph loaded in part does all of this as
//! long as what is asked for does not reach back to what is absent.

use std::cmp::Ordering;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};
use ramanujan_core::{Dot, VectorClock};
use smallvec::SmallVec;

use super::error::{MAX_DOCUMENT_LENGTH, MAX_EVENTS, TextError, out_of_range};
use super::heads::advance;
use super::rope::Rope;
use super::run::{Kind, Lv, Run};
use super::runs::Runs;
use super::walker::{Change, NotLoaded, UNLOADED, transform};
use crate::crdts::op::Op;

/// What the graph keeps of a delta beside its run; its events begin where the previous one's end.
#[derive(Clone, Copy, Debug)]
struct Node {
    end: Lv,
    /// Code points of the document after it.
    size: u32,
    text: TextStart,
}

/// Where the text of a delta or run begins; it ends where the next one's begins.
#[derive(Clone, Copy, Debug)]
struct TextStart {
    /// In `TextGraph::content`.
    byte: usize,
    /// Insertions before it whose text is not loaded.
    textless: u32,
}

/// A set of text deltas in a topological order, whole or in part.
///
/// ```
/// use ramanujan_crdt::{Op, TextGraph};
///
/// let (first, left, right) = ("ann:1".parse()?, "ann:2".parse()?, "ben:1".parse()?);
/// let mut graph = TextGraph::new();
/// let insert = |position, text: &str| Op::Insert { position, text: text.to_owned() };
/// graph.push(&first, &[], &insert(0, "ac"))?;
/// // Neither has seen the other.
/// graph.push(&left, std::slice::from_ref(&first), &insert(1, "b"))?;
/// graph.push(&right, std::slice::from_ref(&first), &Op::Delete { position: 0, length: 1 })?;
/// assert_eq!(graph.text()?, "bc");
/// assert_eq!(graph.advance("", &[], &[left])?, "abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextGraph {
    agents: Vec<String>,
    agent_index: HashMap<String, u32>,
    dots: HashMap<(u32, u64), u32>,
    nodes: Vec<Node>,
    runs: Runs,
    /// Where each run's text begins.
    texts: Vec<TextStart>,
    /// Last events of the deltas that are parents of none, ascending.
    heads: Version,
    content: String,
    textless: u32,
}

type Version = SmallVec<[Lv; 2]>;

impl TextGraph {
    /// The empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of deltas.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no delta.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether a delta is here.
    pub fn contains(&self, dot: &Dot) -> bool {
        self.find(dot).is_some()
    }

    fn find(&self, dot: &Dot) -> Option<&Node> {
        let agent = self.agent_index.get(dot.agent.as_str())?;
        self.nodes.get(*self.dots.get(&(*agent, dot.seq))? as usize)
    }

    /// The last events of `dots`.
    fn version(&self, dots: &[Dot]) -> Result<Version, TextError> {
        let find = |dot: &Dot| self.find(dot).ok_or_else(|| TextError::UnknownParent(dot.clone()));
        let mut version =
            dots.iter().map(|dot| find(dot).map(|node| node.end - 1)).collect::<Result<Version, _>>()?;
        version.sort_unstable();
        version.dedup();
        Ok(version)
    }

    /// Adds a delta whose parents are in the graph, and returns the document's length after it in code points.
    ///
    /// # Errors
    /// [`TextError`] if it does not fit; the graph is then unchanged.
    pub fn push(&mut self, dot: &Dot, parents: &[Dot], op: &Op) -> Result<u64, TextError> {
        let (kind, position, length, text) = match op {
            Op::Insert { position, text } => {
                (Kind::Insert, *position, text.chars().count() as u64, text.as_str())
            }
            Op::Delete { position, length } => (Kind::Delete, *position, *length, ""),
            other => return Err(TextError::NotText(other.name())),
        };
        if self.contains(dot) {
            return Err(TextError::DuplicateDot(dot.clone()));
        }
        if length == 0 {
            return Err(TextError::Empty);
        }
        let parents = self.version(parents)?;
        let before = self.length_at(&parents)?;
        let out_of_range = out_of_range(kind, position, length, before);
        let size = match kind {
            Kind::Insert if position > before => return Err(out_of_range),
            Kind::Insert => before + length,
            Kind::Delete if position.checked_add(length).is_none_or(|end| end > before) => {
                return Err(out_of_range);
            }
            Kind::Delete => before - length,
        };
        if size > MAX_DOCUMENT_LENGTH {
            return Err(TextError::TooLong(size));
        }
        let shape = StoredShape { position, length, size };
        if self.append(dot, parents, kind, shape, text) { Ok(size) } else { Err(TextError::TooManyEvents) }
    }

    /// Adds a stored delta on trust; parents that are not loaded leave it open. `text` may be left out where only
    /// lengths are asked for, or where the insertion is known to the text that [`Self::advance`] begins with. Must be
    /// called in a topological order. What cannot be a delta counts as not loaded.
    pub fn push_stored(&mut self, dot: &Dot, parents: &[Dot], insert: bool, shape: StoredShape, text: &str) {
        if self.contains(dot) || shape.length == 0 {
            return;
        }
        let kind = if insert { Kind::Insert } else { Kind::Delete };
        let mut version: Version =
            parents.iter().filter_map(|parent| Some(self.find(parent)?.end - 1)).collect();
        let is_loaded = version.len() == parents.len();
        version.sort_unstable();
        version.dedup();
        if !is_loaded {
            version.push(UNLOADED);
        }
        let complete = insert && text.chars().count() as u64 == shape.length;
        self.append(dot, version, kind, shape, if complete { text } else { "" });
    }

    /// Appends a delta of at least one event; false if its numbers are too large.
    fn append(&mut self, dot: &Dot, parents: Version, kind: Kind, shape: StoredShape, text: &str) -> bool {
        let start = self.events();
        let StoredShape { position, length, size } = shape;
        if position.max(length).max(size) > MAX_DOCUMENT_LENGTH {
            return false;
        }
        let (position, len, size) = (position as u32, length as u32, size as u32);
        let Some(end) = start.checked_add(len).filter(|end| *end <= MAX_EVENTS) else { return false };
        let agent = self.agent(dot.agent.as_str());
        self.dots.insert((agent, dot.seq), self.nodes.len() as u32);
        let text_start = self.text_end();
        self.content.push_str(text);
        self.textless += u32::from(kind == Kind::Insert && text.is_empty());
        self.nodes.push(Node { end, size, text: text_start });
        advance(&mut self.heads, &parents, end - 1);
        let run = Run { start, len, agent, kind, position, backward: false };
        if !self.runs.try_extend(&run, &parents) {
            let begins = !self.runs.follows(agent, &parents);
            self.runs.push(run, &parents, begins);
            self.texts.push(text_start);
        }
        true
    }

    /// Where the next delta's text begins.
    fn text_end(&self) -> TextStart {
        TextStart { byte: self.content.len(), textless: self.textless }
    }

    fn events(&self) -> Lv {
        self.nodes.last().map_or(0, |node| node.end)
    }

    fn agent(&mut self, name: &str) -> u32 {
        if let Some(agent) = self.agent_index.get(name) {
            return *agent;
        }
        let agent = self.agents.len() as u32;
        self.agents.push(name.to_owned());
        self.agent_index.insert(name.to_owned(), agent);
        agent
    }

    fn by_name(&self) -> impl Fn(u32, u32) -> Ordering + '_ {
        |a, b| self.agents[a as usize].cmp(&self.agents[b as usize])
    }

    /// Length of the document at the merge of `dots`, in code points.
    ///
    /// # Errors
    /// [`TextError::UnknownParent`], or [`TextError::NeedsHistory`] from a graph loaded in part.
    pub fn length_at_dots(&self, dots: &[Dot]) -> Result<u64, TextError> {
        self.length_at(&self.version(dots)?)
    }

    fn length_at(&self, version: &[Lv]) -> Result<u64, TextError> {
        let Some((newest, others)) = version.split_last() else { return Ok(0) };
        let mut length = u64::from(self.nodes[self.node_of(*newest)].size);
        if !others.is_empty() {
            let count = |Change { kind, events, .. }: Change| {
                let events = u64::from(events.end - events.start);
                length = match kind {
                    Kind::Insert => length + events,
                    Kind::Delete => length.saturating_sub(events),
                };
            };
            transform(&self.runs, &self.by_name(), &[*newest], others, count)?;
        }
        Ok(length)
    }

    /// Index of the delta that holds `event`.
    fn node_of(&self, event: Lv) -> usize {
        self.nodes.partition_point(|node| node.end <= event)
    }

    /// The merged text of the whole graph.
    ///
    /// # Errors
    /// [`TextError::NeedsHistory`] if the graph is not whole.
    pub fn text(&self) -> Result<String, TextError> {
        self.replay("", &[], &self.heads)
    }

    /// The text at the merge of `base` and `target`, given that at the merge of `base`. With nothing for `base`, the text
    /// at `target`.
    ///
    /// # Errors
    /// [`TextError::NeedsHistory`] if the fork of the two, or a text inserted since `base`, is not loaded;
    /// [`TextError::UnknownParent`]; [`TextError::OutOfRange`] if `base_text` is not the text at `base`.
    pub fn advance(&self, base_text: &str, base: &[Dot], target: &[Dot]) -> Result<String, TextError> {
        self.replay(base_text, &self.version(base)?, &self.version(target)?)
    }

    fn replay(&self, text: &str, from: &[Lv], to: &[Lv]) -> Result<String, TextError> {
        let mut rope = Rope::from_text(text.to_owned());
        let mut length = rope.len_chars();
        let mut failure = None;
        let mut next_run = 0;
        let apply = |Change { kind, position, events }: Change| {
            let (start, count) = (position as usize, (events.end - events.start) as usize);
            let end = if kind == Kind::Insert { start } else { start.saturating_add(count) };
            if end > length {
                let (position, length, document) = (start as u64, count as u64, length as u64);
                failure.get_or_insert(out_of_range(kind, position, length, document));
                return;
            }
            match kind {
                Kind::Insert => match self.inserted(events, &mut next_run) {
                    Some(text) => {
                        rope.insert(start, text);
                        length += count;
                    }
                    None => {
                        failure.get_or_insert(TextError::NeedsHistory);
                    }
                },
                Kind::Delete => {
                    rope.delete(start, count);
                    length -= count;
                }
            }
        };
        transform(&self.runs, &self.by_name(), from, to, apply)?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(rope.text()),
        }
    }

    /// The text of whole insertions, which are all of `events`. `next_run` is where to look first, then where next.
    fn inserted(&self, events: Range<Lv>, next_run: &mut usize) -> Option<&str> {
        if self.runs.start(*next_run) != events.start {
            *next_run = self.runs.find(events.start);
        }
        let whole_run =
            self.runs.start(*next_run) == events.start && self.runs.start(*next_run + 1) == events.end;
        let (start, end) = if whole_run {
            let run = *next_run;
            *next_run += 1;
            (self.texts[run], self.texts.get(run + 1).copied())
        } else {
            let after_last = self.nodes.get(self.node_of(events.end - 1) + 1);
            (self.nodes[self.node_of(events.start)].text, after_last.map(|node| node.text))
        };
        let end = end.unwrap_or_else(|| self.text_end());
        (start.textless == end.textless).then(|| &self.content[start.byte..end.byte])
    }
}

impl From<NotLoaded> for TextError {
    fn from(_: NotLoaded) -> Self {
        TextError::NeedsHistory
    }
}

/// Numbers of a stored text delta, all in code points.
#[derive(Clone, Copy, Debug)]
pub struct StoredShape {
    /// First code point concerned.
    pub position: u64,
    /// How many are inserted or deleted.
    pub length: u64,
    /// How many the document has afterwards.
    pub size: u64,
}

/// The maximal elements of `parents` (each with the clock after it), sorted and without duplicates: two ways to name
/// one version become one.
pub fn maximal(mut parents: Vec<(Dot, &VectorClock)>) -> Vec<Dot> {
    parents.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    parents.dedup_by(|(a, _), (b, _)| a == b);
    // What any of them has seen, itself left out: agents are sequential, so of its own agent that ends before it.
    let mut seen: HashMap<&str, u64> = HashMap::new();
    for (dot, clock) in &parents {
        for (agent, seq) in clock.iter() {
            let seq = if agent == dot.agent.as_str() { seq.min(dot.seq - 1) } else { seq };
            let newest = seen.entry(agent).or_default();
            *newest = seq.max(*newest);
        }
    }
    let is_seen = |dot: &Dot| seen.get(dot.agent.as_str()).is_some_and(|seq| *seq >= dot.seq);
    parents.iter().filter(|(dot, _)| !is_seen(dot)).map(|(dot, _)| dot.clone()).collect()
}
