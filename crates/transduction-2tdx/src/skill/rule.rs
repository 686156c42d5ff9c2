//! A rewrite rule: source, target, constraints, priority. What is read here is valid; what is not is refused precisely.

use std::cmp::Reverse;
use std::fmt::Write as _;

use ramanujan_core::{Code, Color, Digest, PatternName, Problem};
use ramanujan_egraph::pattern::read::BadPattern;
use ramanujan_egraph::pattern::{Pattern, Place, Variables};
use ramanujan_egraph::read::Place as Trouble;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::constraint::{Constraint, contradiction};
use super::operators::{Declared, fresh_vocabulary};

/// Most constraints of a rule.
pub const MAX_CONSTRAINTS: usize = 64;
/// Highest priority.
pub const MAX_PRIORITY: u64 = 1000;
/// Priority where none is given: that of the RED and BLUE rules of the library.
pub const DEFAULT_PRIORITY: u64 = 10;

/// A rule as a request brings it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "NewPattern"))]
pub struct Posted {
    /// The name under which it is stored; one that is only used needs none.
    #[serde(default)]
    pub pattern_name: Option<PatternName>,
    /// What a term must look like; not a variable alone. In any form that a term has.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "super::forms::Pattern"))]
    pub source_pattern: Value,
    /// What is put in its place; it uses variables of the source only.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "super::forms::Pattern"))]
    pub target_pattern: Value,
    /// All must hold: `(ColorMustBe ?x COLOR)`, `(ColorNot ?x COLOR)`, `(NotEqual ?x ?y)`, `(ParentOf ?x ?y)`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_CONSTRAINTS)))]
    pub constraints: Vec<String>,
    /// Higher goes first; 10 where none is given.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_PRIORITY)))]
    pub priority: Option<u64>,
    /// Operators that always take so many arguments and have a colour of their own.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = super::operators::MAX_OPERATORS)))]
    pub operators: Vec<Declared>,
}

/// A valid rule, over a table of names that goes with it.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub source: Pattern,
    pub target: Pattern,
    /// Names of the variables without `?`, in the order in which the source has them.
    pub variables: Variables,
    /// Sorted, each once.
    pub constraints: Vec<Constraint>,
    /// Higher goes first.
    pub priority: u64,
}

/// A rule in the form in which it is answered, stored and digested: its texts are canonical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Canonical {
    /// The source as an S-expression.
    pub source_pattern: String,
    /// The target as an S-expression.
    pub target_pattern: String,
    /// Sorted, each once.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_CONSTRAINTS)))]
    pub constraints: Vec<String>,
    /// Higher goes first.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_PRIORITY)))]
    pub priority: u64,
    /// Sorted by symbol.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = super::operators::MAX_OPERATORS)))]
    pub operators: Vec<Declared>,
    /// How far the depths of source and target are apart.
    pub dimension: u64,
    /// Twice the dimension and the number of constraints: of two rules of one priority the simpler goes first.
    pub complexity: u64,
}

impl Rule {
    /// Reads and validates.
    ///
    /// # Errors
    /// 422 with the member and, where a text cannot be read, the position in it: `invalid-pattern`,
    /// `source-is-variable`, `unbound-variable`, `identity-rule`, `too-many-constraints`, `invalid-constraint`,
    /// `unknown-variable`, `contradiction`, `invalid-priority`.
    pub fn read(vocabulary: &mut Vocabulary, name: &str, posted: &Posted) -> Result<Rule, Problem> {
        let mut variables = Variables::default();
        let source = pattern(vocabulary, &mut variables, "source_pattern", &posted.source_pattern)?;
        if source.root_name().is_none() {
            let detail = "source_pattern is a variable, which matches every term: give it an operator";
            return Err(invalid(Code::SourceIsVariable, "source_pattern", detail));
        }
        let bound = variables.0.len();
        let target = pattern(vocabulary, &mut variables, "target_pattern", &posted.target_pattern)?;
        let unbound = variables.0.split_off(bound);
        if !unbound.is_empty() {
            let list: Vec<String> = unbound.iter().map(|name| format!("?{name}")).collect();
            let detail =
                format!("target_pattern uses {}, which source_pattern does not bind", list.join(", "));
            return Err(invalid(Code::UnboundVariable, "target_pattern", detail).with("variables", unbound));
        }
        if source == target {
            let detail = "target_pattern is the same as source_pattern: the rule would change nothing";
            return Err(invalid(Code::IdentityRule, "target_pattern", detail));
        }
        if posted.constraints.len() > MAX_CONSTRAINTS {
            let detail = format!("a rule has at most {MAX_CONSTRAINTS} constraints");
            return Err(invalid(Code::TooManyConstraints, "constraints", detail));
        }
        let mut constraints = Vec::new();
        for (index, text) in posted.constraints.iter().enumerate() {
            constraints.push(constraint(&variables, index, text)?);
        }
        constraints.sort_unstable();
        constraints.dedup();
        if let Some(reason) = contradiction(&constraints, &variables) {
            let detail = format!("no term meets the constraints: {reason}");
            return Err(invalid(Code::Contradiction, "constraints", detail));
        }
        let priority = posted.priority.unwrap_or(DEFAULT_PRIORITY);
        if priority > MAX_PRIORITY {
            return Err(invalid(
                Code::InvalidPriority,
                "priority",
                format!("priority is 0 to {MAX_PRIORITY}"),
            ));
        }
        Ok(Rule { name: name.to_owned(), source, target, variables, constraints, priority })
    }

    /// |depth(source) − depth(target)|, where a variable and the identity `id` have depth 0 and anything else is one
    /// deeper than its deepest argument.
    pub fn dimension(&self, vocabulary: &Vocabulary) -> u64 {
        depth(vocabulary, &self.source).abs_diff(depth(vocabulary, &self.target))
    }

