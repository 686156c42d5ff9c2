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

/// Consecutive characters in one state: ids ascend, each is the left origin of the next, all share the right origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: Id,
    pub(super) len: u32,
    /// Character left of the first one when it was inserted.
    pub(super) left: Id,
    /// Character right of all when they were inserted.
    pub(super) right: Id,
    /// In the version being prepared (Eg-walker's *s_p*): 0 not inserted, 1 visible, n + 1 deleted n times.
    /// The highest bit is the state in the result (*s_e*).
    state: u32,
}

impl Item {
    /// A placeholder for the document that the window begins with.
    pub(super) const PLACEHOLDER: Item = Item { id: OLD, len: OLD_LEN, left: NONE, right: NONE, state: 1 };

    pub(super) fn inserted(id: Id, len: u32, left: Id, right: Id) -> Self {
        Self { id, len, left, right, state: 1 }
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
        Self { id: self.id + offset, len: self.len - offset, left: self.id + offset - 1, ..*self }
    }

    /// Whether `next` continues this item so that both can be one.
    pub(super) fn joins(&self, next: &Item) -> bool {
        self.id.wrapping_add(self.len) == next.id
            && next.left == next.id.wrapping_sub(1)
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
