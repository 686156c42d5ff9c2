//! The rule library: named laws as rewrites, each belonging to a gadget (RED, BLUE or GREEN).
//!
//! A rule is a schema; for every operator that declares its law it gives rewrites. In a schema `⊕` is the operator,
//! `⊖` its inverse, `⊗` an operator that distributes over `⊕`, `e` the identity.

use ramanujan_core::Color;

use crate::operators::{Law, Names, OPERATORS, Operator};
use crate::pattern::Pattern;

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

/// All rules.
pub const RULES: [Rule; 8] = [
    Rule {
        name: "assoc",
        aliases: &["associativity", "red_assoc"],
        gadget: Color::Red,
        priority: 10,
        law: Law::Assoc,
        schemas: &[("(⊕ (⊕ ?a ?b) ?c)", "(⊕ ?a (⊕ ?b ?c))", 0)],
    },
    Rule {
        name: "assoc_rev",
        aliases: &["inv_assoc"],
        gadget: Color::Blue,
        priority: 10,
        law: Law::Assoc,
        schemas: &[("(⊕ ?a (⊕ ?b ?c))", "(⊕ (⊕ ?a ?b) ?c)", 0)],
    },
    Rule {
        name: "shift_inverse",
        aliases: &[],
        gadget: Color::Blue,
        priority: 10,
        law: Law::Inverse,
        schemas: &[
            ("(⊕ ?a (⊖ ?b ?c))", "(⊖ (⊕ ?a ?b) ?c)", 2),
            ("(⊕ ?a (⊕ ?b (⊖ ?c)))", "(⊕ (⊕ ?a ?b) (⊖ ?c))", 1),
        ],
    },
    Rule {
        name: "inverse",
        aliases: &["inverses"],
        gadget: Color::Blue,
        priority: 10,
        law: Law::Inverse,
        schemas: &[
            ("(⊖ ?a ?a)", "e", 2),
            ("(⊖ ?a e)", "?a", 2),
            ("(⊕ ?a (⊖ ?a))", "e", 1),
            ("(⊕ (⊖ ?a) ?a)", "e", 1),
            ("(⊖ (⊖ ?a))", "?a", 1),
            ("(⊖ e)", "e", 1),
        ],
    },
    Rule {
        name: "idem",
        aliases: &["idempotence"],
        gadget: Color::Blue,
        priority: 10,
        law: Law::Idem,
        schemas: &[("(⊕ ?a ?a)", "?a", 0)],
    },
    Rule {
        name: "distribute",
        aliases: &["distributivity", "blue_dist"],
        gadget: Color::Blue,
        priority: 10,
        law: Law::Distributes,
        schemas: &[
            ("(⊕ ?a (⊗ ?b ?c))", "(⊗ (⊕ ?a ?b) (⊕ ?a ?c))", 0),
            ("(⊗ (⊕ ?a ?b) (⊕ ?a ?c))", "(⊕ ?a (⊗ ?b ?c))", 0),
        ],
    },
    Rule {
        name: "identity",
        aliases: &["green_id"],
        gadget: Color::Green,
        priority: 5,
        law: Law::Identity,
        schemas: &[("(⊕ ?a e)", "?a", 0), ("(⊕ e ?a)", "?a", 0)],
    },
    Rule {
        name: "comm",
        aliases: &["commutativity"],
        gadget: Color::Green,
        priority: 5,
        law: Law::Comm,
        schemas: &[("(⊕ ?a ?b)", "(⊕ ?b ?a)", 0)],
    },
];

