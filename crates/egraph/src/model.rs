//! Refutation: a model of the rules in which two terms differ shows that no rewriting makes them equal, through
//! whatever terms it may go.
//!
//! Two kinds of model are looked for. On domains of a few elements, well-known operations (arithmetic modulo n,
//! lattices, bit operations, the symmetric group of three things, projections) are tried for each operator, and each
//! rule is checked for every value of its variables. Where the rules compute with numbers, the rational numbers are
//! the model if every rule holds of them.
//!
//! Every rule counts, also one that can never apply to the two terms: what it says may make other terms equal, and
//! these the two. Rules are left out of the search only in whole parts that share no name with the rest, and only
//! after a model of that part was found as well: then they can say nothing about the two terms. A finite model is
//! looked at once more by a checker that shares nothing with the search. What is found so is a proof; that nothing is
//! found says nothing.

mod functions;
mod parts;
mod rational;
mod recheck;
mod search;

use self::functions::{Algebra, Meaning};
use self::parts::{NUMBERS, Part, Symbol};
use self::search::Wanted;
use crate::number::Number;
use crate::rewrite::Rewrite;
use crate::rules::RuleSet;
use crate::term::Term;
use crate::vocabulary::Vocabulary;

/// Evaluations of a node after which a search ends: one for the parts that the terms touch, one for the others.
const MAX_WORK: u64 = 4_000_000;
/// Evaluations of a node by which the rules are tried on the rational numbers: exact numbers take ten times as long.
const MAX_RATIONAL_WORK: u64 = 400_000;

/// A model in which the two terms differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refutation {
    /// The domain has the elements 0, 1, … below this; `None` stands for the rational numbers.
    pub size: Option<u8>,
    /// What each operator does, with its number of arguments.
    pub operators: Vec<(String, usize, &'static str)>,
    /// What each symbol is.
    pub symbols: Vec<(String, Number)>,
    /// The values of the two terms.
    pub values: (Number, Number),
}

/// Looks for a model of `rules` and of `facts` in which the terms differ. Without facts it is enough that the terms
/// differ for some values of their symbols; facts must hold of these values.
pub fn refute(
    vocabulary: &Vocabulary,
    rules: &RuleSet,
    facts: &[(Term, Term)],
    left: &Term,
    right: &Term,
) -> Option<Refutation> {
    let terms: Vec<&Term> = [left, right].into_iter().chain(facts.iter().flat_map(|(a, b)| [a, b])).collect();
    let asked = parts::set(terms.iter().copied().flat_map(|term| parts::of_term(vocabulary, term)).collect());
    let (mut touched, untouched): (Vec<Part<'_>>, Vec<Part<'_>>) = parts::split(vocabulary, &rules.rewrites)?
        .into_iter()
        .partition(|part| part.symbols.iter().any(|symbol| parts::holds(&asked, *symbol)));
    let (mut work, mut rational_work) = (MAX_WORK, MAX_RATIONAL_WORK);
    // Numbers are in one part at most.
    let mut counts = |part: &Part<'_>| {
        parts::holds(&part.symbols, NUMBERS) && rational::satisfies(vocabulary, part, &mut rational_work)
    };
    let mut found = None;
    if let Some(at) = touched.iter().position(&mut counts) {
        if touched.len() == 1 {
            found = in_rationals(vocabulary, facts, (left, right));
        } else {
            let numeric = touched.remove(at);
            found = beside_rationals(vocabulary, &touched, &terms, &mut work);
            touched.push(numeric);
        }
    }
    let found = found.or_else(|| finite(vocabulary, &touched, facts, Some((left, right)), &mut work))?;
    let mut work = MAX_WORK;
    let consistent = |part: &Part<'_>| {
        counts(part) || finite(vocabulary, std::slice::from_ref(part), &[], None, &mut work).is_some()
    };
    untouched.iter().all(consistent).then_some(found)
}

/// A finite model of whole parts.
#[inline(never)]
fn finite(
    vocabulary: &Vocabulary,
    parts: &[Part<'_>],
    facts: &[(Term, Term)],
    ends: Option<(&Term, &Term)>,
    work: &mut u64,
) -> Option<Refutation> {
    let rewrites: Vec<&Rewrite> = parts.iter().flat_map(|part| &part.rewrites).copied().collect();
    let remainders = parts.iter().any(|part| parts::holds(&part.symbols, NUMBERS));
    let wanted = Wanted { vocabulary, rewrites: &rewrites, remainders, facts, ends };
    let (algebra, values) = search::find(wanted, work)?;
    recheck::is_model(vocabulary, &algebra, &rewrites, facts, ends)
        .then(|| of_algebra(vocabulary, &algebra, values))
}

fn of_algebra(vocabulary: &Vocabulary, algebra: &Algebra, values: (u8, u8)) -> Refutation {
    let element = |element: u8| Number::of(i64::from(element));
    let (mut operators, mut symbols) = (Vec::new(), Vec::new());
    for ((name, arity), meaning) in &algebra.meaning {
        let text = vocabulary.text(*name).to_owned();
        match meaning {
            Meaning::Function(function) => operators.push((text, *arity, function.name)),
            Meaning::Element(is) => symbols.push((text, element(*is))),
        }
    }
    let values = (element(values.0), element(values.1));
    Refutation { size: Some(algebra.size), operators, symbols, values }
}

/// The rational numbers, with some meaning for functions that no rule speaks of.
fn in_rationals(vocabulary: &Vocabulary, facts: &[(Term, Term)], ends: (&Term, &Term)) -> Option<Refutation> {
    let rational::Difference { operators, symbols, values } = rational::differ(vocabulary, facts, ends)?;
    let operators = operators.into_iter().map(|((name, arity), meaning)| {
        let text = vocabulary.text(name).to_owned();
        (text, arity, meaning)
    });
    let symbols = symbols.into_iter().map(|(name, value)| (vocabulary.text(name).to_owned(), value));
    Some(Refutation { size: None, operators: operators.collect(), symbols: symbols.collect(), values })
}

/// A finite model of the parts beside numbers, where numbers are computed with below everything else: then their
/// values are symbols to the other parts, and different ones may be different things or not.
fn beside_rationals(
    vocabulary: &Vocabulary,
    parts: &[Part<'_>],
    terms: &[&Term],
    work: &mut u64,
) -> Option<Refutation> {
    let fixed = |symbol: Symbol| parts.iter().any(|part| parts::holds(&part.symbols, symbol));
    let mut names = vocabulary.clone();
    let replaced = rational::computed(&mut names, terms, &fixed)?;
    let [left, right, facts @ ..] = &replaced[..] else { return None };
    let facts: Vec<(Term, Term)> =
        facts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    finite(&names, parts, &facts, Some((left, right)), work)
}
