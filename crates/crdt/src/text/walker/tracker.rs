//! The window's characters with their states, and what events do to them: apply, retreat, advance (Eg-walker, §3.3).

use super::super::run::{Kind, Lv};
use super::Change;
use super::history::{History, Span};
use super::item::{Id, Item, NONE, StateChange};
use super::tree::{Found, Place, Tree};

/// The internal state of Eg-walker, at some version being prepared.
#[derive(Default)]
pub(super) struct Tracker {
    tree: Tree,
}

/// What breaks ties between insertions at one place.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) history: History<'a>,
    /// Place of each agent's name among all names.
    pub(super) rank: &'a [u32],
}

impl Order<'_> {
    fn rank(&self, event: Lv) -> u32 {
        let run = self.history.find(event, 0);
        self.rank[self.history.runs[run].agent as usize]
    }
}

impl Tracker {
    /// Begins a window of the events `first..end`.
    pub(super) fn reset(&mut self, first: Lv, end: Lv) {
        self.tree.reset(first, end);
    }

    /// Applies `span`, whose parents are the version being prepared, and emits what it does to the result.
    pub(super) fn apply(&mut self, order: Order<'_>, span: Span, emit: &mut impl FnMut(Change)) {
        let run = &order.history.runs[span.run as usize];
        let skipped = span.start - run.start;
        match (run.kind, run.backward) {
            (Kind::Insert, _) => {
                let position = self.insert(order, span, run.position + skipped);
                emit(Change { kind: Kind::Insert, position, events: span.start..span.end });
            }
            (Kind::Delete, false) => self.delete(span, run.position, emit),
            (Kind::Delete, true) => self.delete_backward(span, run.position.saturating_sub(skipped), emit),
        }
    }

    /// Inserts the span's characters at `position` of the version being prepared; returns where that is in the result.
    fn insert(&mut self, order: Order<'_>, span: Span, position: u32) -> u32 {
        let len = span.end - span.start;
        let (left, before, mut place, mut result) = match position.checked_sub(1) {
            None => (NONE, None, self.tree.start(), 0),
            Some(last) => {
                let Found { place, offset, result_before } = self.tree.at_prepared(last);
                let item = *self.tree.item(place);
                let (left, after) = (item.id + offset, offset + 1);
                if after < item.len {
                    let result = result_before + if item.in_result() { after } else { 0 };
                    self.tree.insert(place, after, Item::inserted(span.start, len, left, left + 1));
                    return result;
                }
                (left, Some(place), self.tree.next(place), result_before + item.result_len())
            }
        };
        let mut end = place;
        while !self.tree.is_end(end) && self.tree.item(end).is_absent() {
            end = self.tree.next(end);
        }
        let right = if self.tree.is_end(end) { NONE } else { self.tree.item(end).id };
        let item = Item::inserted(span.start, len, left, right);
        if end != place {
            let (to, skipped) = self.integrate(order, &item, place, end);
            result += skipped;
            if to != place {
                self.tree.insert(to, 0, item);
                return result;
            }
            place = to;
        }
        match before {
            Some(before) if self.tree.extend(before, &item) => {}
            // In the leaf of the item on the left, so that runs stay together.
            Some(before) => self.tree.insert_after(before, item),
            None => self.tree.insert(place, 0, item),
        }
        result
    }

    /// Where to insert `item` among the insertions between its origins that its version lacks, which begin at `place`
    /// and stop at `end`: the rule of YjsMod, which is that of FugueMax. Also returns the code points passed over.
    fn integrate(&self, order: Order<'_>, item: &Item, mut place: Place, end: Place) -> (Place, u32) {
        let rank = order.rank(item.id);
        let mut passed = 0;
        let mut scanning_from = None;
        while place != end {
            let other = self.tree.item(place);
            if other.left == item.left {
                if other.right == item.right {
                    if (rank, item.id) < (order.rank(other.id), other.id) {
                        break;
                    }
                    scanning_from = None;
                } else if self.precedes(other.right, item.right) {
                    scanning_from = scanning_from.or(Some((place, passed)));
                } else {
                    scanning_from = None;
                }
            } else if other.left == NONE || (item.left != NONE && self.tree.precedes(other.left, item.left)) {
                break;
            }
            passed += other.result_len();
            place = self.tree.next(place);
        }
        scanning_from.unwrap_or((place, passed))
    }

    /// Whether the right origin `a` stands before `b`, another one; `NONE` is the end of the document.
    fn precedes(&self, a: Id, b: Id) -> bool {
        a != NONE && (b == NONE || self.tree.precedes(a, b))
    }

    fn delete(&mut self, span: Span, position: u32, emit: &mut impl FnMut(Change)) {
        let mut event = span.start;
        while event < span.end {
            let Found { place, offset, result_before } = self.tree.at_prepared(position);
            let item = *self.tree.item(place);
            let len = (span.end - event).min(item.len - offset);
            for index in 0..len {
                self.tree.set_target(event + index, item.id + offset + index);
            }
            self.tree.change(place, offset, len, StateChange::Delete);
            if item.in_result() {
                let position = result_before + offset;
                emit(Change { kind: Kind::Delete, position, events: event..event + len });
            }
            event += len;
        }
    }

    /// As [`Self::delete`], but each event deletes the character left of the one before; `position` is the first's.
    fn delete_backward(&mut self, span: Span, mut position: u32, emit: &mut impl FnMut(Change)) {
        let mut event = span.start;
        while event < span.end {
            let Found { place, offset, result_before } = self.tree.at_prepared(position);
            let item = *self.tree.item(place);
            let len = (span.end - event).min(offset + 1);
            for index in 0..len {
                self.tree.set_target(event + index, item.id + offset - index);
            }
            let lowest = offset + 1 - len;
            self.tree.change(place, lowest, len, StateChange::Delete);
            if item.in_result() {
                let position = result_before + lowest;
                emit(Change { kind: Kind::Delete, position, events: event..event + len });
            }
            event += len;
            position = position.saturating_sub(len);
        }
    }

    /// Takes events that were applied out of the version being prepared. Spans must come newest first, so that a
    /// deletion goes before the insertion of what it deletes.
    pub(super) fn retreat(&mut self, span: Span, kind: Kind) {
        self.shift(span, kind, StateChange::Retreat);
    }

    /// Puts events that were applied into the version being prepared. Spans must come oldest first.
    pub(super) fn advance(&mut self, span: Span, kind: Kind) {
        self.shift(span, kind, StateChange::Advance);
    }

    fn shift(&mut self, span: Span, kind: Kind, change: StateChange) {
        if kind == Kind::Insert {
            return self.shift_characters(span.start, span.end - span.start, change);
        }
        let mut event = span.start;
        while event < span.end {
            let first = self.tree.target(event);
            let mut low = first;
            let mut len = 1;
            while event + len < span.end {
                let next = self.tree.target(event + len);
                if next == first + len && low == first {
                    len += 1;
                } else if low.checked_sub(1) == Some(next) && low == first - (len - 1) {
                    low = next;
                    len += 1;
                } else {
                    break;
                }
            }
            self.shift_characters(low, len, change);
            event += len;
        }
    }

    fn shift_characters(&mut self, mut id: Id, mut len: u32, change: StateChange) {
        while len > 0 {
            let (place, offset) = self.tree.locate(id);
            let done = self.tree.change(place, offset, len, change);
            id += done;
            len -= done;
        }
    }
}
