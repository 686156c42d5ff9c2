//! Where in the document order a level comes up: what lies between is passed over by the least level of a subtree.

use super::item::{Item, Level, NONE};
use super::tree::{Place, Tree};

/// A leaf or node, and how many levels of nodes it has.
#[derive(Clone, Copy)]
struct Subtree {
    at: u32,
    height: u32,
}

impl Tree {
    /// The first item from `place` on that is above `level`, or the place past the last item.
    pub(super) fn first_above(&self, place: Place, level: Level) -> Place {
        let items = self.leaves[place.leaf as usize].items();
        if let Some(slot) = (place.slot as usize..items.len()).find(|slot| items[*slot].level < level) {
            return Place { slot: slot as u32, ..place };
        }
        let (mut child, mut up, mut height) = (place.leaf, self.leaves[place.leaf as usize].parent, 0);
        while up != NONE {
            let node = &self.nodes[up as usize];
            let mut after = node.slot(child) + 1..node.len;
            if let Some(slot) = after.find(|slot| node.counts[*slot].level < level) {
                return self.first_within(Subtree { at: node.children[slot], height }, level);
            }
            (child, up, height) = (up, node.parent, height + 1);
        }
        self.end()
    }

    /// The first item of a subtree that is above `level`, where there is one.
    fn first_within(&self, Subtree { mut at, height }: Subtree, level: Level) -> Place {
        for _ in 0..height {
            let node = &self.nodes[at as usize];
            let slot = (0..node.len).find(|slot| node.counts[*slot].level < level);
            at = node.children[slot.unwrap_or(0)];
        }
        let slot = self.leaves[at as usize].items().iter().position(|item| item.level < level);
        Place { leaf: at, slot: slot.unwrap_or(0) as u32 }
    }

    /// The last item before `place` that is above `level`.
    pub(super) fn last_above(&self, place: Place, level: Level) -> Option<Place> {
        let in_leaf = |leaf: u32, end: usize| {
            let items = &self.leaves[leaf as usize].items()[..end];
            let slot = items.iter().rposition(|item| item.level < level)?;
            Some(Place { leaf, slot: slot as u32 })
        };
        if let Some(found) = in_leaf(place.leaf, place.slot as usize) {
            return Some(found);
        }
        let (mut child, mut up, mut height) = (place.leaf, self.leaves[place.leaf as usize].parent, 0);
        while up != NONE {
            let node = &self.nodes[up as usize];
            let before = &node.counts[..node.slot(child)];
            if let Some(slot) = before.iter().rposition(|counts| counts.level < level) {
                let mut at = node.children[slot];
                for _ in 0..height {
                    let node = &self.nodes[at as usize];
                    let slot = node.counts[..node.len].iter().rposition(|counts| counts.level < level)?;
                    at = node.children[slot];
                }
                return in_leaf(at, self.leaves[at as usize].len);
            }
            (child, up, height) = (up, node.parent, height + 1);
        }
        None
    }

    /// The last of the items of a level, from `place` on and before any that is above it, that comes `before`: of all
    /// these, so do the first ones.
    pub(super) fn last_of_level(
        &self,
        place: Place,
        level: Level,
        before: impl Fn(&Item) -> bool,
    ) -> Option<Place> {
        let reached = Level { lean: level.lean + 1, ..level };
        let comes_before = |item: &Item| item.level == level && before(item);
        let mut found = None;
        // In growing strides: through the leaf, the leaves beside it, the nodes beside those, and so on.
        let mut done = self.scan(place, reached, comes_before, &mut found);
        let (mut child, mut up, mut height) = (place.leaf, self.leaves[place.leaf as usize].parent, 0);
        let mut farthest = None;
        while !done && up != NONE {
            let node = &self.nodes[up as usize];
            done = self.stride(up, node.slot(child) + 1, height, level, comes_before, &mut farthest);
            (child, up, height) = (up, node.parent, height + 1);
        }
        let Some(Subtree { mut at, height }) = farthest else { return found };
        for height in (0..height).rev() {
            let mut within = None;
            self.stride(at, 0, height, level, comes_before, &mut within);
            at = within.map_or(at, |within| within.at);
        }
        self.scan(Place { leaf: at, slot: 0 }, reached, comes_before, &mut found);
        found
    }

    /// Looks through the rest of a leaf; true if what comes before ends there.
    fn scan(
        &self,
        place: Place,
        reached: Level,
        comes_before: impl Fn(&Item) -> bool,
        found: &mut Option<Place>,
    ) -> bool {
        let items = self.leaves[place.leaf as usize].items();
        for (slot, item) in items.iter().enumerate().skip(place.slot as usize) {
            if item.level < reached {
                if !comes_before(item) {
                    return true;
                }
                *found = Some(Place { slot: slot as u32, ..place });
            }
        }
        false
    }

    /// Looks at the first item of each child of a node from `slot` on that has any; true if what comes before ends there.
    /// `height` is that of the children.
    fn stride(
        &self,
        node: u32,
        slot: usize,
        height: u32,
        level: Level,
        comes_before: impl Fn(&Item) -> bool,
        farthest: &mut Option<Subtree>,
    ) -> bool {
        let reached = Level { lean: level.lean + 1, ..level };
        let node = &self.nodes[node as usize];
        for slot in slot..node.len {
            let least = node.counts[slot].level;
            if least < reached {
                let child = Subtree { at: node.children[slot], height };
                if !comes_before(self.item(self.first_within(child, reached))) {
                    return true;
                }
                *farthest = Some(child);
                if least < level {
                    return true;
                }
            }
        }
        false
    }

    /// The place past the last item.
    fn end(&self) -> Place {
        let mut at = self.root;
        for _ in 0..self.height {
            let node = &self.nodes[at as usize];
            at = node.children[node.len - 1];
        }
        Place { leaf: at, slot: self.leaves[at as usize].len as u32 }
    }
}
