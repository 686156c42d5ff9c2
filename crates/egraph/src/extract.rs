//! Extraction: the cheapest term of a class, the same one whatever the order of nodes and unions.
//!
//! Costs by Knuth's generalisation of Dijkstra's algorithm (Inf. Proc. Letters 6, 1977): near-linear, where egg's own
//! extractor is quadratic on deep terms. Among equally cheap terms the least wins: by size, name, arguments.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use ramanujan_core::Color;

use crate::egraph::{EGraph, Id};
use crate::term::{Illegal, Term};
use crate::vocabulary::{Name, Vocabulary};

/// Largest weight of a colour or operator: keeps costs of the largest terms far within 64 bits.
pub const MAX_WEIGHT: u64 = 1_000;

/// What a term costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The sum over the nodes of the tree of the weight of the node's operator, or else of its colour; at least 1 each.
    Size { red: u64, blue: u64, green: u64, operators: HashMap<Name, u64> },
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
    let vocabulary = egraph.vocabulary();
    let costs = class_costs(egraph, root, cost);
    let mut order: Vec<(u64, Id)> = costs.iter().map(|(id, cost)| (*cost, *id)).collect();
    order.sort_unstable();
    let mut best: HashMap<Id, Best> = HashMap::with_capacity(order.len());
    let mut rank = 0;
    // All children of a node of cost c cost less than c, so levels of equal cost can be ranked one after another.
    for level in order.chunk_by(|(a, _), (b, _)| a == b) {
        let mut chosen: Vec<_> = level
            .iter()
            .filter_map(|(level_cost, id)| {
                let candidates = egraph.nodes(*id).filter_map(|node| {
                    let name = egraph.name(node);
                    let children: Option<Vec<&Best>> =
                        egraph.children(node).iter().map(|child| best.get(child)).collect();
                    let children = children?;
                    let weight = cost.weight(vocabulary, name, children.len());
                    if cost.of(weight, children.iter().map(|child| child.cost)) != *level_cost {
                        return None;
                    }
                    let size = children.iter().fold(1u64, |size, child| size.saturating_add(child.size));
                    let ranks: Vec<u32> = children.iter().map(|child| child.rank).collect();
                    Some(((size, vocabulary.text(name), ranks.len(), ranks), node))
                });
                candidates.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(key, node)| (key, *id, node))
            })
            .collect();
        chosen.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        for ((size, ..), id, node) in chosen {
            best.insert(id, Best { node, cost: level[0].0, size, rank });
            rank += 1;
        }
    }
    let total = best.get(&root)?.cost;
    Some(build(egraph, &best, root).map(|term| (term, total)))
}

/// The least cost of every class that costs no more than `root`.
fn class_costs(egraph: &EGraph, root: Id, cost: &Cost) -> HashMap<Id, u64> {
    struct Waiting {
        node: Id,
        class: Id,
        weight: u64,
        missing: usize,
    }
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut parents: HashMap<Id, Vec<usize>> = HashMap::new();
    let mut queue = BinaryHeap::new();
    for class in egraph.class_ids() {
        for node in egraph.nodes(class) {
            let children = egraph.children(node);
            let weight = cost.weight(egraph.vocabulary(), egraph.name(node), children.len());
            if children.is_empty() {
                queue.push(Reverse((cost.of(weight, std::iter::empty()), class)));
                continue;
            }
            for child in children {
                parents.entry(*child).or_default().push(waiting.len());
            }
            waiting.push(Waiting { node, class, weight, missing: children.len() });
        }
    }
    let mut costs: HashMap<Id, u64> = HashMap::new();
    let mut bound = u64::MAX;
    while let Some(Reverse((cheapest, class))) = queue.pop() {
        if cheapest > bound {
            break;
        }
        if costs.contains_key(&class) {
            continue;
        }
        costs.insert(class, cheapest);
        if class == root {
            bound = cheapest;
        }
        for parent in parents.get(&class).into_iter().flatten() {
            let parent = &mut waiting[*parent];
            parent.missing -= 1;
            if parent.missing == 0 && !costs.contains_key(&parent.class) {
                let children = egraph.children(parent.node).iter().filter_map(|child| costs.get(child));
                queue.push(Reverse((cost.of(parent.weight, children.copied()), parent.class)));
            }
        }
    }
    costs
}

fn build(egraph: &EGraph, best: &HashMap<Id, Best>, root: Id) -> Result<Term, Illegal> {
    let mut term = Term::default();
    let mut places: HashMap<Id, u32> = HashMap::new();
    let mut stack = vec![root];
    while let Some(id) = stack.last().copied() {
        let Some(found) = best.get(&id).filter(|_| !places.contains_key(&id)) else {
            stack.pop();
            continue;
        };
        let children = egraph.children(found.node);
        let before = stack.len();
        stack.extend(children.iter().copied().filter(|child| !places.contains_key(child)));
        if stack.len() == before {
            let children = children.iter().filter_map(|child| places.get(child).copied()).collect();
            places.insert(id, term.push(egraph.name(found.node), children)?);
            stack.pop();
        }
    }
    Ok(term)
}
