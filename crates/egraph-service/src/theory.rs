//! What requests speak of: languages, operators, rules, costs, terms.

use std::collections::HashMap;

use ramanujan_core::{Code, Color, Problem};
use ramanujan_egraph::colors::{Mode, violations};
use ramanujan_egraph::egraph::{EGraph, Id};
use ramanujan_egraph::extract::{Cost, MAX_WEIGHT};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::operators::{Law, Operator};
use ramanujan_egraph::read::{self, Place};
use ramanujan_egraph::rules::{Chosen, CustomRule, Refused, RuleSet};
use ramanujan_egraph::saturate::Limits;
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde_json::Value;

use crate::entries::{CustomEntry, MAX_OPERATORS, MAX_RULES, Names, OperatorEntry, RuleEntry};
use crate::view;

/// Most pairs of RED and BLUE that a refusal names.
const MAX_PAIRS: usize = 10;

/// The vocabulary and rules that a request speaks of.
pub(crate) struct Theory {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) rules: RuleSet,
    /// Deepest term that is read.
    max_depth: u64,
}

/// What the operator of the service allows requests to speak of.
pub(crate) struct Allowed {
    /// Gadgets whose rules may be used.
    pub(crate) gadgets: Vec<Color>,
    /// Deepest term that is read.
    pub(crate) max_depth: u64,
}

impl Theory {
    /// Reads `language`, `operators` and `rules`; without rules all of the enabled gadgets'.
    pub(crate) fn read(
        language: Option<Names>,
        operators: Vec<OperatorEntry>,
        rules: Option<Vec<RuleEntry>>,
        allowed: &Allowed,
    ) -> Result<Theory, Problem> {
        let languages = match language {
            None => Language::ALL.to_vec(),
            Some(Names(names)) => {
                let mut languages: Vec<Language> =
                    names.iter().map(|name| named_language(name)).collect::<Result<_, _>>()?;
                languages.sort_unstable_by_key(|language| language.as_str());
                languages.dedup();
                languages
            }
        };
        if operators.len() > MAX_OPERATORS {
            let detail = format!("operators may hold at most {MAX_OPERATORS} entries");
            return Err(Problem::new(Code::TooManyOperators, detail));
        }
        let operators = operators.into_iter().map(declared).collect::<Result<_, _>>()?;
        let signature = signature(&languages, operators)
            .map_err(|bad| Problem::new(Code::InvalidOperator, bad.to_string()))?;
        let mut vocabulary = Vocabulary::new(signature);
        let rules = read_rules(&mut vocabulary, rules, &allowed.gadgets)?;
        Ok(Theory { vocabulary, rules, max_depth: allowed.max_depth })
    }

    /// Reads a term.
    pub(crate) fn term(&mut self, name: &str, value: &Value) -> Result<Term, Problem> {
        read::expression(&mut self.vocabulary, value, self.max_depth).map_err(|error| {
            let detail = format!("{name}{}", error.to_string().trim_start_matches("expression"));
            let problem = Problem::new(Code::InvalidExpression, detail);
            match &error.place {
                Place::Position(position) => problem.with("position", *position),
                Place::Path(path) => problem.with("path", format!("{name}{path}")),
            }
        })
    }
}

fn named_language(name: &str) -> Result<Language, Problem> {
    Language::named(name).ok_or_else(|| {
        let known = Language::ALL.map(Language::as_str).join(", ");
        Problem::new(Code::UnknownLanguage, format!("language must be one or a list of {known}"))
    })
}

fn declared(entry: OperatorEntry) -> Result<Operator, Problem> {
    let laws = entry.laws.iter().map(|law| {
        Law::declarable(law).ok_or_else(|| {
            let cut: String = law.chars().take(40).collect();
            let detail = format!("operator {:?}: there is no law {cut:?} to declare", entry.symbol);
            Problem::new(Code::InvalidOperator, detail)
        })
    });
    let laws = laws.collect::<Result<_, _>>()?;
    let OperatorEntry {
        symbol,
        arity,
        color,
        identity,
        annihilator,
        inverse,
        distributes_over,
        dual,
        complement,
        meaning,
        ..
    } = entry;
    Ok(Operator {
        symbol,
        arity,
        color,
        laws,
        identity,
        annihilator,
        inverse,
        distributes_over,
        dual,
        complement,
        definition: None,
        meaning,
    })
}

