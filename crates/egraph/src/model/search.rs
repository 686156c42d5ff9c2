//! The search for a finite algebra: well-known operations on domains of a few elements, tried for each name in turn.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::functions::{Algebra, Meaning, candidates};
use super::parts::{self, Symbol, of_rewrite};
use crate::build::children;
use crate::pattern::{Pattern, Place};
use crate::rewrite::{Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// Sizes of the domains, in the order in which they are tried.
const SIZES: [u8; 5] = [2, 3, 4, 6, 5];
/// Values of the free symbols that are tried in one model.
const MAX_ASSIGNMENTS: u64 = 512;
/// Most operators and constants of a model.
const MAX_SYMBOLS: usize = 40;
/// Operators whose values on literals have remainders that follow from those of the arguments.
const OF_REMAINDERS: [(&str, usize); 4] = [("+", 2), ("-", 2), ("*", 2), ("neg", 1)];

/// What is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'s> {
    pub(crate) vocabulary: &'s Vocabulary,
    /// Rules that are to hold.
    pub(crate) rewrites: &'s [&'s Rewrite],
    /// Whether the rules speak of numbers.
    pub(crate) remainders: bool,
    /// Terms that are to be equal.
    pub(crate) facts: &'s [(Term, Term)],
    /// Terms that are to differ; `None` where any algebra will do.
    pub(crate) ends: Option<(&'s Term, &'s Term)>,
}

/// An algebra in which all rules hold for all values, and the values of the two terms; takes from `work` for each
/// evaluation of a node and gives up at 0.
#[inline(never)]
pub(crate) fn find(wanted: Wanted<'_>, work: &mut u64) -> Option<(Algebra, (u8, u8))> {
    let Wanted { vocabulary, rewrites, remainders, facts, ends } = wanted;
    let computes = |rewrite: &&&Rewrite| rewrite.right == Right::Value;
    let possible = |rewrite: &&Rewrite| {
        rewrite
            .left
            .root_name()
            .is_some_and(|(name, arity)| OF_REMAINDERS.contains(&(vocabulary.text(name), arity)))
    };
    if !rewrites.iter().filter(computes).all(possible) {
        return None;
    }
    let is_number = |symbol: &Symbol| remainders && symbol.1 == 0 && vocabulary.number(symbol.0).is_some();
    let in_rules = parts::set(rewrites.iter().flat_map(|rewrite| of_rewrite(rewrite)).collect());
    let terms = facts.iter().flat_map(|(a, b)| [a, b]).chain(ends.into_iter().flat_map(|(a, b)| [a, b]));
    let in_terms =
        parts::set(terms.flat_map(Term::nodes).map(|node| (node.name, node.children.len())).collect());
    let mut free: Vec<Symbol> =
        in_terms.into_iter().filter(|symbol| !parts::holds(&in_rules, *symbol)).collect();
    if in_rules.len() + free.len() > MAX_SYMBOLS {
        return None;
    }
    free.retain(|symbol| !is_number(symbol));
    // Operators first: they decide, and constants then follow.
    let mut order = in_rules;
    order.retain(|symbol| !is_number(symbol));
    order.sort_by_key(|(name, arity)| (Reverse(*arity), *name));
    SIZES.into_iter().find_map(|size| {
        let algebra = Algebra { size, remainders, meaning: BTreeMap::new() };
        Search { wanted, order: &order, free: &free, algebra, work }.interpret(0)
    })
}

struct Search<'s, 'w> {
    wanted: Wanted<'s>,
    /// What the rules speak of, in the order in which it is given meaning.
    order: &'s [Symbol],
    /// What they do not: it may mean anything.
    free: &'s [Symbol],
    algebra: Algebra,
    work: &'w mut u64,
}

impl Search<'_, '_> {
    /// Gives meaning to the symbols from `at` on, in every way that the rules allow, until the terms differ.
    fn interpret(&mut self, at: usize) -> Option<(Algebra, (u8, u8))> {
        let Some(symbol) = self.order.get(at).copied() else {
            return self.differ();
        };
        let size = self.algebra.size;
        let meanings: Vec<Meaning> = match symbol.1 {
            0 => (0..size).map(Meaning::Element).collect(),
            arity => candidates(arity, size).into_iter().map(Meaning::Function).collect(),
        };
        for meaning in meanings {
            if *self.work == 0 {
                return None;
            }
            self.algebra.meaning.insert(symbol, meaning);
            let rewrites = self.wanted.rewrites;
            if rewrites.iter().all(|rewrite| !self.decides(symbol, rewrite) || self.holds(rewrite))
                && let Some(found) = self.interpret(at + 1)
            {
                return Some(found);
            }
        }
        self.algebra.meaning.remove(&symbol);
        None
    }

    /// Whether a rewrite speaks of `symbol` and of nothing that has no meaning yet.
    fn decides(&self, symbol: Symbol, rewrite: &Rewrite) -> bool {
        let mut mentions = false;
        let known = of_rewrite(rewrite).all(|of_rule| {
            mentions |= of_rule == symbol;
            self.algebra.meaning.contains_key(&of_rule) || self.remainder(of_rule).is_some()
        });
        mentions && known
    }

