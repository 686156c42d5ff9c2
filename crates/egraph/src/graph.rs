//! The e-graph over terms: egg's, with a language of request-local names, and what is known of each class.

use egg::{Analysis, DidMerge, Id, Language, merge_max, merge_min};
use ramanujan_core::Color;

use crate::operators::{Name, Names, color};
use crate::term::Term;

/// An e-node. egg's own `SymbolLang` would put every client's symbols into a global table that is never emptied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub name: Name,
    pub children: Vec<Id>,
}

impl Language for Node {
    type Discriminant = (Name, usize);

    fn discriminant(&self) -> (Name, usize) {
        (self.name, self.children.len())
    }

    fn matches(&self, other: &Self) -> bool {
        self.discriminant() == other.discriminant()
    }

    fn children(&self) -> &[Id] {
        &self.children
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.children
    }
}

/// What is known of a class. Neither depends on the order of unions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The join of its nodes' colours.
    pub color: Color,
    /// Size as a tree of its smallest term.
    pub size: u64,
}

/// Keeps [`Known`] of each class, and which classes changed.
#[derive(Debug)]
pub struct Knowledge<'a> {
    names: &'a Names,
    /// Classes that came up or got nodes since this was last emptied; their ids may be out of date.
    pub touched: Vec<Id>,
}

impl Analysis<Node> for Knowledge<'_> {
    type Data = Known;

    fn make(egraph: &mut egg::EGraph<Node, Self>, node: &Node, _: Id) -> Known {
        Known {
            color: color(egraph.analysis.names.text(node.name), node.children.len()),
            size: node.children.iter().fold(1, |size, child| size.saturating_add(egraph[*child].data.size)),
        }
    }

    fn merge(&mut self, a: &mut Known, b: Known) -> DidMerge {
        merge_max(&mut a.color, b.color) | merge_min(&mut a.size, b.size)
    }

    fn modify(egraph: &mut egg::EGraph<Node, Self>, id: Id) {
        egraph.analysis.touched.push(id);
    }
}

/// The e-graph of one request.
pub type EGraph<'a> = egg::EGraph<Node, Knowledge<'a>>;

/// An empty e-graph over `names`.
pub fn empty(names: &Names) -> EGraph<'_> {
    EGraph::new(Knowledge { names, touched: Vec::new() })
}

/// Adds a term and gives the class of its root; `None` for a term without nodes.
pub fn add(egraph: &mut EGraph<'_>, term: &Term) -> Option<Id> {
    let mut ids: Vec<Id> = Vec::with_capacity(term.nodes().len());
    for node in term.nodes() {
        let children = node.children.iter().map(|child| ids[*child as usize]).collect();
        let id = egraph.add(Node { name: node.name, children });
        ids.push(id);
    }
    ids.last().copied()
}

/// The class that represents a term, `None` if none does. `known` gives the graph's name for the term's.
pub fn find(egraph: &EGraph<'_>, term: &Term, known: impl Fn(Name) -> Option<Name>) -> Option<Id> {
    let mut ids: Vec<Id> = Vec::with_capacity(term.nodes().len());
    for node in term.nodes() {
        let children = node.children.iter().map(|child| ids[*child as usize]).collect();
        ids.push(egraph.lookup(Node { name: known(node.name)?, children })?);
    }
    ids.last().copied()
}
