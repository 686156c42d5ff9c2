//! A rewrite rule: source, target, constraints, priority. What is read here is valid; what is not is refused precisely.

use std::cmp::Reverse;
use std::fmt::Write as _;

use ramanujan_core::{Color, Digest, PatternName, Problem};
use ramanujan_egraph::operators::Names;
use ramanujan_egraph::pattern::Pattern;
use ramanujan_egraph::read::{self, Place};
use serde::{Deserialize, Serialize};

use super::constraint::{Constraint, contradiction};

/// Most nodes of a source or a target: rules are written by people. It also bounds how deep a pattern is.
pub const MAX_PATTERN_NODES: u64 = 64;
/// Most variables of a rule.
pub const MAX_VARIABLES: usize = 16;
/// Most constraints of a rule.
pub const MAX_CONSTRAINTS: usize = 64;
/// Highest priority.
pub const MAX_PRIORITY: u64 = 1000;
/// Priority where none is given: that of the RED and BLUE rules of the library.
pub const DEFAULT_PRIORITY: u64 = 10;

/// A rule as a request brings it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    #[serde(default)]
    pub pattern_name: Option<PatternName>,
    pub source_pattern: String,
    pub target_pattern: String,
    #[serde(default)]
    pub constraints: Vec<String>,
    #[serde(default)]
    pub priority: Option<u64>,
}

/// A valid rule, over a table of names that goes with it.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub source: Pattern,
    pub target: Pattern,
    /// Names of the variables without `?`, in the order in which the source has them.
    pub variables: Vec<String>,
    /// Sorted, each once.
    pub constraints: Vec<Constraint>,
    /// Higher goes first.
    pub priority: u64,
}

/// A rule in the form in which it is answered, stored and digested: its texts are canonical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Canonical {
    pub source_pattern: String,
    pub target_pattern: String,
    pub constraints: Vec<String>,
    pub priority: u64,
    pub dimension: u64,
    pub complexity: u64,
}

impl Rule {
    /// Reads and validates.
    ///
    /// # Errors
    /// 422 with the member and, where a text cannot be read, the position in it: `invalid-pattern`,
    /// `pattern-too-large`, `source-is-variable`, `unbound-variable`, `too-many-variables`, `identity-rule`,
    /// `invalid-constraint`, `unknown-variable`, `contradiction`, `invalid-priority`.
    pub fn read(names: &mut Names, name: &str, posted: &Posted) -> Result<Rule, Problem> {
        let mut variables = Vec::new();
        let source = pattern(names, &mut variables, "source_pattern", &posted.source_pattern)?;
        if source.root_name().is_none() {
            let detail = "source_pattern is a variable, which matches every term: give it an operator";
            return Err(invalid("source-is-variable", "source_pattern", detail));
        }
        if variables.len() > MAX_VARIABLES {
            let detail = format!(
                "source_pattern has {} variables; at most {MAX_VARIABLES} are allowed",
                variables.len()
            );
            return Err(invalid("too-many-variables", "source_pattern", detail));
        }
        let bound = variables.len();
        let target = pattern(names, &mut variables, "target_pattern", &posted.target_pattern)?;
        if variables.len() > bound {
            let unbound = list(&variables[bound..]);
            let detail = format!("target_pattern uses {unbound}, which source_pattern does not bind");
            return Err(invalid("unbound-variable", "target_pattern", detail)
                .with("variables", variables[bound..].to_vec()));
        }
        if source == target {
            let detail = "target_pattern is the same as source_pattern: the rule would change nothing";
            return Err(invalid("identity-rule", "target_pattern", detail));
        }
        if posted.constraints.len() > MAX_CONSTRAINTS {
            let detail = format!("a rule has at most {MAX_CONSTRAINTS} constraints");
            return Err(invalid("too-many-constraints", "constraints", detail));
        }
        let mut constraints = Vec::new();
        for (index, text) in posted.constraints.iter().enumerate() {
            constraints.push(constraint(&variables, index, text)?);
        }
        constraints.sort_unstable();
        constraints.dedup();
        if let Some(reason) = contradiction(&constraints, &variables) {
            let detail = format!("no term meets the constraints: {reason}");
            return Err(invalid("contradiction", "constraints", detail));
        }
        let priority = posted.priority.unwrap_or(DEFAULT_PRIORITY);
        if priority > MAX_PRIORITY {
            return Err(invalid("invalid-priority", "priority", format!("priority is 0 to {MAX_PRIORITY}")));
        }
        Ok(Rule { name: name.to_owned(), source, target, variables, constraints, priority })
    }

    /// |depth(source) − depth(target)|, where a variable and the identity `id` have depth 0 and anything else is one
    /// deeper than its deepest argument (network.md §7.2).
    pub fn dimension(&self, names: &Names) -> u64 {
        depth(names, &self.source).abs_diff(depth(names, &self.target))
    }

    /// 2 · dimension + number of constraints (network.md §7.2).
    pub fn complexity(&self, names: &Names) -> u64 {
        2 * self.dimension(names) + self.constraints.len() as u64
    }

    /// Rules are tried in the order of this: priority descending, complexity ascending, then by name.
    pub fn rank(&self, names: &Names) -> impl Ord + use<> {
        (Reverse(self.priority), self.complexity(names), self.name.clone())
    }

