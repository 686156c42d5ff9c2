//! Uniting classes, and closing the graph under congruence afterwards.

use std::cmp::Reverse;

use super::{Class, EGraph, Id, Justification, Node, hash};
use crate::forest::Application;

impl EGraph {
    /// Unites the classes of two nodes for a reason that is about just these two; says whether they were two. The
    /// graph is to be rebuilt before it is looked at.
    pub fn union(&mut self, a: Id, b: Id, why: Justification) -> bool {
        let (mut keep, mut drop) = (self.find(a), self.find(b));
        if keep == drop {
            return false;
        }
        let turn_first = self.classes[keep.index()].members <= self.classes[drop.index()].members;
        self.forest.link(a, b, why, turn_first);
        let weight = |id: Id| {
            let class = &self.classes[id.index()];
            class.parents.len() + class.groups.iter().map(|(.., nodes)| nodes.len()).sum::<usize>()
        };
        if (weight(drop), keep) > (weight(keep), drop) {
            std::mem::swap(&mut keep, &mut drop);
        }
        let Class { groups, parents, known, members, dead, dead_parents } =
            std::mem::take(&mut self.classes[drop.index()]);
        self.leader[drop.index()] = keep;
        self.unions += 1;
        self.repairs.extend(&parents);
        let class = &mut self.classes[keep.index()];
        for (name, arity, nodes) in groups {
            match class.groups.iter_mut().find(|(known, takes, _)| (*known, *takes) == (name, arity)) {
                Some((.., all)) => all.extend(nodes),
                None => class.groups.push((name, arity, nodes)),
            }
        }
        class.parents.extend(parents);
        class.members += members;
        class.dead += dead;
        class.dead_parents += dead_parents;
        if let (Some(mine), Some(other)) = (&mut class.known, known) {
            // The parents of the other class are told when they are repaired.
            if other.size < mine.size {
                mine.size = other.size;
                self.shrunk.push(Reverse((mine.size, keep)));
            }
            mine.color = mine.color.join(other.color);
            mine.literal = match (mine.literal, other.literal) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        self.touched.push(keep);
        true
    }

    /// Unites what an application of a rewrite says is equal; says whether that was two classes.
    pub(crate) fn apply(&mut self, application: Application) -> bool {
        let (left, right) = (application.left[0], application.right[0]);
        if self.find(left) == self.find(right) {
            return false;
        }
        let why = self.forest.apply(application);
        self.union(left, right, why)
    }

    /// Whether unions wait for a rebuild.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.repairs.is_empty()
    }

    /// Closes the graph under congruence: nodes with equal names and equal children become equal.
    pub fn rebuild(&mut self) {
        while !self.repairs.is_empty() || !self.shrunk.is_empty() {
            while let Some(node) = self.repairs.pop() {
                self.repair(node);
            }
            if let Some(Reverse((size, class))) = self.shrunk.pop() {
                self.resize(size, class);
            }
        }
    }

    /// Brings the classes of a node's children up to date; a node that thereby becomes the same as another dies.
    fn repair(&mut self, node: Id) {
        let Node { name, from, arity, alive } = self.nodes[node.index()];
        let range = from as usize..(from + arity) as usize;
        let stale = self.classes_of[range.clone()].iter().any(|child| self.leader[child.index()] != *child);
        if !alive || !stale {
            return;
        }
        let old = hash(name, &self.classes_of[range.clone()]);
        if let Ok(entry) = self.memo.find_entry(old, |id| *id == node) {
            entry.remove();
        }
        for place in range.clone() {
            self.classes_of[place] = self.find(self.classes_of[place]);
        }
        match self.lookup(name, &self.classes_of[range.clone()]) {
            None => self.remember(node),
            Some(same) => {
                self.nodes[node.index()].alive = false;
                self.alive -= 1;
                let class = self.find(node);
                self.classes[class.index()].dead += 1;
                self.union(same, node, Justification::Congruence);
                self.sweep(same);
                for place in range {
                    self.sweep_parents(self.classes_of[place]);
                }
            }
        }
        self.shrink(node);
    }

    pub(super) fn remember(&mut self, node: Id) {
        let (nodes, classes_of) = (&self.nodes, &self.classes_of);
        let hash_of = |id: &Id| {
            let Node { name, from, arity, .. } = nodes[id.index()];
            hash(name, &classes_of[from as usize..(from + arity) as usize])
        };
        self.memo.insert_unique(hash_of(&node), node, hash_of);
    }

    /// Takes the dead nodes out of a class once they are half of it.
    fn sweep(&mut self, node: Id) {
        let root = self.find(node);
        let (class, nodes) = (&mut self.classes[root.index()], &self.nodes);
        let all: usize = class.groups.iter().map(|(.., nodes)| nodes.len()).sum();
        if 2 * class.dead as usize >= all {
            for (.., members) in &mut class.groups {
                members.retain(|member| nodes[member.index()].alive);
            }
            class.dead = 0;
        }
    }

    /// Counts a dead parent of a class, and takes such out once they are half of all: a class may have few nodes and
    /// thousands of parents.
    fn sweep_parents(&mut self, node: Id) {
        let root = self.find(node);
        let (class, nodes) = (&mut self.classes[root.index()], &self.nodes);
        class.dead_parents += 1;
        if 2 * class.dead_parents as usize >= class.parents.len() {
            class.parents.retain(|parent| nodes[parent.index()].alive);
            class.dead_parents = 0;
        }
    }

    /// Gives a class the size as a tree of one of its nodes over the smallest terms of its children, if that is less.
    fn shrink(&mut self, node: Id) {
        let sizes = self.children(node).iter().map(|child| self.known(*child).size);
        let size = sizes.fold(1u64, u64::saturating_add);
        let of = self.find(node);
        if let Some(known) = &mut self.classes[of.index()].known
            && size < known.size
        {
            known.size = size;
            self.shrunk.push(Reverse((size, of)));
        }
    }

    /// Tells a class's parents that its smallest term became smaller, unless it is smaller by now.
    fn resize(&mut self, size: u64, class: Id) {
        let class = self.find(class);
        if self.known(class).size < size {
            return;
        }
        for at in 0..self.classes[class.index()].parents.len() {
            self.shrink(self.classes[class.index()].parents[at]);
        }
    }

    /// The classes that came up or got nodes since this was last asked, each once, in order.
    pub(crate) fn take_touched(&mut self) -> Vec<Id> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.iter_mut().for_each(|id| *id = self.find(*id));
        touched.sort_unstable();
        touched.dedup();
        touched
    }
}
