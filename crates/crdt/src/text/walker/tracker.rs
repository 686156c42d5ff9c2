//! The window's characters with their states, and what events do to them: apply, retreat, advance (Eg-walker, §3.3).

use std::cmp::Ordering;

use super::super::run::{Kind, Run};
use super::change::{Change, Sink};
use super::history::Span;
use super::item::{Id, Item, Level, NONE, StateChange};
use super::kept::make_room;
use super::tree::{Found, Place, Tree};

/// How the names of two agents compare in byte order.
pub(crate) type Names<'a> = &'a dyn Fn(u32, u32) -> Ordering;

/// The internal state of Eg-walker, at some version being prepared.
#[derive(Clone, Default)]
pub(super) struct Tracker {
    tree: Tree,
    deletions: Vec<Deletion>,
    /// First character of each span that inserts, and its agent.
    agents: Vec<(Id, u32)>,
    characters: u32,
}

/// What consecutive events of a span deleted.
#[derive(Clone, Copy)]
struct Deletion {
    /// Event of the span that the first of these is.
    skipped: u32,
    len: u32,
    /// The first of the characters in the order of their ids.
    id: Id,
    /// The first event deleted the last character.
    backward: bool,
}

/// Which characters a span of the window inserts or deletes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The first character.
    Inserted(Id),
    /// Entries of `Tracker::deletions`.
    Deleted { start: u32, end: u32 },
}

impl Tracker {
    /// Forgets all characters. Spans are announced with [`Self::announce`], then [`Self::begin`], before they are
    /// applied.
    pub(super) fn clear(&mut self) {
        self.deletions.clear();
        self.agents.clear();
        self.characters = 0;
        self.tree.clear();
    }

    /// Gives the characters of a span their identities; must be called in the order of events.
    pub(super) fn announce(&mut self, kind: Kind, len: u32, agent: u32) -> Target {
        if kind == Kind::Delete {
            return Target::Deleted { start: 0, end: 0 };
        }
        let first = self.characters;
        self.characters += len;
        make_room(&mut self.agents, 1);
        self.agents.push((first, agent));
        Target::Inserted(first)
    }

    /// Makes room for what was announced.
    pub(super) fn begin(&mut self) {
        self.tree.make_room(self.characters);
    }

    /// Code points by which the version being prepared and the result are longer than what the window builds on.
    pub(super) fn growth(&self) -> (i64, i64) {
        self.tree.growth()
    }

    /// Applies `span`, whose parents are the version being prepared, and emits what it does to the result. Names break
    /// ties.
    pub(super) fn apply(
        &mut self,
        run: &Run,
        names: Names<'_>,
        span: Span,
        target: &mut Target,
        sink: &mut impl Sink,
    ) {
        let skipped = span.start - run.start;
        match target {
            Target::Inserted(first) => {
                let position = run.position.saturating_add(skipped);
                let position = self.insert(*first, names, span.end - span.start, position);
                sink.change(Change { kind: Kind::Insert, position, events: span.start..span.end });
            }
            Target::Deleted { start, end } => {
                *start = self.deletions.len() as u32;
                let position = run.position.saturating_sub(if run.backward { skipped } else { 0 });
                self.delete(span, position, run.backward, sink);
                *end = self.deletions.len() as u32;
            }
        }
    }

