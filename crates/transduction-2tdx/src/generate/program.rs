//! Rules as steps over numbered places ("slots"): what every generator writes down in its own language.
//!
//! Slot 0 is the root of the term; the arguments of a slot whose head is checked get slots of their own, in order. A
//! check speaks of slots whose parents were checked before it, so that no step looks at an argument that is not there.

use ramanujan_core::Color;
use ramanujan_egraph::operators::{self, Names};
use ramanujan_egraph::pattern::Pattern;

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
    pub rules: Vec<Steps>,
}

impl Program {
    /// The program of `rules`, which are tried in the order given. `names` has their names.
    pub fn of(names: &Names, rules: &[Rule]) -> Program {
        let mut program = Program::default();
        for rule in rules {
            let steps = Compiler { names, heads: &mut program.heads }.steps(rule);
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
    names: &'a Names,
    heads: &'a mut Vec<Head>,
}

impl Compiler<'_> {
    fn steps(&mut self, rule: &Rule) -> Steps {
        let mut paths = vec![Vec::new()];
        let mut checks = Vec::new();
        // The slot at which each variable was met first.
        let mut bound: Vec<Option<usize>> = vec![None; rule.variables.len()];
        let mut open = vec![(&rule.source, 0usize)];
        while let Some((pattern, slot)) = open.pop() {
            match pattern {
                Pattern::Variable(variable) => match bound[*variable] {
                    None => bound[*variable] = Some(slot),
                    Some(other) => checks.push(Check::Equal { slot, other, equal: true }),
                },
                Pattern::Node(name, children) => {
                    let first = paths.len();
                    checks.push(Check::Head { slot, head: self.head(*name, children.len()), first });
                    for index in 0..children.len() {
                        let mut path = paths[slot].clone();
                        path.push(index);
                        paths.push(path);
                    }
                    open.extend(
                        children.iter().enumerate().rev().map(|(index, child)| (child, first + index)),
                    );
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
        Steps { name: rule.name.clone(), text: rule.text(self.names), paths, checks, build }
    }

    /// Recursion is as deep as the pattern, which is bounded by its number of nodes.
    fn build(&mut self, pattern: &Pattern, at: &dyn Fn(usize) -> usize) -> Build {
        match pattern {
            Pattern::Variable(variable) => Build::Slot(at(*variable)),
            Pattern::Node(name, children) => {
                let head = self.head(*name, children.len());
                Build::Node { head, children: children.iter().map(|child| self.build(child, at)).collect() }
            }
        }
    }

    fn head(&mut self, name: operators::Name, arity: usize) -> usize {
        let name = self.names.text(name);
        let known = self.heads.iter().position(|head| head.name == name && head.arity == arity);
        known.unwrap_or_else(|| {
            let color = operators::color(name, arity);
            self.heads.push(Head { name: name.to_owned(), arity, color });
            self.heads.len() - 1
        })
    }
}
