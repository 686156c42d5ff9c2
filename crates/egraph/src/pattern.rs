//! Patterns and their matching, in steps that are counted: a search can be stopped at any of them.
//!
//! egg's own search runs one class to its end, and one class can have as many matches as the square of its nodes.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use egg::Id;

use crate::graph::{EGraph, Node};
use crate::operators::{Name, Names};
use crate::term::Term;

/// Most variables of a pattern.
pub const MAX_VARIABLES: usize = 3;

/// What the variables of a pattern stand for.
pub type Substitution = [Option<Id>; MAX_VARIABLES];

/// A term with variables `?a`, `?b`, `?c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Variable(usize),
    Node(Name, Vec<Pattern>),
}

impl Pattern {
    /// Reads a pattern of the rule library; `None` if it is none.
    pub fn read(names: &mut Names, text: &str) -> Option<Pattern> {
        let mut stack: Vec<Vec<Pattern>> = vec![Vec::new()];
        let mut heads: Vec<Name> = Vec::new();
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace();
        while let Some(word) = words.next() {
            let done = match word {
                "(" => {
                    heads.push(names.intern(words.next()?));
                    stack.push(Vec::new());
                    continue;
                }
                ")" => Pattern::Node(heads.pop()?, stack.pop()?),
                "?a" => Pattern::Variable(0),
                "?b" => Pattern::Variable(1),
                "?c" => Pattern::Variable(2),
                name => Pattern::Node(names.intern(name), Vec::new()),
            };
            stack.last_mut()?.push(done);
        }
        match (stack.pop()?.as_mut_slice(), heads.is_empty() && stack.is_empty()) {
            ([only], true) => Some(only.clone()),
            _ => None,
        }
    }

    /// The pattern of a term in which names that begin with `?` are variables ([`crate::read::pattern`]). `variables`
    /// are their names without it, in the order of their numbers; new ones are put at its end.
    ///
    /// Recursion is as deep as the term: refuse a deep one before.
    pub fn of_term(names: &Names, term: &Term, variables: &mut Vec<String>) -> Option<Pattern> {
        let place = u32::try_from(term.nodes().len().checked_sub(1)?).ok()?;
        Pattern::at(names, term, place, variables)
    }

    fn at(names: &Names, term: &Term, place: u32, variables: &mut Vec<String>) -> Option<Pattern> {
        let node = term.nodes().get(place as usize)?;
        if let Some(variable) = names.text(node.name).strip_prefix('?') {
            let known = variables.iter().position(|name| name == variable);
            return Some(Pattern::Variable(known.unwrap_or_else(|| {
                variables.push(variable.to_owned());
                variables.len() - 1
            })));
        }
        let children = node.children.iter().map(|child| Pattern::at(names, term, *child, variables));
        Some(Pattern::Node(node.name, children.collect::<Option<_>>()?))
    }

    /// Name and number of arguments of the root, `None` for a variable.
    pub fn root_name(&self) -> Option<(Name, usize)> {
        match self {
            Pattern::Variable(_) => None,
            Pattern::Node(name, children) => Some((*name, children.len())),
        }
    }

    /// The variables in it.
    pub fn variables(&self) -> BTreeSet<usize> {
        match self {
            Pattern::Variable(index) => BTreeSet::from([*index]),
            Pattern::Node(_, children) => children.iter().flat_map(Pattern::variables).collect(),
        }
    }

    /// Gives every way in which class `id` matches to `found`. Calls `step` for each node looked at; stops when
    /// either says so. The graph must be rebuilt.
    ///
    /// Recursion is as deep as the pattern has nodes, which is less than ten for every rule.
    pub fn search(
        &self,
        egraph: &EGraph<'_>,
        id: Id,
        step: &mut dyn FnMut() -> ControlFlow<()>,
        found: &mut dyn FnMut(Substitution) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        Search { egraph, step, found }.go(&mut vec![(self, id)], [None; MAX_VARIABLES])
    }

    /// Builds the term that a substitution gives. `add` puts a node into the graph or refuses.
    pub fn build<E>(
        &self,
        substitution: &Substitution,
        add: &mut dyn FnMut(Node) -> Result<Id, E>,
    ) -> Result<Option<Id>, E> {
        match self {
            Pattern::Variable(index) => Ok(substitution.get(*index).copied().flatten()),
            Pattern::Node(name, patterns) => {
                let mut children = Vec::with_capacity(patterns.len());
                for pattern in patterns {
                    match pattern.build(substitution, add)? {
                        Some(id) => children.push(id),
                        None => return Ok(None),
                    }
                }
                add(Node { name: *name, children }).map(Some)
            }
        }
    }
}

