//! Equality saturation with hard limits: no node is added beyond the limit, and time is looked at within a search.
//!
//! [`run`] ends when the rules say nothing new, or at a limit; either way the graph is closed and can be asked. Some
//! rules have no end, and then a limit is the only way out:
//!
//! ```
//! use ramanujan_core::Color;
//! use ramanujan_egraph::colors::Mode;
//! use ramanujan_egraph::egraph::EGraph;
//! use ramanujan_egraph::operators::Signature;
//! use ramanujan_egraph::read::s_expression;
//! use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
//! use ramanujan_egraph::saturate::{Limits, StopReason, run};
//! use ramanujan_egraph::vocabulary::Vocabulary;
//!
//! let mut names = Vocabulary::new(Signature::default());
//! let rule = |left: &str, right: &str| CustomRule {
//!     name: "rule".into(), left: left.into(), right: right.into(),
//!     both_ways: false, conditions: Vec::new(), gadget: Color::Green,
//! };
//! let mut stop = |left, right| {
//!     let custom = [rule(left, right)];
//!     let rules = RuleSet::new(&mut names, &Chosen::Named(&[]), &custom, &Color::ALL).unwrap();
//!     let term = s_expression(&mut names, "(f (g a))", 10).unwrap();
//!     let mut graph = EGraph::new(names.clone());
//!     graph.add_term(&term);
//!     let limits = Limits { iterations: 1_000, nodes: 50 };
//!     let done = run(&mut graph, &rules, limits, Mode::Block, &mut |_| false);
//!     assert!(graph.node_count() <= 50);
//!     done.stop_reason
//! };
//! assert_eq!(stop("(f (g ?x))", "?x"), StopReason::Saturated);
//! assert_eq!(stop("(g ?x)", "(g (h ?x))"), StopReason::NodeLimit);
//! ```
//!
//! Willsey et al., "egg: Fast and extensible equality saturation", POPL 2021. egg's own runner checks its limits
//! between iterations only and overshoots them two- to threefold. The loop here differs in a second way: an iteration
//! is a sweep from the smallest class to the largest; smaller classes that come up or change on the way are taken
//! first, and before anything else the rules that only unite classes have their say. That keeps copies of a class, not
//! yet known to be equal, from breeding more: a chain of 64 associative operations saturates within the 44,000 nodes
//! that it needs, where rounds over the whole graph pass 200,000 and are nowhere near the end.

mod clock;

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use rustc_hash::FxBuildHasher;

use self::clock::Clock;
use crate::build::{Built, build};
use crate::colors::{self, Mode};
use crate::conflict::{Conflict, Conflicts};
use crate::egraph::{EGraph, Id};
use crate::forest::Application;
use crate::rules::RuleSet;
use crate::vocabulary::Name;

/// Bounds of one run. Time is the caller's: see [`run`].
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sweeps over the graph.
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

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No rule can say anything new.
    Saturated,
    /// All iterations are used up.
    IterationLimit,
    /// The next step would go beyond the limit of nodes.
    NodeLimit,
    /// The time is over.
    TimeLimit,
    /// A class has more matches than are looked at, and those give nothing new.
    MatchLimit,
    /// The two nodes of the goal are equal.
    GoalReached,
}

impl StopReason {
    /// Every reason.
    pub const ALL: [StopReason; 6] = [
        StopReason::Saturated,
        StopReason::IterationLimit,
        StopReason::NodeLimit,
        StopReason::TimeLimit,
        StopReason::MatchLimit,
        StopReason::GoalReached,
    ];

    /// Its name in replies.
    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::Saturated => "saturated",
            StopReason::IterationLimit => "iteration_limit",
            StopReason::NodeLimit => "node_limit",
            StopReason::TimeLimit => "time_limit",
            StopReason::MatchLimit => "match_limit",
            StopReason::GoalReached => "goal_reached",
        }
    }
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Run {
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Rounds over all rules, the last one (that found nothing new, or was cut off) included.
    pub iterations: u64,
    /// For each rule of the set, how many of its rewrites united two classes.
    pub applied: Vec<u64>,
    /// Steps that would have brought RED next to BLUE, or did.
    pub conflicts: Conflicts,
}

/// Applies the rewrites of `rules` to a graph until nothing is new or a limit is reached; leaves the graph rebuilt.
/// `expired` says whether the time is over; it is told the number of nodes, for what comes after a run takes time in
/// proportion to them. In mode `Block`, if no RED class has a BLUE child or the reverse, none has
/// one afterwards.
pub fn run(
    egraph: &mut EGraph,
    rules: &RuleSet,
    limits: Limits,
    mode: Mode,
    expired: &mut dyn FnMut(usize) -> bool,
) -> Run {
    run_until(egraph, rules, limits, mode, None, expired)
}

