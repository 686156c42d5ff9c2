//! Shared equalities: a grow-only set of facts, and the graph that follows from it.
//!
//! A fact says that two terms are equal; of a term and itself, that the term is there. The set is the state-based CRDT:
//! its join is the union, so that it is commutative, associative and idempotent. The graph is derived from the set in
//! the set's own order, so that it depends on nothing else.

use std::collections::BTreeSet;

use ramanujan_core::Digest;

use crate::colors::{Mode, Pair, conflict};
use crate::egraph::{EGraph, Id, Justification};
use crate::term::Term;

/// Two terms that are equal, as text, the lesser first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    left: String,
    right: String,
}

impl Fact {
    /// The fact about two terms as [`Term::print`] writes them, in either order.
    pub fn new(one: String, other: String) -> Fact {
        if one <= other { Fact { left: one, right: other } } else { Fact { left: other, right: one } }
    }

    /// The lesser of the two terms, as text.
    pub fn left(&self) -> &str {
        &self.left
    }

    /// The greater of the two terms, as text.
    pub fn right(&self) -> &str {
        &self.right
    }

    /// Its content address. No term holds a line break.
    pub fn digest(&self) -> Digest {
        Digest::of_parts([self.left.as_bytes(), b"\n", self.right.as_bytes()])
    }
}

/// A grow-only set of facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeSet<Fact>);

impl Facts {
    /// Adds a fact; says whether it is new.
    pub fn insert(&mut self, fact: Fact) -> bool {
        self.0.insert(fact)
    }

    /// The least set that holds both.
    #[must_use]
    pub fn join(mut self, other: Facts) -> Facts {
        self.0.extend(other.0);
        self
    }

    /// Whether a fact is in the set.
    pub fn contains(&self, fact: &Fact) -> bool {
        self.0.contains(fact)
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no fact.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The facts in the order of their text.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter()
    }

    /// Equal for equal sets, and else different.
    pub fn fingerprint(&self) -> Digest {
        let digests: Vec<Digest> = self.0.iter().map(Fact::digest).collect();
        Digest::of_parts(digests.iter().map(|digest| digest.as_bytes().as_slice()))
    }
}

/// A fact that would bring RED next to BLUE, or whose terms have them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Its number among the facts.
    pub fact: usize,
    /// The two nodes that would break the colour rule.
    pub pair: Pair,
}

/// What became of facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The nodes of each fact's two terms.
    pub nodes: Vec<(Id, Id)>,
    /// The facts that break the colour rule, in order.
    pub clashes: Vec<Clash>,
}

/// Adds terms to a graph and unites them as the facts say, in order; leaves it rebuilt. In mode `Block` a union that clashes is not made; terms that clash are for the caller to
/// refuse. `None` if a term is empty.
pub fn derive(egraph: &mut EGraph, facts: &[(Term, Term)], mode: Mode) -> Option<Derived> {
    let mut nodes = Vec::with_capacity(facts.len());
    for (left, right) in facts {
        nodes.push((egraph.add_term(left)?, egraph.add_term(right)?));
    }
    egraph.rebuild();
    let mut clashes = Vec::new();
    for (fact, (left, right)) in nodes.iter().enumerate() {
        let clash = conflict(egraph, *left, *right).map(|pair| Clash { fact, pair });
        clashes.extend(clash);
        if clash.is_none() || mode == Mode::Report {
            egraph.union(*left, *right, Justification::Fact(fact as u32));
            egraph.rebuild();
        }
    }
    Some(Derived { nodes, clashes })
}
