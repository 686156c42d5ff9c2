//! Proofs: the steps that take one term to an equal one, each a rewrite at one place of the term.
//!
//! The graph only knows that two nodes are equal. [`prove`] writes down why, and [`check`](crate::check::check), which
//! knows terms and rules and nothing of the graph, replays it:
//!
//! ```
//! use ramanujan_core::Color;
//! use ramanujan_egraph::check::check;
//! use ramanujan_egraph::colors::Mode;
//! use ramanujan_egraph::egraph::EGraph;
//! use ramanujan_egraph::languages::{Language, signature};
//! use ramanujan_egraph::proof::prove;
//! use ramanujan_egraph::read::s_expression;
//! use ramanujan_egraph::rules::{Chosen, RuleSet};
//! use ramanujan_egraph::saturate::{Limits, run};
//! use ramanujan_egraph::vocabulary::Vocabulary;
//!
//! let mut names = Vocabulary::new(signature(&[Language::Operations], Vec::new()).unwrap());
//! let rules = RuleSet::new(&mut names, &Chosen::Named(&["idem".to_owned()]), &[], &Color::ALL).unwrap();
//! let left = s_expression(&mut names, "(f (merge a a))", 10).unwrap();
//! let right = s_expression(&mut names, "(f a)", 10).unwrap();
//! let mut graph = EGraph::new(names);
//! let (start, end) = (graph.add_term(&left).unwrap(), graph.add_term(&right).unwrap());
//! run(&mut graph, &rules, Limits { iterations: 10, nodes: 100 }, Mode::Block, &mut |_| false);
//!
//! let proof = prove(&graph, &rules, start, end).unwrap();
//! assert_eq!(check(graph.vocabulary(), &rules.rewrites, &[], &left, &right, &proof), Ok(()));
//! let step = proof.texts(graph.vocabulary(), &rules, 100).next().unwrap();
//! assert_eq!(step.rule.as_deref(), Some("idem"));
//! // Below argument 0 of the root.
//! assert_eq!((step.position, step.from.as_str(), step.to.as_str()), (vec![0], "(merge a a)", "a"));
//! ```
//!
//! Unfolds the proof forest with a stack of its own, so that neither the depth of terms nor of reasons matters. A
//! short reason can stand for many steps; their number is bounded.

use std::collections::HashMap;

use crate::build::children;
use crate::egraph::{EGraph, Id, Justification};
use crate::forest::{Application, Step as Edge};
use crate::pattern::{Pattern, Place};
use crate::rewrite::Right;
use crate::rules::RuleSet;
use crate::term::Term;
use crate::vocabulary::Name;

/// Most steps of a proof.
pub const MAX_STEPS: usize = 10_000;
/// Most numbers in the positions of all steps together: 16 MB.
const MAX_POSITIONS: usize = 4_000_000;
/// Most reasons looked at.
const MAX_WORK: usize = 4_000_000;

/// Why a step is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A rewrite of the rule set.
    Rewrite {
        /// Place of the rewrite in the rule set.
        rewrite: u32,
        /// The term for each variable, as a place in [`Proof::terms`].
        bindings: Vec<u32>,
    },
    /// A fact that was given.
    Fact {
        /// Which of the facts.
        fact: u32,
        /// Its left term, as a place in [`Proof::terms`].
        left: u32,
        /// Its right term.
        right: u32,
    },
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Why it is right.
    pub reason: Reason,
    /// Whether the reason is used from left to right.
    pub forward: bool,
    /// Which argument to take at each level to come from the root to the place.
    pub position: Vec<u32>,
}

/// A proof that two terms are equal. Terms are places in `terms`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// All terms that the proof speaks of, as one list.
    pub terms: Term,
    /// The term that it begins with.
    pub start: u32,
    /// The term that it ends with.
    pub end: u32,
    /// The steps from one to the other.
    pub steps: Vec<Step>,
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// The graph does not say that they are equal.
    NotEqual,
    /// It has more than [`MAX_STEPS`] steps, or positions too long to write down.
    TooLong,
}

enum Task {
    /// Take the term of the first node to that of the second.
    Way(Id, Id),
    Edge(Edge),
    /// Go to an argument, and back.
    Enter(u32),
    Leave,
    Use(u32, bool),
}

