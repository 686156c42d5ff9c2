//! The named library: schemas that give rewrites for every operator that declares their law.
//!
//! In a schema `⊕` is the operator, `⊖` its inverse, `⊗` an operator over which it distributes, `⊙` its dual, `∁` its
//! complement, `e` the identity, `z` the annihilator.

use ramanujan_core::Color;

use crate::operators::{Law, Operator, Signature};

/// A rule of the library.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name in requests.
    pub name: &'static str,
    /// Other names that requests may use.
    pub aliases: &'static [&'static str],
    /// The gadget that it belongs to.
    pub gadget: Color,
    /// Higher goes first. The order changes the path, not a saturated result.
    pub priority: u8,
    /// The law that an operator needs for it.
    pub law: Law,
    schemas: &'static [Schema],
}

/// Left side, right side, and the arity that the operator's inverse must have (0: it does not matter).
type Schema = (&'static str, &'static str, usize);

const fn rule(
    name: &'static str,
    aliases: &'static [&'static str],
    gadget: Color,
    law: Law,
    schemas: &'static [Schema],
) -> Rule {
    let priority = if matches!(gadget, Color::Green) { 5 } else { 10 };
    Rule { name, aliases, gadget, priority, law, schemas }
}

/// All rules.
pub const RULES: [Rule; 16] = [
    rule(
        "assoc",
        &["associativity", "red_assoc"],
        Color::Red,
        Law::Assoc,
        &[("(⊕ (⊕ ?a ?b) ?c)", "(⊕ ?a (⊕ ?b ?c))", 0)],
    ),
    rule(
        "assoc_rev",
        &["inv_assoc"],
        Color::Blue,
        Law::Assoc,
        &[("(⊕ ?a (⊕ ?b ?c))", "(⊕ (⊕ ?a ?b) ?c)", 0)],
    ),
    rule(
        "shift_inverse",
        &[],
        Color::Blue,
        Law::Inverse,
        &[("(⊕ ?a (⊖ ?b ?c))", "(⊖ (⊕ ?a ?b) ?c)", 2), ("(⊕ ?a (⊕ ?b (⊖ ?c)))", "(⊕ (⊕ ?a ?b) (⊖ ?c))", 1)],
    ),
    rule(
        "inverse",
        &["inverses"],
        Color::Blue,
        Law::Inverse,
        &[
            ("(⊖ ?a ?a)", "e", 2),
            ("(⊖ ?a e)", "?a", 2),
            ("(⊕ ?a (⊖ ?a))", "e", 1),
            ("(⊕ (⊖ ?a) ?a)", "e", 1),
            ("(⊖ (⊖ ?a))", "?a", 1),
            ("(⊖ e)", "e", 1),
        ],
    ),
    rule("idem", &["idempotence"], Color::Blue, Law::Idem, &[("(⊕ ?a ?a)", "?a", 0)]),
    rule(
        "distribute",
        &["distributivity", "blue_dist"],
        Color::Blue,
        Law::Distributes,
        &[
            ("(⊕ ?a (⊗ ?b ?c))", "(⊗ (⊕ ?a ?b) (⊕ ?a ?c))", 0),
            ("(⊗ (⊕ ?a ?b) (⊕ ?a ?c))", "(⊕ ?a (⊗ ?b ?c))", 0),
        ],
    ),
    rule("absorb", &["absorption"], Color::Blue, Law::Absorption, &[("(⊕ ?a (⊙ ?a ?b))", "?a", 0)]),
    rule(
        "annihilate",
        &["annihilation"],
        Color::Blue,
        Law::Annihilator,
        &[("(⊕ ?a z)", "z", 0), ("(⊕ z ?a)", "z", 0)],
    ),
    rule(
        "complement",
        &[],
        Color::Blue,
        Law::Complement,
        &[("(⊕ ?a (∁ ?a))", "z", 0), ("(⊕ (∁ ?a) ?a)", "z", 0), ("(∁ z)", "e", 0)],
    ),
    rule(
        "de_morgan",
        &[],
        Color::Blue,
        Law::DeMorgan,
        &[("(∁ (⊕ ?a ?b))", "(⊙ (∁ ?a) (∁ ?b))", 0), ("(⊙ (∁ ?a) (∁ ?b))", "(∁ (⊕ ?a ?b))", 0)],
    ),
    rule("involution", &[], Color::Blue, Law::Involution, &[("(⊕ (⊕ ?a))", "?a", 0)]),
    rule("cancel", &[], Color::Blue, Law::Cancel, &[("(⊕ ?a ?a)", "1", 0), ("(⊕ (* ?b ?a) ?a)", "?b", 0)]),
    rule(
        "identity",
        &["green_id"],
        Color::Green,
        Law::Identity,
        &[("(⊕ ?a e)", "?a", 0), ("(⊕ e ?a)", "?a", 0)],
    ),
    rule("comm", &["commutativity"], Color::Green, Law::Comm, &[("(⊕ ?a ?b)", "(⊕ ?b ?a)", 0)]),
    rule("definition", &[], Color::Green, Law::Definition, &[]),
    rule("fold", &["constant_folding"], Color::Green, Law::Fold, &[]),
];

