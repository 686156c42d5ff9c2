//! Terms as flat lists of nodes: built, measured and printed without recursion, so that depth costs memory only.

use std::fmt::Write as _;

use crate::name::{Illegal, MAX_ARITY};
use crate::operators::Law;
use crate::vocabulary::{Name, Vocabulary};

/// Most nodes of a term written out as a tree: bounds printing, where sharing is lost.
pub const MAX_TERM_NODES: u64 = 100_000;
/// Deepest term unless `MAX_TERM_DEPTH` says otherwise.
pub const DEFAULT_MAX_DEPTH: u64 = 32_768;

/// A node of a term; children are earlier nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TermNode {
    /// Its name.
    pub name: Name,
    /// The places of its arguments.
    pub children: Vec<u32>,
}

/// A term: nodes in an order in which children come first; the last one is the root. Nodes may be shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    nodes: Vec<TermNode>,
}

impl Term {
    /// The nodes; the last one is the root.
    pub fn nodes(&self) -> &[TermNode] {
        &self.nodes
    }

    /// Adds a node and gives its place. An associative operator with more than two arguments is nested to the left.
    ///
    /// # Errors
    /// If the operator takes another number of arguments, or there are too many.
    pub fn add(&mut self, vocabulary: &mut Vocabulary, text: &str, children: &[u32]) -> Result<u32, Illegal> {
        let name = vocabulary.intern(text);
        let given = children.len();
        match vocabulary.signature().operator(text) {
            _ if given == 0 => {}
            Some(op) if op.arity == given => {}
            Some(op) if op.has(Law::Assoc) && given > op.arity => {
                let mut folded = children[0];
                for child in &children[1..] {
                    folded = self.push(name, vec![folded, *child])?;
                }
                return Ok(folded);
            }
            Some(op) => {
                return Err(Illegal(format!("{text} takes {} arguments, not {given}", op.arity)));
            }
            None if given > MAX_ARITY => {
                return Err(Illegal(format!(
                    "{text} has {given} arguments; at most {MAX_ARITY} are allowed"
                )));
            }
            None => {}
        }
        self.push(name, children.to_vec())
    }

    pub(crate) fn push(&mut self, name: Name, children: Vec<u32>) -> Result<u32, Illegal> {
        if self.nodes.len() as u64 >= MAX_TERM_NODES {
            return Err(Illegal(format!("the term has more than {MAX_TERM_NODES} nodes")));
        }
        let place = self.nodes.len() as u32;
        self.nodes.push(TermNode { name, children });
        Ok(place)
    }

    /// The part of the list that one of its nodes needs, as a term of its own.
    #[must_use]
    pub fn rooted(&self, root: u32) -> Term {
        let mut needed = vec![false; self.nodes.len()];
        if let Some(last) = needed.get_mut(root as usize) {
            *last = true;
        }
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if needed[at] {
                node.children.iter().for_each(|child| needed[*child as usize] = true);
            }
        }
        let mut places = vec![0; self.nodes.len()];
        let mut term = Term::default();
        for (at, node) in self.nodes.iter().enumerate().filter(|(at, _)| needed[*at]) {
            places[at] = term.nodes.len() as u32;
            let children = node.children.iter().map(|child| places[*child as usize]).collect();
            term.nodes.push(TermNode { name: node.name, children });
        }
        term
    }

    /// Size as a tree and depth (a leaf is 1 deep) of the term of each node. Sizes beyond 2^64 count as that.
    pub fn measures(&self) -> Vec<(u64, u64)> {
        let mut measures: Vec<(u64, u64)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let (mut size, mut depth) = (1u64, 0);
            for child in &node.children {
                let (child_size, child_depth) = measures[*child as usize];
                size = size.saturating_add(child_size);
                depth = depth.max(child_depth);
            }
            measures.push((size, depth + 1));
        }
        measures
    }

    /// Size as a tree and depth of the root.
    pub fn measure(&self) -> (u64, u64) {
        self.measures().last().copied().unwrap_or((0, 0))
    }

    /// Refuses a term without a root, deeper than `max_depth`, or too large as a tree.
    pub fn check(&self, max_depth: u64) -> Result<(), Illegal> {
        let (size, depth) = self.measure();
        if size == 0 {
            return Err(Illegal("the expression is empty".into()));
        }
        if depth > max_depth {
            return Err(Illegal(format!("the term is {depth} deep; at most {max_depth} is allowed")));
        }
        if size > MAX_TERM_NODES {
            return Err(Illegal(format!("the term has {size} nodes; at most {MAX_TERM_NODES} are allowed")));
        }
        Ok(())
    }

    /// The term as an S-expression. Call only after [`Term::check`]: sharing is written out.
    pub fn print(&self, vocabulary: &Vocabulary) -> String {
        match self.nodes.len().checked_sub(1) {
            Some(root) => self.print_from(vocabulary, root as u32),
            None => String::new(),
        }
    }

    /// The term of one of the nodes as an S-expression, with sharing written out.
    pub fn print_from(&self, vocabulary: &Vocabulary, root: u32) -> String {
        enum Step {
            Open(u32),
            Close,
        }
        let mut out = String::new();
        let mut steps = vec![Step::Open(root)];
        while let Some(step) = steps.pop() {
            let Step::Open(place) = step else {
                out.push(')');
                continue;
            };
            let node = &self.nodes[place as usize];
            if !out.is_empty() {
                out.push(' ');
            }
            let text = vocabulary.text(node.name);
            if node.children.is_empty() {
                out.push_str(text);
                continue;
            }
            let _ = write!(out, "({text}");
            steps.push(Step::Close);
            steps.extend(node.children.iter().rev().map(|child| Step::Open(*child)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::languages::{Language, signature};

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap())
    }

    #[test]
    fn associative_operators_take_more_than_two() {
        let (mut names, mut term) = (vocabulary(), Term::default());
        let leaves: Vec<u32> = ["a", "b", "c"].map(|leaf| term.add(&mut names, leaf, &[]).unwrap()).to_vec();
        term.add(&mut names, "merge", &leaves).unwrap();
        assert_eq!(term.print(&names), "(merge (merge a b) c)");
        assert_eq!(term.measure(), (5, 3));
        assert!(
            term.add(&mut names, "-", &leaves).is_err() && term.add(&mut names, "+", &leaves[..1]).is_err()
        );
    }

    #[test]
    fn sharing_is_measured_as_a_tree() {
        let (mut names, mut term) = (vocabulary(), Term::default());
        let mut top = term.add(&mut names, "x", &[]).unwrap();
        for _ in 0..80 {
            top = term.add(&mut names, "f", &[top, top]).unwrap();
        }
        assert_eq!(term.measure(), (u64::MAX, 81));
        assert!(term.check(1000).is_err());
    }

    #[test]
    fn a_deep_term_is_measured_and_printed() {
        let (mut names, mut term) = (vocabulary(), Term::default());
        let mut top = term.add(&mut names, "x", &[]).unwrap();
        for _ in 0..50_000 {
            top = term.add(&mut names, "f", &[top]).unwrap();
        }
        assert_eq!(term.measure(), (50_001, 50_001));
        assert!(term.check(50_001).is_ok() && term.check(50_000).is_err());
        assert_eq!(term.print(&names).len(), 1 + 4 * 50_000);
    }
}