struct Unfolding<'g> {
    egraph: &'g EGraph,
    rules: &'g RuleSet,
    tasks: Vec<Task>,
    position: Vec<u32>,
    terms: NodeTerms<'g>,
    steps: Vec<Step>,
    positions: usize,
}

/// Proves that the terms of two nodes are equal.
///
/// # Errors
/// If they are not known to be, or the proof would be too long.
pub fn prove(egraph: &EGraph, rules: &RuleSet, a: Id, b: Id) -> Result<Proof, NoProof> {
    if egraph.find(a) != egraph.find(b) {
        return Err(NoProof::NotEqual);
    }
    let mut unfolding = Unfolding {
        egraph,
        rules,
        tasks: vec![Task::Way(a, b)],
        position: Vec::new(),
        terms: NodeTerms::new(egraph),
        steps: Vec::new(),
        positions: 0,
    };
    let mut work = 0;
    while let Some(task) = unfolding.tasks.pop() {
        work += 1;
        if work > MAX_WORK || unfolding.tasks.len() > MAX_WORK {
            return Err(NoProof::TooLong);
        }
        unfolding.perform(task)?;
    }
    let (start, end) = (unfolding.terms.of(a), unfolding.terms.of(b));
    let Unfolding { terms, steps, .. } = unfolding;
    Ok(Proof {
        terms: terms.term,
        start: start.ok_or(NoProof::TooLong)?,
        end: end.ok_or(NoProof::TooLong)?,
        steps,
    })
}

impl Unfolding<'_> {
    fn perform(&mut self, task: Task) -> Result<(), NoProof> {
        match task {
            Task::Way(a, b) => {
                let way = self.egraph.forest().way(a, b).ok_or(NoProof::NotEqual)?;
                self.tasks.extend(way.into_iter().rev().map(Task::Edge));
            }
            Task::Edge(edge) => self.unfold(edge)?,
            Task::Enter(argument) => self.position.push(argument),
            Task::Leave => {
                self.position.pop();
            }
            Task::Use(number, forward) => {
                let application = self.egraph.forest().application(number);
                let rewrite = &self.rules.rewrites[application.rewrite as usize];
                let variables = 0..rewrite.variables.0.len();
                let bindings: Option<Vec<u32>> = variables
                    .map(|variable| self.terms.of(rewrite.slot(&application.left, variable)?))
                    .collect();
                let bindings = bindings.ok_or(NoProof::TooLong)?;
                self.step(Reason::Rewrite { rewrite: application.rewrite, bindings }, forward)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, reason: Reason, forward: bool) -> Result<(), NoProof> {
        self.positions += self.position.len();
        if self.steps.len() == MAX_STEPS || self.positions > MAX_POSITIONS {
            return Err(NoProof::TooLong);
        }
        self.steps.push(Step { reason, forward, position: self.position.clone() });
        Ok(())
    }

    fn unfold(&mut self, edge: Edge) -> Result<(), NoProof> {
        match edge.why {
            Justification::Congruence => {
                let pairs = self.egraph.given(edge.from).iter().zip(self.egraph.given(edge.to));
                let pairs: Vec<(u32, Id, Id)> =
                    pairs.enumerate().map(|(at, (a, b))| (at as u32, *a, *b)).collect();
                for (argument, a, b) in pairs.into_iter().rev().filter(|(_, a, b)| a != b) {
                    self.tasks.extend([Task::Leave, Task::Way(a, b), Task::Enter(argument)]);
                }
            }
            Justification::Fact(fact) => {
                let (left, right) = if edge.reversed { (edge.to, edge.from) } else { (edge.from, edge.to) };
                let (left, right) = (self.terms.of(left), self.terms.of(right));
                let (Some(left), Some(right)) = (left, right) else { return Err(NoProof::TooLong) };
                self.step(Reason::Fact { fact, left, right }, !edge.reversed)?;
            }
            Justification::Rule(number) => {
                let application = self.egraph.forest().application(number);
                let rewrite = &self.rules.rewrites[application.rewrite as usize];
                // From the node that matched to the left side itself; then the rewrite; then from the right side
                // itself to the node that was found for it.
                let mut tasks = self.to_instance(&rewrite.left, &application.left, application);
                tasks.push(Task::Use(number, true));
                if let Right::Pattern(right) = &rewrite.right {
                    tasks.extend(reverse(self.to_instance(right, &application.right, application)));
                }
                if edge.reversed {
                    tasks = reverse(tasks);
                }
                self.tasks.extend(tasks.into_iter().rev());
            }
        }
        Ok(())
    }

    /// What takes the term of the first of `nodes` to the pattern's instance: at each place of an argument, from the
    /// child that the parent's node was given to the node that stands at the place.
    fn to_instance(&self, pattern: &Pattern, nodes: &[Id], application: &Application) -> Vec<Task> {
        let rewrite = &self.rules.rewrites[application.rewrite as usize];
        let mut tasks = Vec::new();
        // Places whose arguments are yet to be gone through; the innermost last.
        let mut open: Vec<(usize, std::vec::IntoIter<usize>)> =
            vec![(0, children(pattern, 0).collect::<Vec<_>>().into_iter())];
        while let Some((parent, rest)) = open.last_mut() {
            let parent = *parent;
            let Some(place) = rest.next() else {
                open.pop();
                if !open.is_empty() {
                    tasks.push(Task::Leave);
                }
                continue;
            };
            let argument = pattern.parent(place).1;
            let child = self.egraph.given(nodes[parent])[argument];
            let node = match pattern.places()[place] {
                Place::Variable(variable) => rewrite.slot(&application.left, variable).unwrap_or(child),
                Place::Node(..) => nodes[place],
            };
            tasks.push(Task::Enter(argument as u32));
            if child != node {
                tasks.push(Task::Way(child, node));
            }
            open.push((place, children(pattern, place).collect::<Vec<_>>().into_iter()));
        }
        tasks
    }
}

/// The tasks that undo others.
fn reverse(tasks: Vec<Task>) -> Vec<Task> {
    // An argument is entered where it was left.
    let mut entered = Vec::new();
    let mut undone = Vec::with_capacity(tasks.len());
    for task in tasks {
        undone.push(match task {
            Task::Way(a, b) => Task::Way(b, a),
            Task::Use(number, forward) => Task::Use(number, !forward),
            Task::Edge(edge) => Task::Way(edge.to, edge.from),
            Task::Enter(argument) => {
                entered.push(argument);
                Task::Leave
            }
            Task::Leave => Task::Enter(entered.pop().unwrap_or(0)),
        });
    }
    undone.reverse();
    undone
}

/// The terms of nodes, in one list that shares what is common.
pub(crate) struct NodeTerms<'g> {
    egraph: &'g EGraph,
    term: Term,
    places: HashMap<Id, u32>,
}

