//! Characters as the walker sees them: by identity, with what the version being prepared and the result say of each.

/// Identity of a character: which of the window's inserted characters it is, in the order of events, or [`OLD`] plus
/// its position in the document that the window begins with.
pub(super) type Id = u32;

/// First character of the document that the window begins with.
pub(super) const OLD: Id = 1 << 31;
/// That document is taken to be this long: longer than any, so that its length need not be known.
pub(super) const OLD_LEN: u32 = 1 << 30;
/// No character: the edge of the document.
pub(super) const NONE: Id = u32::MAX;

/// The result deletes these characters.
const DELETED_IN_RESULT: u32 = 1 << 31;

/// Where a character hangs in the tree that the left origins make: each character below the one that was left of it
/// when it was inserted. The order of the document is that tree's, each character before what is below it.
///
/// Ordered by depth and then by lean, so that what comes between two characters is found by the least there is on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level {
    /// 1 for what was inserted at the left edge of the document, for others one more than the left origin's.
    pub(super) depth: u32,
    /// Of what was inserted right before another one with the same left origin: one more than that one's. Else 0.
    pub(super) lean: u32,
}

impl Level {
    /// Below all.
    pub(super) const DEEPEST: Level = Level { depth: u32::MAX, lean: u32::MAX };

    /// Above it are all levels down to `depth`.
    pub(super) fn below(depth: u32) -> Self {
        Level { depth: depth + 1, lean: 0 }
    }
}

/// Consecutive characters in one state: ids ascend, each is the left origin of the next, all share the right origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: Id,
    pub(super) len: u32,
    /// Of the first one; the next ones are below it.
    pub(super) level: Level,
    /// Character right of all when they were inserted.
    pub(super) right: Id,
    /// In the version being prepared (Eg-walker's *s_p*): 0 not inserted, 1 visible, n + 1 deleted n times.
    /// The highest bit is the state in the result (*s_e*).
    state: u32,
}

impl Item {
    /// A placeholder for the document that the window begins with.
    pub(super) const PLACEHOLDER: Item =
        Item { id: OLD, len: OLD_LEN, level: Level { depth: 1, lean: 0 }, right: NONE, state: 1 };

    pub(super) fn inserted(id: Id, len: u32, level: Level, right: Id) -> Self {
        Self { id, len, level, right, state: 1 }
    }

    pub(super) fn contains(&self, id: Id) -> bool {
        id.wrapping_sub(self.id) < self.len
    }

    /// Whether the version being prepared lacks these characters, as opposed to having or having deleted them.
    pub(super) fn is_absent(&self) -> bool {
        self.state & !DELETED_IN_RESULT == 0
    }

    /// Code points in the version being prepared.
    pub(super) fn prepared_len(&self) -> u32 {
        if self.state & !DELETED_IN_RESULT == 1 { self.len } else { 0 }
    }

    /// Code points in the result.
    pub(super) fn result_len(&self) -> u32 {
        if self.in_result() { self.len } else { 0 }
    }

    pub(super) fn in_result(&self) -> bool {
        self.state & DELETED_IN_RESULT == 0
    }

    /// Code points of the placeholder.
    pub(super) fn old_len(&self) -> u32 {
        if self.id >= OLD { self.len } else { 0 }
    }

    /// The characters from `offset` on, which is not the first.
    pub(super) fn tail(&self, offset: u32) -> Self {
        Self { id: self.id + offset, len: self.len - offset, level: self.level_of(offset), ..*self }
    }

    /// The level of the character at `offset`, which is not the first.
    pub(super) fn level_of(&self, offset: u32) -> Level {
        Level { depth: self.level.depth + offset, lean: 0 }
    }

    /// Whether `next`, which stands right after this item, continues it so that both can be one.
    pub(super) fn joins(&self, next: &Item) -> bool {
        self.id.wrapping_add(self.len) == next.id
            && next.level == self.level_of(self.len)
            && self.right == next.right
            && self.state == next.state
    }

    pub(super) fn change(&mut self, change: StateChange) {
        match change {
            StateChange::Advance => self.state += 1,
            StateChange::Retreat => self.state -= 1,
            StateChange::Delete => self.state = (self.state + 1) | DELETED_IN_RESULT,
        }
    }
}

/// What an event or its withdrawal does to a character's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateChange {
    /// An event that was applied before enters the version being prepared.
    Advance,
    /// An event leaves the version being prepared.
    Retreat,
    /// A deletion is applied.
    Delete,
}
