//! Looks at a finite algebra that was found once more, by other means than the search: every rule for all values of
//! its variables, every fact, and that the two terms differ.

use super::functions::{Algebra, Meaning};
use crate::rewrite::{Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// Most values of the variables of one rule: six elements, seven variables.
const MAX_CASES: u64 = 300_000;

/// Whether all `rewrites` and `facts` hold in the algebra and the two terms differ in it. What is too much to look at
/// does not hold.
#[inline(never)]
pub(crate) fn is_model(
    vocabulary: &Vocabulary,
    algebra: &Algebra,
    rewrites: &[&Rewrite],
    facts: &[(Term, Term)],
    ends: Option<(&Term, &Term)>,
) -> bool {
    let checker = Checker { vocabulary, algebra };
    let differ = ends.is_none_or(|(left, right)| match (checker.term(left), checker.term(right)) {
        (Some(left), Some(right)) => left != right,
        _ => false,
    });
    let equal = |(left, right): &(Term, Term)| {
        let left = checker.term(left);
        left.is_some() && left == checker.term(right)
    };
    algebra.size >= 2
        && differ
        && facts.iter().all(equal)
        && rewrites.iter().all(|rewrite| checker.rule(rewrite) == Some(true))
}

struct Checker<'c> {
    vocabulary: &'c Vocabulary,
    algebra: &'c Algebra,
}

impl Checker<'_> {
    fn apply(&self, name: Name, arguments: &[u8]) -> Option<u8> {
        let size = self.algebra.size;
        let value = match self.algebra.meaning.get(&(name, arguments.len())) {
            Some(Meaning::Function(function)) => (function.of)(arguments, size),
            Some(Meaning::Element(element)) => *element,
            None if self.algebra.remainders && arguments.is_empty() => {
                self.modulo(i128::from(self.vocabulary.number(name)?.integer()?))?
            }
            None => return None,
        };
        (value < size).then_some(value)
    }

    fn modulo(&self, value: i128) -> Option<u8> {
        u8::try_from(value.rem_euclid(i128::from(self.algebra.size))).ok()
    }

    #[inline(never)]
    fn term(&self, term: &Term) -> Option<u8> {
        let mut values: Vec<u8> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let arguments: Option<Vec<u8>> =
                node.children.iter().map(|child| values.get(*child as usize).copied()).collect();
            values.push(self.apply(node.name, &arguments?)?);
        }
        values.pop()
    }

    /// Whether a rule holds for all values; its conditions are left aside, which asks for more than they do.
    fn rule(&self, rewrite: &Rewrite) -> Option<bool> {
        let size = u64::from(self.algebra.size);
        let variables = u32::try_from(rewrite.variables.0.len()).ok()?;
        let cases = size.checked_pow(variables).filter(|cases| *cases <= MAX_CASES)?;
        for case in 0..cases {
            let variable = |number: usize| {
                let digit = case / size.pow(u32::try_from(number).unwrap_or(0)) % size;
                u8::try_from(digit).unwrap_or(0)
            };
            let side = |pattern: &crate::pattern::Pattern| {
                pattern.fold(&mut |number| Some(variable(number)), &mut |name, arguments| {
                    self.apply(name, &arguments.into_iter().collect::<Option<Vec<u8>>>()?)
                })?
            };
            let left = side(&rewrite.left)?;
            let right = match &rewrite.right {
                Right::Pattern(right) => side(right)?,
                Right::Value => {
                    let of = |number| i128::from(variable(number));
                    let (name, arity) = rewrite.left.root_name()?;
                    let value = match (self.vocabulary.text(name), arity) {
                        ("+", 2) => of(0) + of(1),
                        ("-", 2) => of(0) - of(1),
                        ("*", 2) => of(0) * of(1),
                        ("neg", 1) => -of(0),
                        _ => return None,
                    };
                    self.modulo(value)?
                }
            };
            if left != right {
                return Some(false);
            }
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::functions::candidates;
    use super::*;
    use crate::languages::{Language, signature};
    use crate::rules::{Chosen, RuleSet};
    use ramanujan_core::Color;

    #[test]
    fn an_operation_without_the_law_is_no_model() {
        let mut vocabulary = Vocabulary::new(signature(&[Language::Operations], Vec::new()).unwrap());
        let names = ["comm:merge".to_owned(), "idem:merge".to_owned()];
        let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(&names), &[], &Color::ALL).unwrap();
        let rewrites: Vec<&Rewrite> = rules.rewrites.iter().collect();
        let merge = vocabulary.get("merge").unwrap();
        for function in candidates(2, 3) {
            let meaning = BTreeMap::from([((merge, 2), Meaning::Function(function))]);
            let algebra = Algebra { size: 3, remainders: false, meaning };
            let lattice = ["max(a, b)", "min(a, b)"].contains(&function.name);
            // A constant commutes and 1·1 = 0; max and min have both laws and nothing else here does.
            assert_eq!(is_model(&vocabulary, &algebra, &rewrites, &[], None), lattice, "{}", function.name);
        }
        let algebra = Algebra { size: 3, remainders: false, meaning: BTreeMap::new() };
        assert!(!is_model(&vocabulary, &algebra, &rewrites, &[], None));
    }
}
