//! Stretches of items in a row. The n-th item that is left is found, and a stretch put beside another, in logarithmic
//! time, whatever the order in which they come: an AVL tree (Adelson-Velsky and Landis, "An algorithm for the
//! organization of information", 1962) in which every node knows how many items are left in and below it.
//!
//! Stretches are cut but never taken out, so a node keeps its number for good.

/// Items `from..to` of a run. Either all of them are left or none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Number of the run.
    pub(super) run: usize,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) live: bool,
}

impl Stretch {
    fn left(&self) -> u64 {
        if self.live { self.to - self.from } else { 0 }
    }
}

/// A side of a node.
pub(super) const BEFORE: usize = 0;
/// The other side.
pub(super) const AFTER: usize = 1;

const NONE: usize = usize::MAX;

#[derive(Clone, Debug)]
struct Node {
    stretch: Stretch,
    parent: usize,
    below: [usize; 2],
    /// Items that are left in this node and below.
    left: u64,
    height: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    nodes: Vec<Node>,
    root: usize,
}

impl Row {
    /// The stretches in this order; the first one is node 0, and so on.
    pub(super) fn of(stretches: Vec<Stretch>) -> Self {
        let count = stretches.len();
        let nodes = stretches.into_iter().map(Node::of).collect();
        let mut row = Row { nodes, root: NONE };
        row.root = row.build(0, count, NONE);
        row
    }

    fn build(&mut self, from: usize, to: usize, parent: usize) -> usize {
        if from == to {
            return NONE;
        }
        let middle = from + (to - from) / 2;
        self.nodes[middle].parent = parent;
        self.nodes[middle].below = [self.build(from, middle, middle), self.build(middle + 1, to, middle)];
        self.recount(middle);
        middle
    }

    pub(super) fn get(&self, node: usize) -> Stretch {
        self.nodes[node].stretch
    }

    /// Number of items that are left.
    pub(super) fn len(&self) -> u64 {
        self.left(self.root)
    }

    fn left(&self, node: usize) -> u64 {
        self.nodes.get(node).map_or(0, |node| node.left)
    }

    fn height(&self, node: usize) -> u8 {
        self.nodes.get(node).map_or(0, |node| node.height)
    }

    /// The node at the end of a subtree.
    fn end(&self, mut node: usize, side: usize) -> Option<usize> {
        while self.nodes.get(node)?.below[side] != NONE {
            node = self.nodes[node].below[side];
        }
        Some(node)
    }

    pub(super) fn first(&self) -> Option<usize> {
        self.end(self.root, BEFORE)
    }

    pub(super) fn next(&self, mut node: usize) -> Option<usize> {
        if self.nodes[node].below[AFTER] != NONE {
            return self.end(self.nodes[node].below[AFTER], BEFORE);
        }
        loop {
            let parent = self.nodes[node].parent;
            if self.nodes.get(parent)?.below[BEFORE] == node {
                return Some(parent);
            }
            node = parent;
        }
    }

    /// The node that holds the `position`-th item that is left, from 0, and how many there are before it in the node.
    pub(super) fn nth(&self, mut position: u64) -> Option<(usize, u64)> {
        let mut at = self.root;
        loop {
            let node = self.nodes.get(at)?;
            let before = self.left(node.below[BEFORE]);
            if position < before {
                at = node.below[BEFORE];
                continue;
            }
            position -= before;
            if position < node.stretch.left() {
                return Some((at, position));
            }
            position -= node.stretch.left();
            at = node.below[AFTER];
        }
    }

    /// Changes a stretch where it stands.
    pub(super) fn change(&mut self, node: usize, change: impl FnOnce(&mut Stretch)) {
        change(&mut self.nodes[node].stretch);
        let mut at = node;
        while at != NONE {
            self.recount(at);
            at = self.nodes[at].parent;
        }
    }

    /// Puts a stretch right before or after another one and says which node it is.
    pub(super) fn put_beside(&mut self, node: usize, side: usize, stretch: Stretch) -> usize {
        match self.end(self.nodes[node].below[side], 1 - side) {
            None => self.hang(node, side, stretch),
            Some(neighbour) => self.hang(neighbour, 1 - side, stretch),
        }
    }

    /// Puts a stretch before all others.
    pub(super) fn put_first(&mut self, stretch: Stretch) -> usize {
        match self.first() {
            Some(first) => self.hang(first, BEFORE, stretch),
            None => {
                self.nodes.push(Node::of(stretch));
                self.root = self.nodes.len() - 1;
                self.root
            }
        }
    }

    fn hang(&mut self, parent: usize, side: usize, stretch: Stretch) -> usize {
        let new = self.nodes.len();
        self.nodes.push(Node { parent, ..Node::of(stretch) });
        self.nodes[parent].below[side] = new;
        let mut at = parent;
        while at != NONE {
            self.recount(at);
            let top = self.balance(at);
            at = self.nodes[top].parent;
        }
        new
    }

