//! The parts of a set of rules: rules that share a name are in one part.
//!
//! Parts share no name, and that is what makes it right to look at one alone. If each has a model of two elements or
//! more, infinite powers of these models have equally many elements and can be put on one carrier, which is then a
//! model of all rules in which each part says what it said before (Pigozzi, "The join of equational theories", 1974).
//! So two terms that differ in a model of the parts that they touch differ in a model of everything.

use crate::pattern::{Pattern, Place};
use crate::rewrite::{Condition, Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// A name with its number of arguments.
pub(crate) type Symbol = (Name, usize);

/// Stands for all number literals: rules that compute speak of all of them.
pub(crate) const NUMBERS: Symbol = (Name(u32::MAX), 0);

/// Most parts that are looked at: the library has five, and a request may bring a thousand rules.
const MAX_PARTS: usize = 256;

/// Rules that hang together, and the names that they speak of.
pub(crate) struct Part<'r> {
    /// A [`set`].
    pub(crate) symbols: Vec<Symbol>,
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

/// Each symbol once, in order.
#[inline(never)]
pub(crate) fn set(mut symbols: Vec<Symbol>) -> Vec<Symbol> {
    symbols.sort_unstable();
    symbols.dedup();
    symbols
}

/// Whether a symbol is in a [`set`].
pub(crate) fn holds(set: &[Symbol], symbol: Symbol) -> bool {
    set.binary_search(&symbol).is_ok()
}

/// The parts of a set of rewrites; `None` if there are more than are looked at.
#[inline(never)]
pub(crate) fn split<'r>(vocabulary: &Vocabulary, rewrites: &'r [Rewrite]) -> Option<Vec<Part<'r>>> {
    let mut parts: Vec<Part<'r>> = Vec::new();
    for rewrite in rewrites {
        let computes = rewrite.right == Right::Value
            || rewrite.conditions.iter().any(|c| matches!(c, Condition::Literal(_) | Condition::Nonzero(_)));
        let symbols = of_rewrite(rewrite).map(|symbol| folded(vocabulary, symbol));
        let mut whole =
            Part { symbols: symbols.chain(computes.then_some(NUMBERS)).collect(), rewrites: vec![rewrite] };
        for at in (0..parts.len()).rev() {
            if whole.symbols.iter().any(|symbol| holds(&parts[at].symbols, *symbol)) {
                let part = parts.remove(at);
                whole.symbols.extend(part.symbols);
                whole.rewrites.extend(part.rewrites);
            }
        }
        whole.symbols = set(whole.symbols);
        parts.push(whole);
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
    Some(parts)
}
