//! Replaying deltas: in a causal order, each checked against the version that its parents name.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::rc::Rc;

use ramanujan_core::{Code, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::types::{Applying, Event, Past, State};
use ramanujan_crdt::{CrdtType, Delta, TextDocument};

/// A delta with its digest and where in the request it came from.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) delta: Delta,
    pub(crate) digest: Digest,
    pub(crate) side: Rc<str>,
    pub(crate) index: usize,
}

impl Entry {
    /// The problem, said of this delta.
    pub(crate) fn blame(&self, problem: Problem) -> Problem {
        blame(&self.side, problem.with("index", self.index))
    }
}

/// The problem, said of one side of the request.
pub(super) fn blame(side: &str, mut problem: Problem) -> Problem {
    problem.detail = match problem.extra.get("index") {
        Some(index) => format!("{side}: delta {index}: {}", problem.detail),
        None => format!("{side}: {}", problem.detail),
    };
    problem.with("side", side)
}

/// What the deltas are replayed onto.
pub(crate) enum Target {
    Text(Box<TextDocument>),
    State(Box<State>),
}

/// What deltas are being replayed onto.
enum Onto<'a> {
    Text(&'a mut TextDocument),
    State(Applying<'a>),
}

/// A state at a known version, to which deltas are added.
pub(crate) struct Replay {
    pub(crate) target: Target,
    /// What names the deltas. Knows the hashes of those that the state begins with and that new ones have for parents.
    pub(crate) hashes: HashDag,
    /// Versions after deltas that the state begins with and that new ones have for parents; a text knows its own.
    pub(crate) known: HashMap<Dot, VectorClock>,
}

impl Replay {
    /// The state that `deltas` make, each given once.
    ///
    /// # Errors
    /// As [`Replay::add`].
    pub(crate) fn of(crdt_type: CrdtType, deltas: &[Entry]) -> Result<Self, Problem> {
        let target = match State::new(crdt_type) {
            Some(state) => Target::State(state.into()),
            None => Target::Text(Box::default()),
        };
        let mut replay = Replay { target, hashes: HashDag::new(crdt_type), known: HashMap::new() };
        replay.add(deltas)?;
        Ok(replay)
    }

    /// Adds deltas, in the order given as far as their parents allow.
    ///
    /// # Errors
    /// 422 if a parent is missing, the parents form a cycle, an agent is not sequential, or a delta does not fit the
    /// version that its parents name; 409 if two deltas have one dot.
    pub(crate) fn add(&mut self, deltas: &[Entry]) -> Result<(), Problem> {
        let at = by_dot(deltas)?;
        let order = causal_order(deltas, &at, &self.hashes)?;
        let mut versions = Versions::new(deltas, &at, &self.known);
        let mut onto = match &mut self.target {
            Target::Text(text) => Onto::Text(text),
            Target::State(state) => Onto::State(state.applying()),
        };
        for index in order {
            let entry = &deltas[index];
            let applied = match &mut onto {
                Onto::Text(text) => push(text, &entry.delta),
                Onto::State(state) => versions
                    .before(index)
                    .and_then(|past| apply(state, &entry.delta, &past).map(|()| past))
                    .map(|past| versions.set_after(index, past)),
            };
            applied.map_err(|problem| entry.blame(problem))?;
            let Delta { dot, parents, .. } = &entry.delta;
            self.hashes
                .push(dot, parents, &entry.digest)
                .map_err(|error| entry.blame(Problem::new(Code::UnknownParent, error.to_string())))?;
        }
        Ok(())
    }
}

impl Target {
    /// The version of what is in.
    pub(super) fn version(&self) -> VectorClock {
        match self {
            Target::Text(text) => text.version(),
            Target::State(state) => state.version().clone(),
        }
    }
}

fn invalid(dot: &Dot, error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidDelta, format!("{dot}: {error}"))
}

fn push(text: &mut TextDocument, delta: &Delta) -> Result<(), Problem> {
    match text.push(&delta.dot, &delta.parents, &delta.op) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid(&delta.dot, error)),
    }
}

fn apply(state: &mut Applying<'_>, delta: &Delta, past: &VectorClock) -> Result<(), Problem> {
    let dot = &delta.dot;
    let seen = past.get(dot.agent.as_str());
    if seen.checked_add(1) != Some(dot.seq) {
        let detail = format!("{dot}: its parents have seen {seen} of its agent's deltas, not all before it");
        return Err(Problem::new(Code::AgentNotSequential, detail));
    }
    state.apply(&Event { dot, past: Past::Version(past) }, &delta.op).map_err(|error| invalid(dot, error))
}

/// Versions after deltas, each kept until its last child has taken it over: memory follows the concurrency, not the
/// history.
struct Versions<'a> {
    deltas: &'a [Entry],
    at: &'a HashMap<&'a Dot, usize>,
    known: &'a HashMap<Dot, VectorClock>,
    children: Vec<usize>,
    after: Vec<Option<VectorClock>>,
}

