//! The document order of items: a B+tree in two vectors, with counts on the way down.
//!
//! A place is a leaf and a slot in it. `where_is` leads from a character to its leaf; a character of the placeholder
//! is found by counting instead, since those keep their order.

use super::item::{Id, Item, NONE, OLD, StateChange};

/// Items in a leaf and children of a node; few in tests, so that small histories make high trees.
const LEAF: usize = if cfg!(test) { 4 } else { 32 };
const NODE: usize = if cfg!(test) { 4 } else { 16 };

/// Counts of a subtree, in code points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    prepared: u32,
    result: u32,
    old: u32,
}

impl Counts {
    fn of(items: &[Item]) -> Self {
        let mut counts = Counts::default();
        for item in items {
            counts.prepared += item.prepared_len();
            counts.result += item.result_len();
            counts.old += item.old_len();
        }
        counts
    }
}

#[derive(Debug)]
struct Leaf {
    items: [Item; LEAF],
    len: usize,
    parent: u32,
    next: u32,
}

#[derive(Debug)]
struct Node {
    child: [u32; NODE],
    prepared: [u32; NODE],
    result: [u32; NODE],
    old: [u32; NODE],
    len: usize,
    parent: u32,
}

impl Node {
    fn new(parent: u32) -> Self {
        let zero = [0; NODE];
        Self { child: zero, prepared: zero, result: zero, old: zero, len: 0, parent }
    }

    fn slot(&self, child: u32) -> usize {
        self.child[..self.len].iter().position(|c| *c == child).unwrap_or(0)
    }

    fn counts(&self, slot: usize) -> Counts {
        Counts { prepared: self.prepared[slot], result: self.result[slot], old: self.old[slot] }
    }

    fn set(&mut self, slot: usize, counts: Counts) {
        (self.prepared[slot], self.result[slot], self.old[slot]) =
            (counts.prepared, counts.result, counts.old);
    }

    fn total(&self) -> Counts {
        let sum = |column: &[u32; NODE]| column[..self.len].iter().sum();
        Counts { prepared: sum(&self.prepared), result: sum(&self.result), old: sum(&self.old) }
    }

    fn insert(&mut self, slot: usize, child: u32, counts: Counts) {
        for column in [&mut self.child, &mut self.prepared, &mut self.result, &mut self.old] {
            column.copy_within(slot..self.len, slot + 1);
        }
        self.len += 1;
        self.child[slot] = child;
        self.set(slot, counts);
    }
}

/// Where an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    leaf: u32,
    slot: u32,
}

/// A character: its item, which of its characters, and how many code points of the result precede the item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) offset: u32,
    pub(super) result_before: u32,
}

/// Items in document order.
#[derive(Default)]
pub(super) struct Tree {
    leaves: Vec<Leaf>,
    nodes: Vec<Node>,
    root: u32,
    /// Levels of nodes above the leaves.
    height: u32,
    /// The leaf that holds each inserted character.
    where_is: Vec<u32>,
}

impl Tree {
    /// Forgets everything but a placeholder, and makes room for `characters` to be inserted.
    pub(super) fn reset(&mut self, characters: u32) {
        self.leaves.clear();
        self.nodes.clear();
        self.leaves.push(Leaf { items: [Item::PLACEHOLDER; LEAF], len: 1, parent: NONE, next: NONE });
        (self.root, self.height) = (0, 0);
        self.where_is.clear();
        self.where_is.resize(characters as usize, 0);
    }

    /// Code points by which the version being prepared and the result exceed the placeholder.
    pub(super) fn growth(&self) -> (i64, i64) {
        let total = match self.height {
            0 => {
                let leaf = &self.leaves[self.root as usize];
                Counts::of(&leaf.items[..leaf.len])
            }
            _ => self.nodes[self.root as usize].total(),
        };
        let old = i64::from(Item::PLACEHOLDER.len);
        (i64::from(total.prepared) - old, i64::from(total.result) - old)
    }

    pub(super) fn item(&self, place: Place) -> &Item {
        &self.leaves[place.leaf as usize].items[place.slot as usize]
    }

    pub(super) fn start(&self) -> Place {
        let mut at = self.root;
        for _ in 0..self.height {
            at = self.nodes[at as usize].child[0];
        }
        Place { leaf: at, slot: 0 }
    }

    /// The next item, or the place past the last one.
    pub(super) fn next(&self, place: Place) -> Place {
        let leaf = &self.leaves[place.leaf as usize];
        if place.slot as usize + 1 < leaf.len || leaf.next == NONE {
            return Place { slot: place.slot + 1, ..place };
        }
        Place { leaf: leaf.next, slot: 0 }
    }

    pub(super) fn is_end(&self, place: Place) -> bool {
        place.slot as usize >= self.leaves[place.leaf as usize].len
    }