    /// Source and target in one line, constraints behind them.
    pub fn text(&self, names: &Names) -> String {
        let mut text = self.print(names, &self.source);
        let _ = write!(text, " => {}", self.print(names, &self.target));
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

    pub fn canonical(&self, names: &Names) -> Canonical {
        Canonical {
            source_pattern: self.print(names, &self.source),
            target_pattern: self.print(names, &self.target),
            constraints: self.constraints.iter().map(|constraint| constraint.text(&self.variables)).collect(),
            priority: self.priority,
            dimension: self.dimension(names),
            complexity: self.complexity(names),
        }
    }

    /// Recursion is as deep as the pattern.
    fn print(&self, names: &Names, pattern: &Pattern) -> String {
        match pattern {
            Pattern::Variable(variable) => format!("?{}", self.variables[*variable]),
            Pattern::Node(name, children) if children.is_empty() => names.text(*name).to_owned(),
            Pattern::Node(name, children) => {
                let children: Vec<String> = children.iter().map(|child| self.print(names, child)).collect();
                format!("({} {})", names.text(*name), children.join(" "))
            }
        }
    }
}

impl Canonical {
    /// The content address of the rule under a name: SHA-256 of a line each for format, name, priority, source, target
    /// and constraints. No name has a line end in it, so different rules have different lines.
    pub fn digest(&self, name: &str) -> Digest {
        let mut lines = format!(
            "ramanujan-pattern 1\n{name}\n{}\n{}\n{}\n",
            self.priority, self.source_pattern, self.target_pattern
        );
        for constraint in &self.constraints {
            lines.push_str(constraint);
            lines.push('\n');
        }
        Digest::of(lines.as_bytes())
    }
}

fn depth(names: &Names, pattern: &Pattern) -> u64 {
    match pattern {
        Pattern::Variable(_) => 0,
        Pattern::Node(name, children) if children.is_empty() && names.text(*name) == "id" => 0,
        Pattern::Node(_, children) => {
            1 + children.iter().map(|child| depth(names, child)).max().unwrap_or_default()
        }
    }
}

fn invalid(code: &'static str, member: &str, detail: impl Into<String>) -> Problem {
    Problem::invalid(code, detail).with("member", member)
}

fn list(variables: &[String]) -> String {
    variables.iter().map(|name| format!("?{name}")).collect::<Vec<_>>().join(", ")
}

fn pattern(
    names: &mut Names,
    variables: &mut Vec<String>,
    member: &str,
    text: &str,
) -> Result<Pattern, Problem> {
    let term = read::pattern(names, text, MAX_PATTERN_NODES).map_err(|error| {
        let Place::Position(position) = error.place else {
            return invalid("invalid-pattern", member, format!("{member}: {}", error.reason));
        };
        let detail = format!("{member}, character {position}: {}", error.reason);
        invalid("invalid-pattern", member, detail).with("position", position)
    })?;
    let (size, _) = term.measure();
    if size > MAX_PATTERN_NODES {
        let detail = format!("{member} has {size} nodes; at most {MAX_PATTERN_NODES} are allowed");
        return Err(invalid("pattern-too-large", member, detail));
    }
    Pattern::of_term(names, &term, variables)
        .ok_or_else(|| invalid("invalid-pattern", member, format!("{member} is empty")))
}

/// A constraint is written as a term, so it is read as one.
fn constraint(known: &[String], index: usize, text: &str) -> Result<Constraint, Problem> {
    let member = format!("constraints[{index}]");
    let (mut names, mut variables) = (Names::default(), Vec::new());
    let read = pattern(&mut names, &mut variables, &member, text)
        .map_err(|problem| Problem { code: "invalid-constraint", ..problem })?;
    let form = || {
        let detail = format!(
            "{member} must be (ColorMustBe ?x COLOR), (ColorNot ?x COLOR), (NotEqual ?x ?y) or (ParentOf ?x ?y)"
        );
        invalid("invalid-constraint", &member, detail)
    };
    let Pattern::Node(name, arguments) = read else {
        return Err(form());
    };
    let variable = |argument: &Pattern| {
        let Pattern::Variable(variable) = argument else {
            return Err(form());
        };
        let name = &variables[*variable];
        known.iter().position(|known| known == name).ok_or_else(|| {
            let detail = format!("{member} names ?{name}, which source_pattern does not bind");
            invalid("unknown-variable", &member, detail).with("variables", vec![name.clone()])
        })
    };
    let color = |argument: &Pattern| match argument {
        Pattern::Node(name, children) if children.is_empty() => names
            .text(*name)
            .parse::<Color>()
            .map_err(|error| invalid("invalid-constraint", &member, format!("{member}: {error}"))),
        _ => Err(form()),
    };
    match (names.text(name), arguments.as_slice()) {
        ("ColorMustBe", [x, c]) => Ok(Constraint::ColorMustBe(variable(x)?, color(c)?)),
        ("ColorNot", [x, c]) => Ok(Constraint::ColorNot(variable(x)?, color(c)?)),
        ("NotEqual", [x, y]) => Ok(Constraint::NotEqual(variable(x)?, variable(y)?)),
        ("ParentOf", [x, y]) => Ok(Constraint::ParentOf(variable(x)?, variable(y)?)),
        _ => Err(form()),
    }
}
