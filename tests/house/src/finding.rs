//! What a rule found, and lists of it.

use std::collections::BTreeMap;
use std::fmt;

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Sql,
    Http,
    Circle,
    Settings,
    Anatomy,
    Words,
    Length,
}

impl Rule {
    pub fn name(self) -> &'static str {
        match self {
            Rule::Sql => "sql",
            Rule::Http => "http",
            Rule::Circle => "circle",
            Rule::Settings => "settings",
            Rule::Anatomy => "anatomy",
            Rule::Words => "words",
            Rule::Length => "length",
        }
    }
}

/// A place where a rule is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// The package, or `repository`.
    pub owner: String,
    /// Relative to the repository.
    pub path: String,
    pub line: usize,
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}. {}.", self.path, self.line, self.rule.name(), self.what, self.remedy)
    }
}

/// The findings, one a line, and after them how many there are of each rule in each package.
pub fn list(findings: &[Finding]) -> String {
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let mut counts: BTreeMap<(Rule, &str), usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.rule, &finding.owner)).or_default() += 1;
    }
    for ((rule, owner), count) in counts {
        text += &format!("{:<10} {owner:<24} {count:>4}\n", rule.name());
    }
    text + &format!("{} findings\n", findings.len())
}
