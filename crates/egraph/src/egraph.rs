//! The e-graph: terms up to equality, closed under congruence, with colours and a reason for every union.
//!
//! Whoever unites two nodes gives the reason. What follows by congruence is found by the next rebuild:
//!
//! ```
//! use ramanujan_egraph::egraph::{EGraph, Justification};
//! use ramanujan_egraph::operators::Signature;
//! use ramanujan_egraph::read::s_expression;
//! use ramanujan_egraph::vocabulary::Vocabulary;
//!
//! let mut names = Vocabulary::new(Signature::default());
//! let terms = ["x", "y", "(f (g x))", "(f (g y))"].map(|text| s_expression(&mut names, text, 10).unwrap());
//! let mut graph = EGraph::new(names);
//! let [x, y, over_x, over_y] = terms.map(|term| graph.add_term(&term).unwrap());
//! assert_ne!(graph.find(over_x), graph.find(over_y));
//!
//! assert!(graph.union(x, y, Justification::Fact(0)));
//! graph.rebuild();
//! assert_eq!(graph.find(over_x), graph.find(over_y));
//! // Six nodes were added; (g x) and (g y) are one now, and so are the two above them.
//! assert_eq!((graph.node_count(), graph.class_count()), (4, 3));
//! ```
//!
//! Hash-consing and rebuilding after Willsey et al., "egg", POPL 2021, in flat arrays, with the work of a rebuild in
//! proportion to what changed. It is not egg's own e-graph because that one unites congruent classes without asking,
//! so that the colour rule could only be checked on copies, and explains by recursion on the depth of terms. A node
//! keeps the children that it was given besides their classes. So each node stands for one term for ever, and the
//! proof forest (`forest.rs`) can say why two are equal.

mod rebuild;

use hashbrown::HashTable;
use ramanujan_core::Color;
use rustc_hash::FxHasher;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hasher;

use crate::forest::Forest;
pub use crate::forest::Justification;
pub use crate::id::Id;
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

#[derive(Clone, Copy, Debug)]
struct Node {
    name: Name,
    /// Where its children are in `given` and `classes_of`.
    from: u32,
    arity: u32,
    /// Whether no earlier node is the same up to equality.
    alive: bool,
}

/// What a class consists of.
#[derive(Clone, Debug, Default)]
struct Class {
    /// Its nodes by name and number of arguments; dead ones are swept out now and then.
    groups: Vec<(Name, u32, Vec<Id>)>,
    /// Nodes with a child in it; some more than once.
    parents: Vec<Id>,
    known: Option<Known>,
    /// Nodes that were ever in it, and dead ones not yet swept out.
    members: u32,
    dead: u32,
    /// Parents that died and were not yet swept out.
    dead_parents: u32,
}

/// What is known of a class. Neither colour nor size depends on the order of unions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The join of its nodes' colours.
    pub color: Color,
    /// Size as a tree of its smallest term.
    pub size: u64,
    /// The first of its nodes that is a number literal.
    pub literal: Option<Id>,
}

/// The e-graph of one request: see the [module](self) for an example.
#[derive(Clone, Debug)]
pub struct EGraph {
    vocabulary: Vocabulary,
    nodes: Vec<Node>,
    given: Vec<Id>,
    classes_of: Vec<Id>,
    memo: HashTable<Id>,
    leader: Vec<Id>,
    classes: Vec<Class>,
    forest: Forest,
    /// Nodes with a child whose class lost its identity.
    repairs: Vec<Id>,
    /// Classes whose smallest term became smaller, with its size then, the smallest first: so that a class tells its
    /// parents once, and not again for every smaller term on the way to the smallest.
    shrunk: BinaryHeap<Reverse<(u64, Id)>>,
    touched: Vec<Id>,
    alive: usize,
    unions: usize,
    /// Nodes that are RED, and BLUE.
    reds: usize,
    blues: usize,
}

impl EGraph {
    /// An empty graph that records why classes are united.
    pub fn new(vocabulary: Vocabulary) -> EGraph {
        EGraph {
            vocabulary,
            nodes: Vec::new(),
            given: Vec::new(),
            classes_of: Vec::new(),
            memo: HashTable::new(),
            leader: Vec::new(),
            classes: Vec::new(),
            forest: Forest::default(),
            repairs: Vec::new(),
            shrunk: BinaryHeap::new(),
            touched: Vec::new(),
            alive: 0,
            unions: 0,
            reds: 0,
            blues: 0,
        }
    }

