//! Rules: the named library, rules of a request, and the rewrites that both become.
//!
//! A library rule is a schema; for every operator that declares its law it gives rewrites. In a schema `⊕` is the
//! operator, `⊖` its inverse, `⊗` an operator over which it distributes, `⊙` its dual, `∁` its complement, `e` the
//! identity, `z` the annihilator. Every rule belongs to a gadget (RED, BLUE or GREEN).

use ramanujan_core::Color;

use crate::operators::{Law, Operator, Signature};
use crate::pattern::{Pattern, Variables};
use crate::rewrite::{Condition, Rewrite, Right};
use crate::vocabulary::Vocabulary;

/// Most rewrites of a rule set.
pub const MAX_REWRITES: usize = 2_000;

/// A rule of the library.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub name: &'static str,
    /// What the documents call it too.
    pub aliases: &'static [&'static str],
    pub gadget: Color,
    /// Higher goes first. The order changes the path, not a saturated result.
    pub priority: u8,
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
    pub left: String,
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

/// A rule of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRule {
    pub name: String,
    pub left: String,
    pub right: String,
    /// Also from right to left.
    pub both_ways: bool,
    /// `nonzero ?a`, `literal ?a`, `color ?a RED`, `differ ?a ?b`.
    pub conditions: Vec<String>,
    pub gadget: Color,
}

/// A rule that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningRule {
    pub name: String,
    pub gadget: Color,
    pub priority: u8,
}

/// Rules chosen by a request, as rewrites over its vocabulary.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    pub rules: Vec<RunningRule>,
    pub rewrites: Vec<Rewrite>,
}

/// Why rules are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Unknown(String),
    UnknownOperator(String),
    /// The operator does not declare the law that the rule needs.
    LawMissing {
        rule: &'static str,
        operator: String,
        law: &'static str,
    },
    /// The rule's gadget is switched off.
    GadgetDisabled {
        rule: String,
        gadget: Color,
    },
    /// A rule of the request is not one.
    Invalid {
        rule: String,
        reason: String,
    },
    TooMany,
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Unknown(name) => {
                write!(f, "unknown rule {:?}; known: {}", cut(name), RULES.map(|rule| rule.name).join(", "))
            }
            Refused::UnknownOperator(name) => write!(f, "no operator {:?} is declared", cut(name)),
            Refused::LawMissing { rule, operator, law } => {
                write!(f, "{rule} needs the law {law}, which {operator} does not have")
            }
            Refused::GadgetDisabled { rule, gadget } => {
                write!(f, "{} belongs to the {gadget} gadget, which GADGETS_ENABLED leaves out", cut(rule))
            }
            Refused::Invalid { rule, reason } => write!(f, "rule {:?}: {reason}", cut(rule)),
            Refused::TooMany => write!(f, "the rules make more than {MAX_REWRITES} rewrites"),
        }
    }
}

impl std::error::Error for Refused {}

/// Which library rules, as chosen by a request.
#[derive(Clone, Debug)]
pub enum Chosen<'r> {
    /// Every rule of the enabled gadgets for every operator.
    All,
    /// `rule` for every operator with its law, `rule:operator` for one.
    Named(&'r [String]),
}

