//! Refutation: a finite model of the rules in which two terms differ shows that no rewriting makes them equal.
//!
//! The search tries, on domains of a few elements, well-known operations (arithmetic modulo n, lattices, bit
//! operations, the symmetric group of three things, projections) for each operator; a rule is checked for every value
//! of its variables. Only rules that can ever apply count: those whose operators can come up from the two terms. What
//! is found is a proof; that nothing is found says nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::functions::{Function, candidates};
use crate::pattern::{Pattern, Place};
use crate::rewrite::{Rewrite, Right};
use crate::rules::RuleSet;
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// Sizes of the domains, in the order in which they are tried.
const SIZES: [u8; 5] = [2, 3, 4, 6, 5];
/// Evaluations of a node after which the search ends.
const MAX_WORK: u64 = 4_000_000;
/// Values of the free symbols that are tried in one model.
const MAX_ASSIGNMENTS: u64 = 512;
/// Most operators and constants of a model.
const MAX_SYMBOLS: usize = 40;

/// A model in which the two terms differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refutation {
    /// Elements 0, 1, … of the domain.
    pub size: u8,
    /// What each operator does, with its number of arguments.
    pub operators: Vec<(String, usize, &'static str)>,
    /// What each symbol is.
    pub symbols: Vec<(String, u8)>,
    /// The values of the two terms.
    pub values: (u8, u8),
}

/// A name with its number of arguments.
type Symbol = (Name, usize);

/// Looks for a model of `rules` and of `facts` in which the terms differ.
pub fn refute(
    vocabulary: &Vocabulary,
    rules: &RuleSet,
    facts: &[(Term, Term)],
    left: &Term,
    right: &Term,
) -> Option<Refutation> {
    let mut terms = vec![left, right];
    terms.extend(facts.iter().flat_map(|(a, b)| [a, b]));
    let mut symbols: BTreeSet<Symbol> =
        terms.iter().flat_map(|term| term.nodes()).map(|node| (node.name, node.children.len())).collect();
    let rewrites = relevant(rules, &mut symbols);
    let folds = rewrites.iter().any(|rewrite| rewrite.right == Right::Value);
    let is_division = |(name, arity): &Symbol| *arity == 2 && vocabulary.text(*name) == "/";
    let fraction = |(name, _): &Symbol| vocabulary.number(*name).is_some_and(|n| n.integer().is_none());
    // Literals are integers modulo n here, and these have no quotients.
    if symbols.len() > MAX_SYMBOLS || folds && symbols.iter().any(|s| is_division(s) || fraction(s)) {
        return None;
    }
    let in_rules: BTreeSet<Symbol> = rewrites
        .iter()
        .flat_map(|rewrite| rewrite_symbols(rewrite))
        .filter(|(name, _)| vocabulary.number(*name).is_none())
        .collect();
    let mut work = MAX_WORK;
    SIZES.into_iter().find_map(|size| {
        let mut search = Search {
            vocabulary,
            size,
            rewrites: &rewrites,
            facts,
            ends: (left, right),
            // Operators first: they decide, and constants then follow.
            order: in_rules.iter().copied().collect(),
            free: symbols.difference(&in_rules).copied().collect(),
            meaning: BTreeMap::new(),
            work: &mut work,
        };
        search.order.sort_by_key(|(name, arity)| (std::cmp::Reverse(*arity), *name));
        search.interpret(0)
    })
}

/// The rewrites that can apply to terms over `symbols`; adds what they make.
fn relevant<'r>(rules: &'r RuleSet, symbols: &mut BTreeSet<Symbol>) -> Vec<&'r Rewrite> {
    let mut chosen = vec![false; rules.rewrites.len()];
    loop {
        let mut grown = false;
        for (rewrite, chosen) in rules.rewrites.iter().zip(&mut chosen).filter(|(_, chosen)| !**chosen) {
            // A constant may come up from a number or a rule at any time, so only operators keep a rule away.
            let applies =
                pattern_symbols(&rewrite.left).all(|symbol| symbol.1 == 0 || symbols.contains(&symbol));
            if applies {
                symbols.extend(rewrite_symbols(rewrite));
                (*chosen, grown) = (true, true);
            }
        }
        if !grown {
            let all = rules.rewrites.iter().zip(&chosen);
            return all.filter(|(_, chosen)| **chosen).map(|(rewrite, _)| rewrite).collect();
        }
    }
}

fn pattern_symbols(pattern: &Pattern) -> impl Iterator<Item = Symbol> + '_ {
    pattern.places().iter().filter_map(|place| match place {
        Place::Variable(_) => None,
        Place::Node(name, arity) => Some((*name, *arity)),
    })
}

fn rewrite_symbols(rewrite: &Rewrite) -> impl Iterator<Item = Symbol> + '_ {
    let right = match &rewrite.right {
        Right::Pattern(pattern) => Some(pattern_symbols(pattern)),
        Right::Value => None,
    };
    pattern_symbols(&rewrite.left).chain(right.into_iter().flatten())
}

#[derive(Clone, Copy)]
enum Meaning {
    Function(Function),
    Element(u8),
}

struct Search<'s> {
    vocabulary: &'s Vocabulary,
    size: u8,
    rewrites: &'s [&'s Rewrite],
    facts: &'s [(Term, Term)],
    ends: (&'s Term, &'s Term),
    /// What the rules speak of, in the order in which it is given meaning.
    order: Vec<Symbol>,
    /// What they do not: it may mean anything.
    free: Vec<Symbol>,
    meaning: BTreeMap<Symbol, Meaning>,
    work: &'s mut u64,
}

