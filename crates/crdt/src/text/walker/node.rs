//! Leaves and inner nodes of the tree, and the counts that lead through them.

use super::item::{Item, Level, NONE};

/// Items in a leaf and children of a node; few in tests, so that small histories make high trees.
pub(super) const LEAF: usize = if cfg!(test) { 4 } else { 32 };
pub(super) const NODE: usize = if cfg!(test) { 4 } else { 16 };

/// Counts of an item or a subtree, in code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// Visible in the version being prepared.
    pub(super) prepared: u32,
    /// Inserted in the version being prepared, whether deleted again or not.
    pub(super) present: u32,
    /// Visible in the result.
    pub(super) result: u32,
    /// Of the placeholder.
    pub(super) old: u32,
    /// The least level of an item.
    pub(super) level: Level,
}

impl Counts {
    pub(super) const NOTHING: Counts =
        Counts { prepared: 0, present: 0, result: 0, old: 0, level: Level::DEEPEST };

    pub(super) fn of(item: &Item) -> Self {
        Self {
            prepared: item.prepared_len(),
            present: if item.is_absent() { 0 } else { item.len },
            result: item.result_len(),
            old: item.old_len(),
            level: item.level,
        }
    }

    pub(super) fn sum(counts: impl Iterator<Item = Counts>) -> Self {
        counts.fold(Counts::NOTHING, |sum, more| sum.changed(Counts::NOTHING, more))
    }

    /// These counts after a part of them went from `before` to `after`. No level ever leaves.
    pub(super) fn changed(self, before: Counts, after: Counts) -> Self {
        let change = |count: u32, before: u32, after: u32| count.wrapping_add(after).wrapping_sub(before);
        Self {
            prepared: change(self.prepared, before.prepared, after.prepared),
            present: change(self.present, before.present, after.present),
            result: change(self.result, before.result, after.result),
            old: change(self.old, before.old, after.old),
            level: self.level.min(after.level),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) items: [Item; LEAF],
    pub(super) len: usize,
    pub(super) parent: u32,
    /// The leaf to the right.
    pub(super) next: u32,
}

impl Leaf {
    pub(super) fn new(items: &[Item], parent: u32, next: u32) -> Self {
        let mut leaf = Self { items: [Item::PLACEHOLDER; LEAF], len: items.len(), parent, next };
        leaf.items[..items.len()].copy_from_slice(items);
        leaf
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items[..self.len]
    }

    pub(super) fn counts(&self) -> Counts {
        Counts::sum(self.items().iter().map(Counts::of))
    }

    /// Moves the items from `slot` on by `room`, which there must be.
    pub(super) fn make_room(&mut self, slot: usize, room: usize) {
        self.items.copy_within(slot..self.len, slot + room);
        self.len += room;
    }

    /// Makes one of the item at `slot` and its neighbours where they continue each other.
    pub(super) fn rejoin(&mut self, slot: usize) {
        for left in [slot, slot.wrapping_sub(1)] {
            if left < self.len && left + 1 < self.len && self.items[left].joins(&self.items[left + 1]) {
                self.items[left].len += self.items[left + 1].len;
                self.items.copy_within(left + 2..self.len, left + 1);
                self.len -= 1;
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) children: [u32; NODE],
    pub(super) counts: [Counts; NODE],
    pub(super) len: usize,
    pub(super) parent: u32,
}

impl Node {
    pub(super) fn new(parent: u32) -> Self {
        Self { children: [NONE; NODE], counts: [Counts::NOTHING; NODE], len: 0, parent }
    }

    pub(super) fn slot(&self, child: u32) -> usize {
        self.children[..self.len].iter().position(|c| *c == child).unwrap_or(0)
    }

    pub(super) fn total(&self) -> Counts {
        Counts::sum(self.counts[..self.len].iter().copied())
    }

    pub(super) fn insert(&mut self, slot: usize, child: u32, counts: Counts) {
        self.children.copy_within(slot..self.len, slot + 1);
        self.counts.copy_within(slot..self.len, slot + 1);
        (self.children[slot], self.counts[slot]) = (child, counts);
        self.len += 1;
    }

    /// The first child from `slot` on with characters that are not absent.
    pub(super) fn present_from(&self, slot: usize) -> Option<u32> {
        let slot = (slot..self.len).find(|slot| self.counts[*slot].present > 0)?;
        Some(self.children[slot])
    }
}