impl RuleSet {
    /// The chosen rules of the library and then those of the request, over the operators of `vocabulary`. Each
    /// library rule for each operator once, by priority, then in the order of the library and of the operators.
    ///
    /// # Errors
    /// If a name is unknown, a law is missing, a gadget is disabled, or a rule of the request cannot be one.
    pub fn new(
        vocabulary: &mut Vocabulary,
        chosen: &Chosen<'_>,
        custom: &[CustomRule],
        enabled: &[Color],
    ) -> Result<RuleSet, Refused> {
        let mut set = RuleSet::default();
        let signature = vocabulary.signature().clone();
        let mut pairs = match chosen {
            Chosen::All => {
                let rules = RULES.iter().filter(|rule| enabled.contains(&rule.gadget));
                rules.flat_map(|rule| rule.operators(&signature).map(move |op| (rule, op))).collect()
            }
            Chosen::Named(names) => named(&signature, names, enabled)?,
        };
        let rule_place = |rule: &Rule| RULES.iter().position(|known| known.name == rule.name);
        let place = |op: &Operator| signature.operators().iter().position(|known| known.symbol == op.symbol);
        pairs.sort_by_key(|(rule, op)| (std::cmp::Reverse(rule.priority), rule_place(rule), place(op)));
        pairs.dedup_by_key(|(rule, op)| (rule.name, op.symbol.clone()));
        for (rule, operator) in pairs {
            if set.rules.last().is_none_or(|last| last.name != rule.name) {
                let (name, gadget, priority) = (rule.name.to_owned(), rule.gadget, rule.priority);
                set.rules.push(RunningRule { name, gadget, priority });
            }
            for equation in rule.equations(&signature, operator) {
                let fold = rule.law == Law::Fold;
                set.push(vocabulary, &equation, fold)
                    .map_err(|reason| Refused::Invalid { rule: rule.name.to_owned(), reason })?;
            }
        }
        for custom in custom {
            let rule = || custom.name.clone();
            if !enabled.contains(&custom.gadget) {
                return Err(Refused::GadgetDisabled { rule: rule(), gadget: custom.gadget });
            }
            let taken = Rule::named(&custom.name).is_some()
                || set.rules.iter().any(|running| running.name == custom.name);
            if taken {
                return Err(Refused::Invalid { rule: rule(), reason: "another rule has this name".into() });
            }
            let invalid = |reason| Refused::Invalid { rule: rule(), reason };
            crate::term::Term::check_name(&custom.name).map_err(|illegal| invalid(illegal.0))?;
            set.rules.push(RunningRule { name: rule(), gadget: custom.gadget, priority: 1 });
            let CustomRule { left, right, conditions, .. } = custom.clone();
            let forward = Equation { left, right, conditions };
            set.push(vocabulary, &forward, false).map_err(invalid)?;
            if custom.both_ways {
                let Equation { left, right, conditions } = forward;
                set.push(vocabulary, &Equation { left: right, right: left, conditions }, false)
                    .map_err(invalid)?;
            }
        }
        if set.rewrites.len() > MAX_REWRITES {
            return Err(Refused::TooMany);
        }
        Ok(set)
    }

    /// The rule that a rewrite belongs to.
    pub fn rule_of(&self, rewrite: u32) -> Option<&RunningRule> {
        self.rules.get(self.rewrites.get(rewrite as usize)?.rule)
    }

    /// Adds a rewrite of the last rule.
    fn push(&mut self, vocabulary: &mut Vocabulary, equation: &Equation, fold: bool) -> Result<(), String> {
        let mut variables = Variables::default();
        let mut read = |side: &str, text: &str| {
            Pattern::read(vocabulary, &mut variables, text)
                .map_err(|bad| format!("{side}, character {}: {}", bad.position, bad.reason))
        };
        let left = read("left", &equation.left)?;
        let right = if fold { Right::Value } else { Right::Pattern(read("right", &equation.right)?) };
        let mut conditions: Vec<Condition> = Vec::new();
        if fold {
            conditions.extend((0..variables.0.len()).map(Condition::Literal));
        }
        for text in &equation.conditions {
            conditions.push(Condition::read(text, &variables)?);
        }
        let rule = self.rules.len() - 1;
        self.rewrites.push(Rewrite::new(rule, variables, left, right, conditions)?);
        Ok(())
    }
}

fn named<'s>(
    signature: &'s Signature,
    names: &[String],
    enabled: &[Color],
) -> Result<Vec<(&'static Rule, &'s Operator)>, Refused> {
    let mut chosen = Vec::new();
    for name in names {
        let (name, symbol) = match name.split_once(':') {
            Some((name, symbol)) => (name, Some(symbol)),
            None => (name.as_str(), None),
        };
        let rule = Rule::named(name).ok_or_else(|| Refused::Unknown(name.to_owned()))?;
        if !enabled.contains(&rule.gadget) {
            return Err(Refused::GadgetDisabled { rule: rule.name.to_owned(), gadget: rule.gadget });
        }
        match symbol {
            None => chosen.extend(rule.operators(signature).map(|op| (rule, op))),
            Some(symbol) => {
                let op =
                    signature.operator(symbol).ok_or_else(|| Refused::UnknownOperator(symbol.to_owned()))?;
                if !op.has(rule.law) {
                    let (rule, law) = (rule.name, rule.law.as_str());
                    return Err(Refused::LawMissing { rule, operator: op.symbol.clone(), law });
                }
                chosen.push((rule, op));
            }
        }
    }
    Ok(chosen)
}
