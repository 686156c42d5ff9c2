//! Rules as steps over numbered places ("slots"): what every generator writes down in its own language.
//!
//! Slot 0 is the root of the term; the arguments of a slot whose head is checked get slots of their own, in order. A
//! check speaks of slots whose parents were checked before it, so that no step looks at an argument that is not there.

use ramanujan_core::Color;
use ramanujan_egraph::pattern::{Pattern, Place};
use ramanujan_egraph::vocabulary::{Name, Vocabulary};

use crate::skill::constraint::Constraint;
use crate::skill::rule::Rule;

/// A name with a number of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub name: String,
    pub arity: usize,
    pub color: Color,
}

/// One condition on the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The slot has this head (a number in [`Program::heads`]); its arguments are the slots from `first` on.
    Head { slot: usize, head: usize, first: usize },
    /// Two slots hold equal terms, or (`equal` false) different ones.
    Equal { slot: usize, other: usize, equal: bool },
    /// The slot's colour is `color`, or (`is` false) another.
    Color { slot: usize, color: Color, is: bool },
    /// The term in `child` is a direct argument of the term in `parent`.
    Child { parent: usize, child: usize },
}

/// The right side: slots, and nodes over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    Slot(usize),
    Node { head: usize, children: Vec<Build> },
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Steps {
    pub name: String,
    /// The rule as people write it.
    pub text: String,
    /// Where each slot is: numbers of arguments from the root.
    pub paths: Vec<Vec<usize>>,
    /// In an order in which they can be tried one after the other.
    pub checks: Vec<Check>,
    pub build: Build,
}

/// Rules in the order in which they are tried, with their heads.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub heads: Vec<Head>,
    /// The names that have a colour of their own; others have one by prefix.
    pub colors: Vec<(String, Color)>,
    pub rules: Vec<Steps>,
}

impl Program {
    /// The program of `rules`, which are tried in the order given. `names` has their names.
    pub fn of(vocabulary: &Vocabulary, rules: &[Rule]) -> Program {
        let colors = vocabulary.signature().colored_names().map(|(name, color)| (name.to_owned(), color));
        let mut program = Program { colors: colors.collect(), ..Program::default() };
        for rule in rules {
            let steps = Compiler { vocabulary, heads: &mut program.heads }.steps(rule);
            program.rules.push(steps);
        }
        program
    }

    /// The names of the heads, each once, in the order of their first use.
    pub fn symbols(&self) -> Vec<&str> {
        let mut symbols: Vec<&str> = Vec::new();
        for head in &self.heads {
            if !symbols.contains(&head.name.as_str()) {
                symbols.push(&head.name);
            }
        }
        symbols
    }
}

struct Compiler<'a> {
    vocabulary: &'a Vocabulary,
    heads: &'a mut Vec<Head>,
}

impl Compiler<'_> {
    fn steps(&mut self, rule: &Rule) -> Steps {
        let mut paths: Vec<Vec<usize>> = vec![Vec::new()];
        let mut checks = Vec::new();
        // The slot at which each variable was met first.
        let mut bound: Vec<Option<usize>> = vec![None; rule.variables.0.len()];
        // For each place of the pattern the slot of its first argument.
        let mut firsts: Vec<usize> = Vec::new();
        for (number, place) in rule.source.places().iter().enumerate() {
            let (parent, argument) = rule.source.parent(number);
            let slot = firsts.get(parent).map_or(0, |first| first + argument);
            firsts.push(paths.len());
            match place {
                Place::Variable(variable) => match bound[*variable] {
                    None => bound[*variable] = Some(slot),
                    Some(other) => checks.push(Check::Equal { slot, other, equal: true }),
                },
                Place::Node(name, arity) => {
                    checks.push(Check::Head { slot, head: self.head(*name, *arity), first: paths.len() });
                    for argument in 0..*arity {
                        let path = paths[slot].iter().copied().chain([argument]).collect();
                        paths.push(path);
                    }
                }
            }
        }
        // A rule that was validated binds every variable that it names.
        let at = |variable: usize| bound.get(variable).copied().flatten().unwrap_or(0);
        checks.extend(rule.constraints.iter().map(|constraint| match *constraint {
            Constraint::ColorMustBe(variable, color) => Check::Color { slot: at(variable), color, is: true },
            Constraint::ColorNot(variable, color) => Check::Color { slot: at(variable), color, is: false },
            Constraint::NotEqual(a, b) => Check::Equal { slot: at(a), other: at(b), equal: false },
            Constraint::ParentOf(parent, child) => Check::Child { parent: at(parent), child: at(child) },
        }));
        let build = self.build(&rule.target, &at);
        Steps { name: rule.name.clone(), text: rule.text(self.vocabulary), paths, checks, build }
    }

    fn build(&mut self, pattern: &Pattern, at: &dyn Fn(usize) -> usize) -> Build {
        let node =
            &mut |name, children: Vec<Build>| Build::Node { head: self.head(name, children.len()), children };
        pattern.fold(&mut |variable| Build::Slot(at(variable)), node).unwrap_or(Build::Slot(0))
    }

    fn head(&mut self, name: Name, arity: usize) -> usize {
        let color = self.vocabulary.color(name, arity);
        let name = self.vocabulary.text(name);
        let known = self.heads.iter().position(|head| head.name == name && head.arity == arity);
        known.unwrap_or_else(|| {
            self.heads.push(Head { name: name.to_owned(), arity, color });
            self.heads.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::program;
    use super::*;

    #[test]
    fn a_rule_becomes_checks_in_an_order_that_never_looks_too_far() {
        let program =
            program(&[("(f (g ?x) ?y ?x)", "(h ?y (g a))", &["(NotEqual ?x ?y)", "(ColorNot ?y RED)"])]);
        let heads: Vec<String> = program.heads.iter().map(|h| format!("{}/{}", h.name, h.arity)).collect();
        assert_eq!(heads, ["f/3", "g/1", "a/0", "h/2"]);
        assert_eq!(program.symbols(), ["f", "g", "a", "h"]);
        let rule = &program.rules[0];
        assert_eq!(rule.paths, [vec![], vec![0], vec![1], vec![2], vec![0, 0]]);
        assert_eq!(
            rule.checks,
            [
                Check::Head { slot: 0, head: 0, first: 1 },
                Check::Head { slot: 1, head: 1, first: 4 },
                Check::Equal { slot: 3, other: 4, equal: true },
                Check::Color { slot: 2, color: Color::Red, is: false },
                Check::Equal { slot: 4, other: 2, equal: false },
            ]
        );
        let leaf = Build::Node { head: 2, children: Vec::new() };
        let inner = Build::Node { head: 1, children: vec![leaf] };
        assert_eq!(rule.build, Build::Node { head: 3, children: vec![Build::Slot(2), inner] });
        assert_eq!(rule.text, "(f (g ?x) ?y ?x) => (h ?y (g a)) if (ColorNot ?y RED) and (NotEqual ?x ?y)");
    }
}