    /// The character at `position` of the version being prepared.
    pub(super) fn at_prepared(&self, mut position: u32) -> Found {
        let mut at = self.root;
        let mut result_before = 0;
        for _ in 0..self.height {
            let node = &self.nodes[at as usize];
            let mut slot = 0;
            while slot + 1 < node.len && position >= node.prepared[slot] {
                position -= node.prepared[slot];
                result_before += node.result[slot];
                slot += 1;
            }
            at = node.child[slot];
        }
        let leaf = &self.leaves[at as usize];
        let mut slot = 0;
        while slot + 1 < leaf.len && position >= leaf.items[slot].prepared_len() {
            position -= leaf.items[slot].prepared_len();
            result_before += leaf.items[slot].result_len();
            slot += 1;
        }
        // Past the end only if the history is not one.
        let offset = position.min(leaf.items[slot].len - 1);
        Found { place: Place { leaf: at, slot: slot as u32 }, offset, result_before }
    }

    /// Where a character is, and which of its item's characters it is.
    pub(super) fn locate(&self, id: Id) -> (Place, u32) {
        let leaf = if id >= OLD { self.leaf_of_old(id - OLD) } else { self.where_is[id as usize] };
        let items = &self.leaves[leaf as usize];
        let slot = items.items[..items.len].iter().position(|item| item.contains(id)).unwrap_or(0);
        (Place { leaf, slot: slot as u32 }, id - items.items[slot].id)
    }

    fn leaf_of_old(&self, mut position: u32) -> u32 {
        let mut at = self.root;
        for _ in 0..self.height {
            let node = &self.nodes[at as usize];
            let mut slot = 0;
            while slot + 1 < node.len && position >= node.old[slot] {
                position -= node.old[slot];
                slot += 1;
            }
            at = node.child[slot];
        }
        at
    }

    /// Whether the character `a` stands before `b`, another one.
    pub(super) fn precedes(&self, a: Id, b: Id) -> bool {
        let ((a, a_offset), (b, b_offset)) = (self.locate(a), self.locate(b));
        if a.leaf == b.leaf {
            return (a.slot, a_offset) < (b.slot, b_offset);
        }
        let (mut left, mut right) = (a.leaf, b.leaf);
        let (mut left_up, mut right_up) =
            (self.leaves[left as usize].parent, self.leaves[right as usize].parent);
        while left_up != right_up {
            (left, right) = (left_up, right_up);
            (left_up, right_up) = (self.nodes[left as usize].parent, self.nodes[right as usize].parent);
        }
        let node = &self.nodes[left_up as usize];
        node.slot(left) < node.slot(right)
    }

    /// Inserts `item`, which the version being prepared and the result both have, `offset` characters into the item
    /// at `place`, or before it.
    pub(super) fn insert(&mut self, place: Place, offset: u32, item: Item) {
        let Place { leaf, slot } = self.reserve(place);
        let slot = slot as usize;
        if offset == 0 {
            return self.insert_at(leaf, slot, item);
        }
        let items = &mut self.leaves[leaf as usize];
        items.items.copy_within(slot + 1..items.len, slot + 2);
        items.items[slot + 1] = items.items[slot].tail(offset);
        items.items[slot].len = offset;
        items.len += 1;
        self.insert_at(leaf, slot + 1, item);
    }

    /// Inserts `item` as [`Self::insert`] does, after the item at `place`.
    pub(super) fn insert_after(&mut self, place: Place, item: Item) {
        let Place { leaf, slot } = self.reserve(place);
        self.insert_at(leaf, slot as usize + 1, item);
    }

    fn insert_at(&mut self, leaf: u32, slot: usize, item: Item) {
        let items = &mut self.leaves[leaf as usize];
        items.items.copy_within(slot..items.len, slot + 1);
        items.items[slot] = item;
        items.len += 1;
        self.note_leaf(&item, leaf);
        self.add(leaf, item.len as i32, item.len as i32);
    }

    /// Lets the item at `place` grow by `next` if that continues it.
    pub(super) fn extend(&mut self, place: Place, next: &Item) -> bool {
        let item = &mut self.leaves[place.leaf as usize].items[place.slot as usize];
        if !item.joins(next) {
            return false;
        }
        item.len += next.len;
        self.note_leaf(next, place.leaf);
        self.add(place.leaf, next.len as i32, next.len as i32);
        true
    }

    /// Changes the state of up to `len` characters of the item at `place` from `offset` on; returns how many.
    pub(super) fn change(&mut self, place: Place, offset: u32, len: u32, change: StateChange) -> u32 {
        let item = *self.item(place);
        let len = len.min(item.len - offset);
        let mut piece = if offset == 0 { item } else { item.tail(offset) };
        piece.len = len;
        let before = (piece.prepared_len(), piece.result_len());
        piece.change(change);
        let after = (piece.prepared_len(), piece.result_len());

        let cuts = usize::from(offset > 0) + usize::from(offset + len < item.len);
        let Place { leaf, slot } = if cuts > 0 { self.reserve(place) } else { place };
        let slot = slot as usize;
        let items = &mut self.leaves[leaf as usize];
        items.items.copy_within(slot + 1..items.len, slot + 1 + cuts);
        items.len += cuts;
        let mut at = slot;
        if offset > 0 {
            items.items[at].len = offset;
            at += 1;
        }
        items.items[at] = piece;
        if offset + len < item.len {
            items.items[at + 1] = item.tail(offset + len);
        }
        items.rejoin(at);
        self.add(leaf, after.0.wrapping_sub(before.0) as i32, after.1.wrapping_sub(before.1) as i32);
        len
    }

