//! Steps that the colour rule forbids, kept for the reply.

use std::collections::HashSet;

use ramanujan_core::Color;

use crate::build::{Clash, children};
use crate::colors::Pair;
use crate::egraph::{EGraph, Id};
use crate::pattern::{Pattern, Place};
use crate::proof::{NodeTerms, term_of};
use crate::rewrite::{Rewrite, Right};
use crate::rules::RuleSet;
use crate::term::Term;

/// Most conflicts that are kept with their terms.
pub const MAX_CONFLICTS: usize = 50;
/// Most conflicts that are told apart; further ones may be counted twice.
const MAX_KNOWN: usize = 100_000;

/// Which two terms would stand above each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Above {
    /// Two nodes of the graph.
    Nodes(Id, Id),
    /// Two places of the right side.
    Places(usize, usize),
}

/// A step that would bring RED next to BLUE: the rewrite and its match, and the parent and child in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Place of the rewrite in the rule set.
    pub rewrite: u32,
    pub(crate) slots: Box<[Id]>,
    pub(crate) above: Above,
    /// The colour that would stand above.
    pub parent_color: Color,
    /// The colour that would stand below.
    pub child_color: Color,
}

impl Conflict {
    pub(crate) fn of_build(rewrite: u32, slots: &[Id], clash: Clash) -> Conflict {
        Conflict {
            rewrite,
            slots: slots.into(),
            above: Above::Places(clash.parent, clash.child),
            parent_color: clash.parent_color,
            child_color: clash.child_color,
        }
    }

    pub(crate) fn of_union(rewrite: u32, slots: &[Id], pair: Pair) -> Conflict {
        Conflict {
            rewrite,
            slots: slots.into(),
            above: Above::Nodes(pair.parent, pair.child),
            parent_color: pair.parent_color,
            child_color: pair.child_color,
        }
    }
}

/// The terms that a conflict is about, where they are not too large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What matched the left side.
    pub left: Option<Term>,
    /// What the right side would be.
    pub right: Option<Term>,
    /// The term that would stand above.
    pub parent: Option<Term>,
    /// The term that would stand below.
    pub child: Option<Term>,
}

impl Conflict {
    /// Its terms. `rules` are those of the run.
    pub fn terms(&self, egraph: &EGraph, rules: &RuleSet) -> Terms {
        let Some(rewrite) = rules.rewrites.get(self.rewrite as usize) else { return Terms::default() };
        let left = instance(egraph, rewrite, &rewrite.left, &self.slots, 0);
        let right_at = |place| match &rewrite.right {
            Right::Pattern(right) => instance(egraph, rewrite, right, &self.slots, place),
            Right::Value => None,
        };
        let (parent, child) = match self.above {
            Above::Nodes(parent, child) => (term_of(egraph, parent), term_of(egraph, child)),
            Above::Places(parent, child) => (right_at(parent), right_at(child)),
        };
        Terms { left, right: right_at(0), parent, child }
    }
}

/// What a place of a pattern stands for in a match.
fn instance(
    egraph: &EGraph,
    rewrite: &Rewrite,
    pattern: &Pattern,
    slots: &[Id],
    place: usize,
) -> Option<Term> {
    let mut terms = NodeTerms::new(egraph);
    let mut built: Vec<u32> = vec![0; pattern.places().len()];
    for at in (place..pattern.places().len()).rev() {
        built[at] = match pattern.places()[at] {
            Place::Variable(variable) => terms.of(rewrite.slot(slots, variable)?)?,
            Place::Node(name, _) => {
                terms.push(name, children(pattern, at).map(|child| built[child]).collect())?
            }
        };
    }
    Some(terms.into_rooted(built[place]))
}

/// The conflicts of a run, each match once.
#[derive(Clone, Debug, Default)]
pub struct Conflicts {
    known: HashSet<(u32, Box<[Id]>)>,
    first: Vec<Conflict>,
    total: u64,
}

impl Conflicts {
    pub(crate) fn push(&mut self, egraph: &EGraph, conflict: Conflict) {
        let classes = conflict.slots.iter().map(|id| egraph.find(*id)).collect();
        if self.known.contains(&(conflict.rewrite, classes)) {
            return;
        }
        if self.known.len() < MAX_KNOWN {
            let classes = conflict.slots.iter().map(|id| egraph.find(*id)).collect();
            self.known.insert((conflict.rewrite, classes));
        }
        self.total += 1;
        if self.first.len() < MAX_CONFLICTS {
            self.first.push(conflict);
        }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first ones.
    pub fn first(&self) -> &[Conflict] {
        &self.first
    }
}