impl<'g> NodeTerms<'g> {
    pub(crate) fn new(egraph: &'g EGraph) -> NodeTerms<'g> {
        NodeTerms { egraph, term: Term::default(), places: HashMap::new() }
    }

    /// The place of a node's term; `None` if there are too many nodes.
    pub(crate) fn of(&mut self, id: Id) -> Option<u32> {
        let mut stack = vec![id];
        while let Some(id) = stack.last().copied() {
            if self.places.contains_key(&id) {
                stack.pop();
                continue;
            }
            let children = self.egraph.given(id);
            let before = stack.len();
            stack.extend(children.iter().copied().filter(|child| !self.places.contains_key(child)));
            if stack.len() == before {
                let children = children.iter().filter_map(|child| self.places.get(child).copied()).collect();
                let place = self.term.push(self.egraph.name(id), children).ok()?;
                self.places.insert(id, place);
                stack.pop();
            }
        }
        self.places.get(&id).copied()
    }
}

impl NodeTerms<'_> {
    /// Adds a node over places; `None` if there are too many.
    pub(crate) fn push(&mut self, name: Name, children: Vec<u32>) -> Option<u32> {
        self.term.push(name, children).ok()
    }

    /// The term of one place.
    pub(crate) fn into_rooted(self, root: u32) -> Term {
        self.term.rooted(root)
    }
}

/// The term of a node as it was given, sharing what is common; `None` if it has too many nodes.
pub fn term_of(egraph: &EGraph, id: Id) -> Option<Term> {
    let mut terms = NodeTerms::new(egraph);
    terms.of(id)?;
    Some(terms.term)
}
