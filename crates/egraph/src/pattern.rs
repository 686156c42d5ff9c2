//! Patterns, and matching them in steps that are counted: a search can be stopped at any of them.
//!
//! A pattern is a flat list of places in preorder, so that every child's place comes after its parent's: a match is
//! one node for each place, which is what a proof needs, and a term is built by going through the places backwards.

pub mod read;

use std::ops::ControlFlow;

use crate::egraph::{EGraph, Id};
use crate::vocabulary::{Name, Vocabulary};

/// Most places of a pattern.
pub const MAX_PATTERN_NODES: usize = 64;
/// Most different variables of a pattern.
pub const MAX_VARIABLES: usize = 16;

/// What stands at a place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The variable of this number in [`Variables`].
    Variable(usize),
    /// An operator or symbol with so many arguments.
    Node(Name, usize),
}

/// The names of the variables of a rule, without the `?`, in the order in which they come up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(pub Vec<String>);

impl Variables {
    /// The number of a variable, new or known.
    fn intern(&mut self, name: &str) -> usize {
        self.get(name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        })
    }

    /// The number of a known variable; `name` is without the `?`.
    pub fn get(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }
}

/// A term with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    places: Vec<Place>,
    /// For each place but the root its parent's place, and which of its arguments it is.
    parents: Vec<(usize, usize)>,
    /// For each variable number the place where it first stands.
    first: Vec<Option<usize>>,
}

impl Pattern {
    /// The places, in preorder; the root is the first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The parent of a place, and which of its arguments the place is; of the root (0, 0).
    pub fn parent(&self, place: usize) -> (usize, usize) {
        self.parents[place]
    }

    /// Name and number of arguments of the root, `None` for a variable.
    pub fn root_name(&self) -> Option<(Name, usize)> {
        match self.places.first() {
            Some(Place::Node(name, arity)) => Some((*name, *arity)),
            _ => None,
        }
    }

    /// Whether a variable stands in it.
    pub fn holds(&self, variable: usize) -> bool {
        self.first_place(variable).is_some()
    }

    /// The place where a variable first stands.
    pub fn first_place(&self, variable: usize) -> Option<usize> {
        self.first.get(variable).copied().flatten()
    }

    /// The pattern as an S-expression.
    pub fn print(&self, vocabulary: &Vocabulary, variables: &Variables) -> String {
        self.print_with(&mut |place, out| match place {
            Place::Variable(variable) => {
                out.push('?');
                out.push_str(variables.0.get(variable).map_or("", String::as_str));
            }
            Place::Node(name, _) => out.push_str(vocabulary.text(name)),
        })
    }

    /// The pattern as an S-expression in which `write` writes variables and names.
    pub(crate) fn print_with(&self, write: &mut dyn FnMut(Place, &mut String)) -> String {
        let mut out = String::new();
        // Arguments that the open operators still wait for.
        let mut open: Vec<usize> = Vec::new();
        for place in &self.places {
            if !out.is_empty() {
                out.push(' ');
            }
            if let Place::Node(_, arity @ 1..) = place {
                out.push('(');
                write(*place, &mut out);
                open.push(*arity);
                continue;
            }
            write(*place, &mut out);
            while let Some(left) = open.last_mut() {
                *left -= 1;
                if *left > 0 {
                    break;
                }
                out.push(')');
                open.pop();
            }
        }
        out
    }

    /// Gives every way in which class `class` matches to `found`, as one node for each place: at an operator's place
    /// the node that matched, at a variable's the child of the first node that bound it. Calls `step` for each node
    /// looked at; stops when either says so. The graph must be rebuilt.
    ///
    /// Recursion is as deep as the pattern has places.
    pub fn search(
        &self,
        egraph: &EGraph,
        class: Id,
        step: &mut dyn FnMut() -> ControlFlow<()>,
        found: &mut dyn FnMut(&[Id]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut slots = Vec::with_capacity(self.places.len());
        Search { pattern: self, egraph, class, step, found }.go(&mut slots)
    }
}

struct Search<'s> {
    pattern: &'s Pattern,
    egraph: &'s EGraph,
    class: Id,
    step: &'s mut dyn FnMut() -> ControlFlow<()>,
    found: &'s mut dyn FnMut(&[Id]) -> ControlFlow<()>,
}

impl Search<'_> {
    /// Finds nodes for the places from `slots.len()` on; leaves `slots` as it was.
    fn go(&mut self, slots: &mut Vec<Id>) -> ControlFlow<()> {
        let at = slots.len();
        let Some(place) = self.pattern.places.get(at) else {
            return (self.found)(slots);
        };
        let id = match at {
            0 => self.class,
            _ => {
                let (parent, argument) = self.pattern.parents[at];
                self.egraph.given(slots[parent])[argument]
            }
        };
        match place {
            Place::Variable(variable) => {
                match self.pattern.first_place(*variable).filter(|first| *first < at) {
                    Some(first) if self.egraph.find(slots[first]) != self.egraph.find(id) => {
                        return ControlFlow::Continue(());
                    }
                    _ => {}
                }
                slots.push(id);
                self.go(slots)?;
                slots.pop();
            }
            Place::Node(name, arity) => {
                let egraph = self.egraph;
                for node in egraph.nodes_named(id, *name, *arity) {
                    (self.step)()?;
                    slots.push(node);
                    self.go(slots)?;
                    slots.pop();
                }
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::Justification;
    use crate::operators::Signature;
    use crate::read::s_expression;

    fn matches(pattern: &str, terms: &[&str], unions: &[(usize, usize)]) -> usize {
        let mut vocabulary = Vocabulary::new(Signature::default());
        let pattern = Pattern::read(&mut vocabulary, &mut Variables::default(), pattern).unwrap();
        let terms: Vec<_> =
            terms.iter().map(|text| s_expression(&mut vocabulary, text, 100).unwrap()).collect();
        let mut egraph = EGraph::new(vocabulary);
        let ids: Vec<_> = terms.iter().map(|term| egraph.add_term(term).unwrap()).collect();
        for (a, b) in unions {
            egraph.union(ids[*a], ids[*b], Justification::Fact(0));
        }
        egraph.rebuild();
        let mut count = 0;
        let flow = pattern.search(&egraph, ids[0], &mut || ControlFlow::Continue(()), &mut |_| {
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
        // x = y makes the two nodes one.
        assert_eq!(matches("(f ?a)", &["(f x)", "(f y)", "x", "y"], &[(2, 3)]), 1);
    }
}