    /// 2 · dimension + number of constraints.
    pub fn complexity(&self, vocabulary: &Vocabulary) -> u64 {
        2 * self.dimension(vocabulary) + self.constraints.len() as u64
    }

    /// Rules are tried in the order of this: priority descending, complexity ascending, then by name.
    pub fn rank(&self, vocabulary: &Vocabulary) -> impl Ord + use<> {
        (Reverse(self.priority), self.complexity(vocabulary), self.name.clone())
    }

    /// Source and target in one line, constraints behind them.
    pub fn text(&self, vocabulary: &Vocabulary) -> String {
        let mut text = self.source.print(vocabulary, &self.variables);
        let _ = write!(text, " => {}", self.target.print(vocabulary, &self.variables));
        for (index, constraint) in self.constraints.iter().enumerate() {
            let _ = write!(
                text,
                " {} {}",
                if index == 0 { "if" } else { "and" },
                constraint.text(&self.variables)
            );
        }
        text
    }

    /// With the operators that it was read under.
    pub fn canonical(&self, vocabulary: &Vocabulary, mut operators: Vec<Declared>) -> Canonical {
        operators.sort_unstable();
        operators.dedup();
        Canonical {
            source_pattern: self.source.print(vocabulary, &self.variables),
            target_pattern: self.target.print(vocabulary, &self.variables),
            constraints: self.constraints.iter().map(|constraint| constraint.text(&self.variables)).collect(),
            priority: self.priority,
            operators,
            dimension: self.dimension(vocabulary),
            complexity: self.complexity(vocabulary),
        }
    }
}

impl Canonical {
    /// The content address of the rule under a name: SHA-256 of a line each for format, name, priority, source, target,
    /// constraints and declared operators. No name has a line end in it, and a constraint begins with a parenthesis, so
    /// different rules have different lines.
    pub fn digest(&self, name: &str) -> Digest {
        let mut lines = format!(
            "ramanujan-pattern 1\n{name}\n{}\n{}\n{}\n",
            self.priority, self.source_pattern, self.target_pattern
        );
        for constraint in &self.constraints {
            lines.push_str(constraint);
            lines.push('\n');
        }
        for Declared { symbol, arity, color } in &self.operators {
            let _ = writeln!(lines, "operator {symbol} {arity} {color}");
        }
        Digest::of(lines.as_bytes())
    }
}

fn depth(vocabulary: &Vocabulary, pattern: &Pattern) -> u64 {
    let node = &mut |name, children: Vec<u64>| match children.into_iter().max() {
        None if vocabulary.text(name) == "id" => 0,
        deepest => 1 + deepest.unwrap_or(0),
    };
    pattern.fold(&mut |_| 0, node).unwrap_or(0)
}

fn invalid(code: Code, member: &str, detail: impl Into<String>) -> Problem {
    Problem::new(code, detail).with("member", member)
}

fn pattern(
    vocabulary: &mut Vocabulary,
    variables: &mut Variables,
    member: &str,
    value: &Value,
) -> Result<Pattern, Problem> {
    Pattern::of_json(vocabulary, variables, value).map_err(|BadPattern { reason, place }| match place {
        Trouble::Position(position) => {
            let detail = format!("{member}, character {position}: {reason}");
            invalid(Code::InvalidPattern, member, detail).with("position", position)
        }
        Trouble::Path(path) => {
            let path = format!("{member}{path}");
            invalid(Code::InvalidPattern, member, format!("{path}: {reason}")).with("path", path)
        }
    })
}

/// A constraint is written as a term, so it is read as one.
fn constraint(known: &Variables, index: usize, text: &str) -> Result<Constraint, Problem> {
    let member = format!("constraints[{index}]");
    let (mut vocabulary, mut variables) = (fresh_vocabulary(&[])?, Variables::default());
    let read = pattern(&mut vocabulary, &mut variables, &member, &text.into())
        .map_err(|problem| problem.recoded(Code::InvalidConstraint))?;
    let form = || {
        let detail = format!(
            "{member} must be (ColorMustBe ?x COLOR), (ColorNot ?x COLOR), (NotEqual ?x ?y) or (ParentOf ?x ?y)"
        );
        invalid(Code::InvalidConstraint, &member, detail)
    };
    let Some((name, _)) = read.root_name() else {
        return Err(form());
    };
    let variable = |argument: &Place| {
        let Place::Variable(variable) = argument else {
            return Err(form());
        };
        let name = &variables.0[*variable];
        known.get(name).ok_or_else(|| {
            let detail = format!("{member} names ?{name}, which source_pattern does not bind");
            invalid(Code::UnknownVariable, &member, detail).with("variables", vec![name.clone()])
        })
    };
    let color = |argument: &Place| match argument {
        Place::Node(name, 0) => vocabulary
            .text(*name)
            .parse::<Color>()
            .map_err(|error| invalid(Code::InvalidConstraint, &member, format!("{member}: {error}"))),
        _ => Err(form()),
    };
    match (vocabulary.text(name), &read.places()[1..]) {
        ("ColorMustBe", [x, c]) => Ok(Constraint::ColorMustBe(variable(x)?, color(c)?)),
        ("ColorNot", [x, c]) => Ok(Constraint::ColorNot(variable(x)?, color(c)?)),
        ("NotEqual", [x, y]) => Ok(Constraint::NotEqual(variable(x)?, variable(y)?)),
        ("ParentOf", [x, y]) => Ok(Constraint::ParentOf(variable(x)?, variable(y)?)),
        _ => Err(form()),
    }
}