/// One direction of a rule for one operator, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equation {
    /// The pattern that is matched.
    pub left: String,
    /// The pattern that it is equal to.
    pub right: String,
    /// As in a request, such as `nonzero ?a`.
    pub conditions: Vec<String>,
}

impl Rule {
    /// The rule of a name or alias.
    pub fn named(name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.name == name || rule.aliases.contains(&name))
    }

    /// The operators that declare the rule's law.
    pub fn operators<'s>(&self, signature: &'s Signature) -> impl Iterator<Item = &'s Operator> {
        let law = self.law;
        signature.operators().iter().filter(move |operator| operator.has(law))
    }

    /// The rule's equations for one operator.
    pub fn equations(&self, signature: &Signature, operator: &Operator) -> Vec<Equation> {
        let equation = |left: String, right: String| Equation { left, right, conditions: Vec::new() };
        let plain = || {
            let variables = ["?a", "?b", "?c"].into_iter().take(operator.arity).collect::<Vec<_>>();
            format!("({} {})", operator.symbol, variables.join(" "))
        };
        match (self.law, &operator.definition) {
            (Law::Definition, Some(definition)) => {
                return vec![equation(plain(), definition.clone()), equation(definition.clone(), plain())];
            }
            (Law::Fold, _) => return vec![equation(plain(), "its value".into())],
            _ => {}
        }
        let none = vec![String::new()];
        let overs = if self.law == Law::Distributes { &operator.distributes_over } else { &none };
        let inverse = operator.inverse.as_deref().unwrap_or_default();
        let inverse_arity = signature.operator(inverse).map_or(0, |inverse| inverse.arity);
        let fill = |side: &str, over: &str| {
            let words = side.split_inclusive(['(', ' ', ')']).map(|piece| {
                let word = piece.trim_end_matches(['(', ' ', ')']);
                let filled = match word {
                    "⊕" => &operator.symbol,
                    "⊖" => inverse,
                    "⊗" => over,
                    "⊙" => operator.dual.as_deref().unwrap_or_default(),
                    "∁" => operator.complement.as_deref().unwrap_or_default(),
                    "e" => operator.identity.as_deref().unwrap_or_default(),
                    "z" => operator.annihilator.as_deref().unwrap_or_default(),
                    other => other,
                };
                format!("{filled}{}", &piece[word.len()..])
            });
            words.collect::<String>()
        };
        let applies = |arity: usize| arity == 0 || arity == inverse_arity;
        let conditions: Vec<String> =
            (self.law == Law::Cancel).then(|| "nonzero ?a".to_owned()).into_iter().collect();
        let mut equations = Vec::new();
        for over in overs {
            for (left, right, _) in self.schemas.iter().filter(|(.., arity)| applies(*arity)) {
                let (left, right) = (fill(left, over), fill(right, over));
                // The complement of z is e, which an operator without identity does not have.
                if !right.is_empty() {
                    equations.push(Equation { left, right, conditions: conditions.clone() });
                }
            }
        }
        equations
    }
}
