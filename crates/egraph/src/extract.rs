//! Extraction: the cheapest term of a class, the same one whatever the order of nodes and unions.
//!
//! Costs by Knuth's generalisation of Dijkstra's algorithm (Inf. Proc. Letters 6, 1977): near-linear, where egg's own
//! extractor is quadratic on deep terms. Among equally cheap terms the least wins: by size, name, arguments.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};

use ramanujan_core::Color;

use crate::egraph::{EGraph, Id};
use crate::name::Illegal;
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// Largest weight of a colour or operator: keeps costs of the largest terms far within 64 bits.
pub const MAX_WEIGHT: u64 = 1_000;

/// What a term costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The sum over the nodes of the tree of the weight of the node's operator, or else of its colour; at least 1 each.
    Size {
        /// Weight of a RED node.
        red: u64,
        /// Weight of a BLUE node.
        blue: u64,
        /// Weight of a GREEN node.
        green: u64,
        /// Weights of the nodes of these operators, whatever their colour.
        operators: HashMap<Name, u64>,
    },
    /// The length of the longest path.
    Depth,
}

impl Cost {
    /// Nodes of the tree.
    pub fn ast_size() -> Cost {
        Cost::Size { red: 1, blue: 1, green: 1, operators: HashMap::new() }
    }

    fn weight(&self, vocabulary: &Vocabulary, name: Name, arity: usize) -> u64 {
        match self {
            Cost::Size { red, blue, green, operators } => {
                let of_color = || match vocabulary.color(name, arity) {
                    Color::Red => *red,
                    Color::Blue => *blue,
                    Color::Green => *green,
                };
                operators.get(&name).copied().unwrap_or_else(of_color).max(1)
            }
            Cost::Depth => 1,
        }
    }

    /// Cost of a node of a weight over the costs of its children.
    fn of(&self, weight: u64, children: impl Iterator<Item = u64>) -> u64 {
        match self {
            Cost::Size { .. } => children.fold(weight, u64::saturating_add),
            Cost::Depth => children.max().unwrap_or(0).saturating_add(weight),
        }
    }

    /// Cost of a term as a tree.
    pub fn of_term(&self, vocabulary: &Vocabulary, term: &Term) -> u64 {
        let mut costs: Vec<u64> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let weight = self.weight(vocabulary, node.name, node.children.len());
            costs.push(self.of(weight, node.children.iter().map(|child| costs[*child as usize])));
        }
        costs.last().copied().unwrap_or(0)
    }

    /// Cost of a term as a DAG, each node of the list once; of depth the same as that of the tree.
    pub fn of_dag(&self, vocabulary: &Vocabulary, term: &Term) -> u64 {
        match self {
            Cost::Depth => self.of_term(vocabulary, term),
            Cost::Size { .. } => {
                let weights =
                    term.nodes().iter().map(|node| self.weight(vocabulary, node.name, node.children.len()));
                weights.fold(0, u64::saturating_add)
            }
        }
    }
}

/// A class whose cheapest term is known.
#[derive(Clone, Copy)]
struct Best {
    node: Id,
    cost: u64,
    /// Size as a tree.
    size: u64,
    /// Place among all terms found, from the least.
    rank: u32,
}

/// The cheapest term of `root` as a tree, with its common parts shared, and its cost; `None` only if the class
/// represents no finite term, which no class of a graph made from terms is. The graph must be rebuilt.
///
/// # Errors
/// If the term has more nodes than a term may have.
pub fn extract(egraph: &EGraph, root: Id, cost: &Cost) -> Option<Result<(Term, u64), Illegal>> {
    let root = egraph.find(root);
    let mut order = class_costs(egraph, root, cost);
    order.sort_unstable();
    let mut best: Vec<Option<Best>> = vec![None; egraph.next_id().index()];
    let mut rank = 0;
    let mut chosen: Vec<(u64, Id, Id)> = Vec::new();
    // All children of a node of cost c cost less than c, so levels of equal cost can be ranked one after another.
    for level in order.chunk_by(|(a, _), (b, _)| a == b) {
        chosen.clear();
        for (level_cost, class) in level {
            let candidates = egraph.nodes(*class).filter_map(|node| {
                let (of, size) = measure(egraph, &best, cost, node)?;
                (of == *level_cost).then_some((size, node))
            });
            let least = candidates.min_by(|(size, node), (other_size, other)| {
                size.cmp(other_size).then_with(|| order_of(egraph, &best, *node, *other))
            });
            chosen.extend(least.map(|(size, node)| (size, *class, node)));
        }
        chosen.sort_unstable_by(|(size, _, node), (other_size, _, other)| {
            size.cmp(other_size).then_with(|| order_of(egraph, &best, *node, *other))
        });
        for (size, class, node) in chosen.iter().copied() {
            best[class.index()] = Some(Best { node, cost: level[0].0, size, rank });
            rank += 1;
        }
    }
    let total = best[root.index()]?.cost;
    Some(build(egraph, &best, root).map(|term| (term, total)))
}

