//! The proof forest: why nodes are equal.
//!
//! Nieuwenhuis and Oliveras, "Proof-producing congruence closure", RTA 2005: each union adds one edge between the two
//! nodes that it is about, so that the classes are the trees of a forest, and between two equal nodes there is one
//! way. An edge's reason speaks only of equalities that were there before it, whose ways never change; so reasons can
//! be unfolded to the end.

use crate::id::Id;

/// Why two nodes are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Justification {
    /// Equal names and equal children.
    Congruence,
    /// A rewrite took the first node to the second; the number of the application.
    Rule(u32),
    /// A fact that was given, by its number.
    Fact(u32),
}

/// One application of a rewrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    /// Place of the rewrite in the rule set.
    pub(crate) rewrite: u32,
    /// The node for each place of the left side.
    pub(crate) left: Box<[Id]>,
    /// The node for each place of the right side.
    pub(crate) right: Box<[Id]>,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: Id,
    why: Justification,
    /// Whether the reason reads from the far end to this one.
    reversed: bool,
}

/// A step between two nodes: from the first to the second, by a reason that may read the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Id,
    pub(crate) to: Id,
    pub(crate) why: Justification,
    pub(crate) reversed: bool,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forest {
    edges: Vec<Option<Edge>>,
    applications: Vec<Application>,
}

impl Forest {
    pub(crate) fn push(&mut self) {
        self.edges.push(None);
    }

    pub(crate) fn apply(&mut self, application: Application) -> Justification {
        self.applications.push(application);
        Justification::Rule(self.applications.len() as u32 - 1)
    }

    pub(crate) fn application(&self, number: u32) -> &Application {
        &self.applications[number as usize]
    }

    /// Joins the trees of two nodes that are in different ones. `turn_first` says that the first node's is to be turned
    /// round; where that is the smaller one, a node is turned at most a logarithmic number of times.
    pub(crate) fn link(&mut self, a: Id, b: Id, why: Justification, turn_first: bool) {
        let (child, parent) = if turn_first { (a, b) } else { (b, a) };
        self.turn(child);
        self.edges[child.index()] = Some(Edge { to: parent, why, reversed: !turn_first });
    }

    /// Makes a node the root of its tree.
    fn turn(&mut self, id: Id) {
        let (mut at, mut before) = (id, None);
        loop {
            let next = std::mem::replace(&mut self.edges[at.index()], before);
            let Some(edge) = next else { break };
            before = Some(Edge { to: at, reversed: !edge.reversed, ..edge });
            at = edge.to;
        }
    }

    /// The way between two nodes, `None` if there is none.
    pub(crate) fn way(&self, a: Id, b: Id) -> Option<Vec<Step>> {
        let depth = |mut id: Id| {
            let mut depth = 0usize;
            while let Some(edge) = self.edges[id.index()] {
                id = edge.to;
                depth += 1;
            }
            depth
        };
        let (mut a, mut b) = (a, b);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let (mut above_a, mut above_b) = (depth(a), depth(b));
        while a != b {
            if above_a >= above_b {
                let edge = self.edges[a.index()]?;
                up.push(Step { from: a, to: edge.to, why: edge.why, reversed: edge.reversed });
                a = edge.to;
                above_a -= 1;
            } else {
                let edge = self.edges[b.index()]?;
                down.push(Step { from: edge.to, to: b, why: edge.why, reversed: !edge.reversed });
                b = edge.to;
                above_b -= 1;
            }
        }
        up.extend(down.into_iter().rev());
        Some(up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_is_one_way_between_equal_nodes_and_none_between_others(
            links in prop::collection::vec((0u32..20, 0u32..20, any::<bool>()), 0..30)
        ) {
            let mut forest = Forest::default();
            (0..20).for_each(|_| forest.push());
            let mut class: Vec<u32> = (0..20).collect();
            let mut made = Vec::new();
            for (a, b, turn_first) in links {
                if class[a as usize] != class[b as usize] {
                    forest.link(Id(a), Id(b), Justification::Fact(made.len() as u32), turn_first);
                    made.push((a, b));
                    let (from, to) = (class[a as usize], class[b as usize]);
                    class.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
                }
            }
            for a in 0..20u32 {
                for b in 0..20u32 {
                    let way = forest.way(Id(a), Id(b));
                    prop_assert_eq!(way.is_some(), class[a as usize] == class[b as usize]);
                    let mut at = Id(a);
                    for step in way.unwrap_or_default() {
                        prop_assert_eq!(step.from, at);
                        at = step.to;
                        let Justification::Fact(number) = step.why else { unreachable!() };
                        let (left, right) = made[number as usize];
                        let ends = if step.reversed { (right, left) } else { (left, right) };
                        prop_assert_eq!((step.from.0, step.to.0), ends);
                    }
                    if class[a as usize] == class[b as usize] {
                        prop_assert_eq!(at, Id(b));
                    }
                }
            }
        }
    }
}
