//! Rewrites: a left side to match, what to build for it, and conditions on what the variables stand for.

use std::fmt;

use ramanujan_core::Color;

use crate::egraph::{EGraph, Id};
use crate::number::Number;
use crate::pattern::{Pattern, Variables};

/// Why something is no rewrite, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRewrite(pub String);

impl fmt::Display for BadRewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRewrite {}

/// What a rewrite builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// An instance of a pattern.
    Pattern(Pattern),
    /// The value of the left side's operator on number literals.
    Value,
}

/// A condition on variables. All but `Differ` stay true once they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The variable is equal to a number literal.
    Literal(usize),
    /// The variable is equal to a number literal other than 0.
    Nonzero(usize),
    /// The variable is equal to a term whose root has the colour.
    Color(usize, Color),
    /// The two variables are not known to be equal when the rule is applied.
    Differ(usize, usize),
}

impl Condition {
    /// Reads `literal ?a`, `nonzero ?a`, `color ?a RED` or `differ ?a ?b`.
    ///
    /// # Errors
    /// If it is none of these, or names a variable that the rule does not have.
    pub fn read(text: &str, variables: &Variables) -> Result<Condition, BadRewrite> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let variable = |word: &str| {
            let known = word.strip_prefix('?').and_then(|name| variables.get(name));
            known.ok_or_else(|| BadRewrite(format!("condition {text:?}: {word} is no variable of the rule")))
        };
        match words[..] {
            ["literal", a] => Ok(Condition::Literal(variable(a)?)),
            ["nonzero", a] => Ok(Condition::Nonzero(variable(a)?)),
            ["color", a, color] => {
                let color =
                    color.parse().map_err(|error| BadRewrite(format!("condition {text:?}: {error}")))?;
                Ok(Condition::Color(variable(a)?, color))
            }
            ["differ", a, b] => Ok(Condition::Differ(variable(a)?, variable(b)?)),
            _ => Err(BadRewrite(format!(
                "{text:?} is no condition: `literal ?a`, `nonzero ?a`, `color ?a RED` or `differ ?a ?b`"
            ))),
        }
    }

    /// The variable whose place a term is to take that shows the condition.
    fn asks_for(self) -> Option<usize> {
        match self {
            Condition::Literal(a) | Condition::Nonzero(a) | Condition::Color(a, _) => Some(a),
            Condition::Differ(..) => None,
        }
    }

    /// The condition as a request has it.
    pub fn print(self, variables: &Variables) -> String {
        let name = |variable: usize| variables.0.get(variable).map_or("", String::as_str);
        match self {
            Condition::Literal(a) => format!("literal ?{}", name(a)),
            Condition::Nonzero(a) => format!("nonzero ?{}", name(a)),
            Condition::Color(a, color) => format!("color ?{} {color}", name(a)),
            Condition::Differ(a, b) => format!("differ ?{} ?{}", name(a), name(b)),
        }
    }
}

/// One direction of a rule.
#[derive(Clone, Debug)]
pub struct Rewrite {
    /// Place of its rule in the rule set.
    pub rule: usize,
    /// The names of its variables.
    pub variables: Variables,
    /// What it matches.
    pub left: Pattern,
    /// What it builds.
    pub right: Right,
    /// What has to hold of the variables.
    pub conditions: Vec<Condition>,
}

impl Rewrite {
    /// Puts a rewrite together.
    ///
    /// # Errors
    /// If the left side is a single variable, the right side or a condition uses a variable that the left side does
    /// not bind, or two conditions ask for a term in one variable's place.
    pub fn new(
        rule: usize,
        variables: Variables,
        left: Pattern,
        right: Right,
        conditions: Vec<Condition>,
    ) -> Result<Rewrite, BadRewrite> {
        if left.root_name().is_none() {
            let reason = "the left side must not be a single variable, which matches everything";
            return Err(BadRewrite(reason.into()));
        }
        let unbound = variables.0.iter().enumerate().find(|(variable, _)| !left.holds(*variable));
        if let Some((_, name)) = unbound {
            return Err(BadRewrite(format!("the left side does not bind ?{name}")));
        }
        for variable in 0..variables.0.len() {
            let asks = conditions.iter().filter(|condition| condition.asks_for() == Some(variable));
            if asks.count() > 1 {
                let name = &variables.0[variable];
                let reason = format!("?{name} may have one of the conditions literal, nonzero and color");
                return Err(BadRewrite(reason));
            }
        }
        Ok(Rewrite { rule, variables, left, right, conditions })
    }

    /// Whether it can add nodes that have children. One that does not only unites classes, so that it comes to an end
    /// by itself.
    pub fn grows(&self) -> bool {
        match &self.right {
            Right::Value => false,
            Right::Pattern(pattern) => pattern.root_name().is_some_and(|(_, arity)| arity > 0),
        }
    }

    /// Whether the conditions hold of a match. Where a condition speaks of some term that is equal to what a variable
    /// stands for, that term takes the variable's place, so that the match shows it.
    pub(crate) fn admits(&self, egraph: &EGraph, slots: &mut [Id]) -> bool {
        self.conditions.iter().all(|condition| match *condition {
            Condition::Literal(a) => self.witness(egraph, slots, a, |known| egraph.known(known).literal),
            Condition::Nonzero(a) => self.witness(egraph, slots, a, |class| {
                let literal = egraph.known(class).literal?;
                let number = egraph.vocabulary().number(egraph.name(literal))?;
                (!number.is_zero()).then_some(literal)
            }),
            Condition::Color(a, color) => self.witness(egraph, slots, a, |class| {
                egraph.nodes(class).find(|node| egraph.node_color(*node) == color)
            }),
            Condition::Differ(a, b) => match (self.slot(slots, a), self.slot(slots, b)) {
                (Some(a), Some(b)) => egraph.find(a) != egraph.find(b),
                _ => false,
            },
        })
    }

    /// What a variable stands for in a match.
    pub fn slot(&self, slots: &[Id], variable: usize) -> Option<Id> {
        slots.get(self.left.first_place(variable)?).copied()
    }

    fn witness(
        &self,
        egraph: &EGraph,
        slots: &mut [Id],
        variable: usize,
        find: impl Fn(Id) -> Option<Id>,
    ) -> bool {
        let place = self.left.first_place(variable);
        let Some((place, found)) = place.and_then(|place| Some((place, find(egraph.find(slots[place]))?)))
        else {
            return false;
        };
        slots[place] = found;
        true
    }

    /// The value of the left side's operator on the literals that its variables stand for.
    pub(crate) fn value(&self, egraph: &EGraph, slots: &[Id]) -> Option<Number> {
        let vocabulary = egraph.vocabulary();
        let (name, _) = self.left.root_name()?;
        let arguments: Option<Vec<Number>> =
            slots[1..].iter().map(|slot| vocabulary.number(egraph.name(*slot))).collect();
        Number::apply(vocabulary.text(name), &arguments?)
    }
}
