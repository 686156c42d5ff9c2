//! A text leaf: the order of all code points ever inserted, and those that are left.

use std::collections::BTreeMap;

use ramanujan_core::{Dot, VectorClock};

use super::sequence::Sequence;
use super::time::Sides;
use super::tree::Tree;
use crate::crdts::event::{Event, covers};
use crate::edit::{Anchor, ItemRange};

/// Code points of one delta that are left and stand in a row there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// Left out in a diff where the receiver has it.
    pub(super) text: String,
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset + self.length
    }

    /// The part of the piece within `from..to`.
    pub(super) fn slice(&self, from: u64, to: u64) -> Option<Piece> {
        let (from, to) = (from.max(self.offset), to.min(self.end()));
        if from >= to {
            return None;
        }
        let byte = |at: u64| {
            let skip = usize::try_from(at - self.offset).unwrap_or(usize::MAX);
            if self.text.len() as u64 == self.length {
                return skip;
            }
            self.text.char_indices().nth(skip).map_or(self.text.len(), |(byte, _)| byte)
        };
        let text = self.text[byte(from)..byte(to)].to_owned();
        Some(Piece { offset: from, length: to - from, text })
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    pub(super) order: Tree,
    /// Pieces by delta, in order, with a gap between any two.
    pub(super) live: BTreeMap<Dot, Vec<Piece>>,
}

impl Text {
    /// Inserts a run; says whether its anchor is in the event's past.
    pub(super) fn insert(&mut self, event: &Event<'_>, anchor: &Anchor, text: &str) -> bool {
        let length = text.chars().count() as u64;
        let inserted = self.order.insert(event, anchor, length);
        if inserted {
            self.live.insert(event.dot.clone(), vec![Piece { offset: 0, length, text: text.to_owned() }]);
            self.order.set_live(event.dot, 0, length, true);
        }
        inserted
    }

    pub(super) fn delete(&mut self, range: &ItemRange) {
        let dot = &range.first.dot;
        let Some(pieces) = self.live.get_mut(dot) else { return };
        let (from, to) = (range.first.offset, range.first.offset.saturating_add(range.length));
        if from == to {
            // Nothing goes, so nothing may be cut.
            return;
        }
        let first = pieces.partition_point(|piece| piece.end() <= from);
        let touched = first..first + pieces[first..].partition_point(|piece| piece.offset < to);
        let around = |piece: &Piece| [piece.slice(0, from), piece.slice(to, u64::MAX)];
        let rests: Vec<Piece> = pieces[touched.clone()].iter().flat_map(around).flatten().collect();
        pieces.splice(touched, rests);
        if pieces.is_empty() {
            self.live.remove(dot);
        }
        self.order.set_live(dot, from, to, false);
    }

    /// Removes whole runs.
    pub(super) fn retain(&mut self, keep: impl Fn(&Dot) -> bool) {
        self.live.retain(|dot, _| {
            let kept = keep(dot);
            if !kept {
                self.order.set_live(dot, 0, u64::MAX, false);
            }
            kept
        });
    }

    /// The code points in a row.
    pub(super) fn in_row(&self) -> &Sequence {
        self.order.laid_out(|segment| {
            let Some(pieces) = self.live.get(segment.dot) else { return Vec::new() };
            let first = pieces.partition_point(|piece| piece.end() <= segment.from);
            let within = pieces[first..].iter().take_while(|piece| piece.offset < segment.to);
            within.map(|piece| (piece.offset.max(segment.from), piece.end().min(segment.to))).collect()
        })
    }

    /// The pieces in the order of the text, cut where others stand between.
    pub(super) fn pieces(&self) -> Vec<(&Dot, Piece)> {
        let mut out = Vec::new();
        for segment in &self.order.order().segments {
            if let Some(pieces) = self.live.get(segment.dot) {
                let first = pieces.partition_point(|piece| piece.end() <= segment.from);
                let within = pieces[first..].iter().map_while(|piece| piece.slice(segment.from, segment.to));
                out.extend(within.map(|piece| (segment.dot, piece)));
            }
        }
        out
    }

    pub(super) fn show(&self) -> String {
        self.pieces().into_iter().map(|(_, piece)| piece.text).collect()
    }

    pub(super) fn join(&mut self, other: &Text, sides: Sides<'_>) {
        self.order.join(&other.order);
        self.live.retain(|dot, mine| {
            if !covers(sides.theirs, dot) {
                return true;
            }
            match other.live.get(dot) {
                None => return false,
                Some(theirs) => *mine = common(mine, theirs),
            }
            !mine.is_empty()
        });
        for (dot, theirs) in &other.live {
            if !covers(sides.mine, dot) {
                self.live.insert(dot.clone(), theirs.clone());
            }
        }
    }

    pub(super) fn leave_out(&mut self, since: &VectorClock) {
        self.order.leave_out(since);
        for (dot, pieces) in &mut self.live {
            if covers(since, dot) {
                pieces.iter_mut().for_each(|piece| piece.text.clear());
            }
        }
    }
}

/// What is left on both sides, with the text of this one.
fn common(mine: &[Piece], theirs: &[Piece]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut theirs = theirs.iter().peekable();
    for piece in mine {
        while let Some(other) = theirs.peek() {
            out.extend(piece.slice(other.offset, other.end()));
            if other.end() > piece.end() {
                break;
            }
            theirs.next();
        }
    }
    out
}
