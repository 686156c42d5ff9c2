//! The document order of items: a B+tree in two vectors, with counts on the way down.
//!
//! A place is a leaf and a slot in it. `where_is` leads from a character to its leaf; a character of the placeholder
//! is found by counting instead, since those keep their order.

use super::item::{Id, Item, NONE, OLD, StateChange};
use super::kept::make_room;
use super::node::{Counts, LEAF, Leaf, NODE, Node};

/// Where an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) leaf: u32,
    pub(super) slot: u32,
}

/// A character: its item, which of its characters, and how many code points of the result precede the item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) offset: u32,
    pub(super) result_before: u32,
}

/// Items in document order.
#[derive(Clone, Default)]
pub(super) struct Tree {
    pub(super) leaves: Vec<Leaf>,
    pub(super) nodes: Vec<Node>,
    pub(super) root: u32,
    /// Levels of nodes above the leaves.
    pub(super) height: u32,
    /// The leaf that holds each inserted character.
    where_is: Vec<u32>,
}

impl Tree {
    /// Forgets everything but a placeholder.
    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.nodes.clear();
        self.leaves.push(Leaf::new(&[Item::PLACEHOLDER], NONE, NONE));
        (self.root, self.height) = (0, 0);
        self.where_is.clear();
    }

    /// Makes room for so many characters to be inserted altogether.
    pub(super) fn make_room(&mut self, characters: u32) {
        let more = (characters as usize).saturating_sub(self.where_is.len());
        make_room(&mut self.where_is, more);
        self.where_is.resize(characters as usize, 0);
    }

    /// Code points by which the version being prepared and the result exceed the placeholder.
    pub(super) fn growth(&self) -> (i64, i64) {
        let root = self.root as usize;
        let total = if self.height == 0 { self.leaves[root].counts() } else { self.nodes[root].total() };
        let old = i64::from(Item::PLACEHOLDER.len);
        (i64::from(total.prepared) - old, i64::from(total.result) - old)
    }

    pub(super) fn item(&self, place: Place) -> &Item {
        &self.leaves[place.leaf as usize].items[place.slot as usize]
    }

    pub(super) fn start(&self) -> Place {
        let mut at = self.root;
        for _ in 0..self.height {
            at = self.nodes[at as usize].children[0];
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

    /// The first item from `place` on that the version being prepared has, or has deleted.
    pub(super) fn present_from(&self, place: Place) -> Option<Place> {
        let in_leaf = |leaf: u32, slot: usize| {
            let items = self.leaves[leaf as usize].items();
            let slot = (slot..items.len()).find(|slot| !items[*slot].is_absent())?;
            Some(Place { leaf, slot: slot as u32 })
        };
        if let Some(found) = in_leaf(place.leaf, place.slot as usize) {
            return Some(found);
        }
        let mut child = place.leaf;
        let mut up = self.leaves[child as usize].parent;
        let mut levels = 0;
        while up != NONE {
            let node = &self.nodes[up as usize];
            if let Some(mut at) = node.present_from(node.slot(child) + 1) {
                for _ in 0..levels {
                    at = self.nodes[at as usize].present_from(0)?;
                }
                return in_leaf(at, 0);
            }
            (child, up) = (up, node.parent);
            levels += 1;
        }
        None
    }

    /// How many code points of the result precede an item.
    pub(super) fn result_before(&self, place: Place) -> u32 {
        let items = self.leaves[place.leaf as usize].items();
        let mut before: u32 = items[..place.slot as usize].iter().map(Item::result_len).sum();
        let mut child = place.leaf;
        let mut up = self.leaves[child as usize].parent;
        while up != NONE {
            let node = &self.nodes[up as usize];
            before += node.counts[..node.slot(child)].iter().map(|counts| counts.result).sum::<u32>();
            (child, up) = (up, node.parent);
        }
        before
    }

    /// The character at `position` of the version being prepared.
    pub(super) fn at_prepared(&self, mut position: u32) -> Found {
        let mut at = self.root;
        let mut result_before = 0;
        for _ in 0..self.height {
            let node = &self.nodes[at as usize];
            let mut slot = 0;
            while slot + 1 < node.len && position >= node.counts[slot].prepared {
                position -= node.counts[slot].prepared;
                result_before += node.counts[slot].result;
                slot += 1;
            }
            at = node.children[slot];
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
            while slot + 1 < node.len && position >= node.counts[slot].old {
                position -= node.counts[slot].old;
                slot += 1;
            }
            at = node.children[slot];
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
        items.make_room(slot + 1, 1);
        items.items[slot + 1] = items.items[slot].tail(offset);
        items.items[slot].len = offset;
        self.insert_at(leaf, slot + 1, item);
    }

    /// Inserts `item` as [`Self::insert`] does, after the item at `place`.
    pub(super) fn insert_after(&mut self, place: Place, item: Item) {
        let Place { leaf, slot } = self.reserve(place);
        self.insert_at(leaf, slot as usize + 1, item);
    }

    fn insert_at(&mut self, leaf: u32, slot: usize, item: Item) {
        let items = &mut self.leaves[leaf as usize];
        items.make_room(slot, 1);
        items.items[slot] = item;
        self.note_leaf(&item, leaf);
        self.recount(leaf, Counts::NOTHING, Counts::of(&item));
    }

    /// Lets the item at `place` grow by `next` if that continues it.
    pub(super) fn extend(&mut self, place: Place, next: &Item) -> bool {
        let item = &mut self.leaves[place.leaf as usize].items[place.slot as usize];
        if !item.joins(next) {
            return false;
        }
        item.len += next.len;
        self.note_leaf(next, place.leaf);
        self.recount(place.leaf, Counts::NOTHING, Counts::of(next));
        true
    }

    /// Changes the state of up to `len` characters of the item at `place` from `offset` on; returns how many.
    pub(super) fn change(&mut self, place: Place, offset: u32, len: u32, change: StateChange) -> u32 {
        let item = *self.item(place);
        let len = len.min(item.len - offset);
        let mut piece = if offset == 0 { item } else { item.tail(offset) };
        piece.len = len;
        let before = Counts::of(&piece);
        piece.change(change);

        let cuts = usize::from(offset > 0) + usize::from(offset + len < item.len);
        let Place { leaf, slot } = if cuts > 0 { self.reserve(place) } else { place };
        let slot = slot as usize;
        let items = &mut self.leaves[leaf as usize];
        items.make_room(slot + 1, cuts);
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
        self.recount(leaf, before, Counts::of(&piece));
        len
    }

    fn note_leaf(&mut self, item: &Item, leaf: u32) {
        if item.id < OLD {
            let start = item.id as usize;
            self.where_is[start..start + item.len as usize].fill(leaf);
        }
    }

    /// Enters in the counts above a leaf that a part of it went from `before` to `after`.
    fn recount(&mut self, leaf: u32, before: Counts, after: Counts) {
        let mut child = leaf;
        let mut up = self.leaves[leaf as usize].parent;
        while up != NONE {
            let node = &mut self.nodes[up as usize];
            let slot = node.slot(child);
            node.counts[slot] = node.counts[slot].changed(before, after);
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
        let half = self.leaves[index].len / 2;
        let leaf = Leaf::new(&self.leaves[index].items()[half..], parent, next);
        self.leaves[index].len = half;
        self.leaves[index].next = right;
        for item in leaf.items() {
            self.note_leaf(item, right);
        }
        let (kept, moved) = (self.leaves[index].counts(), leaf.counts());
        make_room(&mut self.leaves, 1);
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
        node.counts[slot] = left.1;
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
            right.insert(slot - half, node.children[slot], node.counts[slot]);
        }
        node.len = half;
        let (kept, moved) = (node.total(), right.total());
        for slot in 0..right.len {
            let child = right.children[slot] as usize;
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