    /// Inserts characters at `position` of the version being prepared; returns where that is in the result.
    fn insert(&mut self, id: Id, names: Names<'_>, len: u32, position: u32) -> u32 {
        let (depth, before, place, mut result) = match position.checked_sub(1) {
            None => (1, None, self.tree.start(), 0),
            Some(last) => {
                let Found { place, offset, result_before } = self.tree.at_prepared(last);
                let item = *self.tree.item(place);
                let (depth, after) = (item.level.depth + offset + 1, offset + 1);
                if after < item.len {
                    let result = result_before + if item.in_result() { after } else { 0 };
                    let level = Level { depth, lean: 1 };
                    self.tree.insert(place, after, Item::inserted(id, len, level, item.id + after));
                    return result;
                }
                (depth, Some(place), self.tree.next(place), result_before + item.result_len())
            }
        };
        let end = self.tree.present_from(place);
        let right = end.map(|end| *self.tree.item(end));
        // Nothing stands between the left origin and the right one, so at this depth that has the same left origin.
        let lean = right.map_or(0, |right| if right.level.depth == depth { right.level.lean + 1 } else { 0 });
        let item = Item::inserted(id, len, Level { depth, lean }, right.map_or(NONE, |right| right.id));
        if end != Some(place) {
            let to = self.integrate(&item, names, place, end);
            if to != place {
                result += self.tree.result_before(to) - self.tree.result_before(place);
                self.tree.insert(to, 0, item);
                return result;
            }
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
    /// and stop at `end`: the rule of YjsMod, which is that of FugueMax (Weidner and Kleppmann, "The Art of the Fugue",
    /// §5).
    ///
    /// Of those with the same left origin, each followed by what is below it, those come first whose right origin is
    /// further right, and of those with the same one the agents' names decide. What leans on one of them, which is then
    /// its right origin, stands right before it. So those that `item` is compared with are sorted: it goes behind the
    /// last one that comes before it, and what is below that. Steps grow with the logarithm of their number.
    fn integrate(&self, item: &Item, names: Names<'_>, place: Place, end: Option<Place>) -> Place {
        let own = self.agent(item.id);
        let Level { depth, lean } = item.level;
        let behind = |place| self.tree.first_above(self.tree.next(place), Level::below(depth));
        // What leans on the right origin stands behind the last one that leans on others, or on nothing.
        let other = end.filter(|_| lean > 0).and_then(|end| self.tree.last_above(end, item.level));
        let start = match other {
            Some(other) if self.tree.item(other).level.depth == depth => behind(other),
            _ => place,
        };
        let last = self.tree.last_of_level(start, item.level, |other| match other.right == item.right {
            true => names(self.agent(other.id), own).then(other.id.cmp(&item.id)).is_lt(),
            false => self.precedes(item.right, other.right),
        });
        last.map_or(start, behind)
    }

    /// Whether the right origin `a` stands before `b`, another one; `NONE` is the end of the document.
    fn precedes(&self, a: Id, b: Id) -> bool {
        a != NONE && (b == NONE || self.tree.precedes(a, b))
    }

    fn agent(&self, id: Id) -> u32 {
        let span = self.agents.partition_point(|(first, _)| *first <= id).saturating_sub(1);
        self.agents[span].1
    }

    /// Deletes the character at `position` of the version being prepared once per event; if `backward`, each event
    /// deletes the one left of that instead.
    fn delete(&mut self, span: Span, mut position: u32, backward: bool, sink: &mut impl Sink) {
        let mut event = span.start;
        while event < span.end {
            let Found { place, offset, result_before } = self.tree.at_prepared(position);
            let item = *self.tree.item(place);
            let left = span.end - event;
            let (lowest, len) = if backward {
                let len = left.min(offset + 1);
                (offset + 1 - len, len)
            } else {
                (offset, left.min(item.len - offset))
            };
            let (skipped, id) = (event - span.start, item.id + lowest);
            make_room(&mut self.deletions, 1);
            self.deletions.push(Deletion { skipped, len, id, backward });
            self.tree.change(place, lowest, len, StateChange::Delete);
            if item.in_result() {
                let position = result_before + lowest;
                sink.change(Change { kind: Kind::Delete, position, events: event..event + len });
            }
            event += len;
            position = position.saturating_sub(if backward { len } else { 0 });
        }
    }

    /// Takes the events `from..to` of a span that was applied out of the version being prepared, or puts them back.
    ///
    /// What retreats must come newest first, so that a deletion goes before the insertion of what it deletes; what
    /// advances, oldest first.
    pub(super) fn shift(&mut self, target: Target, from: u32, to: u32, change: StateChange) {
        match target {
            Target::Inserted(first) => self.shift_characters(first + from, to - from, change),
            Target::Deleted { start, end } => {
                let deletions = start as usize..end as usize;
                let first = self.deletions[deletions.clone()].partition_point(|d| d.skipped + d.len <= from);
                for index in deletions.start + first..deletions.end {
                    let Deletion { skipped, len, id, backward } = self.deletions[index];
                    if skipped >= to {
                        break;
                    }
                    let (from, to) = (from.max(skipped) - skipped, to.min(skipped + len) - skipped);
                    let lowest = if backward { len - to } else { from };
                    self.shift_characters(id + lowest, to - from, change);
                }
            }
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
