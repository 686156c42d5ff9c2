//! Patterns on plain terms: the same patterns as on an e-graph, where a term equals itself and nothing else.
//!
//! [`TermGraph`] keeps equal terms once (maximal sharing, as in term graph rewriting), so that a variable that occurs
//! twice is compared in constant time. There is at most one match at a place, as on an e-graph without unions.

use std::collections::HashMap;

use crate::name::Illegal;
use crate::pattern::{Pattern, Place};
use crate::term::{Term, TermNode};
use crate::vocabulary::Name;

/// What the variables of a pattern stand for: places in a [`TermGraph`].
pub type Bindings = Vec<Option<u32>>;

/// Terms over one table of names, equal ones at one place.
#[derive(Clone, Debug, Default)]
pub struct TermGraph {
    nodes: Vec<TermNode>,
    sizes: Vec<u64>,
    places: HashMap<TermNode, u32>,
}

impl TermGraph {
    /// The place of a name over arguments, which are places of this graph.
    pub fn add(&mut self, name: Name, children: Vec<u32>) -> u32 {
        let node = TermNode { name, children };
        if let Some(place) = self.places.get(&node) {
            return *place;
        }
        let place = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let size = node.children.iter().fold(1u64, |size, child| size.saturating_add(self.size(*child)));
        self.sizes.push(size);
        self.nodes.push(node.clone());
        self.places.insert(node, place);
        place
    }

    /// Adds a term and gives the place of its root; `None` for a term without nodes.
    pub fn add_term(&mut self, term: &Term) -> Option<u32> {
        let mut places: Vec<u32> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let children = node.children.iter().map(|child| places[*child as usize]).collect();
            places.push(self.add(node.name, children));
        }
        places.last().copied()
    }

    /// The node at a place.
    pub fn node(&self, place: u32) -> &TermNode {
        &self.nodes[place as usize]
    }

    /// Nodes of the term at a place, written out as a tree. Sizes beyond 2^64 count as that.
    pub fn size(&self, place: u32) -> u64 {
        self.sizes[place as usize]
    }

    /// The term at a place, with its sharing.
    ///
    /// # Errors
    /// If it has too many different nodes for a term.
    pub fn term(&self, root: u32) -> Result<Term, Illegal> {
        // Children have smaller places than their parents.
        let mut wanted = vec![false; root as usize + 1];
        wanted[root as usize] = true;
        for place in (0..=root as usize).rev().filter(|place| self.sizes[*place] > 1) {
            if wanted[place] {
                self.nodes[place].children.iter().for_each(|child| wanted[*child as usize] = true);
            }
        }
        let mut term = Term::default();
        let mut moved = vec![0u32; root as usize + 1];
        for place in (0..=root as usize).filter(|place| wanted[*place]) {
            let node = &self.nodes[place];
            let children = node.children.iter().map(|child| moved[*child as usize]).collect();
            moved[place] = term.push(node.name, children)?;
        }
        Ok(term)
    }
}

impl Pattern {
    /// How the pattern matches the term at `at`, `None` if it does not. Takes at most as many steps as the pattern has
    /// places.
    pub fn match_term(&self, graph: &TermGraph, at: u32) -> Option<Bindings> {
        let mut bindings = Bindings::new();
        let mut slots: Vec<u32> = Vec::with_capacity(self.places().len());
        for (number, place) in self.places().iter().enumerate() {
            let (parent, argument) = self.parent(number);
            let term = match slots.get(parent) {
                Some(parent) => *graph.node(*parent).children.get(argument)?,
                None => at,
            };
            match place {
                Place::Variable(variable) => {
                    if bindings.len() <= *variable {
                        bindings.resize(variable + 1, None);
                    }
                    if bindings[*variable].is_some_and(|bound| bound != term) {
                        return None;
                    }
                    bindings[*variable] = Some(term);
                }
                Place::Node(name, arity) => {
                    let node = graph.node(term);
                    if node.name != *name || node.children.len() != *arity {
                        return None;
                    }
                }
            }
            slots.push(term);
        }
        Some(bindings)
    }

    /// The term that the pattern gives with its variables bound; `None` if one is not.
    pub fn build_term(&self, bindings: &Bindings, graph: &mut TermGraph) -> Option<u32> {
        self.fold(&mut |variable| bindings.get(variable).copied().flatten(), &mut |name, children| {
            Some(graph.add(name, children.into_iter().collect::<Option<_>>()?))
        })?
    }