/// As [`run`], but ends as soon as the two nodes of `goal` are equal.
pub fn run_until(
    egraph: &mut EGraph,
    rules: &RuleSet,
    limits: Limits,
    mode: Mode,
    goal: Option<(Id, Id)>,
    expired: &mut dyn FnMut(usize) -> bool,
) -> Run {
    egraph.rebuild();
    egraph.take_touched();
    let mut by_head: HashMap<_, Vec<u32>, FxBuildHasher> = HashMap::default();
    for (index, rewrite) in rules.rewrites.iter().enumerate() {
        let heads = rewrite.left.root_name();
        heads
            .into_iter()
            .for_each(|head| by_head.entry((head, rewrite.grows())).or_default().push(index as u32));
    }
    let mut state = State {
        egraph,
        rules,
        mode,
        goal,
        limit: limits.nodes,
        clock: Clock::new(expired),
        fresh: BTreeSet::new(),
        pending: BTreeSet::new(),
        matches: Matches::default(),
        by_head,
        candidates: Vec::new(),
        applied: vec![0; rules.rules.len()],
        conflicts: Conflicts::default(),
        dirty: false,
        changed: false,
        truncated: false,
    };
    let mut iterations = 0;
    let stop_reason = loop {
        if iterations == limits.iterations {
            break StopReason::IterationLimit;
        }
        if let Err(reason) = state.look_at_goal() {
            break reason;
        }
        iterations += 1;
        // Only a sweep over everything that changes nothing proves that nothing is left.
        let whole = state.pending.is_empty();
        if whole {
            state.fresh = state.egraph.class_ids().collect();
            state.pending =
                state.egraph.class_ids().map(|class| (state.egraph.known(class).size, class)).collect();
        }
        match state.sweep() {
            Err(reason) => break reason,
            Ok(()) if state.changed || !whole => {}
            Ok(()) if state.truncated => break StopReason::MatchLimit,
            Ok(()) => break StopReason::Saturated,
        }
    };
    let State { applied, conflicts, .. } = state;
    egraph.rebuild();
    Run { stop_reason, iterations, applied, conflicts }
}

/// Matches that wait: which rewrite, and from where in `slots` the nodes of its places are.
#[derive(Default)]
struct Matches {
    found: Vec<(u32, u32)>,
    slots: Vec<Id>,
}

struct State<'s, 'c> {
    egraph: &'s mut EGraph,
    rules: &'s RuleSet,
    mode: Mode,
    goal: Option<(Id, Id)>,
    limit: usize,
    clock: Clock<'c>,
    /// Classes to look at with the rewrites that only unite.
    fresh: BTreeSet<Id>,
    /// Classes to look at with the rewrites that grow the graph, smallest first.
    pending: BTreeSet<(u64, Id)>,
    matches: Matches,
    /// The rewrites by the root of the left side and whether they grow the graph.
    by_head: HashMap<((Name, usize), bool), Vec<u32>, FxBuildHasher>,
    /// Those that may match the class in hand.
    candidates: Vec<u32>,
    applied: Vec<u64>,
    conflicts: Conflicts,
    /// Whether nodes were added or classes united since the last rebuild, and in this iteration.
    dirty: bool,
    changed: bool,
    /// Whether a class had more matches in this iteration than are taken.
    truncated: bool,
}