fn read_rules(
    vocabulary: &mut Vocabulary,
    rules: Option<Vec<RuleEntry>>,
    gadgets: &[Color],
) -> Result<RuleSet, Problem> {
    let (mut named, mut custom) = (Vec::new(), Vec::new());
    let all = rules.is_none();
    let rules = rules.unwrap_or_default();
    if rules.len() > MAX_RULES {
        let detail = format!("rules may hold at most {MAX_RULES} entries");
        return Err(Problem::new(Code::TooManyRules, detail));
    }
    for rule in rules {
        match rule {
            RuleEntry::Named(name) => named.push(name),
            RuleEntry::Custom(CustomEntry { name, left, right, both_ways, conditions, color }) => {
                custom.push(CustomRule { name, left, right, both_ways, conditions, gadget: color });
            }
        }
    }
    let chosen = if all { Chosen::All } else { Chosen::Named(&named) };
    RuleSet::new(vocabulary, &chosen, &custom, gadgets).map_err(|refused| {
        let code = match refused {
            Refused::Unknown(_) | Refused::UnknownOperator(_) => Code::UnknownRule,
            Refused::LawMissing { .. } => Code::LawMissing,
            Refused::GadgetDisabled { .. } => Code::GadgetDisabled,
            Refused::Invalid { .. } => Code::InvalidRule,
            Refused::TooMany => Code::TooManyRules,
        };
        Problem::new(code, refused.to_string())
    })
}

/// Reads `cost`.
pub(crate) fn cost(vocabulary: &mut Vocabulary, cost: Option<&Value>) -> Result<Cost, Problem> {
    let invalid = || {
        let detail = format!(
            "cost must be \"ast-size\", \"ast-depth\" or an object with the weights red, blue, green and, by \
             symbol, operators, each 1 to {MAX_WEIGHT} (colours 1 where left out)"
        );
        Problem::new(Code::InvalidCost, detail)
    };
    let weight =
        |value: &Value| value.as_u64().filter(|weight| (1..=MAX_WEIGHT).contains(weight)).ok_or_else(invalid);
    match cost {
        None | Some(Value::Null) => Ok(Cost::ast_size()),
        Some(Value::String(name)) if name == "ast-size" => Ok(Cost::ast_size()),
        Some(Value::String(name)) if name == "ast-depth" => Ok(Cost::Depth),
        Some(Value::Object(members)) => {
            let (mut red, mut blue, mut green, mut operators) = (1, 1, 1, HashMap::new());
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("red", value) => red = weight(value)?,
                    ("blue", value) => blue = weight(value)?,
                    ("green", value) => green = weight(value)?,
                    ("operators", Value::Object(weights)) if weights.len() <= MAX_OPERATORS => {
                        for (symbol, value) in weights {
                            operators.insert(vocabulary.intern(symbol), weight(value)?);
                        }
                    }
                    _ => return Err(invalid()),
                }
            }
            Ok(Cost::Size { red, blue, green, operators })
        }
        Some(_) => Err(invalid()),
    }
}

/// Adds a term to a graph within the node limit and, where colours block, without RED next to BLUE.
pub(crate) fn add(
    egraph: &mut EGraph,
    name: &str,
    term: &Term,
    limits: Limits,
    mode: Mode,
) -> Result<Id, Problem> {
    let root = add_within(egraph, name, term, limits)?;
    refuse_pairs(egraph, name, mode)?;
    Ok(root)
}

/// Adds a term to a graph within the node limit.
pub(crate) fn add_within(
    egraph: &mut EGraph,
    name: &str,
    term: &Term,
    limits: Limits,
) -> Result<Id, Problem> {
    let root = egraph.add_term(term);
    let given = egraph.node_count();
    if given > limits.nodes {
        let detail =
            format!("with {name} there are {given} different nodes and max_nodes is {}", limits.nodes);
        return Err(Problem::new(Code::TooManyNodes, detail));
    }
    root.ok_or_else(|| Problem::new(Code::InvalidExpression, format!("{name}: the expression is empty")))
}

/// Refuses, where colours block, a graph that has RED next to BLUE.
pub(crate) fn refuse_pairs(egraph: &EGraph, name: &str, mode: Mode) -> Result<(), Problem> {
    let pairs = if mode == Mode::Block { violations(egraph, MAX_PAIRS) } else { Vec::new() };
    if pairs.is_empty() {
        return Ok(());
    }
    let pairs: Vec<Value> = pairs.iter().map(|pair| view::pair(egraph, pair)).collect();
    let detail = format!(
        "{name} has RED next to BLUE; color_mode \"report\" takes it all the same, or declare other colours"
    );
    Err(Problem::new(Code::ColorConflict, detail).with("color_conflicts", pairs))
}