    /// What the functions make of the pattern, from its leaves up: a value of each variable, and of each name over the
    /// values of its arguments. `None` for a pattern without places.
    pub fn fold<T>(
        &self,
        variable: &mut dyn FnMut(usize) -> T,
        node: &mut dyn FnMut(Name, Vec<T>) -> T,
    ) -> Option<T> {
        let mut values: Vec<T> = Vec::new();
        for place in self.places().iter().rev() {
            let value = match place {
                Place::Variable(number) => variable(*number),
                Place::Node(name, arity) => {
                    let mut children = values.split_off(values.len().checked_sub(*arity)?);
                    children.reverse();
                    node(*name, children)
                }
            };
            values.push(value);
        }
        values.pop()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::egraph::EGraph;
    use crate::languages::{Language, signature};
    use crate::pattern::Variables;
    use crate::read::s_expression;
    use crate::vocabulary::Vocabulary;
    use proptest::prelude::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap())
    }

    fn rewritten(source: &str, target: &str, term: &str) -> Option<String> {
        let (mut vocabulary, mut variables) = (vocabulary(), Variables::default());
        let mut pattern = |text: &str| Pattern::read(&mut vocabulary, &mut variables, text).unwrap();
        let (source, target) = (pattern(source), pattern(target));
        let term = s_expression(&mut vocabulary, term, 100).unwrap();
        let mut graph = TermGraph::default();
        let root = graph.add_term(&term).unwrap();
        let bindings = source.match_term(&graph, root)?;
        let place = target.build_term(&bindings, &mut graph).unwrap();
        let result = graph.term(place).unwrap();
        assert_eq!(result.measure().0, graph.size(place));
        Some(result.print(&vocabulary))
    }

    #[test]
    fn matches_and_builds() {
        for (source, target, term, expected) in [
            ("(f ?x ?x)", "?x", "(f (g a) (g a))", Some("(g a)")),
            ("(f ?x ?x)", "?x", "(f (g a) (g b))", None),
            ("(f ?x (g ?y))", "(h ?y ?x ?y)", "(f a (g (k b)))", Some("(h (k b) a (k b))")),
            ("(f ?x)", "?x", "(f a b)", None),
            ("(f a)", "c", "(f a)", Some("c")),
            ("(f ?1 ?2 ?3 ?4 ?5)", "(g ?5 ?1)", "(f a b c d e)", Some("(g e a)")),
            ("(merge (merge ?x ?y) ?z)", "(merge ?z ?x)", "(merge a b c)", Some("(merge c a)")),
        ] {
            assert_eq!(rewritten(source, target, term).as_deref(), expected, "{source} on {term}");
        }
    }

    #[test]
    fn a_deep_shared_term_comes_back() {
        let mut names = vocabulary();
        let (f, x) = (names.intern("f"), names.intern("x"));
        let mut graph = TermGraph::default();
        let mut top = graph.add(x, Vec::new());
        for _ in 0..50_000 {
            top = graph.add(f, vec![top, top]);
        }
        assert_eq!(graph.size(top), u64::MAX);
        let term = graph.term(top).unwrap();
        assert_eq!((term.nodes().len(), graph.add_term(&term)), (50_001, Some(top)));
    }

    /// Terms and patterns over few names, so that patterns match often.
    fn text(leaves: &'static [&'static str]) -> impl Strategy<Value = String> {
        prop::sample::select(leaves.to_vec()).prop_map(str::to_owned).prop_recursive(4, 24, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| format!("(g {a})")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("(f {a} {b})")),
            ]
        })
    }

    proptest! {
        /// On an e-graph without unions every class is one term.
        #[test]
        fn agrees_with_the_matcher_on_e_graphs(pattern in text(&["?a", "?b", "?c", "a"]), term in text(&["a", "b"])) {
            let (mut vocabulary, mut variables) = (vocabulary(), Variables::default());
            let pattern = Pattern::read(&mut vocabulary, &mut variables, &pattern).unwrap();
            let term = s_expression(&mut vocabulary, &term, 100).unwrap();
            let mut plain = TermGraph::default();
            let root = plain.add_term(&term).unwrap();
            let bindings = pattern.match_term(&plain, root);
            let mut egraph = EGraph::new(vocabulary);
            let class = egraph.add_term(&term).unwrap();
            egraph.rebuild();
            let mut found = Vec::new();
            let flow = pattern.search(&egraph, class, &mut || ControlFlow::Continue(()), &mut |slots| {
                found.push(slots.to_vec());
                ControlFlow::Continue(())
            });
            prop_assert!(flow.is_continue());
            prop_assert_eq!(found.len(), usize::from(bindings.is_some()));
            for (bindings, slots) in bindings.iter().zip(&found) {
                for variable in 0..variables.0.len() {
                    let place = bindings.get(variable).copied().flatten().unwrap();
                    let bound = egraph.add_term(&plain.term(place).unwrap()).unwrap();
                    prop_assert_eq!(Some(bound), pattern.first_place(variable).map(|first| slots[first]));
                }
            }
        }
    }
}