impl Rule {
    /// The rule of a name or alias.
    pub fn named(name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.name == name || rule.aliases.contains(&name))
    }

    /// The operators that declare the rule's law.
    pub fn operators(&self) -> impl Iterator<Item = &'static Operator> {
        let law = self.law;
        OPERATORS.iter().filter(move |operator| operator.has(law))
    }

    /// The rule's equations for one operator, as pairs of S-expressions.
    pub fn equations(&self, operator: &Operator) -> Vec<(String, String)> {
        let inverse = operator.inverse.unwrap_or_default();
        let inverse_arity = crate::operators::operator(inverse).map_or(0, |inverse| inverse.arity);
        let fill = |side: &str| {
            let words = side.split_inclusive(['(', ' ', ')']).map(|piece| {
                let word = piece.trim_end_matches(['(', ' ', ')']);
                let filled = match word {
                    "⊕" => operator.symbol,
                    "⊖" => inverse,
                    "⊗" => operator.distributes_over.unwrap_or_default(),
                    "e" => operator.identity.unwrap_or_default(),
                    other => other,
                };
                format!("{filled}{}", &piece[word.len()..])
            });
            words.collect::<String>()
        };
        let applies = |arity: usize| arity == 0 || arity == inverse_arity;
        self.schemas
            .iter()
            .filter(|(.., arity)| applies(*arity))
            .map(|(left, right, _)| (fill(left), fill(right)))
            .collect()
    }
}

/// One direction of a rule for one operator.
#[derive(Clone, Debug)]
pub struct Rewrite {
    pub rule: &'static Rule,
    pub left: Pattern,
    pub right: Pattern,
}

impl Rewrite {
    /// Whether it can add nodes that have children. One that does not only unites classes, so that it comes to an end
    /// by itself.
    pub fn grows(&self) -> bool {
        matches!(&self.right, Pattern::Node(_, children) if !children.is_empty())
    }
}

/// Rules chosen by a request.
#[derive(Clone, Debug)]
pub struct Selection {
    chosen: Vec<(&'static Rule, &'static Operator)>,
}

/// Why a selection is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Unknown(String),
    UnknownOperator(String),
    /// The operator does not declare the law that the rule needs.
    LawMissing {
        rule: &'static str,
        operator: &'static str,
        law: &'static str,
    },
    /// The rule's gadget is switched off.
    GadgetDisabled {
        rule: &'static str,
        gadget: Color,
    },
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Unknown(name) => {
                let cut: String = name.chars().take(40).collect();
                write!(f, "unknown rule {cut:?}; known: {}", RULES.map(|rule| rule.name).join(", "))
            }
            Refused::UnknownOperator(name) => {
                let cut: String = name.chars().take(40).collect();
                write!(f, "no operator {cut:?} has laws; known: {}", OPERATORS.map(|op| op.symbol).join(", "))
            }
            Refused::LawMissing { rule, operator, law } => {
                write!(f, "{rule} needs the law {law}, which {operator} does not have")
            }
            Refused::GadgetDisabled { rule, gadget } => {
                write!(f, "{rule} belongs to the {gadget} gadget, which GADGETS_ENABLED leaves out")
            }
        }
    }
}

impl std::error::Error for Refused {}

impl Selection {
    /// Every rule of the enabled gadgets for every operator.
    pub fn all(enabled: &[Color]) -> Selection {
        let rules = RULES.iter().filter(|rule| enabled.contains(&rule.gadget));
        Selection::sorted(rules.flat_map(|rule| rule.operators().map(move |op| (rule, op))).collect())
    }

    /// The named rules: `rule` for every operator with its law, `rule:operator` for one.
    ///
    /// # Errors
    /// If a name is unknown, a law is missing, or a gadget is disabled.
    pub fn of<S: AsRef<str>>(names: &[S], enabled: &[Color]) -> Result<Selection, Refused> {
        let mut chosen = Vec::new();
        for name in names {
            let name = name.as_ref();
            let (name, symbol) = match name.split_once(':') {
                Some((name, symbol)) => (name, Some(symbol)),
                None => (name, None),
            };
            let rule = Rule::named(name).ok_or_else(|| Refused::Unknown(name.to_owned()))?;
            if !enabled.contains(&rule.gadget) {
                return Err(Refused::GadgetDisabled { rule: rule.name, gadget: rule.gadget });
            }
            match symbol {
                None => chosen.extend(rule.operators().map(|op| (rule, op))),
                Some(symbol) => {
                    let op = OPERATORS
                        .iter()
                        .find(|op| op.symbol == symbol)
                        .ok_or_else(|| Refused::UnknownOperator(symbol.to_owned()))?;
                    if !op.has(rule.law) {
                        let (rule, law) = (rule.name, rule.law.as_str());
                        return Err(Refused::LawMissing { rule, operator: op.symbol, law });
                    }
                    chosen.push((rule, op));
                }
            }
        }
        Ok(Selection::sorted(chosen))
    }

