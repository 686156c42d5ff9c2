//! The parts of a set of rules: rules that share a name are in one part.
//!
//! Parts share no name, and that is what makes it right to look at one alone. If each has a model of two elements or
//! more, infinite powers of these models have equally many elements and can be put on one carrier, which is then a
//! model of all rules in which each part says what it said before (Pigozzi, "The join of equational theories", 1974).
//! So two terms that differ in a model of the parts that they touch differ in a model of everything.

use std::collections::{BTreeMap, BTreeSet};

use crate::pattern::{Pattern, Place};
use crate::rewrite::{Condition, Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// A name with its number of arguments.
pub(crate) type Symbol = (Name, usize);

/// Stands for all number literals: rules that compute speak of all of them.
pub(crate) const NUMBERS: Symbol = (Name(u32::MAX), 0);

/// Rules that hang together, and the names that they speak of.
#[derive(Default)]
pub(crate) struct Part<'r> {
    pub(crate) symbols: BTreeSet<Symbol>,
    pub(crate) rewrites: Vec<&'r Rewrite>,
}

/// The names of a pattern.
pub(crate) fn of_pattern(pattern: &Pattern) -> impl Iterator<Item = Symbol> + '_ {
    pattern.places().iter().filter_map(|place| match place {
        Place::Variable(_) => None,
        Place::Node(name, arity) => Some((*name, *arity)),
    })
}

/// The names of both sides of a rewrite.
pub(crate) fn of_rewrite(rewrite: &Rewrite) -> impl Iterator<Item = Symbol> + '_ {
    let right = match &rewrite.right {
        Right::Pattern(pattern) => Some(of_pattern(pattern)),
        Right::Value => None,
    };
    of_pattern(&rewrite.left).chain(right.into_iter().flatten())
}

/// The names of a term, with [`NUMBERS`] for each number.
pub(crate) fn of_term<'t>(vocabulary: &'t Vocabulary, term: &'t Term) -> impl Iterator<Item = Symbol> + 't {
    term.nodes().iter().map(|node| folded(vocabulary, (node.name, node.children.len())))
}

fn folded(vocabulary: &Vocabulary, symbol: Symbol) -> Symbol {
    if symbol.1 == 0 && vocabulary.number(symbol.0).is_some() { NUMBERS } else { symbol }
}

/// The parts of a set of rewrites.
pub(crate) fn split<'r>(vocabulary: &Vocabulary, rewrites: &'r [Rewrite]) -> Vec<Part<'r>> {
    let mut parts: Vec<Part<'r>> = Vec::new();
    let mut home: BTreeMap<Symbol, usize> = BTreeMap::new();
    for rewrite in rewrites {
        let computes = rewrite.right == Right::Value
            || rewrite.conditions.iter().any(|c| matches!(c, Condition::Literal(_) | Condition::Nonzero(_)));
        let symbols: BTreeSet<Symbol> = of_rewrite(rewrite)
            .map(|symbol| folded(vocabulary, symbol))
            .chain(computes.then_some(NUMBERS))
            .collect();
        let known: BTreeSet<usize> = symbols.iter().filter_map(|symbol| home.get(symbol).copied()).collect();
        let into = known.first().copied().unwrap_or_else(|| {
            parts.push(Part::default());
            parts.len() - 1
        });
        let mut whole = Part { symbols, rewrites: vec![rewrite] };
        for at in known {
            let part = std::mem::take(&mut parts[at]);
            whole.symbols.extend(part.symbols);
            whole.rewrites.extend(part.rewrites);
        }
        home.extend(whole.symbols.iter().map(|symbol| (*symbol, into)));
        parts[into] = whole;
    }
    parts.retain(|part| !part.rewrites.is_empty());
    parts
}
