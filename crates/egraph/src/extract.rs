//! Extraction: the cheapest term of a class, the same one whatever the order of nodes and unions.
//!
//! Costs by Knuth's generalisation of Dijkstra's algorithm (Inf. Proc. Letters 6, 1977): near-linear, where egg's own
//! extractor is quadratic on deep terms. Among equally cheap terms the least wins: by size, name, arguments.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use egg::Id;
use ramanujan_core::Color;

use crate::graph::{EGraph, Node};
use crate::operators::{Names, color};
use crate::term::{Illegal, Term};

/// Largest weight of a colour: keeps costs of the largest terms far within 64 bits.
pub const MAX_WEIGHT: u64 = 1_000;

/// What a term costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The sum over the nodes of the tree of the weight of the node's colour, at least 1 each.
    Size { red: u64, blue: u64, green: u64 },
    /// The length of the longest path.
    Depth,
}

impl Cost {
    /// Nodes of the tree.
    pub const AST_SIZE: Cost = Cost::Size { red: 1, blue: 1, green: 1 };

    /// Cost of a node over the costs of its children.
    fn of(self, color: Color, children: impl Iterator<Item = u64>) -> u64 {
        match self {
            Cost::Size { red, blue, green } => {
                let weight = match color {
                    Color::Red => red,
                    Color::Blue => blue,
                    Color::Green => green,
                };
                children.fold(weight.max(1), u64::saturating_add)
            }
            Cost::Depth => children.max().unwrap_or(0).saturating_add(1),
        }
    }

    /// Cost of a term.
    pub fn of_term(self, names: &Names, term: &Term) -> u64 {
        let mut costs: Vec<u64> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let color = color(names.text(node.name), node.children.len());
            costs.push(self.of(color, node.children.iter().map(|child| costs[*child as usize])));
        }
        costs.last().copied().unwrap_or(0)
    }
}

/// A class whose cheapest term is known.
struct Best<'g> {
    node: &'g Node,
    cost: u64,
    /// Size as a tree.
    size: u64,
    /// Place among all terms found, from the least.
    rank: u32,
}

/// The cheapest term of `root` and its cost; `None` only if the class represents no finite term, which no class of
/// a graph made from terms is.
///
/// # Errors
/// If the term has more nodes than a term may have.
pub fn extract(
    egraph: &EGraph<'_>,
    names: &Names,
    root: Id,
    cost: Cost,
) -> Option<Result<(Term, u64), Illegal>> {
    let root = egraph.find(root);
    let costs = class_costs(egraph, names, root, cost);
    let mut order: Vec<(u64, Id)> = costs.iter().map(|(id, cost)| (*cost, *id)).collect();
    order.sort_unstable();
    let mut best: HashMap<Id, Best<'_>> = HashMap::with_capacity(order.len());
    let mut rank = 0;
    // All children of a node of cost c cost less than c, so levels of equal cost can be ranked one after another.
    for level in order.chunk_by(|(a, _), (b, _)| a == b) {
        let mut chosen: Vec<_> = level
            .iter()
            .filter_map(|(level_cost, id)| {
                let candidates = egraph[*id].nodes.iter().filter_map(|node| {
                    let color = color(names.text(node.name), node.children.len());
                    let children: Option<Vec<&Best<'_>>> =
                        node.children.iter().map(|child| best.get(&egraph.find(*child))).collect();
                    let children = children?;
                    if cost.of(color, children.iter().map(|child| child.cost)) != *level_cost {
                        return None;
                    }
                    let size = children.iter().fold(1u64, |size, child| size.saturating_add(child.size));
                    let ranks: Vec<u32> = children.iter().map(|child| child.rank).collect();
                    Some(((size, names.text(node.name), ranks.len(), ranks), node))
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
fn class_costs(egraph: &EGraph<'_>, names: &Names, root: Id, cost: Cost) -> HashMap<Id, u64> {
    struct Waiting<'g> {
        node: &'g Node,
        class: Id,
        color: Color,
        missing: usize,
    }
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    let mut parents: HashMap<Id, Vec<usize>> = HashMap::new();
    let mut queue = BinaryHeap::new();
    for class in egraph.classes() {
        for node in &class.nodes {
            let color = color(names.text(node.name), node.children.len());
            if node.children.is_empty() {
                queue.push(Reverse((cost.of(color, std::iter::empty()), class.id)));
                continue;
            }
            for child in &node.children {
                parents.entry(egraph.find(*child)).or_default().push(waiting.len());
            }
            waiting.push(Waiting { node, class: class.id, color, missing: node.children.len() });
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
                let children =
                    parent.node.children.iter().filter_map(|child| costs.get(&egraph.find(*child)));
                queue.push(Reverse((cost.of(parent.color, children.copied()), parent.class)));
            }
        }
    }
    costs
}

fn build(egraph: &EGraph<'_>, best: &HashMap<Id, Best<'_>>, root: Id) -> Result<Term, Illegal> {
    let mut term = Term::default();
    let mut places: HashMap<Id, u32> = HashMap::new();
    let mut stack = vec![root];
    while let Some(id) = stack.last().copied() {
        let Some(found) = best.get(&id).filter(|_| !places.contains_key(&id)) else {
            stack.pop();
            continue;
        };
        let children: Vec<Id> = found.node.children.iter().map(|child| egraph.find(*child)).collect();
        let before = stack.len();
        stack.extend(children.iter().copied().filter(|child| !places.contains_key(child)));
        if stack.len() == before {
            let children = children.iter().filter_map(|child| places.get(child).copied()).collect();
            places.insert(id, term.push(found.node.name, children)?);
            stack.pop();
        }
    }
    Ok(term)
}