    fn note_leaf(&mut self, item: &Item, leaf: u32) {
        if item.id < OLD {
            let start = item.id as usize;
            self.where_is[start..start + item.len as usize].fill(leaf);
        }
    }

    /// Adds to the counts above a leaf.
    fn add(&mut self, leaf: u32, prepared: i32, result: i32) {
        let mut child = leaf;
        let mut up = self.leaves[leaf as usize].parent;
        while up != NONE {
            let node = &mut self.nodes[up as usize];
            let slot = node.slot(child);
            node.prepared[slot] = node.prepared[slot].wrapping_add_signed(prepared);
            node.result[slot] = node.result[slot].wrapping_add_signed(result);
            (child, up) = (up, node.parent);
        }
    }

    /// Makes sure that the leaf has room for two more items; returns where the item at `place` then is.
    fn reserve(&mut self, place: Place) -> Place {
        let index = place.leaf as usize;
        if self.leaves[index].len + 2 <= LEAF {
            return place;
        }
        let right = self.leaves.len() as u32;
        let (parent, next) = (self.leaves[index].parent, self.leaves[index].next);
        let mut leaf = Leaf { items: [Item::PLACEHOLDER; LEAF], len: 0, parent, next };
        let half = self.leaves[index].len / 2;
        let moved = self.leaves[index].len - half;
        leaf.items[..moved].copy_from_slice(&self.leaves[index].items[half..half + moved]);
        leaf.len = moved;
        self.leaves[index].len = half;
        self.leaves[index].next = right;
        for item in &leaf.items[..moved] {
            self.note_leaf(item, right);
        }
        let (kept, moved) = (Counts::of(self.leaves[index].items()), Counts::of(leaf.items()));
        self.leaves.push(leaf);
        let parent = self.add_child(parent, (place.leaf, kept), (right, moved), 0);
        self.leaves[right as usize].parent = parent;
        self.leaves[index].parent = parent;
        if (place.slot as usize) < half {
            place
        } else {
            Place { leaf: right, slot: place.slot - half as u32 }
        }
    }

    /// After `left` was split: notes its counts and puts `right` after it under `parent`, if there is one. Returns
    /// the node above both, which the caller enters in them. `level` is theirs.
    fn add_child(&mut self, parent: u32, left: (u32, Counts), right: (u32, Counts), level: u32) -> u32 {
        if parent == NONE {
            let root = self.nodes.len() as u32;
            let mut node = Node::new(NONE);
            node.insert(0, left.0, left.1);
            node.insert(1, right.0, right.1);
            self.nodes.push(node);
            (self.root, self.height) = (root, level + 1);
            return root;
        }
        let mut holder = parent;
        if self.nodes[parent as usize].len == NODE {
            let slot = self.nodes[parent as usize].slot(left.0);
            let other = self.split_node(parent, level + 1);
            if slot >= NODE / 2 {
                holder = other;
            }
        }
        let node = &mut self.nodes[holder as usize];
        let slot = node.slot(left.0);
        node.set(slot, left.1);
        node.insert(slot + 1, right.0, right.1);
        holder
    }

    /// Moves the upper half of a full node to a new one, and returns that.
    fn split_node(&mut self, index: u32, level: u32) -> u32 {
        let other = self.nodes.len() as u32;
        let node = &mut self.nodes[index as usize];
        let half = NODE / 2;
        let parent = node.parent;
        let mut right = Node::new(parent);
        for slot in half..node.len {
            right.insert(slot - half, node.child[slot], node.counts(slot));
        }
        node.len = half;
        let (kept, moved) = (node.total(), right.total());
        for slot in 0..right.len {
            let child = right.child[slot] as usize;
            if level == 1 {
                self.leaves[child].parent = other;
            } else {
                self.nodes[child].parent = other;
            }
        }
        self.nodes.push(right);
        let parent = self.add_child(parent, (index, kept), (other, moved), level);
        self.nodes[index as usize].parent = parent;
        self.nodes[other as usize].parent = parent;
        other
    }
}

impl Leaf {
    fn items(&self) -> &[Item] {
        &self.items[..self.len]
    }

    /// Makes one of the item at `slot` and its neighbours where they continue each other.
    fn rejoin(&mut self, slot: usize) {
        for left in [slot, slot.wrapping_sub(1)] {
            if left < self.len && left + 1 < self.len && self.items[left].joins(&self.items[left + 1]) {
                self.items[left].len += self.items[left + 1].len;
                self.items.copy_within(left + 2..self.len, left + 1);
                self.len -= 1;
            }
        }
    }
}
