//! Operations that came as bytes, checked against the versions they were made in: one replay for all of them.
//!
//! Where an operation has one parent, the length of the document before it is one look-up. Where it has several, it
//! takes a replay; but a replay of the whole batch passes through all those versions anyway, and what it does to the
//! text is kept, so that reading afterwards takes no second one.

use std::ops::Range;

use super::error::{MAX_DOCUMENT_LENGTH, TextError, out_of_range};
use super::log::{Log, Note};
use super::past::Replay;
use super::run::{Kind, Lv, Run};
use super::runs::Runs;
use super::walker::{Change, Sink};

/// What a batch does to the document.
pub(crate) struct Admitted {
    /// Code points of the document with it.
    pub(crate) length: u32,
    /// How it changes the text, or nothing if its operations were made one after the other.
    pub(crate) changes: Vec<Change>,
}

struct Admission<'a> {
    runs: &'a Runs,
    notes: &'a mut [Note],
    /// Code points before the batch.
    length: u32,
    admitted: &'a mut Admitted,
    refused: &'a mut Option<TextError>,
}

impl Sink for Admission<'_> {
    fn change(&mut self, change: Change) {
        let count = change.events.end - change.events.start;
        match change.kind {
            Kind::Insert => self.admitted.length += count,
            Kind::Delete => self.admitted.length -= count,
        }
        self.admitted.changes.push(change);
    }

    fn admit(&mut self, index: usize, events: Range<Lv>, growth: i64) -> bool {
        let before = u32::try_from(i64::from(self.length) + growth).unwrap_or(0);
        let run = self.runs.get(index);
        if let Err(refused) = check(&run, &events, before) {
            *self.refused = Some(refused);
            return false;
        }
        // What follows in a chain follows from its beginning.
        if events.start == run.start && !self.runs.is_inside(index) {
            self.notes[self.runs.chain_of(index)].before = before;
        }
        true
    }
}

impl Log {
    /// Checks the positions of the events from `start` on and notes the lengths before them. `base` is the version of
    /// the log up to there, in which the document has `length` code points.
    ///
    /// # Errors
    /// [`TextError::OutOfRange`] or [`TextError::TooLong`].
    pub(crate) fn admit(
        &mut self,
        replay: &mut Replay,
        start: Lv,
        base: &[Lv],
        length: u32,
    ) -> Result<Admitted, TextError> {
        let mut admitted = Admitted { length, changes: Vec::new() };
        if start == self.end() {
            return Ok(admitted);
        }
        if self.is_chain(start, base) {
            return self.admit_chain(start, admitted);
        }
        let mut refused = None;
        let notes = &mut self.notes;
        let admission =
            Admission { runs: &self.runs, notes, length, admitted: &mut admitted, refused: &mut refused };
        replay.follow(&self.runs, &self.authors, base, start, &self.heads, admission);
        refused.map_or(Ok(admitted), Err)
    }

    fn admit_chain(&mut self, start: Lv, mut admitted: Admitted) -> Result<Admitted, TextError> {
        for index in self.runs.find(start)..self.runs.len() {
            let run = self.runs.get(index);
            let events = start.max(run.start)..run.end();
            check(&run, &events, admitted.length)?;
            if events.start == run.start && !self.runs.is_inside(index) {
                self.notes[self.runs.chain_of(index)].before = admitted.length;
            }
            let count = events.end - events.start;
            match run.kind {
                Kind::Insert => admitted.length += count,
                Kind::Delete => admitted.length -= count,
            }
        }
        Ok(admitted)
    }

    /// Whether each event from `start` on was made directly after the one before it, the first in version `base`.
    pub(crate) fn is_chain(&self, start: Lv, base: &[Lv]) -> bool {
        let first = self.runs.find(start);
        let begins = match self.runs.start(first) {
            at if at == start => *self.runs.parents(first) == *base,
            _ => base == [start - 1],
        };
        let follows = |chain| *self.runs.chain_parents(chain) == [self.runs.chain_start(chain) - 1];
        begins && (self.runs.chain_of(first) + 1..self.runs.chain_count()).all(follows)
    }
}

/// Checks that events of a run fit a document of `before` code points.
fn check(run: &Run, events: &Range<Lv>, before: u32) -> Result<(), TextError> {
    let (skipped, count) = (u64::from(events.start - run.start), u64::from(events.end - events.start));
    let (place, document) = (u64::from(run.position), u64::from(before));
    let (position, fits) = match (run.kind, run.backward) {
        (Kind::Insert, _) => (place + skipped, place + skipped <= document),
        (Kind::Delete, false) => (place, place + count <= document),
        // The first event lies furthest right; none lies left of the start.
        (Kind::Delete, true) => ((place + 1).saturating_sub(skipped + count), place < document + skipped),
    };
    if !fits || (run.kind == Kind::Delete && count > document) {
        return Err(out_of_range(run.kind, position, count, document));
    }
    if run.kind == Kind::Insert && document + count > MAX_DOCUMENT_LENGTH {
        return Err(TextError::TooLong(document + count));
    }
    Ok(())
}