    /// Whether a rewrite's sides are equal for all values of its variables. Its conditions are left aside: a rule that
    /// holds without them holds.
    fn holds(&mut self, rewrite: &Rewrite) -> bool {
        let mut values = vec![0u8; rewrite.variables.0.len()];
        loop {
            let left = self.pattern(&rewrite.left, &values);
            let right = match &rewrite.right {
                Right::Pattern(pattern) => self.pattern(pattern, &values),
                Right::Value => self.computed(rewrite, &values),
            };
            if left.is_none() || left != right {
                return false;
            }
            if !next(&mut values, self.algebra.size) {
                return true;
            }
        }
    }

    /// The remainder of what an arithmetic operator gives.
    fn computed(&self, rewrite: &Rewrite, values: &[u8]) -> Option<u8> {
        let (name, _) = rewrite.left.root_name()?;
        let values: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
        let value = match (self.wanted.vocabulary.text(name), values[..].as_ref()) {
            ("+", [a, b]) => a + b,
            ("-", [a, b]) => a - b,
            ("*", [a, b]) => a * b,
            ("neg", [a]) => -a,
            _ => return None,
        };
        u8::try_from(value.rem_euclid(i64::from(self.algebra.size))).ok()
    }

    fn spend(&mut self, work: usize) -> Option<()> {
        *self.work = self.work.saturating_sub(work as u64);
        (*self.work > 0).then_some(())
    }

    /// The element that a number is, where the rules speak of numbers; a fraction is none.
    fn remainder(&self, (name, arity): Symbol) -> Option<u8> {
        let number = self.wanted.vocabulary.number(name).filter(|_| arity == 0 && self.algebra.remainders)?;
        u8::try_from(number.integer()?.rem_euclid(i64::from(self.algebra.size))).ok()
    }

    fn node(&self, symbol: Symbol, arguments: &[u8]) -> Option<u8> {
        match self.algebra.meaning.get(&symbol) {
            Some(Meaning::Element(element)) => Some(*element),
            Some(Meaning::Function(function)) => Some((function.of)(arguments, self.algebra.size)),
            None => self.remainder(symbol),
        }
    }

    #[inline(never)]
    fn pattern(&mut self, pattern: &Pattern, variables: &[u8]) -> Option<u8> {
        let places = pattern.places();
        self.spend(places.len())?;
        let mut values = vec![0u8; places.len()];
        let mut arguments = Vec::new();
        for (at, place) in places.iter().enumerate().rev() {
            values[at] = match *place {
                Place::Variable(variable) => variables[variable],
                Place::Node(name, arity) => {
                    arguments.clear();
                    arguments.extend(children(pattern, at).map(|child| values[child]));
                    self.node((name, arity), &arguments)?
                }
            };
        }
        values.first().copied()
    }

    #[inline(never)]
    fn term(&mut self, term: &Term) -> Option<u8> {
        self.spend(term.nodes().len())?;
        let mut values: Vec<u8> = Vec::with_capacity(term.nodes().len());
        let mut arguments = Vec::new();
        for node in term.nodes() {
            arguments.clear();
            arguments.extend(node.children.iter().map(|child| values[*child as usize]));
            values.push(self.node((node.name, node.children.len()), &arguments)?);
        }
        values.last().copied()
    }

    /// Whether the terms differ in this model for some meaning of the free symbols by which the facts hold.
    fn differ(&mut self) -> Option<(Algebra, (u8, u8))> {
        let Some((left, right)) = self.wanted.ends else {
            return Some((self.algebra.clone(), (0, 1)));
        };
        let free = self.free;
        let (functions, constants): (Vec<Symbol>, Vec<Symbol>) =
            free.iter().copied().partition(|symbol| symbol.1 > 0);
        // Free functions are tried all alike, first those that mix their arguments.
        for choice in 0..4 {
            for symbol in &functions {
                let all = candidates(symbol.1, self.algebra.size);
                let function = all[all.len() - 1 - choice.min(all.len() - 1)];
                self.algebra.meaning.insert(*symbol, Meaning::Function(function));
            }
            let mut values = vec![0u8; constants.len()];
            for _ in 0..MAX_ASSIGNMENTS {
                for (symbol, value) in constants.iter().zip(&values) {
                    self.algebra.meaning.insert(*symbol, Meaning::Element(*value));
                }
                let mut facts = true;
                for (a, b) in self.wanted.facts {
                    facts &= self.term(a)? == self.term(b)?;
                }
                let values_of = (self.term(left)?, self.term(right)?);
                if facts && values_of.0 != values_of.1 {
                    return Some((self.algebra.clone(), values_of));
                }
                if !next(&mut values, self.algebra.size) {
                    break;
                }
            }
            if functions.is_empty() {
                break;
            }
        }
        free.iter().for_each(|symbol: &(Name, usize)| {
            self.algebra.meaning.remove(symbol);
        });
        None
    }
}

/// Counts up; says whether there was a next.
fn next(values: &mut [u8], size: u8) -> bool {
    for value in values {
        *value += 1;
        if *value < size {
            return true;
        }
        *value = 0;
    }
    false
}
