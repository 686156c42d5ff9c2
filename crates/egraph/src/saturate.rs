//! Equality saturation with hard limits: no node is added beyond the limit, and time is looked at within a search.
//!
//! Willsey et al., "egg: Fast and extensible equality saturation", POPL 2021. egg's own runner checks its limits
//! between iterations only and overshoots them two- to threefold, so the loop is here. It differs in a second way:
//! an iteration is a sweep from the smallest class to the largest; smaller classes that come up or change on the way
//! are taken first, and before anything else the rules that only unite classes have their say. That keeps copies of a class, not yet known to be equal, from breeding more: a chain of 64
//! associative operations saturates within the 44,000 nodes that it needs, where rounds over the whole graph pass
//! 200,000 and are nowhere near the end.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use egg::Id;

use crate::graph::{EGraph, Node};
use crate::pattern::Substitution;
use crate::rules::{RULES, Rewrite};

/// Bounds of one run. Time is the caller's: see [`run`].
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub iterations: u64,
    /// Nodes that the graph may have at most.
    pub nodes: usize,
}

/// Matches taken from one class for one rewrite in one iteration: all subsets of eleven operands, 9 MB.
pub const MATCHES_PER_CLASS: usize = 180_000;
/// Matches are applied, and the graph rebuilt, once there are this part of the graph's nodes: rebuilding looks at all.
const BATCH_PART: usize = 256;
const MAX_BATCH: usize = 4_096;
/// Times that a class is looked at in one iteration; what then changes it again is left to the next.
const MAX_LOOKS: u8 = 4;
/// Nodes looked at, or matches applied, between two looks at the clock.
const CLOCK_STEPS: u32 = 512;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No rule can say anything new.
    Saturated,
    IterationLimit,
    NodeLimit,
    TimeLimit,
    /// A class has more matches than are looked at, and those give nothing new.
    MatchLimit,
}

impl StopReason {
    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::Saturated => "saturated",
            StopReason::IterationLimit => "iteration_limit",
            StopReason::NodeLimit => "node_limit",
            StopReason::TimeLimit => "time_limit",
            StopReason::MatchLimit => "match_limit",
        }
    }
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Run {
    pub stop_reason: StopReason,
    /// Rounds over all rules, the last one (that found nothing new, or was cut off) included.
    pub iterations: u64,
    /// For each rule, how many of its rewrites united two classes.
    pub applied: [u64; RULES.len()],
}

/// Applies `rewrites` to a rebuilt graph until nothing is new or a limit is reached; leaves the graph rebuilt.
/// `expired` says whether the time is over.
pub fn run(
    egraph: &mut EGraph<'_>,
    rewrites: &[Rewrite],
    limits: Limits,
    expired: &mut dyn FnMut() -> bool,
) -> Run {
    let nodes = egraph.total_number_of_nodes();
    egraph.analysis.touched.clear();
    let mut state = State {
        egraph,
        rewrites,
        nodes,
        limit: limits.nodes,
        clock: Clock { expired, left: 0 },
        fresh: BTreeSet::new(),
        pending: BTreeSet::new(),
        matches: Vec::new(),
        applied: [0; RULES.len()],
        dirty: false,
        changed: false,
        truncated: false,
    };
    let mut iterations = 0;
    let stop_reason = loop {
        if iterations == limits.iterations {
            break StopReason::IterationLimit;
        }
        iterations += 1;
        // Only a sweep over everything that changes nothing proves that nothing is left.
        let whole = state.pending.is_empty();
        if whole {
            state.fresh = state.egraph.classes().map(|class| class.id).collect();
            state.pending = state.egraph.classes().map(|class| (class.data.size, class.id)).collect();
        }
        match state.sweep() {
            Err(reason) => break reason,
            Ok(()) if state.changed || !whole => {}
            Ok(()) if state.truncated => break StopReason::MatchLimit,
            Ok(()) => break StopReason::Saturated,
        }
    };
    let applied = state.applied;
    egraph.rebuild();
    Run { stop_reason, iterations, applied }
}

/// Looks at the time only once in a while.
struct Clock<'c> {
    expired: &'c mut dyn FnMut() -> bool,
    left: u32,
}

impl Clock<'_> {
    fn step(&mut self) -> ControlFlow<()> {
        if self.left == 0 {
            self.left = CLOCK_STEPS;
            if (self.expired)() {
                self.left = 0;
                return ControlFlow::Break(());
            }
        }
        self.left -= 1;
        ControlFlow::Continue(())
    }
}

/// A match: which rewrite, at which class, with what for its variables.
type Match = (usize, Id, Substitution);

struct State<'s, 'a, 'c> {
    egraph: &'s mut EGraph<'a>,
    rewrites: &'s [Rewrite],
    /// Nodes in the graph: exact after a rebuild, and never too low between two.
    nodes: usize,
    limit: usize,
    clock: Clock<'c>,
    /// Classes to look at with the rewrites that only unite.
    fresh: BTreeSet<Id>,
    /// Classes to look at with the rewrites that grow the graph, smallest first.
    pending: BTreeSet<(u64, Id)>,
    matches: Vec<Match>,
    applied: [u64; RULES.len()],
    /// Whether nodes were added or classes united since the last rebuild, and in this iteration.
    dirty: bool,
    changed: bool,
    /// Whether a class had more matches in this iteration than are taken.
    truncated: bool,
}