impl State<'_, '_> {
    /// One iteration: looks at the pending classes, and at those that change on the way, up to the size of the
    /// largest class that there is at the beginning. What remains is pending for the next.
    fn sweep(&mut self) -> Result<(), StopReason> {
        (self.changed, self.truncated) = (false, false);
        let sizes = self.egraph.class_ids().map(|class| self.egraph.known(class).size);
        let horizon = sizes.max().unwrap_or(0);
        let mut looks: HashMap<Id, u8, FxBuildHasher> = HashMap::default();
        let mut later = BTreeSet::new();
        let first_new = self.egraph.next_id();
        self.unite()?;
        while let Some((_, id)) = self.pending.pop_first() {
            let id = self.egraph.find(id);
            let size = self.egraph.known(id).size;
            let seen = looks.entry(id).or_default();
            // Values are small and without end: taken at once, they would keep everything larger waiting.
            let new_value = id >= first_new && self.egraph.known(id).literal.is_some();
            if size > horizon || *seen == MAX_LOOKS || new_value {
                later.insert((size, id));
            } else {
                *seen += 1;
                self.search(id, true)?;
            }
            let level_ends = self.pending.first().is_none_or(|(next, _)| *next != size);
            let waiting = self.matches.found.len();
            let enough = waiting > self.egraph.node_count() / BATCH_PART;
            if level_ends && enough || waiting > MAX_BATCH || self.pending.is_empty() {
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
            if self.fresh.is_empty() || self.matches.found.len() > MAX_BATCH {
                self.apply()?;
            }
        }
        Ok(())
    }

    /// Collects the matches at a class of the rewrites that grow, or of those that do not.
    fn search(&mut self, class: Id, grow: bool) -> Result<(), StopReason> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let heads = self.egraph.heads(class);
        candidates.extend(heads.filter_map(|head| self.by_head.get(&(head, grow))).flatten());
        candidates.sort_unstable();
        for index in candidates.iter().copied() {
            let rewrite = &self.rules.rewrites[index as usize];
            let (egraph, clock, Matches { found, slots }) =
                (&*self.egraph, &mut self.clock, &mut self.matches);
            let before = found.len();
            let mut full = false;
            let nodes = egraph.node_count();
            let flow = rewrite.left.search(egraph, class, &mut || clock.step(nodes), &mut |nodes| {
                if found.len() - before == MATCHES_PER_CLASS {
                    full = true;
                    return ControlFlow::Break(());
                }
                let from = slots.len();
                slots.extend_from_slice(nodes);
                if rewrite.admits(egraph, &mut slots[from..]) {
                    found.push((index, from as u32));
                } else {
                    slots.truncate(from);
                }
                ControlFlow::Continue(())
            });
            self.truncated |= full;
            if flow.is_break() && !full {
                return Err(StopReason::TimeLimit);
            }
        }
        self.candidates = candidates;
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StopReason> {
        let Matches { found, slots } = std::mem::take(&mut self.matches);
        for (index, from) in found {
            if self.clock.step(self.egraph.node_count()).is_break() {
                return Err(StopReason::TimeLimit);
            }
            let places = self.rules.rewrites[index as usize].left.places().len();
            self.apply_one(index, &slots[from as usize..][..places])?;
        }
        if self.dirty {
            self.rebuild();
        }
        self.look_at_goal()
    }

    fn look_at_goal(&self) -> Result<(), StopReason> {
        match self.goal {
            Some((a, b)) if self.egraph.find(a) == self.egraph.find(b) => Err(StopReason::GoalReached),
            _ => Ok(()),
        }
    }

    fn apply_one(&mut self, index: u32, slots: &[Id]) -> Result<(), StopReason> {
        let rewrite = &self.rules.rewrites[index as usize];
        let before = self.egraph.node_count();
        let mut built = build(self.egraph, rewrite, slots, self.limit, self.mode);
        if matches!(built, Built::Full) && self.make_room() {
            built = build(self.egraph, rewrite, slots, self.limit, self.mode);
        }
        self.dirty |= self.egraph.node_count() != before;
        let right = match built {
            Built::Full => return Err(StopReason::NodeLimit),
            Built::Nothing => return Ok(()),
            Built::Blocked(clash) => {
                self.conflicts.push(self.egraph, Conflict::of_build(index, slots, clash));
                return Ok(());
            }
            Built::Done(right, clash) => {
                if let Some(clash) = clash {
                    self.conflicts.push(self.egraph, Conflict::of_build(index, slots, clash));
                }
                right
            }
        };
        let root = slots[0];
        if self.egraph.find(root) == self.egraph.find(right[0]) {
            return Ok(());
        }
        if self.egraph.is_two_coloured() {
            self.egraph.rebuild();
            if let Some(pair) = colors::conflict(self.egraph, root, right[0]) {
                self.conflicts.push(self.egraph, Conflict::of_union(index, slots, pair));
                if self.mode == Mode::Block {
                    return Ok(());
                }
            }
        }
        if self.egraph.apply(Application { rewrite: index, left: slots.into(), right }) {
            self.dirty = true;
            self.applied[rewrite.rule] += 1;
        }
        if self.egraph.is_two_coloured() {
            self.egraph.rebuild();
        }
        Ok(())
    }

    /// Rebuilds a full graph: classes united since the last rebuild have nodes that turn out to be the same. Says
    /// whether that gave a thirty-second of the limit back; for less, rebuilding would cost more than it brings.
    fn make_room(&mut self) -> bool {
        self.egraph.rebuild();
        self.egraph.node_count() + self.limit / 32 < self.limit
    }

    fn rebuild(&mut self) {
        self.egraph.rebuild();
        self.changed |= self.dirty;
        self.dirty = false;
        for id in self.egraph.take_touched() {
            // What a class holds counts for itself and for what is made of it.
            self.fresh.insert(id);
            self.pending.insert((self.egraph.known(id).size, id));
            for parent in self.egraph.parents(id) {
                let parent = self.egraph.find(parent);
                self.fresh.insert(parent);
                self.pending.insert((self.egraph.known(parent).size, parent));
            }
        }
    }
}
