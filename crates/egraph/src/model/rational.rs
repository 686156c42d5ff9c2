//! The rational numbers as a model: `+ - * / neg max` mean what they say, and a/0 is 0.
//!
//! A finite algebra cannot satisfy that literals are added and that `(/ (* ?a 3) 3)` is `?a`: adding literals makes
//! some number n the same as 0 there, and then a = a·n/n = 0/0 for all a. The rational numbers can.

use super::parts::{Part, Symbol, of_rewrite};
use crate::number::Number;
use crate::pattern::{Pattern, Place};
use crate::rewrite::{Condition, Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// Values of the free symbols that are tried.
const ATTEMPTS: i64 = 12;

/// Whether a symbol is an operation on numbers.
fn is_operation(vocabulary: &Vocabulary, (name, arity): Symbol) -> bool {
    [("+", 2), ("-", 2), ("*", 2), ("/", 2), ("neg", 1), ("max", 2)].contains(&(vocabulary.text(name), arity))
}

fn is_number(vocabulary: &Vocabulary, (name, arity): Symbol) -> bool {
    arity == 0 && vocabulary.number(name).is_some()
}

/// Whether all rules of a part hold of the rational numbers, as far as this can decide it.
///
/// Takes from `work` for each evaluation of a node; what there is no work left for is not decided.
#[inline(never)]
pub(crate) fn satisfies(vocabulary: &Vocabulary, part: &Part<'_>, work: &mut u64) -> bool {
    part.rewrites.iter().all(|rewrite| holds(vocabulary, rewrite, work))
}

/// Two rational functions that agree on more points than their degrees allow are the same; so a rule is tried for as
/// many values of each variable as the variable occurs, and one more. Of `max`, only the order of values matters.
fn holds(vocabulary: &Vocabulary, rewrite: &Rewrite, work: &mut u64) -> bool {
    let known = |symbol| is_operation(vocabulary, symbol) || is_number(vocabulary, symbol);
    if !of_rewrite(rewrite).all(known) {
        return false;
    }
    // What is computed is computed in the rational numbers.
    let Right::Pattern(right) = &rewrite.right else { return true };
    let sides = [&rewrite.left, right];
    let is_max = |symbol: &Symbol| vocabulary.text(symbol.0) == "max";
    let orders = of_rewrite(rewrite).any(|symbol| is_max(&symbol));
    if orders && !of_rewrite(rewrite).all(|symbol| is_max(&symbol)) {
        return false;
    }
    if !sides.iter().all(|side| divides_by_nonzero(vocabulary, rewrite, side)) {
        return false;
    }
    let variables = rewrite.variables.0.len();
    let occurrences = |variable: usize| {
        let places = sides.iter().flat_map(|side| side.places());
        places.filter(|place| **place == Place::Variable(variable)).count()
    };
    let points: Vec<usize> =
        (0..variables).map(|v| if orders { variables } else { occurrences(v) + 1 }).collect();
    let cases = points.iter().try_fold(1usize, |cases, points| cases.checked_mul(*points));
    let Some(cases) = cases else { return false };
    let of_case = sides.iter().map(|side| side.places().len() as u64).sum::<u64>();
    let left = (cases as u64).checked_mul(of_case).and_then(|needed| work.checked_sub(needed));
    let Some(left) = left else { return false };
    *work = left;
    (0..cases).all(|case| {
        let mut rest = case;
        let values: Option<Vec<Number>> = points
            .iter()
            .map(|points| {
                let value = rest % points + 1;
                rest /= points;
                Some(Number::of(i64::try_from(value).ok()?))
            })
            .collect();
        let side = |pattern: &Pattern| {
            let values = values.as_ref()?;
            pattern.fold(&mut |variable| values.get(variable).copied(), &mut |name, arguments| {
                operation(vocabulary, name, &arguments.into_iter().collect::<Option<Vec<Number>>>()?)
            })?
        };
        let left = side(sides[0]);
        left.is_some() && left == side(sides[1])
    })
}

/// Whether every divisor is a literal other than 0, or a variable of which the rule says that it is not 0.
fn divides_by_nonzero(vocabulary: &Vocabulary, rewrite: &Rewrite, side: &Pattern) -> bool {
    let divisor = |at: usize| {
        let (parent, argument) = side.parent(at);
        let of = side.places()[parent];
        at > 0 && argument == 1 && matches!(of, Place::Node(name, 2) if vocabulary.text(name) == "/")
    };
    (0..side.places().len()).filter(|at| divisor(*at)).all(|at| match side.places()[at] {
        Place::Variable(variable) => rewrite.conditions.contains(&Condition::Nonzero(variable)),
        Place::Node(name, _) => vocabulary.number(name).is_some_and(|number| !number.is_zero()),
    })
}

/// The value of a number or of an operation on numbers.
fn operation(vocabulary: &Vocabulary, name: Name, arguments: &[Number]) -> Option<Number> {
    match arguments {
        [] => vocabulary.number(name),
        _ => Number::apply(vocabulary.text(name), arguments),
    }
}

/// What a function that no rule speaks of is tried as.
type Free = (&'static str, fn(&[Number]) -> Option<Number>);

const FREE: [Free; 2] = [
    ("sum of i·aᵢ + 1", |arguments| {
        let mut sum = Number::of(1);
        for (place, argument) in (1i64..).zip(arguments) {
            let part = Number::apply("*", &[Number::of(place), *argument])?;
            sum = Number::apply("+", &[sum, part])?;
        }
        Some(sum)
    }),
    ("first argument", |arguments| arguments.first().copied()),
];

/// The values in which two terms differ.
pub(crate) struct Difference {
    pub(crate) operators: Vec<(Symbol, &'static str)>,
    pub(crate) symbols: Vec<(Name, Number)>,
    pub(crate) values: (Number, Number),
}

/// Says what an operator is, once.
fn say(operators: &mut Vec<(Symbol, &'static str)>, symbol: Symbol, meaning: &'static str) {
    if !operators.iter().any(|(known, _)| *known == symbol) {
        operators.push((symbol, meaning));
    }
}

/// The value of a symbol, `fresh` where it has none yet.
fn value_of(symbols: &mut Vec<(Name, Number)>, symbol: Name, fresh: Number) -> Number {
    match symbols.iter().find(|(known, _)| *known == symbol) {
        Some((_, value)) => *value,
        None => {
            symbols.push((symbol, fresh));
            fresh
        }
    }
}

/// Whole numbers for the free symbols for which the facts hold and the terms differ.
#[inline(never)]
pub(crate) fn differ(
    vocabulary: &Vocabulary,
    facts: &[(Term, Term)],
    ends: (&Term, &Term),
) -> Option<Difference> {
    (0..ATTEMPTS).flat_map(|attempt| FREE.map(|free| (attempt, free))).find_map(|(attempt, free)| {
        let mut found = Difference { operators: Vec::new(), symbols: Vec::new(), values: Default::default() };
        let mut value = |term: &Term| {
            let mut values: Vec<Number> = Vec::with_capacity(term.nodes().len());
            for node in term.nodes() {
                let symbol = (node.name, node.children.len());
                let arguments: Vec<Number> =
                    node.children.iter().map(|child| values[*child as usize]).collect();
                values.push(if is_operation(vocabulary, symbol) {
                    say(&mut found.operators, symbol, "on the rational numbers");
                    operation(vocabulary, node.name, &arguments)?
                } else if arguments.is_empty() {
                    vocabulary.number(node.name).unwrap_or_else(|| {
                        let fresh = choice(attempt, found.symbols.len());
                        value_of(&mut found.symbols, node.name, fresh)
                    })
                } else {
                    say(&mut found.operators, symbol, free.0);
                    free.1(&arguments)?
                });
            }
            values.pop()
        };
        for (left, right) in facts {
            if value(left)? != value(right)? {
                return None;
            }
        }
        let values = (value(ends.0)?, value(ends.1)?);
        found.values = values;
        (values.0 != values.1).then_some(found)
    })
}

/// A number for the symbol of a place: others for each attempt, some of them less than 0.
fn choice(attempt: i64, place: usize) -> Number {
    const PRIMES: [i64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let prime = PRIMES[usize::try_from((place + attempt).rem_euclid(12)).unwrap_or(0)];
    let sign = if attempt % 3 == 1 || attempt % 3 == 2 && place % 2 == 0 { -1 } else { 1 };
    Number::of(sign * (prime + 12 * (place / 12)))
}

/// The terms with what is computed in them put in its place, so that no number is left to operate on: `(f (+ 1 a) a)`
/// becomes `(f 3 2)`. `None` if an operation on numbers has an argument of another kind. Adds names to the vocabulary.
#[inline(never)]
pub(crate) fn computed(
    vocabulary: &mut Vocabulary,
    terms: &[&Term],
    fixed: &dyn Fn(Symbol) -> bool,
) -> Option<Vec<Term>> {
    let mut symbols: Vec<(Name, Number)> = Vec::new();
    // Symbols that stand below an operation on numbers are numbers wherever they stand.
    for node in terms.iter().flat_map(|term| term.nodes().iter().map(move |node| (term, node))) {
        let (term, node) = node;
        if !is_operation(vocabulary, (node.name, node.children.len())) {
            continue;
        }
        for child in &node.children {
            let child = &term.nodes()[*child as usize];
            let symbol = (child.name, child.children.len());
            if is_operation(vocabulary, symbol) || is_number(vocabulary, symbol) {
                continue;
            }
            if symbol.1 > 0 || fixed(symbol) {
                return None;
            }
            // Unlike the numbers that people write in terms.
            let fresh = Number::of(1_009 + 17 * i64::try_from(symbols.len()).ok()?);
            value_of(&mut symbols, child.name, fresh);
        }
    }
    let mut replaced = Vec::with_capacity(terms.len());
    for term in terms {
        let mut values: Vec<Option<Number>> = Vec::with_capacity(term.nodes().len());
        let mut result = Term::default();
        for node in term.nodes() {
            let symbol = (node.name, node.children.len());
            let value = if is_operation(vocabulary, symbol) {
                let arguments: Option<Vec<Number>> =
                    node.children.iter().map(|child| values[*child as usize]).collect();
                Some(operation(vocabulary, node.name, &arguments?)?)
            } else if symbol.1 == 0 {
                vocabulary
                    .number(node.name)
                    .or_else(|| symbols.iter().find(|(name, _)| *name == node.name).map(|(_, value)| *value))
            } else {
                None
            };
            // One node for each, so that places stay what they are.
            match value {
                Some(value) => {
                    let name = vocabulary.intern(&value.to_string());
                    result.push(name, Vec::new()).ok()?;
                }
                None => {
                    result.push(node.name, node.children.clone()).ok()?;
                }
            }
            values.push(value);
        }
        let root = u32::try_from(result.nodes().len().checked_sub(1)?).ok()?;
        replaced.push(result.rooted(root));
    }
    Some(replaced)
}