impl State<'_, '_, '_> {
    /// One iteration: looks at the pending classes, and at those that change on the way, up to the size of the
    /// largest class that there is at the beginning. What remains is pending for the next.
    fn sweep(&mut self) -> Result<(), StopReason> {
        (self.changed, self.truncated) = (false, false);
        let horizon = self.egraph.classes().map(|class| class.data.size).max().unwrap_or(0);
        let mut looks: HashMap<Id, u8> = HashMap::new();
        let mut later = BTreeSet::new();
        self.unite()?;
        while let Some((_, id)) = self.pending.pop_first() {
            let id = self.egraph.find(id);
            let size = self.egraph[id].data.size;
            let seen = looks.entry(id).or_default();
            if size > horizon || *seen == MAX_LOOKS {
                later.insert((size, id));
            } else {
                *seen += 1;
                self.search(id, true)?;
            }
            let level_ends = self.pending.first().is_none_or(|(next, _)| *next != size);
            let enough = self.matches.len() > self.nodes / BATCH_PART;
            if level_ends && enough || self.matches.len() > MAX_BATCH || self.pending.is_empty() {
                self.apply()?;
                self.unite()?;
            }
        }
        self.pending = later;
        Ok(())
    }

    /// Applies the rewrites that only unite until they have nothing to say about any fresh class.
    fn unite(&mut self) -> Result<(), StopReason> {
        while let Some(id) = self.fresh.pop_first() {
            self.search(self.egraph.find(id), false)?;
            if self.fresh.is_empty() || self.matches.len() > MAX_BATCH {
                self.apply()?;
            }
        }
        Ok(())
    }

    /// Collects the matches at a class of the rewrites that grow, or of those that do not.
    fn search(&mut self, class: Id, grow: bool) -> Result<(), StopReason> {
        for (index, rewrite) in
            self.rewrites.iter().enumerate().filter(|(_, rewrite)| rewrite.grows() == grow)
        {
            let before = self.matches.len();
            let (clock, matches) = (&mut self.clock, &mut self.matches);
            let mut full = false;
            let flow = rewrite.left.search(self.egraph, class, &mut || clock.step(), &mut |substitution| {
                if matches.len() - before == MATCHES_PER_CLASS {
                    full = true;
                    return ControlFlow::Break(());
                }
                matches.push((index, class, substitution));
                ControlFlow::Continue(())
            });
            self.truncated |= full;
            if flow.is_break() && !full {
                return Err(StopReason::TimeLimit);
            }
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StopReason> {
        for (index, class, substitution) in std::mem::take(&mut self.matches) {
            if self.clock.step().is_break() {
                return Err(StopReason::TimeLimit);
            }
            let rewrite = &self.rewrites[index];
            let built = match self.build(rewrite, &substitution) {
                Err(_) if self.make_room() => self.build(rewrite, &substitution)?,
                built => built?,
            };
            if let Some(id) = built
                && self.egraph.union(class, id)
            {
                self.dirty = true;
                if let Some(rule) = RULES.iter().position(|rule| rule.name == rewrite.rule.name) {
                    self.applied[rule] += 1;
                }
            }
        }
        if self.dirty {
            self.rebuild();
        }
        Ok(())
    }

    /// The class of the rewrite's right side, added as far as it is new and there is room.
    fn build(&mut self, rewrite: &Rewrite, substitution: &Substitution) -> Result<Option<Id>, StopReason> {
        let (egraph, nodes, limit) = (&mut *self.egraph, &mut self.nodes, self.limit);
        let dirty = &mut self.dirty;
        rewrite.right.build(substitution, &mut |node: Node| {
            if let Some(id) = egraph.lookup(node.clone()) {
                return Ok(id);
            }
            if *nodes >= limit {
                return Err(StopReason::NodeLimit);
            }
            *nodes += 1;
            *dirty = true;
            Ok(egraph.add(node))
        })
    }

    /// Rebuilds a full graph: classes united since the last rebuild have nodes that turn out to be the same. Says
    /// whether that gave a thirty-second of the limit back; for less, rebuilding would cost more than it brings.
    fn make_room(&mut self) -> bool {
        self.rebuild();
        self.nodes + self.limit / 32 < self.limit
    }

    fn rebuild(&mut self) {
        self.egraph.rebuild();
        self.nodes = self.egraph.total_number_of_nodes();
        self.changed |= self.dirty;
        self.dirty = false;
        let mut touched = std::mem::take(&mut self.egraph.analysis.touched);
        touched.iter_mut().for_each(|id| *id = self.egraph.find(*id));
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            // What a class holds counts for itself and for what is made of it.
            let class = &self.egraph[id];
            self.fresh.insert(id);
            self.pending.insert((class.data.size, id));
            for parent in class.parents() {
                let parent = self.egraph.find(parent);
                self.fresh.insert(parent);
                self.pending.insert((self.egraph[parent].data.size, parent));
            }
        }
    }
}