/// Cost, and size as a tree, of a node over the cheapest terms of its children; `None` if one has none yet.
fn measure(egraph: &EGraph, best: &[Option<Best>], cost: &Cost, node: Id) -> Option<(u64, u64)> {
    let children = egraph.children(node);
    let mut size = 1u64;
    for child in children {
        size = size.saturating_add(best[child.index()]?.size);
    }
    let weight = cost.weight(egraph.vocabulary(), egraph.name(node), children.len());
    let costs = children.iter().filter_map(|child| best[child.index()]).map(|child| child.cost);
    Some((cost.of(weight, costs), size))
}

/// By name, then number of arguments, then arguments.
fn order_of(egraph: &EGraph, best: &[Option<Best>], node: Id, other: Id) -> Ordering {
    let text = |node: Id| egraph.vocabulary().text(egraph.name(node));
    let ranks =
        |node: Id| egraph.children(node).iter().map(|child| best[child.index()].map(|child| child.rank));
    let by_name = text(node).cmp(text(other)).then(egraph.arity(node).cmp(&egraph.arity(other)));
    by_name.then_with(|| ranks(node).cmp(ranks(other)))
}

/// The least cost of every class that costs no more than `root`.
fn class_costs(egraph: &EGraph, root: Id, cost: &Cost) -> Vec<(u64, Id)> {
    let ids = egraph.next_id().index();
    // Of each node the class and how many of its children have no cost yet; of each class the places of its parents in
    // `parents`, where the next is to be put.
    let mut waiting: Vec<(Id, u32)> = vec![(root, 0); ids];
    let mut next: Vec<u32> = vec![0; ids + 1];
    let mut queue = BinaryHeap::new();
    let weight = |node: Id, arity| cost.weight(egraph.vocabulary(), egraph.name(node), arity);
    for class in egraph.class_ids() {
        for node in egraph.nodes(class) {
            let children = egraph.children(node);
            waiting[node.index()] = (class, children.len() as u32);
            children.iter().for_each(|child| next[child.index() + 1] += 1);
            if children.is_empty() {
                queue.push(Reverse((cost.of(weight(node, 0), std::iter::empty()), class)));
            }
        }
    }
    for id in 0..ids {
        next[id + 1] += next[id];
    }
    let first = next.clone();
    let mut parents: Vec<Id> = vec![root; next[ids] as usize];
    for class in egraph.class_ids() {
        for node in egraph.nodes(class) {
            for child in egraph.children(node) {
                let place = &mut next[child.index()];
                parents[*place as usize] = node;
                *place += 1;
            }
        }
    }
    let mut costs: Vec<Option<u64>> = vec![None; ids];
    let mut known = Vec::new();
    let mut bound = u64::MAX;
    while let Some(Reverse((cheapest, class))) = queue.pop() {
        if cheapest > bound {
            break;
        }
        if costs[class.index()].is_some() {
            continue;
        }
        costs[class.index()] = Some(cheapest);
        known.push((cheapest, class));
        if class == root {
            bound = cheapest;
        }
        for parent in &parents[first[class.index()] as usize..first[class.index() + 1] as usize] {
            let (of, missing) = &mut waiting[parent.index()];
            *missing -= 1;
            if *missing == 0 && costs[of.index()].is_none() {
                let children = egraph.children(*parent);
                let of_children = children.iter().filter_map(|child| costs[child.index()]);
                queue.push(Reverse((cost.of(weight(*parent, children.len()), of_children), *of)));
            }
        }
    }
    known
}

fn build(egraph: &EGraph, best: &[Option<Best>], root: Id) -> Result<Term, Illegal> {
    let mut term = Term::default();
    let mut places: Vec<Option<u32>> = vec![None; best.len()];
    let mut stack = vec![root];
    while let Some(id) = stack.last().copied() {
        let Some(found) = best[id.index()].filter(|_| places[id.index()].is_none()) else {
            stack.pop();
            continue;
        };
        let children = egraph.children(found.node);
        let before = stack.len();
        stack.extend(children.iter().copied().filter(|child| places[child.index()].is_none()));
        if stack.len() == before {
            let children = children.iter().filter_map(|child| places[child.index()]).collect();
            places[id.index()] = Some(term.push(egraph.name(found.node), children)?);
            stack.pop();
        }
    }
    Ok(term)
}