    /// The names of the graph.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The names of the graph, to add to.
    pub fn vocabulary_mut(&mut self) -> &mut Vocabulary {
        &mut self.vocabulary
    }

    /// Nodes that differ; exact after a rebuild, and never too low.
    pub fn node_count(&self) -> usize {
        self.alive
    }

    /// The id that the next new node will have.
    pub(crate) fn next_id(&self) -> Id {
        Id(self.nodes.len() as u32)
    }

    /// How many classes there are.
    pub fn class_count(&self) -> usize {
        self.nodes.len() - self.unions
    }

    /// The class of a node: the node that stands for it.
    pub fn find(&self, mut id: Id) -> Id {
        // Uniting the smaller with the larger keeps the way short.
        while self.leader[id.index()] != id {
            id = self.leader[id.index()];
        }
        id
    }

    /// Every class, by the node that stands for it, in the order of those.
    pub fn class_ids(&self) -> impl Iterator<Item = Id> + '_ {
        self.leader.iter().enumerate().filter(|(i, leader)| *i == leader.index()).map(|(_, leader)| *leader)
    }

    /// What is known of the class of a node.
    pub fn known(&self, id: Id) -> Known {
        let fallback = Known { color: Color::Green, size: u64::MAX, literal: None };
        self.classes[self.find(id).index()].known.unwrap_or(fallback)
    }

    /// The name of a node.
    pub fn name(&self, node: Id) -> Name {
        self.nodes[node.index()].name
    }

    /// How many children a node has.
    pub fn arity(&self, node: Id) -> usize {
        self.nodes[node.index()].arity as usize
    }

    /// The colour of a node itself.
    pub fn node_color(&self, node: Id) -> Color {
        let Node { name, arity, .. } = self.nodes[node.index()];
        self.vocabulary.color(name, arity as usize)
    }

    /// The children that a node was given.
    pub fn given(&self, node: Id) -> &[Id] {
        let Node { from, arity, .. } = self.nodes[node.index()];
        &self.given[from as usize..(from + arity) as usize]
    }

    /// The classes of its children; exact after a rebuild.
    pub fn children(&self, node: Id) -> &[Id] {
        let Node { from, arity, .. } = self.nodes[node.index()];
        &self.classes_of[from as usize..(from + arity) as usize]
    }

    /// The nodes of a class.
    pub fn nodes(&self, class: Id) -> impl Iterator<Item = Id> + '_ {
        let groups = &self.classes[self.find(class).index()].groups;
        groups.iter().flat_map(|(.., nodes)| nodes).copied().filter(|node| self.is_alive(*node))
    }

    /// The names and numbers of arguments of a class's nodes.
    pub(crate) fn heads(&self, class: Id) -> impl Iterator<Item = (Name, usize)> + '_ {
        let groups = &self.classes[self.find(class).index()].groups;
        groups.iter().map(|(name, arity, _)| (*name, *arity as usize))
    }

    /// The nodes of a class with a name and number of arguments.
    pub fn nodes_named(&self, class: Id, name: Name, arity: usize) -> impl Iterator<Item = Id> + '_ {
        let groups = &self.classes[self.find(class).index()].groups;
        let group = groups.iter().find(|(known, takes, _)| *known == name && *takes as usize == arity);
        group.into_iter().flat_map(|(.., nodes)| nodes).copied().filter(|node| self.is_alive(*node))
    }

    /// The nodes that have a child in a class; some more than once.
    pub fn parents(&self, class: Id) -> impl Iterator<Item = Id> + '_ {
        let parents = &self.classes[self.find(class).index()].parents;
        parents.iter().copied().filter(|node| self.is_alive(*node))
    }

    pub(crate) fn parent_count(&self, class: Id) -> usize {
        self.classes[self.find(class).index()].parents.len()
    }

    fn is_alive(&self, node: Id) -> bool {
        self.nodes[node.index()].alive
    }

    /// Whether both RED and BLUE nodes are there.
    pub(crate) fn is_two_coloured(&self) -> bool {
        self.reds > 0 && self.blues > 0
    }

    /// Whether RED or BLUE nodes are there.
    pub(crate) fn is_coloured(&self) -> bool {
        self.reds > 0 || self.blues > 0
    }

    pub(crate) fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The node with a name and children of these classes, `None` if there is none. The children must be classes'
    /// own ids.
    pub fn lookup(&self, name: Name, classes: &[Id]) -> Option<Id> {
        let hash = hash(name, classes);
        let same = |node: &Id| self.name(*node) == name && self.children(*node) == classes;
        self.memo.find(hash, same).copied()
    }

    /// Adds a node over nodes, or gives the one that is the same.
    pub fn add(&mut self, name: Name, children: &[Id]) -> Id {
        let classes: Vec<Id> = children.iter().map(|child| self.find(*child)).collect();
        if let Some(known) = self.lookup(name, &classes) {
            return known;
        }
        let id = Id(self.nodes.len() as u32);
        let color = self.vocabulary.color(name, children.len());
        let size = classes.iter().fold(1u64, |size, child| size.saturating_add(self.known(*child).size));
        let literal = (children.is_empty() && self.vocabulary.number(name).is_some()).then_some(id);
        self.reds += usize::from(color == Color::Red);
        self.blues += usize::from(color == Color::Blue);
        let (from, arity) = (self.given.len() as u32, children.len() as u32);
        self.given.extend_from_slice(children);
        self.nodes.push(Node { name, from, arity, alive: true });
        self.leader.push(id);
        self.forest.push();
        for child in &classes {
            let parents = &mut self.classes[child.index()].parents;
            if parents.last() != Some(&id) {
                parents.push(id);
            }
        }
        self.classes_of.extend(&classes);
        self.classes.push(Class {
            groups: vec![(name, arity, vec![id])],
            parents: Vec::new(),
            known: Some(Known { color, size, literal }),
            members: 1,
            dead: 0,
            dead_parents: 0,
        });
        self.remember(id);
        self.alive += 1;
        self.touched.push(id);
        id
    }

    /// Adds a term and gives the node of its root; `None` for a term without nodes.
    pub fn add_term(&mut self, term: &Term) -> Option<Id> {
        let mut ids: Vec<Id> = Vec::with_capacity(term.nodes().len());
        let mut children = Vec::new();
        for node in term.nodes() {
            children.clear();
            children.extend(node.children.iter().map(|child| ids[*child as usize]));
            ids.push(self.add(node.name, &children));
        }
        ids.last().copied()
    }

    /// Gives a node that stands for a term itself, where [`EGraph::add_term`] may give one for an equal term: for
    /// proofs about it. The graph must be rebuilt, and stays so.
    pub fn represent(&mut self, term: &Term) -> Option<Id> {
        let mut ids: Vec<Id> = Vec::with_capacity(term.nodes().len());
        let mut children = Vec::new();
        for node in term.nodes() {
            children.clear();
            children.extend(node.children.iter().map(|child| ids[*child as usize]));
            let same = self.add(node.name, &children);
            ids.push(if self.given(same) == children { same } else { self.twin(same, &children) });
        }
        ids.last().copied()
    }

    /// A node that is the same as another but for the children that it was given. It is dead from the start.
    fn twin(&mut self, same: Id, children: &[Id]) -> Id {
        let id = Id(self.nodes.len() as u32);
        let Node { name, arity, .. } = self.nodes[same.index()];
        let from = self.given.len() as u32;
        self.given.extend_from_slice(children);
        let classes: Vec<Id> = children.iter().map(|child| self.find(*child)).collect();
        self.classes_of.extend(classes);
        self.nodes.push(Node { name, from, arity, alive: false });
        self.leader.push(id);
        self.forest.push();
        let known = Some(self.known(same));
        self.classes.push(Class { known, members: 1, ..Class::default() });
        self.union(same, id, Justification::Congruence);
        id
    }

    /// The node that represents a term, `None` if none does. The graph must be rebuilt.
    pub fn find_term(&self, term: &Term) -> Option<Id> {
        let mut ids: Vec<Id> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let classes: Vec<Id> =
                node.children.iter().map(|child| self.find(ids[*child as usize])).collect();
            ids.push(self.lookup(node.name, &classes)?);
        }
        ids.last().copied()
    }
}

fn hash(name: Name, children: &[Id]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(name.0);
    children.iter().for_each(|child| hasher.write_u32(child.0));
    hasher.finish()
}