struct Search<'s, 'a> {
    egraph: &'s EGraph<'a>,
    step: &'s mut dyn FnMut() -> ControlFlow<()>,
    found: &'s mut dyn FnMut(Substitution) -> ControlFlow<()>,
}

impl Search<'_, '_> {
    /// Meets all `goals` (pattern, class) under a substitution that met those before; leaves `goals` as it was.
    fn go(&mut self, goals: &mut Vec<(&Pattern, Id)>, mut substitution: Substitution) -> ControlFlow<()> {
        let Some((pattern, id)) = goals.pop() else {
            return (self.found)(substitution);
        };
        let id = self.egraph.find(id);
        let flow = match pattern {
            Pattern::Variable(index) => match substitution[*index] {
                Some(bound) if self.egraph.find(bound) != id => ControlFlow::Continue(()),
                _ => {
                    substitution[*index] = Some(id);
                    self.go(goals, substitution)
                }
            },
            Pattern::Node(name, patterns) => {
                let egraph = self.egraph;
                // The nodes of a class are sorted by name.
                let nodes = &egraph[id].nodes;
                let from = nodes.partition_point(|node| node.name < *name);
                let candidates = nodes[from..].iter().take_while(|node| node.name == *name);
                let mut flow = ControlFlow::Continue(());
                for node in candidates.filter(|node| node.children.len() == patterns.len()) {
                    flow = (self.step)();
                    if flow.is_break() {
                        break;
                    }
                    let others = goals.len();
                    goals.extend(patterns.iter().zip(node.children.iter().copied()));
                    flow = self.go(goals, substitution);
                    goals.truncate(others);
                    if flow.is_break() {
                        break;
                    }
                }
                flow
            }
        };
        goals.push((pattern, id));
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph;
    use crate::read::s_expression;

    fn matches(pattern: &str, terms: &[&str], unions: &[(usize, usize)]) -> usize {
        let mut names = Names::default();
        let pattern = Pattern::read(&mut names, pattern).unwrap();
        let terms: Vec<_> = terms.iter().map(|text| s_expression(&mut names, text, 100).unwrap()).collect();
        let mut egraph = graph::empty(&names);
        let ids: Vec<_> = terms.iter().map(|term| graph::add(&mut egraph, term).unwrap()).collect();
        for (a, b) in unions {
            egraph.union(ids[*a], ids[*b]);
        }
        egraph.rebuild();
        let mut count = 0;
        let id = egraph.find(ids[0]);
        let flow = pattern.search(&egraph, id, &mut || ControlFlow::Continue(()), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        count
    }

    #[test]
    fn finds_every_way_and_no_other() {
        assert_eq!(matches("(f ?a ?a)", &["(f x x)"], &[]), 1);
        assert_eq!(matches("(f ?a ?a)", &["(f x y)"], &[]), 0);
        assert_eq!(matches("(f ?a ?a)", &["(f x y)", "x", "y"], &[(1, 2)]), 1);
        assert_eq!(matches("(f ?a)", &["(f x y)"], &[]), 0);
        assert_eq!(matches("(f (g ?a) ?b)", &["(f (g x) (g y))"], &[]), 1);
        assert_eq!(matches("(f (g ?a) ?a)", &["(f (g x) (g y))"], &[]), 0);
        // (g x) = (g y) = z: two nodes under f, each a way.
        assert_eq!(matches("(f (g ?a) ?b)", &["(f (g x) w)", "(g x)", "(g y)"], &[(1, 2)]), 2);
        assert_eq!(matches("(f x ?b)", &["(f x w)", "(f y w)"], &[(0, 1)]), 1);
    }

    #[test]
    fn reads_patterns_and_refuses_others() {
        let mut names = Names::default();
        for good in ["?a", "e", "(f ?a)", "(f (g ?a) e ?b)"] {
            assert!(Pattern::read(&mut names, good).is_some(), "{good}");
        }
        for bad in ["", "(", ")", "(f", "f)", "a b", "()"] {
            assert!(Pattern::read(&mut names, bad).is_none(), "{bad}");
        }
    }
}
