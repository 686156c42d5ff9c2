//! Rules that a request chooses from the library ([`library`]) or brings along, and the rewrites that both become.
//! Every rule belongs to a gadget (RED, BLUE or GREEN).

mod library;

use ramanujan_core::Color;
use serde_json::Value;

use crate::name;
use crate::operators::{Law, Operator, Signature};
use crate::pattern::{Pattern, Variables};
use crate::read::Place;
use crate::rewrite::{Condition, Rewrite, Right};
pub use crate::rules::library::{Equation, RULES, Rule};
use crate::vocabulary::Vocabulary;

/// Most rewrites of a rule set.
pub const MAX_REWRITES: usize = 2_000;

/// A rule of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRule {
    /// Its name: none of the library's, and each once.
    pub name: String,
    /// A pattern in any form that a term has.
    pub left: Value,
    /// The pattern that an instance of the left one is equal to.
    pub right: Value,
    /// Also from right to left.
    pub both_ways: bool,
    /// `nonzero ?a`, `literal ?a`, `color ?a RED`, `differ ?a ?b`.
    pub conditions: Vec<String>,
    /// The gadget that it belongs to.
    pub gadget: Color,
}

/// A rule that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningRule {
    /// Its name.
    pub name: String,
    /// The gadget that it belongs to.
    pub gadget: Color,
    /// Higher goes first.
    pub priority: u8,
}

/// Rules chosen by a request, as rewrites over its vocabulary.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// The rules, in the order in which they are tried.
    pub rules: Vec<RunningRule>,
    /// Their rewrites; each knows its rule.
    pub rewrites: Vec<Rewrite>,
}

/// Why rules are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The library has no rule of this name.
    Unknown(String),
    /// No operator of this name is declared.
    UnknownOperator(String),
    /// The operator does not declare the law that the rule needs.
    LawMissing {
        /// The rule.
        rule: &'static str,
        /// The operator.
        operator: String,
        /// The law that the operator would need.
        law: &'static str,
    },
    /// The rule's gadget is switched off.
    GadgetDisabled {
        /// The rule.
        rule: String,
        /// Its gadget.
        gadget: Color,
    },
    /// A rule of the request is not one.
    Invalid {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The rules make more than [`MAX_REWRITES`] rewrites.
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
            for Equation { left, right, conditions } in rule.equations(&signature, operator) {
                let right = (rule.law != Law::Fold).then(|| right.into());
                set.push(vocabulary, &left.into(), right.as_ref(), &conditions)
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
            name::check(&custom.name).map_err(|illegal| invalid(illegal.0))?;
            set.rules.push(RunningRule { name: rule(), gadget: custom.gadget, priority: 1 });
            let CustomRule { left, right, conditions, .. } = custom;
            set.push(vocabulary, left, Some(right), conditions).map_err(invalid)?;
            if custom.both_ways {
                set.push(vocabulary, right, Some(left), conditions).map_err(invalid)?;
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

    /// Adds a rewrite of the last rule; without a right side it computes the value of the left.
    fn push(
        &mut self,
        vocabulary: &mut Vocabulary,
        left: &Value,
        right: Option<&Value>,
        conditions_of: &[String],
    ) -> Result<(), String> {
        let mut variables = Variables::default();
        let mut read = |side: &str, value: &Value| {
            Pattern::of_json(vocabulary, &mut variables, value).map_err(|bad| match &bad.place {
                Place::Position(_) => format!("{side}, {bad}"),
                Place::Path(path) => format!("{side}{path}: {}", bad.reason),
            })
        };
        let left = read("left", left)?;
        let fold = right.is_none();
        let right = match right {
            Some(right) => Right::Pattern(read("right", right)?),
            None => Right::Value,
        };
        let mut conditions: Vec<Condition> = Vec::new();
        if fold {
            conditions.extend((0..variables.0.len()).map(Condition::Literal));
        }
        for text in conditions_of {
            conditions.push(Condition::read(text, &variables).map_err(|bad| bad.0)?);
        }
        let rule = self.rules.len() - 1;
        self.rewrites.push(Rewrite::new(rule, variables, left, right, conditions).map_err(|bad| bad.0)?);
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
