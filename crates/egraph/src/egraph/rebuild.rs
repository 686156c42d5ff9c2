//! Uniting classes, and closing the graph under congruence afterwards.

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
        let Class { groups, parents, known, members, dead } = std::mem::take(&mut self.classes[drop.index()]);
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
        if let (Some(mine), Some(other)) = (&mut class.known, known) {
            if mine.size != other.size {
                self.shrunk.push(keep);
            }
            mine.size = mine.size.min(other.size);
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
            if let Some(class) = self.shrunk.pop() {
                self.resize(class);
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
        match self.lookup(name, &self.classes_of[range]) {
            None => self.remember(node),
            Some(same) => {
                self.nodes[node.index()].alive = false;
                self.alive -= 1;
                let class = self.find(node);
                self.classes[class.index()].dead += 1;
                self.union(same, node, Justification::Congruence);
                self.sweep(same);
            }
        }
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
            class.parents.retain(|parent| nodes[parent.index()].alive);
            class.dead = 0;
        }
    }

    /// Tells a class's parents that its smallest term became smaller.
    fn resize(&mut self, class: Id) {
        let class = self.find(class);
        for at in 0..self.classes[class.index()].parents.len() {
            let parent = self.classes[class.index()].parents[at];
            let size = self
                .children(parent)
                .iter()
                .fold(1u64, |size, child| size.saturating_add(self.known(*child).size));
            let of = self.find(parent);
            if let Some(known) = &mut self.classes[of.index()].known
                && size < known.size
            {
                known.size = size;
                self.shrunk.push(of);
            }
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