impl Search<'_> {
    /// Gives meaning to the symbols from `at` on, in every way that the rules allow, until the terms differ.
    fn interpret(&mut self, at: usize) -> Option<Refutation> {
        let Some(symbol) = self.order.get(at).copied() else {
            return self.differ();
        };
        let meanings: Vec<Meaning> = match symbol.1 {
            0 => (0..self.size).map(Meaning::Element).collect(),
            arity => candidates(arity, self.size).into_iter().map(Meaning::Function).collect(),
        };
        for meaning in meanings {
            if *self.work == 0 {
                return None;
            }
            self.meaning.insert(symbol, meaning);
            let ready = |search: &Self, rewrite: &Rewrite| {
                let mut mentions = false;
                let known = rewrite_symbols(rewrite).all(|of_rule| {
                    mentions |= of_rule == symbol;
                    search.meaning.contains_key(&of_rule) || search.vocabulary.number(of_rule.0).is_some()
                });
                mentions && known
            };
            let rewrites = self.rewrites;
            if rewrites.iter().all(|rewrite| !ready(self, rewrite) || self.holds(rewrite))
                && let Some(found) = self.interpret(at + 1)
            {
                return Some(found);
            }
        }
        self.meaning.remove(&symbol);
        None
    }

    /// Whether a rewrite's sides are equal for all values of its variables. Its conditions are left aside: a rule that
    /// holds without them holds.
    fn holds(&mut self, rewrite: &Rewrite) -> bool {
        let mut values = vec![0u8; rewrite.variables.0.len()];
        loop {
            let left = self.pattern(&rewrite.left, &values);
            let right = match &rewrite.right {
                Right::Pattern(pattern) => self.pattern(pattern, &values),
                Right::Value => self.folded(rewrite, &values),
            };
            if left.is_none() || left != right {
                return false;
            }
            if !next(&mut values, self.size) {
                return true;
            }
        }
    }

    /// The value of an arithmetic operator modulo the size.
    fn folded(&self, rewrite: &Rewrite, values: &[u8]) -> Option<u8> {
        let (name, _) = rewrite.left.root_name()?;
        let size = i64::from(self.size);
        let value = match (
            self.vocabulary.text(name),
            values.iter().map(|v| i64::from(*v)).collect::<Vec<_>>()[..].as_ref(),
        ) {
            ("+", [a, b]) => a + b,
            ("-", [a, b]) => a - b,
            ("*", [a, b]) => a * b,
            ("neg", [a]) => -a,
            _ => return None,
        };
        u8::try_from(value.rem_euclid(size)).ok()
    }

    fn spend(&mut self, work: usize) -> Option<()> {
        *self.work = self.work.saturating_sub(work as u64);
        (*self.work > 0).then_some(())
    }

    fn node(&self, symbol: Symbol, arguments: &[u8]) -> Option<u8> {
        if let Some(number) = self.vocabulary.number(symbol.0).filter(|_| symbol.1 == 0) {
            return u8::try_from(number.integer()?.rem_euclid(i64::from(self.size))).ok();
        }
        match self.meaning.get(&symbol)? {
            Meaning::Element(element) => Some(*element),
            Meaning::Function(function) => Some((function.of)(arguments, self.size)),
        }
    }

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
                    arguments.extend(crate::build::children(pattern, at).map(|child| values[child]));
                    self.node((name, arity), &arguments)?
                }
            };
        }
        values.first().copied()
    }

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
    fn differ(&mut self) -> Option<Refutation> {
        let free = self.free.clone();
        let functions: Vec<Symbol> = free.iter().copied().filter(|symbol| symbol.1 > 0).collect();
        let is_number = |name: Name| self.vocabulary.number(name).is_some_and(|n| n.integer().is_some());
        let constants: Vec<Symbol> =
            free.iter().copied().filter(|symbol| symbol.1 == 0 && !is_number(symbol.0)).collect();
        // Free functions are tried all alike, first those that mix their arguments.
        for choice in 0..4 {
            for symbol in &functions {
                let all = candidates(symbol.1, self.size);
                let function = all[all.len() - 1 - choice.min(all.len() - 1)];
                self.meaning.insert(*symbol, Meaning::Function(function));
            }
            let mut values = vec![0u8; constants.len()];
            for _ in 0..MAX_ASSIGNMENTS {
                for (symbol, value) in constants.iter().zip(&values) {
                    self.meaning.insert(*symbol, Meaning::Element(*value));
                }
                let mut facts = true;
                for (a, b) in self.facts {
                    facts &= self.term(a)? == self.term(b)?;
                }
                let (left, right) = (self.term(self.ends.0)?, self.term(self.ends.1)?);
                if facts && left != right {
                    return Some(self.refutation((left, right)));
                }
                if !next(&mut values, self.size) {
                    break;
                }
            }
            if functions.is_empty() {
                break;
            }
        }
        free.iter().for_each(|symbol| {
            self.meaning.remove(symbol);
        });
        None
    }

    fn refutation(&self, values: (u8, u8)) -> Refutation {
        let (mut operators, mut symbols) = (Vec::new(), Vec::new());
        for ((name, arity), meaning) in &self.meaning {
            let text = self.vocabulary.text(*name).to_owned();
            match meaning {
                Meaning::Function(function) => operators.push((text, *arity, function.name)),
                Meaning::Element(element) => symbols.push((text, *element)),
            }
        }
        Refutation { size: self.size, operators, symbols, values }
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