impl<'a> Versions<'a> {
    fn new(
        deltas: &'a [Entry],
        at: &'a HashMap<&'a Dot, usize>,
        known: &'a HashMap<Dot, VectorClock>,
    ) -> Self {
        let mut children = vec![0; deltas.len()];
        for parent in deltas.iter().flat_map(|entry| &entry.delta.parents) {
            if let Some(parent) = at.get(parent) {
                children[*parent] += 1;
            }
        }
        Versions { deltas, at, known, children, after: vec![None; deltas.len()] }
    }

    /// The version that the delta's parents make.
    fn before(&mut self, index: usize) -> Result<VectorClock, Problem> {
        let Entry { delta, .. } = &self.deltas[index];
        let mut version = VectorClock::new();
        for (nth, parent) in delta.parents.iter().enumerate() {
            let theirs = self.take(parent);
            let covers = |dot: &Dot, clock: &VectorClock| clock.get(dot.agent.as_str()) >= dot.seq;
            if nth > 0
                && (covers(parent, &version) || delta.parents[..nth].iter().any(|p| covers(p, &theirs)))
            {
                return Err(invalid(&delta.dot, "its parents cover each other"));
            }
            if nth == 0 { version = theirs } else { version.join(&theirs) }
        }
        Ok(version)
    }

    fn take(&mut self, dot: &Dot) -> VectorClock {
        let version = match self.at.get(dot) {
            Some(index) => {
                self.children[*index] -= 1;
                if self.children[*index] == 0 {
                    self.after[*index].take()
                } else {
                    self.after[*index].clone()
                }
            }
            None => self.known.get(dot).cloned(),
        };
        version.unwrap_or_default()
    }

    fn set_after(&mut self, index: usize, mut past: VectorClock) {
        if self.children[index] > 0 {
            let dot = &self.deltas[index].delta.dot;
            past.observe(dot.agent.as_str(), dot.seq);
            self.after[index] = Some(past);
        }
    }
}

/// What is under each dot, over all sets of deltas that were looked at.
#[derive(Debug, Default)]
pub(crate) struct Contents(HashMap<Dot, Digest>);

impl Contents {
    /// Whether the delta is the first of its dot.
    ///
    /// # Errors
    /// 409 `dot-conflict` if another content had that dot.
    pub(crate) fn is_new(&mut self, entry: &Entry) -> Result<bool, Problem> {
        match self.0.get(&entry.delta.dot) {
            None => Ok(self.0.insert(entry.delta.dot.clone(), entry.digest).is_none()),
            Some(digest) if *digest == entry.digest => Ok(false),
            Some(_) => Err(dot_conflict(entry)),
        }
    }
}

/// The union of two sets of deltas, those of `right` that `left` lacks after those of `left`.
///
/// # Errors
/// 409 `dot-conflict` if two deltas have one dot and different contents.
pub(crate) fn union(left: Vec<Entry>, right: Vec<Entry>) -> Result<Vec<Entry>, Problem> {
    let mut contents = Contents::default();
    let mut union = Vec::with_capacity(left.len() + right.len());
    for entry in left.into_iter().chain(right) {
        if contents.is_new(&entry)? {
            union.push(entry);
        }
    }
    Ok(union)
}

/// 409: the delta has another content than one that has its dot.
pub(crate) fn dot_conflict(entry: &Entry) -> Problem {
    let dot = entry.delta.dot.to_string();
    entry
        .blame(Problem::new(Code::DotConflict, format!("{dot} has two different contents")))
        .with("operation_id", dot)
}

fn by_dot(deltas: &[Entry]) -> Result<HashMap<&Dot, usize>, Problem> {
    let mut at = HashMap::with_capacity(deltas.len());
    for (index, entry) in deltas.iter().enumerate() {
        if at.insert(&entry.delta.dot, index).is_some() {
            return Err(dot_conflict(entry));
        }
    }
    Ok(at)
}

/// Kahn's algorithm over the parents that `base` does not know; of the deltas that are ready, the one given first goes first.
fn causal_order(deltas: &[Entry], at: &HashMap<&Dot, usize>, base: &HashDag) -> Result<Vec<usize>, Problem> {
    let mut waits = vec![0_usize; deltas.len()];
    let mut unlocks: Vec<Vec<usize>> = vec![Vec::new(); deltas.len()];
    for (index, entry) in deltas.iter().enumerate() {
        for parent in &entry.delta.parents {
            match at.get(parent) {
                Some(parent) => {
                    unlocks[*parent].push(index);
                    waits[index] += 1;
                }
                None if base.hash(parent).is_some() => {}
                None => {
                    let detail = format!("{} comes after {parent}, which neither side has", entry.delta.dot);
                    let problem = Problem::new(Code::UnknownParent, detail);
                    return Err(entry.blame(problem).with("parent", parent.to_string()));
                }
            }
        }
    }
    let mut ready: BinaryHeap<_> =
        (0..deltas.len()).filter(|index| waits[*index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(deltas.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for next in &unlocks[index] {
            waits[*next] -= 1;
            if waits[*next] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    match waits.iter().position(|waits| *waits > 0) {
        Some(index) => {
            let problem = Problem::new(Code::InvalidDelta, "the parents form a cycle");
            Err(deltas[index].blame(problem))
        }
        None => Ok(order),
    }
}