    /// Each once, by priority, then in the order of the library.
    fn sorted(mut chosen: Vec<(&'static Rule, &'static Operator)>) -> Selection {
        let place = |rule: &Rule| RULES.iter().position(|known| known.name == rule.name);
        chosen.sort_by_key(|(rule, op)| (std::cmp::Reverse(rule.priority), place(rule), op.symbol));
        chosen.dedup_by_key(|(rule, op)| (rule.name, op.symbol));
        Selection { chosen }
    }

    /// The names of the chosen rules, each once.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.chosen.iter().map(|(rule, _)| rule.name).collect();
        names.dedup();
        names
    }

    /// The rewrites over the names of one request. Only operators that `names` knows already: a rule about another
    /// cannot match.
    pub fn rewrites(&self, names: &mut Names) -> Vec<Rewrite> {
        let mut rewrites = Vec::new();
        for (rule, operator) in &self.chosen {
            for (left, right) in rule.equations(operator) {
                let (left, right) = (Pattern::read(names, &left), Pattern::read(names, &right));
                // An equation that cannot be read would be a defect of the table above; a test reads them all.
                if let (Some(left), Some(right)) = (left, right) {
                    rewrites.push(Rewrite { rule, left, right });
                }
            }
        }
        rewrites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Color; 3] = Color::ALL;

    #[test]
    fn every_equation_is_readable_and_binds_what_it_uses() {
        let mut names = Names::default();
        for rule in RULES {
            assert!(rule.operators().next().is_some(), "{} has no operator", rule.name);
            for op in rule.operators() {
                for (left, right) in rule.equations(op) {
                    let (l, r) = (Pattern::read(&mut names, &left), Pattern::read(&mut names, &right));
                    let (l, r) = (l.expect(&left), r.expect(&right));
                    assert!(l.root_name().is_some(), "{left} would match every class");
                    assert!(r.variables().is_subset(&l.variables()), "{left} => {right}");
                }
            }
        }
    }

    #[test]
    fn schemas_are_filled_in() {
        let equations = |rule: &str, op: &str| {
            let op = crate::operators::operator(op).unwrap();
            Rule::named(rule)
                .unwrap()
                .equations(op)
                .into_iter()
                .map(|(l, r)| format!("{l} => {r}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(equations("associativity", "+"), ["(+ (+ ?a ?b) ?c) => (+ ?a (+ ?b ?c))"]);
        assert_eq!(equations("shift_inverse", "+"), ["(+ ?a (- ?b ?c)) => (- (+ ?a ?b) ?c)"]);
        assert_eq!(equations("inverse", "+"), ["(- ?a ?a) => 0", "(- ?a 0) => ?a"]);
        assert_eq!(equations("blue_dist", "*")[0], "(* ?a (+ ?b ?c)) => (+ (* ?a ?b) (* ?a ?c))");
        assert_eq!(equations("identity", "merge"), ["(merge ?a id) => ?a", "(merge id ?a) => ?a"]);
    }

    #[test]
    fn a_selection_refuses_what_does_not_hold() {
        let names = |names: &[&str]| Selection::of(names, &ALL).map(|s| s.names());
        assert_eq!(names(&["comm", "associativity", "comm:+"]), Ok(vec!["assoc", "comm"]));
        assert_eq!(
            names(&["comm:compose"]),
            Err(Refused::LawMissing { rule: "comm", operator: "compose", law: "comm" })
        );
        assert!(matches!(names(&["idem:+"]), Err(Refused::LawMissing { .. })));
        assert!(matches!(names(&["magic"]), Err(Refused::Unknown(_))));
        assert!(matches!(names(&["comm:?"]), Err(Refused::UnknownOperator(_))));
        let off = Selection::of(&["comm"], &[Color::Red]).unwrap_err();
        assert_eq!(off, Refused::GadgetDisabled { rule: "comm", gadget: Color::Green });
        assert_eq!(Selection::all(&[Color::Green]).names(), ["identity", "comm"]);
        assert_eq!(Selection::all(&ALL).names().len(), RULES.len());
    }
}