    fn recount(&mut self, at: usize) {
        let [before, after] = self.nodes[at].below;
        let left = self.left(before) + self.nodes[at].stretch.left() + self.left(after);
        let height = 1 + self.height(before).max(self.height(after));
        let node = &mut self.nodes[at];
        (node.left, node.height) = (left, height);
    }

    /// Makes the sides of a node differ by one level at most, if one side has just grown by one. Says which node is
    /// now at the top.
    fn balance(&mut self, top: usize) -> usize {
        let [before, after] = self.nodes[top].below;
        let (before_height, after_height) = (self.height(before), self.height(after));
        if before_height.abs_diff(after_height) < 2 {
            return top;
        }
        let (higher, side) = if before_height > after_height { (before, BEFORE) } else { (after, AFTER) };
        let [outer, inner] = [side, 1 - side].map(|side| self.height(self.nodes[higher].below[side]));
        if inner > outer {
            self.lift(higher, 1 - side);
        }
        self.lift(top, side)
    }

    /// A rotation: the node on a side of `top` takes its place, and `top` hangs on the node's other side.
    fn lift(&mut self, top: usize, side: usize) -> usize {
        let lifted = self.nodes[top].below[side];
        let (between, parent) = (self.nodes[lifted].below[1 - side], self.nodes[top].parent);
        self.nodes[top].below[side] = between;
        self.nodes[top].parent = lifted;
        if between != NONE {
            self.nodes[between].parent = top;
        }
        self.nodes[lifted].below[1 - side] = top;
        self.nodes[lifted].parent = parent;
        if parent == NONE {
            self.root = lifted;
        } else {
            let side = usize::from(self.nodes[parent].below[AFTER] == top);
            self.nodes[parent].below[side] = lifted;
        }
        self.recount(top);
        self.recount(lifted);
        lifted
    }
}

impl Node {
    fn of(stretch: Stretch) -> Self {
        Node { stretch, parent: NONE, below: [NONE; 2], left: stretch.left(), height: 1 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Checks numbers and heights of a subtree, which it returns.
    fn checked(row: &Row, at: usize, parent: usize) -> (u64, u8) {
        let Some(node) = row.nodes.get(at) else { return (0, 0) };
        assert_eq!(node.parent, parent);
        let (before, after) = (checked(row, node.below[BEFORE], at), checked(row, node.below[AFTER], at));
        assert!(before.1.abs_diff(after.1) < 2, "out of balance");
        assert_eq!(node.left, before.0 + node.stretch.left() + after.0);
        assert_eq!(node.height, 1 + before.1.max(after.1));
        (node.left, node.height)
    }

    fn in_order(row: &Row) -> Vec<Stretch> {
        std::iter::successors(row.first(), |node| row.next(*node)).map(|node| row.get(node)).collect()
    }

    fn stretch(run: usize, length: u64, live: bool) -> Stretch {
        Stretch { run, from: 5, to: 5 + length, live }
    }

    proptest! {
        #[test]
        fn a_row_is_a_list_that_counts(
            start in prop::collection::vec((1u64..4, any::<bool>()), 0..40),
            steps in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, 1u64..4), 0..80),
        ) {
            let mut plain: Vec<Stretch> =
                start.iter().enumerate().map(|(run, (length, live))| stretch(run, *length, *live)).collect();
            let mut row = Row::of(plain.clone());
            for (at, what, length) in steps {
                let new = stretch(plain.len(), length, what % 2 == 0);
                if plain.is_empty() {
                    row.put_first(new);
                    plain.push(new);
                    continue;
                }
                let at = at.index(plain.len());
                // A stretch was given the number of its node as its run.
                let node = plain[at].run;
                match what {
                    0 => {
                        row.put_first(new);
                        plain.insert(0, new);
                    }
                    1 => {
                        prop_assert_eq!(row.put_beside(node, BEFORE, new), new.run);
                        plain.insert(at, new);
                    }
                    2 => {
                        prop_assert_eq!(row.put_beside(node, AFTER, new), new.run);
                        plain.insert(at + 1, new);
                    }
                    _ => {
                        row.change(node, |stretch| stretch.live = !stretch.live);
                        plain[at].live = !plain[at].live;
                    }
                }
            }
            checked(&row, row.root, NONE);
            prop_assert_eq!(in_order(&row), plain.clone());
            let left: Vec<(usize, u64)> =
                plain.iter().flat_map(|one| (0..one.left()).map(|offset| (one.run, offset))).collect();
            prop_assert_eq!(row.len(), left.len() as u64);
            for (position, expected) in left.iter().enumerate() {
                prop_assert_eq!(row.nth(position as u64), Some(*expected));
            }
            prop_assert_eq!(row.nth(row.len()), None);
        }
    }

    #[test]
    fn a_row_that_only_grows_at_an_end_stays_low() {
        for side in [BEFORE, AFTER] {
            let mut row = Row::of(Vec::new());
            let mut last = row.put_first(stretch(0, 1, true));
            for run in 1..10_000 {
                last = row.put_beside(last, side, stretch(run, 1, true));
            }
            checked(&row, row.root, NONE);
            assert!(row.height(row.root) <= 19, "{} levels", row.height(row.root));
        }
    }
}
