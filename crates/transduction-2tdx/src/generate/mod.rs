//! Code from rules: Rust, LLVM IR and OpenQASM 3. Pure: rules in, text out.
//!
//! [`program`] turns rules into straight-line steps over numbered places, once for all three languages; [`rust`],
//! [`llvm`] and [`qasm`] write the steps down. What each text computes is said at its module and in the README. Names
//! reach a text only as string literals and comments in escaped ASCII, never as identifiers: no name can break out.

mod escape;
pub mod llvm;
pub mod program;
pub mod qasm;
pub mod rust;

use std::str::FromStr;

use self::program::Program;

/// A language that rules are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Rust,
    Llvm,
    Qasm,
}

impl Target {
    pub const ALL: [Target; 3] = [Target::Rust, Target::Llvm, Target::Qasm];

    pub fn as_str(self) -> &'static str {
        match self {
            Target::Rust => "rust",
            Target::Llvm => "llvm",
            Target::Qasm => "qasm",
        }
    }

    /// The program in this language.
    pub fn write(self, program: &Program) -> String {
        match self {
            Target::Rust => rust::write(program),
            Target::Llvm => llvm::write(program),
            Target::Qasm => qasm::write(program),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Target::ALL.into_iter().find(|target| text.eq_ignore_ascii_case(target.as_str()));
        known.ok_or_else(|| "one of rust, llvm, qasm".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill::rule::{Posted, Rule};
    use ramanujan_egraph::languages::{Language, signature};
    use ramanujan_egraph::vocabulary::Vocabulary;

    /// The program of rules given as source, target and constraints.
    pub(super) fn program(rules: &[(&str, &str, &[&str])]) -> Program {
        let mut vocabulary = Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap());
        let read = |(source, target, constraints): &(&str, &str, &[&str])| {
            let posted = Posted {
                pattern_name: None,
                source_pattern: (*source).into(),
                target_pattern: (*target).into(),
                constraints: constraints.iter().map(|text| (*text).to_owned()).collect(),
                priority: None,
                operators: Vec::new(),
            };
            Rule::read(&mut vocabulary, "rule", &posted).unwrap()
        };
        let rules: Vec<Rule> = rules.iter().map(read).collect();
        Program::of(&vocabulary, &rules)
    }

    /// A text without its comments, literals and the numbers of bytes: what no name may change.
    fn bare(target: Target, text: &str) -> Vec<String> {
        let comment = if target == Target::Llvm { ";" } else { "//" };
        let line = |line: &str| {
            // Quotes are escaped inside literals, so every other piece is outside of one.
            let outside: String = line.split('"').step_by(2).collect::<Vec<_>>().join("\"");
            outside.split(comment).next().unwrap_or_default().replace(|c: char| c.is_ascii_digit(), "")
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn no_name_leaves_its_literal_or_comment() {
        for target in Target::ALL {
            let plain = target.write(&program(&[("(f ?x g)", "(f ?x ?x)", &["(ColorNot ?x RED)"])]));
            for name in ["*/", "\\n", "{}", "\u{202e}", "ö//x", "%0", "@x\\22", "`$x`", "#![x]", "\\", "self"]
            {
                let (source, result) = (format!("({name} ?{name} g)"), format!("({name} ?{name} ?{name})"));
                let text =
                    target.write(&program(&[(&source, &result, &[&format!("(ColorNot ?{name} RED)")])]));
                assert!(text.is_ascii(), "{name:?} in {target:?}");
                assert_eq!(bare(target, &text), bare(target, &plain), "{name:?} in {target:?}");
            }
        }
    }
}
